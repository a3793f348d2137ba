"""On which line of a TOML text each key stands: ``tomllib`` reads the values but keeps no lines."""

import json
import re
from collections import Counter

from lupus_kit.core.errors import InputError

Path = tuple[str | int, ...]
_STRING = r'"(?:[^"\\\n]|\\.)*"' + r"|'[^'\n]*'"
# Texts over several lines and comments hold no key, whatever stands in them; other texts are kept, they may be keys.
_TEXT_OR_COMMENT = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"{3,5}|' + rf"'''(?:[^']|'(?!''))*'{{3,5}}|(?P<kept>{_STRING})|#[^\n]*", re.DOTALL
)
_PART = rf"(?:[^\s\"'#\[\]{{}}=,.]+|{_STRING})"
_DOTTED = rf"\s*(?P<parts>{_PART}(?:\s*\.\s*{_PART})*)\s*"
_KEY, _HEADER = re.compile(f"{_DOTTED}="), re.compile(rf"\s*(?P<brackets>\[\[?){_DOTTED}\]")
#: Deeper than any claims file goes; a longer dotted key only costs time.
_DEEPEST = 12


def _names(parts: str, line: int) -> Path:
    """Return the names of a dotted key."""
    found = re.findall(_PART, parts)
    if len(found) > _DEEPEST:
        raise InputError(f"line {line}: a key of more than {_DEEPEST} parts is none of a claims file.")
    return tuple(_name(part) for part in found)


def _name(part: str) -> str:
    try:
        return str(json.loads(part)) if part.startswith('"') else part.strip("'")
    except ValueError:
        return part[1:-1]


def _table_path(names: Path, entries: Counter[Path], is_entry: bool) -> Path:
    """Give an entry of an array of tables its number; a table below one belongs to the last entry."""
    path: Path = ()
    for name in names[:-1]:
        path = (*path, name)
        if path in entries:
            path = (*path, entries[path] - 1)
    path = (*path, names[-1])
    if is_entry:
        entries[path] += 1
        path = (*path, entries[path] - 1)
    return path


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
    lines: dict[Path, int] = {}
    entries: Counter[Path] = Counter()
    prefix: Path = ()
    depth = 0  # of the brackets that a value has opened
    plain = _TEXT_OR_COMMENT.sub(lambda match: match["kept"] or "\n" * match[0].count("\n"), text)
    for number, line in enumerate(plain.split("\n"), start=1):
        value = line
        if depth <= 0:
            if header := _HEADER.match(line):
                prefix = _table_path(_names(header["parts"], number), entries, header["brackets"] == "[[")
                lines.setdefault(prefix, number)
            key = None if header else _KEY.match(line)
            if key is None:
                continue
            lines.setdefault((*prefix, *_names(key["parts"], number)), number)
            value, depth = line[key.end() :], 0
        value = re.sub(_STRING, "", value)
        depth += sum((sign in "[{") - (sign in "]}") for sign in value)
    return lines
