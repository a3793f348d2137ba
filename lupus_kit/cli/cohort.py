"""The command ``lupus-kit cohort``: invented patients as files, from assumptions or as a replica of the paper."""

from __future__ import annotations

from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from lupus_kit.cli.output import Force, Quiet, TableFormat, chosen_format, described, say, table_text, write_result
from lupus_kit.core.errors import InputError, unknown_name
from lupus_kit.core.text import listing

if TYPE_CHECKING:
    import pandas as pd

    from lupus_kit.cohort import Assumptions

_PATIENTS = 30
CohortFormat = StrEnum("CohortFormat", "csv parquet xlsx table markdown json")


@described
def cohort(
    out: Path | None = None,
    replica: bool = False,
    seed: int = 0,
    per_arm: int | None = None,
    format: CohortFormat | None = None,
    settings: list[str] | None = None,
    list_all: bool = False,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Write a cohort of invented patients: visits, SLEDAI, BILAG, labs, doses, events. Not for treating patients."""
    if replica and (settings or per_arm is not None):
        what = "--set" if settings else "--per-arm"
        raise InputError(f"{what} does not go with --replica: a replica is made from the published record alone.")
    assumptions = changed(settings or [])
    if list_all:
        if format is not None and format.value not in list(TableFormat):
            raise InputError(f"--format {format}: a list is written as {listing(TableFormat, 'or')}.")
        form = chosen_format(None if format is None else TableFormat(format.value), out, TableFormat)
        write_result(table_text(_listing(assumptions), form), out, force=force)
        return
    files = "csv" if format is None else format.value
    if out is None:
        raise InputError("say where to write the cohort, for example lupus-kit cohort --out my_cohort.")
    from lupus_kit import cohort as rooms
    from lupus_kit.cohort.columns import NOTICE
    from lupus_kit.cohort.files.storage import check_unchanged

    if not force:
        check_unchanged(out)
    patients = _PATIENTS if per_arm is None else per_arm
    if replica:
        made = rooms.replica(seed)
        patients = len(made.patients) // 2
        made.save(out, files, force)
    elif files == "parquet":  # a block of patients at a time, however many there are
        rooms.write_what_if(out, assumptions, patients, seed, force)
    else:
        rooms.what_if(assumptions, patients, seed).save(out, files, force)
    say(f"Wrote {2 * patients} patients ({patients} in each arm, seed {seed}) to {out}. {NOTICE}")


def changed(settings: list[str]) -> Assumptions:
    """Return the assumptions of the kit with some of them changed.

    Parameters
    ----------
    settings : list of str
        Each ``name=value``, or ``name.key=value`` for one share of a mapping. Several values are separated by commas.

    Returns
    -------
    Assumptions
        With everything else as it is in the kit.

    Raises
    ------
    InputError
        Something that is not a setting, a name twice, an unknown name, a value that is not allowed.

    Examples
    --------
    >>> some = changed(["dropout_rate=0.15", "item_share.rash=0.5", "extra_weeks=4,8"])
    >>> some.dropout_rate, some.item_share["rash"], some.extra_weeks
    (0.15, 0.5, (4, 8))
    """
    from lupus_kit.cohort import Assumptions

    usual = Assumptions().to_dict()
    given: dict[str, object] = {}
    for setting in settings:
        name, sign, text = (part.strip() for part in setting.partition("="))
        if not sign or not name or not text:
            raise InputError(f"--set {setting!r}: write NAME=VALUE, for example --set dropout_rate=0.15.")
        field, dot, key = name.partition(".")
        if field not in usual:
            raise unknown_name("assumption", field, usual)
        if isinstance(usual[field], dict) != bool(dot):
            way = f"is one value; leave out {dot + key!r}" if dot else "holds several shares; name one, such as "
            raise InputError(f"--set {setting!r}: {field} {way}{'' if dot else f'{field}.{next(iter(usual[field]))}'}.")
        place, key = (given.setdefault(field, {}), key) if dot else (given, field)
        assert isinstance(place, dict)
        if key in place:
            raise InputError(f"--set {name} is given twice.")
        place[key] = _value(text, isinstance(usual[field], list) or field == "dropouts")
    return Assumptions.from_dict(given)


def _value(text: str, several: bool) -> object:
    """Read a number, a word, "none", or several of them."""
    if text.lower() == "none":
        return None
    if several:
        return tuple(_value(part.strip(), False) for part in text.split(","))
    for kind in (int, float):
        with suppress(ValueError):
            return kind(text)
    return text


def _listing(assumptions: Assumptions) -> pd.DataFrame:
    table = assumptions.table()
    table["name"] = table["field"] + table["key"].where(table["key"] == "", "." + table["key"].astype(str))
    table["value"] = [_value_text(value) for value in table["value"]]
    return table[["name", "value", "unit", "origin", "source"]]


def _value_text(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return "none" if value is None else f"{value:.12g}" if isinstance(value, float) else str(value)
