"""Exports of REDCap: events as visits, checkbox columns such as ``sledai___3``, rows of repeating instruments.

An export holds a box of a form that nobody filled in as 0, like a box that was left empty on purpose
(github.com/OuhscBbmc/REDCapR, issue 420); the ``..._complete`` column of the form tells them apart.
"""

import re
from dataclasses import replace
from itertools import dropwhile

import numpy as np
import pandas as pd

from lupus_kit.core.columns import NO_WORDS, fold, is_missing
from lupus_kit.core.errors import InputError
from lupus_kit.core.tables import RawTable
from lupus_kit.core.text import listing, plural
from lupus_kit.endpoints.sledai.items import ITEM_IDS
from lupus_kit.endpoints.visits.file_columns import BY_FOLDED
from lupus_kit.endpoints.visits.keys import WHO_AND_WHEN
from lupus_kit.endpoints.visits.weeks import week_of

_EVENT = ("redcap_event_name", "event_name")
_REPEATS = ("redcap_repeat_instrument", "repeat_instrument")
_RECORD = ("record_id", "study_id")
_BOX = re.compile(r"(?P<field>.+)___(?P<choice>.+)|(?P<label>.+) \(choice=(?P<text>.+)\)")
#: In the raw export an event ends in its arm, in the labelled one the arm stands in brackets.
_ARM = re.compile(r"_arm_(?P<number>\d+)[a-z]?$| \(Arm \d+: (?P<name>.+)\)$")


def undo_redcap(raw: RawTable) -> RawTable:
    """Give an export of REDCap the names and cells of a long visit file; any other file stays as it is.

    Parameters
    ----------
    raw : RawTable
        The cells of the file.

    Returns
    -------
    RawTable
        The event as the visit, boxes as items, without rows that hold nothing that is read.

    Raises
    ------
    InputError
        If the boxes cannot be given to the items of SLEDAI, or nothing tells the visit.
    """
    names = [str(name) for name in raw.cells.columns]
    folded = {fold(name): name for name in reversed(names)}
    event, repeats, record = (next((folded[n] for n in of if n in folded), None) for of in (_EVENT, _REPEATS, _RECORD))
    boxes = {name: found for name in names if (found := _BOX.fullmatch(name))}
    if event is None and repeats is None and not boxes:
        return raw
    raw = _items(raw, boxes)
    known = {BY_FOLDED[fold(name)].name for name in map(str, raw.cells.columns) if fold(name) in BY_FOLDED}
    if record is not None and "patient" not in known:
        raw = _renamed(raw, {record: "patient"})
    if event is not None and not known & {"visit", "week", "day"}:
        raw = _visits(_renamed(raw, {event: "visit"}), event, "arm" in known)
    return _without_empty_rows(raw, repeats)


def _renamed(raw: RawTable, names: dict[str, str]) -> RawTable:
    written = dict(raw.written) | {new: raw.written.get(old, old) for old, new in names.items()}
    return replace(raw, cells=raw.cells.rename(columns=names), written=written)


def _items(raw: RawTable, boxes: dict[str, re.Match[str]]) -> RawTable:
    """Name the boxes of SLEDAI after its items: by the word of the choice, or by the order of the form."""
    fields: dict[str, dict[str, str]] = {}
    for name, found in boxes.items():
        if "sled" in fold(found["field"] or found["label"]):
            fields.setdefault(found["field"] or found["label"], {})[name] = found["choice"] or found["text"]
    for field, choices in fields.items():
        by_word = {name: BY_FOLDED[fold(choice)].name for name, choice in choices.items() if fold(choice) in BY_FOLDED}
        by_number = {name: int(choice) for name, choice in choices.items() if choice.isdecimal()}
        if len(by_word) == len(choices):
            raw = _renamed(raw, by_word)
        elif sorted(by_number.values()) == list(range(1, len(ITEM_IDS) + 1)) and len(by_number) == len(choices):
            form = f"1 is {ITEM_IDS[0]}, 2 {ITEM_IDS[1]}, ..., {len(ITEM_IDS)} {ITEM_IDS[-1]}"
            note = f"The boxes {field}___1 to {field}___{len(ITEM_IDS)} were taken for the items of SLEDAI in the order of its form"
            raw = _renamed(raw, {name: ITEM_IDS[number - 1] for name, number in by_number.items()})
            raw = replace(raw, notes=(*raw.notes, f"{note}: {form}."))
        else:
            form = f"the {len(ITEM_IDS)} items of SLEDAI numbered from 1 in the order of the form nor named after them"
            way_out = f"Rename them to the items, such as {ITEM_IDS[0]} (lupus-kit score --columns lists them)"
            said = f"the boxes {listing(choices, most=6)} are neither {form}"
            raise InputError(f"{raw.source}: {said}; nothing was scored. {way_out}.")
        raw = _unfilled(raw, field, list(choices))
    return raw


def _unfilled(raw: RawTable, field: str, boxes: list[str]) -> RawTable:
    """Empty the boxes of forms that nobody filled in, or say that nothing tells whether they were."""
    now = {old: new for new, old in raw.written.items()}
    items = [now[name] for name in boxes]
    blank = raw.cells[items].map(_is_off).all(axis=1) & ~raw.cells[items].map(is_missing).all(axis=1)
    if not blank.any():
        return raw
    after = dropwhile(lambda name: name != items[-1], map(str, raw.cells.columns))
    status = [name for name in after if re.search(r"_complete$|^Complete\?", name)]
    if not status:
        note = f"No box of {field} is ticked in {plural(int(blank.sum()), 'row')}: counted as SLEDAI 0."
        return replace(raw, notes=(*raw.notes, note))
    unfilled = blank & raw.cells[status[0]].map(_is_off)
    cells = raw.cells.copy()
    cells.loc[unfilled, items] = None
    said = f"The form was not filled in ({status[0]} is 0) in {plural(int(unfilled.sum()), 'row')}: SLEDAI is missing there."
    return replace(raw, cells=cells, notes=(*raw.notes, said) if unfilled.any() else raw.notes)


def _is_off(cell: object) -> bool:
    return is_missing(cell) or str(cell).strip().lower() in (*NO_WORDS, "incomplete")


def _visits(raw: RawTable, event: str, has_arm: bool) -> RawTable:
    """Take the arm off the names of events; several arms of events are the arms, where no column tells them."""
    codes, events = pd.factorize(raw.cells["visit"])
    found = [_ARM.search(str(name)) for name in events]
    plain = [_ARM.sub("", str(name)).replace("_", " ") for name in events]
    cells = raw.cells.assign(visit=np.array([*plain, None], dtype=object)[codes])
    notes = (*raw.notes, f"An export of REDCap: {event} is the visit.")
    arms = [None if match is None else match["name"] or f"arm {match['number']}" for match in found]
    if not has_arm and len({arm for arm in arms if arm}) > 1:
        cells["arm"] = np.array([*arms, None], dtype=object)[codes]
        notes = (*notes, f"The arms were taken from {event}.")
        return replace(raw, cells=cells, notes=notes, written=dict(raw.written) | {"arm": event})
    return replace(raw, cells=cells, notes=notes)


def _without_empty_rows(raw: RawTable, repeats: str | None) -> RawTable:
    """Leave out rows that hold nothing that is read: of repeating instruments, and of events that are no visits."""
    cells = raw.cells
    by_name = {BY_FOLDED[fold(name)].name: name for name in map(str, cells.columns) if fold(name) in BY_FOLDED}
    values = [written for name, written in by_name.items() if name not in WHO_AND_WHEN]
    empty = cells[values].map(is_missing).all(axis=1)
    no_visit = pd.Series(False, index=cells.index)
    if "visit" in by_name and "week" not in by_name:
        no_visit = ~cells[by_name["visit"]].map(lambda name: is_missing(name) or week_of(str(name)) is not None)
    if repeats is not None:
        no_visit |= ~cells[repeats].map(is_missing)
    gone = empty & no_visit
    if not gone.any():
        return raw
    if {"arm", "patient"} <= by_name.keys():
        arm, patient = by_name["arm"], by_name["patient"]
        given = cells[arm].where(~cells[arm].map(is_missing))
        cells = cells.assign(**{arm: given.fillna(given.groupby(cells[patient]).transform("first"))})
    note = f"{plural(int(gone.sum()), 'row')} without a visit or of a repeating instrument hold nothing that is read."
    return replace(raw, cells=cells[~gone], notes=(*raw.notes, note))
