"""On which line of a TOML text each key stands: ``tomllib`` reads the values but keeps no lines."""

import json
import re
from collections import Counter

from lupus_kit.core.errors import InputError

Path = tuple[str | int, ...]
_TOKEN = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"{3,5}'  # texts over several lines
    r"|'''(?:[^']|'(?!''))*'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'"
    r"|#[^\n]*"
    r"|[\[\]{}=,.\n]"
    r"|[^\s\"'#\[\]{}=,.]+"
    r"|[ \t\r\f\v]+"
    r"|.",
    re.DOTALL,
)
#: Deeper than any claims file goes; a longer dotted key only costs time.
_DEEPEST = 12


def _name(token: str) -> str:
    if token.startswith('"'):
        try:
            return str(json.loads(token))
        except ValueError:
            return token[1:-1]
    return token[1:-1] if token.startswith("'") else token


class _Scanner:
    """One pass over the text, in three states: before a key, in a header, in a value."""

    def __init__(self) -> None:
        self.lines: dict[Path, int] = {}
        self.line = 1
        self.prefix: Path = ()
        self.entries: Counter[Path] = Counter()
        self.state = "key"
        self.parts: list[str] = []
        self.depth = 0
        self.started = 1

    def feed(self, token: str) -> None:
        if not token.isspace() or token == "\n":
            getattr(self, f"_in_{self.state}")(token)
        self.line += token.count("\n")

    def _add_part(self, token: str) -> None:
        if token.startswith("#") or token == ".":
            return
        self.parts.append(_name(token))
        if len(self.parts) > _DEEPEST:
            raise InputError(f"line {self.line}: a key of more than {_DEEPEST} parts is none of a claims file.")

    def _in_key(self, token: str) -> None:
        if token == "\n":
            self.parts = []
        elif token == "[" and not self.parts:
            self.state, self.depth = "header", 1
        elif token == "=":
            self.lines.setdefault((*self.prefix, *self.parts), self.line)
            self.parts, self.state, self.depth = [], "value", 0
        else:
            self._add_part(token)

    def _in_header(self, token: str) -> None:
        if token == "\n":
            self._open_table()
        elif token == "[":
            self.depth += 1
        elif token != "]":
            self._add_part(token)

    def _open_table(self) -> None:
        """Give an entry of an array of tables its number; a table below one belongs to the last entry."""
        path: Path = ()
        for part in self.parts[:-1]:
            path = (*path, part)
            if path in self.entries:
                path = (*path, self.entries[path] - 1)
        path = (*path, *self.parts[-1:])
        if self.depth > 1:
            self.entries[path] += 1
            path = (*path, self.entries[path] - 1)
        self.prefix, self.parts, self.state = path, [], "key"
        self.lines.setdefault(path, self.line)

    def _in_value(self, token: str) -> None:
        if token in "[{":
            self.depth += 1
        elif token in "]}":
            self.depth -= 1
        elif token == "\n" and self.depth <= 0:
            self.state = "key"


def key_lines(text: str) -> dict[Path, int]:
    r"""Return the line of every table header and key of a TOML text.

    Parameters
    ----------
    text : str
        The document. What is wrong in it is for the parser to say.

    Returns
    -------
    dict of tuple to int
        Paths such as ``("study", "alpha")`` or ``("claim", 2, "p")``, each with its line, from 1.

    Examples
    --------
    >>> key_lines('[study]\nkey = "a"\n[[claim]]\n# note\np = "0.05"\n')[("claim", 0, "p")]
    5
    """
    scanner = _Scanner()
    for match in _TOKEN.finditer(text):
        scanner.feed(match[0])
    if scanner.state == "header":
        scanner.feed("\n")
    return scanner.lines
