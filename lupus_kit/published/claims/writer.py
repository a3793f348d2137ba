"""A study as the text of a claims file."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import TypeVar

import tomlkit
from tomlkit.items import AoT, InlineTable, Table

from lupus_kit.core.errors import InputError
from lupus_kit.published.claim import Claim
from lupus_kit.published.claims.claim_reader import CLAIM_KEYS
from lupus_kit.published.claims.study_reader import FORMAT
from lupus_kit.published.study import Study, Trial
from lupus_kit.published.tables import Layout

_TRIAL_KEYS = tuple(field.name for field in fields(Trial) if field.name != "n_randomised")
_LAYOUT_KEYS = ("key", "title", "role", "endpoint", "about")
_Table = TypeVar("_Table", InlineTable, Table)


def _keys(table: _Table, of: Mapping[str, object]) -> _Table:
    """Write the values that say something, as a count of 0 does; a number that is not printed is an empty text."""
    for key, value in of.items():
        if value not in ("", None, ()) and value is not False:
            table[key] = ["" if one is None else one for one in value] if isinstance(value, tuple) else value
    return table


def _inline(**of: object) -> InlineTable:
    return _keys(tomlkit.inline_table(), of)


def _attributes(of: object, keys: Iterable[str]) -> Table:
    return _keys(tomlkit.table(), {key: getattr(of, key) for key in keys})


def _claim(claim: Claim) -> Table:
    table = _attributes(claim, (key for key in CLAIM_KEYS if key != "confirmed"))
    return table if claim.confirmed else table.append("confirmed", False)


def _layout(layout: Layout) -> Table:
    table = _keys(_attributes(layout, _LAYOUT_KEYS), {"arm": layout.arm_column})
    if layout.n:
        table["n"] = _keys(tomlkit.inline_table(), layout.n)
    for column in layout.columns:
        table.append(tomlkit.key(["results", column.name]), _inline(arm=column.arm, visit=column.visit))
    if layout.compare:
        pairs = [_inline(columns=(first, second), p=p) for first, second, p in layout.compare]
        table["compare"] = tomlkit.array()
        table["compare"].extend(pairs)
    table["csv"] = tomlkit.string(f"\n{layout.text}", multiline=True)
    return table


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

    See Also
    --------
    load_claims, study_from_claims

    Examples
    --------
    >>> from lupus_kit import published
    >>> print(claims_toml(published.load("he2020")).splitlines()[0])
    format = 1
    """
    arms = [_keys(tomlkit.table(), {"name": name, "n": n}) for name, n in study.trial.n_randomised.items()]
    claims, tables = map(_claim, study.records), map(_layout, study.layouts.values())
    entries = {"arm": arms, "claim": [*claims], "table": [*tables]}
    document = {"format": FORMAT, "study": _attributes(study.trial, _TRIAL_KEYS)}
    text = tomlkit.dumps(document | {name: AoT(listed) for name, listed in entries.items() if listed})
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        bad = text[error.start]
        raise InputError(f"the study holds {bad!r}, half of a character: no claims file can hold it.") from None
    return text
