"""A study as the text of a claims file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import tomlkit
from tomlkit.items import AoT, InlineTable, Item, Table

from lupus_kit.core.errors import InputError
from lupus_kit.published.claims.study_reader import FORMAT
from lupus_kit.published.study import Study
from lupus_kit.published.tables import Layout

_TRIAL_KEYS = (
    *("key", "title", "authors", "journal", "year", "volume", "pages", "published_online", "doi", "registry"),
    *("source", "notice", "note", "alpha"),
)
_CLAIM_KEYS = (
    *("id", "endpoint", "visit", "role", "order", "kind", "arms", "visits", "levels", "reported", "n", "both", "p"),
    *("effect", "analysis", "met", "as_printed", "source", "confidence", "note", "words", "assumed", "table_row"),
)
_LAYOUT_KEYS = ("key", "title", "role", "endpoint", "about")


def _item(value: object) -> Item:
    """Write one value; a number that is not printed is an empty text."""
    if isinstance(value, (tuple, list)):
        array = tomlkit.array()
        array.extend(_item(one) for one in value)
        return array
    return tomlkit.item("" if value is None else value)


def _inline(pairs: Mapping[str, object]) -> InlineTable:
    """Write the pairs that say something on one line."""
    table = tomlkit.inline_table()
    table.update({key: _item(value) for key, value in pairs.items() if value})
    return table


def _table(of: object, keys: Iterable[str]) -> Table:
    """Write the attributes that say something, one a line."""
    table = tomlkit.table()
    for key in keys:
        value = getattr(of, key)
        if value not in ("", None, (), False):
            table[key] = _item(value)
    return table


def _layout(layout: Layout) -> Table:
    table = _table(layout, _LAYOUT_KEYS)
    if layout.arm_column:
        table["arm"] = layout.arm_column
    if layout.n:
        table["n"] = _inline(layout.n)
    for column in layout.columns:
        table.append(tomlkit.key(["results", column.name]), _inline({"arm": column.arm, "visit": column.visit}))
    if layout.compare:
        table["compare"] = _item([_inline({"columns": [first, second], "p": p}) for first, second, p in layout.compare])
    table["csv"] = tomlkit.string(layout.text, multiline=True)
    return table


def _tables(entries: Iterable[Table]) -> AoT:
    tables = tomlkit.aot()
    for entry in entries:
        tables.append(entry)
    return tables


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

    Raises
    ------
    InputError
        A text holds half of a pair of code units (a lone surrogate), which no file in UTF-8 can hold.

    Examples
    --------
    >>> from lupus_kit import published
    >>> print(claims_toml(published.load("he2020")).splitlines()[0])
    format = 1
    """
    document = tomlkit.document()
    document["format"] = FORMAT
    document["study"] = _table(study.trial, _TRIAL_KEYS)
    arms = study.trial.n_randomised.items()
    document["arm"] = _tables(tomlkit.item({"name": name} if n is None else {"name": name, "n": n}) for name, n in arms)
    if study.records:
        document["claim"] = _tables(_table(claim, _CLAIM_KEYS) for claim in study.records)
    if study.layouts:
        document["table"] = _tables(_layout(layout) for layout in study.layouts.values())
    text = tomlkit.dumps(document)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        bad = text[error.start]
        raise InputError(f"the study holds {bad!r}, half of a character: no claims file can hold it.") from None
    return text
