"""The plain-English reason behind each SRI verdict, written for whole columns at once."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pyarrow as pa

from lupus_kit.endpoints.bilag.grades import BILAG_SYSTEMS
from lupus_kit.endpoints.rules.logic import NO, UNKNOWN, YES
from lupus_kit.endpoints.rules.phrases import column, constant, join, spell

#: How a reason says that an event happened; other events are quoted by their name.
EVENT_WORDS = {
    "rescue": "rescue treatment was given",
    "disallowed_medication": "a medicine was given that the protocol does not allow",
    "withdrawn": "the patient had left the trial",
}
_ALL = 1 << len(BILAG_SYSTEMS)
#: More than any change in half points or hundredths: shifts a change so that a code of several parts stays positive.
_SHIFT = 1 << 12
#: How many sentences are written at a time.
_PIECE = 1 << 16

_OPENINGS = {YES: "Responder: ", NO: "Not a responder: ", UNKNOWN: "Undecided: "}
_ENDINGS = {
    YES: ", counted as response.",
    NO: ", counted as non-response.",
    UNKNOWN: ", so the answer is open.",
    2: ".",
    3: ", with values carried forward.",
}


def _systems(mask: int) -> str:
    return ", ".join(name for k, name in enumerate(BILAG_SYSTEMS) if mask >> k & 1)


def _say_new(masks: int) -> str:
    both = zip("AB", divmod(masks, _ALL), strict=True)
    parts = [f"new BILAG {grade} in {_systems(mask)}" for grade, mask in both if mask]
    return " and ".join(parts) if parts else "no new BILAG A or B"


def _say_rise(code: int) -> str:
    shifted, failed = divmod(code, 2)
    hundredths = shifted - _SHIFT
    if hundredths == 0:
        return "PGA did not change"
    said = f"PGA {'rose' if hundredths > 0 else 'fell'} by {abs(hundredths) / 100:.2f}"
    return f"{said} (it must rise by less than 0.30)" if failed else said


def _sledai(flat: Mapping[str, np.ndarray], points: int, met: np.ndarray) -> pa.Array:
    """Say what SLEDAI did, where it is the reason or part of a response. Changes are coded in half points."""
    low = flat["too_low"] & ~met
    drop, before = (np.nan_to_num(2 * flat[name]).astype(np.int64) for name in ("drop", "sledai_baseline"))
    kind = np.select([met, low], [0, 2], 1)

    def say(code: int) -> str:
        which, shifted = divmod(code, 2 * _SHIFT)
        size = (shifted - _SHIFT) / 2
        if which == 2:
            return f"SLEDAI was {size:g} at baseline, so it cannot fall by {points}"
        change = "did not change" if size == 0 else f"{'fell' if size > 0 else 'rose'} by {abs(size):g}"
        return f"SLEDAI {change}" + (f" (it must fall by {points} or more)" if which == 1 else "")

    code = 2 * _SHIFT * kind + np.where(low, before, drop) + _SHIFT
    return spell(code, say, met | (flat["sledai_clause"] == NO))


def _bilag(flat: Mapping[str, np.ndarray], met: np.ndarray) -> pa.Array:
    """Say which systems are newly A or B; one new B alone is allowed, so it is no reason for a "no"."""
    shown_b = np.where(met | (np.bitwise_count(flat["mask_b"]) > 1), flat["mask_b"], 0)
    return spell(_ALL * flat["mask_a"] + shown_b, _say_new, met | (flat["bilag_clause"] == NO))


def _pga(flat: Mapping[str, np.ndarray], met: np.ndarray) -> pa.Array:
    failed = flat["pga_clause"] == NO
    rise = np.nan_to_num(flat["rise"]).astype(np.int64)
    return spell(2 * (rise + _SHIFT) + failed, _say_rise, met | failed)


def _event(name: str, value: np.ndarray) -> pa.Array:
    return constant(EVENT_WORDS.get(name, f"{name} is recorded"), value == 1)


def _open(flat: Mapping[str, np.ndarray], events: Mapping[str, np.ndarray], is_open: np.ndarray) -> list[pa.Array]:
    """Say what is missing, in the rows whose answer is open."""
    seen = is_open & ~flat["no_visit"] & ~flat["no_baseline"]
    pieces = [
        constant("the baseline visit is missing", is_open & flat["no_baseline"]),
        constant("the visit is missing", is_open & flat["no_visit"]),
    ]
    if "sledai_clause" in flat:
        pieces.append(constant("SLEDAI is missing", seen & (flat["sledai_clause"] == UNKNOWN)))
    if "bilag_clause" in flat:
        gap = seen & (flat["bilag_clause"] == UNKNOWN)
        pieces.append(spell(flat["mask_missing"], lambda mask: f"BILAG grade missing ({_systems(mask)})", gap))
    if "pga_clause" in flat:
        pieces.append(constant("PGA is missing", seen & (flat["pga_clause"] == UNKNOWN)))
    for name, value in events.items():
        words = f"it is not recorded whether {EVENT_WORDS.get(name, f'{name} happened').replace(' was ', ' has been ')}"
        pieces.append(constant(words, seen & (value == UNKNOWN)))
    return pieces


def write_reasons(
    parts: dict[str, np.ndarray],
    events: Mapping[str, np.ndarray],
    points: int,
    shown: np.ndarray,
    carried: np.ndarray,
) -> pd.api.extensions.ExtensionArray:
    """Return one sentence per row of the flattened (patients, visits) grid.

    Parameters
    ----------
    parts : dict of str to numpy.ndarray
        The arrays made by ``sri_rule._score``.
    events : mapping of str to numpy.ndarray
        1, 0 or -1 for each event that counts as non-response.
    points : int
        The SLEDAI drop asked for.
    shown : numpy.ndarray
        How the answer is counted: 1, 0, or -1 where an open answer stays open.
    carried : numpy.ndarray of bool
        Where values were carried forward.

    Returns
    -------
    pandas array of str
        Sentences.
    """
    flat = {name: values.ravel() for name, values in (parts | {"shown": shown, "carried": carried}).items()}
    happened = {name: values.ravel() for name, values in events.items()}
    # Piece by piece, so that the parts of the sentences stay small and near; an empty table is one empty piece.
    written = []
    for start in range(0, max(shown.size, 1), _PIECE):
        here = slice(start, start + _PIECE)
        part, event = ({name: values[here] for name, values in table.items()} for table in (flat, happened))
        written.append(_write(part, event, points))
    return column(pa.chunked_array(written))


def _write(flat: Mapping[str, np.ndarray], events: Mapping[str, np.ndarray], points: int) -> pa.Array:
    """Write the sentences of some rows."""
    shown, answer = flat["shown"], flat["answer"]
    met, is_open = answer == YES, answer == UNKNOWN
    say = {"sledai_clause": lambda: _sledai(flat, points, met), "bilag_clause": lambda: _bilag(flat, met)}
    say["pga_clause"] = lambda: _pga(flat, met)
    pieces = [write() for clause, write in say.items() if clause in flat]
    pieces += [_event(name, value) for name, value in events.items()]
    if is_open.any():
        pieces += _open(flat, events, is_open)
    opening = spell(np.where(met, YES, np.where(is_open, shown, NO)), _OPENINGS.__getitem__)
    ending = spell(np.where(is_open, shown, 2 + flat["carried"]), _ENDINGS.__getitem__)
    return join([opening, join(pieces, "; "), ending])
