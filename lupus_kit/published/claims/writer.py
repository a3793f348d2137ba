"""A study as the text of a claims file."""

from collections.abc import Iterable, Mapping
from dataclasses import fields

import tomlkit
from tomlkit.items import AoT, InlineTable, Item, Table

from lupus_kit.core.errors import InputError
from lupus_kit.published.claim import Claim
from lupus_kit.published.claims.study_reader import FORMAT
from lupus_kit.published.study import Study, Trial
from lupus_kit.published.tables import Layout

_TRIAL_KEYS = tuple(field.name for field in fields(Trial) if field.name != "n_randomised")
_CLAIM_KEYS = (
    *("id", "endpoint", "visit", "role", "order", "kind", "arms", "visits", "levels", "reported", "n", "both", "p"),
    *("items", "scale", "strata"),
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


def _pairs(of: Mapping[str, object]) -> dict[str, Item]:
    """Write the values that say something; a count of 0 does."""
    return {key: _item(value) for key, value in of.items() if value not in ("", None, ()) and value is not False}


def _inline(of: Mapping[str, object]) -> InlineTable:
    table = tomlkit.inline_table()
    table.update(_pairs(of))
    return table


def _table(of: Mapping[str, object]) -> Table:
    table = tomlkit.table()
    table.update(_pairs(of))
    return table


def _attributes(of: object, keys: Iterable[str]) -> dict[str, object]:
    return {key: getattr(of, key) for key in keys}


def _claim(claim: Claim) -> Table:
    table = _table(_attributes(claim, _CLAIM_KEYS))
    if not claim.confirmed:
        table["confirmed"] = tomlkit.item(False)
    return table


def _layout(layout: Layout) -> Table:
    table = _table(_attributes(layout, _LAYOUT_KEYS) | {"arm": layout.arm_column})
    if layout.n:
        table["n"] = _inline(layout.n)
    for column in layout.columns:
        table.append(tomlkit.key(["results", column.name]), _inline({"arm": column.arm, "visit": column.visit}))
    if layout.compare:
        table["compare"] = _item([_inline({"columns": [first, second], "p": p}) for first, second, p in layout.compare])
    table["csv"] = tomlkit.string(f"\n{layout.text}", multiline=True)
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
    document["study"] = _table(_attributes(study.trial, _TRIAL_KEYS))
    entries = {
        "arm": [_table({"name": name, "n": n}) for name, n in study.trial.n_randomised.items()],
        "claim": [_claim(claim) for claim in study.records],
        "table": [_layout(layout) for layout in study.layouts.values()],
    }
    for name, tables in entries.items():
        if tables:
            document[name] = _tables(tables)
    text = tomlkit.dumps(document)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        bad = text[error.start]
        raise InputError(f"the study holds {bad!r}, half of a character: no claims file can hold it.") from None
    return text
