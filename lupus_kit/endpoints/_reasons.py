"""The plain-English reason behind each SRI verdict, written for whole columns at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lupus_kit.endpoints.bilag_grades import BILAG_SYSTEMS

_BITS = 1 << np.arange(len(BILAG_SYSTEMS))


def _phrase(values: np.ndarray, say: Callable[[int], str]) -> np.ndarray:
    """Apply ``say`` once to each distinct whole number and spread the answers over the array."""
    unique, where = np.unique(values.astype(np.int64), return_inverse=True)
    return np.array([say(int(v)) for v in unique], dtype=object)[where]


def _systems(mask: int) -> list[str]:
    return [name for name, bit in zip(BILAG_SYSTEMS, _BITS, strict=True) if mask & bit]


def _say_drop(drop: int, points: int) -> str:
    if drop > 0:
        return f"SLEDAI fell by {drop} (it must fall by {points} or more)"
    change = "did not change" if drop == 0 else f"rose by {-drop}"
    return f"SLEDAI {change} (it must fall by {points} or more)"


def _say_new(mask_a: int, mask_b: int) -> str:
    parts = [
        f"new BILAG {grade} in {', '.join(_systems(mask))}" for grade, mask in (("A", mask_a), ("B", mask_b)) if mask
    ]
    return " and ".join(parts) if parts else "no new BILAG A or B"


def _say_rise(hundredths: int, failed: bool) -> str:
    size = f"{abs(hundredths) / 100:.2f}"
    if failed:
        return f"PGA rose by {size} (it must rise by less than 0.30)"
    return "PGA did not change" if hundredths == 0 else f"PGA {'rose' if hundredths > 0 else 'fell'} by {size}"


def _join(pieces: list[tuple[np.ndarray, np.ndarray]], n: int) -> np.ndarray:
    """Join, row by row, the pieces that apply, with semicolons between them."""
    text = np.full(n, "", dtype=object)
    started = np.zeros(n, dtype=bool)
    for applies, words in pieces:
        rows = np.flatnonzero(applies)
        text[rows] += np.where(started[rows], "; ", "").astype(object) + words[rows]
        started |= applies
    return text


def write_reasons(parts: dict[str, np.ndarray], points: int, missing: str) -> np.ndarray:
    """Return one sentence per row of the flattened (patients, visits) grid.

    Parameters
    ----------
    parts : dict of numpy.ndarray
        The arrays made by ``sri_rule._score``.
    points : int
        The SLEDAI drop asked for.
    missing : str
        How an open answer is counted; it changes the words, not the finding.

    Returns
    -------
    numpy.ndarray
        Strings, dtype object.
    """
    flat = {k: v.reshape(-1, *v.shape[2:]) for k, v in parts.items()}
    n = len(flat["answer"])
    drop = np.nan_to_num(flat["drop"])
    mask_a, mask_b = flat["found_a"] @ _BITS, flat["found_b"] @ _BITS
    rise = np.nan_to_num(flat["rise"])
    new_words = _phrase(mask_a * 512 + mask_b, lambda m: _say_new(m // 512, m % 512))
    guilty_b = np.where(flat["found_b"].sum(axis=1) > 1, mask_b, 0)  # one new B alone is allowed
    fail_words = _phrase(mask_a * 512 + guilty_b, lambda m: _say_new(m // 512, m % 512))
    low_words = _phrase(
        np.nan_to_num(flat["sledai_baseline"]),
        lambda s: f"SLEDAI was {s} at baseline, so it cannot fall by {points}",
    )
    drop_words = np.where(flat["too_low"], low_words, _phrase(drop, lambda d: _say_drop(d, points)))

    def words(text: str) -> np.ndarray:
        return np.full(n, text, dtype=object)

    failed = _join(
        [
            (flat["sledai_clause"] == 0, drop_words),
            (flat["bilag_clause"] == 0, fail_words),
            (flat["pga_clause"] == 0, _phrase(rise, lambda r: _say_rise(r, failed=True))),
            (flat["rescue"] == 1, words("rescue treatment was given")),
        ],
        n,
    )
    no_row = flat["no_visit"] | flat["no_baseline"]
    grade_words = _phrase(
        flat["grade_missing"] @ _BITS, lambda m: f"BILAG grade missing ({', '.join(_systems(m))})" if m else ""
    )
    open_because = _join(
        [
            (flat["no_baseline"], words("the baseline visit is missing")),
            (flat["no_visit"], words("the visit is missing")),
            (~no_row & (flat["sledai_clause"] == -1), words("SLEDAI is missing")),
            (~no_row & (flat["bilag_clause"] == -1), grade_words),
            (~no_row & (flat["pga_clause"] == -1), words("PGA is missing")),
            (~no_row & (flat["rescue"] == -1), words("it is not recorded whether rescue treatment was given")),
        ],
        n,
    )
    met = (
        _phrase(drop, lambda d: f"SLEDAI fell by {d}; ")
        + new_words
        + "; "
        + _phrase(rise, lambda r: _say_rise(r, failed=False))
    )
    ending = ", counted as non-response." if missing == "nonresponder" else ", so the answer is open."
    return np.select(
        [flat["answer"] == 1, flat["answer"] == 0],
        ["Responder: " + met + ".", "Not a responder: " + failed + "."],
        default=("Not a responder: " if missing == "nonresponder" else "Undecided: ") + open_because + ending,
    )
