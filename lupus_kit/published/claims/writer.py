"""A study as the text of a claims file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from lupus_kit.published.claim import Claim
from lupus_kit.published.claims.study_reader import FORMAT
from lupus_kit.published.study import Study, Trial
from lupus_kit.published.tables import Layout

_BARE = re.compile(r"^[A-Za-z0-9_-]+$")
_TRIAL_KEYS = (
    *("key", "title", "authors", "journal", "year", "volume", "pages", "published_online", "doi", "registry"),
    *("source", "notice", "note", "alpha"),
)
_CLAIM_KEYS = (
    *("id", "endpoint", "visit", "role", "order", "kind", "arms", "visits", "levels", "reported", "n", "both", "p"),
    *("effect", "analysis", "met", "as_printed", "source", "confidence", "note", "words", "assumed", "table_row"),
)


def _toml(value: object) -> str:
    """Write one value. A JSON text is a TOML text, but for the one control sign that JSON lets through."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, (tuple, list)):
        return f"[{', '.join(map(_toml, value))}]"
    if value is None:  # a number that is not printed
        return '""'
    return repr(value)


def _key(name: str) -> str:
    return name if _BARE.match(name) else _toml(name)


def _inline(pairs: Iterable[tuple[str, object]]) -> str:
    return "{ " + ", ".join(f"{_key(name)} = {_toml(value)}" for name, value in pairs) + " }"


def _lines(of: object, keys: Iterable[str]) -> list[str]:
    """One line for each key that says something."""
    found = ((key, getattr(of, key)) for key in keys)
    return [f"{key} = {_toml(value)}" for key, value in found if value not in ("", None, (), False)]


def _study(trial: Trial) -> list[str]:
    lines = ["[study]", *_lines(trial, _TRIAL_KEYS)]
    for name, n in trial.n_randomised.items():
        lines += ["", "[[arm]]", f"name = {_toml(name)}", *([] if n is None else [f"n = {n}"])]
    return lines


def _claim(claim: Claim) -> list[str]:
    return ["", "[[claim]]", *_lines(claim, _CLAIM_KEYS)]


def _table(layout: Layout) -> list[str]:
    lines = ["", "[[table]]", *_lines(layout, ("key", "title", "role", "endpoint", "about"))]
    if layout.arm_column:
        lines.append(f"arm = {_toml(layout.arm_column)}")
    if layout.n:
        lines.append(f"n = {_inline(layout.n.items())}")
    for column in layout.columns:
        pairs = [("arm", column.arm), ("visit", column.visit)]
        lines.append(f"results.{_key(column.name)} = {_inline((k, v) for k, v in pairs if v)}")
    compared = ", ".join(
        _inline([("columns", [first, second]), *([("p", p)] if p else [])]) for first, second, p in layout.compare
    )
    if compared:
        lines.append(f"compare = [{compared}]")
    return [*lines, f"csv = {_block(layout.text)}"]


def _block(text: str) -> str:
    """Write a text of several lines so that it can be read; every sign that would end or change it is escaped."""
    inner = "\n".join(_toml(line)[1:-1].replace('\\"', '"') for line in text.split("\n"))
    safe = inner.replace('"""', '\\"\\"\\"')
    if safe.endswith('"'):
        safe = safe[:-1] + '\\"'
    return f'"""\n{safe}"""'


def claims_toml(study: Study) -> str:
    """Write a study as a claims file.

    Parameters
    ----------
    study : Study
        Any study.

    Returns
    -------
    str
        TOML text. Loading it gives an equal study.

    Examples
    --------
    >>> from lupus_kit import published
    >>> print(claims_toml(published.load("he2020")).splitlines()[0])
    format = 1
    """
    lines = [f"format = {FORMAT}", "", *_study(study.trial)]
    for claim in study.records:
        lines += _claim(claim)
    for layout in study.layouts.values():
        lines += _table(layout)
    return "\n".join(lines) + "\n"
