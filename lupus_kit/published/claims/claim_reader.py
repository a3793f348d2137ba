"""One ``[[claim]]`` of a claims file, checked key by key."""

import re
from collections.abc import Mapping
from typing import Any

from lupus_kit.core.errors import InputError, unknown_name
from lupus_kit.published.claim import KINDS, MET, NOT_SIGNIFICANT, ROLES, Claim
from lupus_kit.published.claims.impossible import impossible
from lupus_kit.published.claims.problems import Path, Problems
from lupus_kit.published.printed import parse_value, plain_decimals, read_p

_TEXTS = ("effect", "analysis", "source", "confidence", "note", "words", "assumed", "table_row")
KEYS = (
    *("id", "endpoint", "visit", "role", "order", "kind", "arms", "visits", "reported", "n", "levels", "both", "p"),
    *(*_TEXTS, "met", "as_printed"),
)
_NS = re.compile(r"^(?:p\s*[=:]?\s*)?n\.?\s*s\.?$", re.IGNORECASE)
# "31.6 (9.3)" and "31.6 (SD 9.3)", where a mean is what is printed.
_MEAN_SD = re.compile(r"^\s*(-?\d+(?:\.\d+)?)\s*\(\s*(?:SD\s*:?\s*)?(\d+(?:\.\d+)?)\s*\)\s*$", re.IGNORECASE)
_MINUS = str.maketrans({"−": "-", "‐": "-", "‑": "-"})
#: What a value of each kind gives, for the message about one that does not.
_WANTED = {"binary": ("percent", "count"), "paired": ("percent", "count"), "mean": ("mean",), "median": ("median",)}
_SHAPES = {
    "binary": "'55.17%', '16/29', '55.17% (16/29)', '16 (55.2)' or '16'",
    "mean": "'31.58±9.25'",
    "median": "'12 (8–27)'",
}
_SHAPES["paired"] = _SHAPES["binary"]


def read_claim(
    table: Mapping[str, Any], path: Path, n_randomised: Mapping[str, int | None], problems: Problems
) -> Claim | None:
    """Read one claim; None where something in it cannot be used, which is then among the problems.

    Parameters
    ----------
    table : mapping
        The keys of the claim.
    path : tuple
        Where it stands.
    n_randomised : mapping of str to (int or None)
        The arms of the study.
    problems : Problems
        Takes what is wrong and what was understood.

    Returns
    -------
    Claim or None
    """
    problems.check_keys(table, path, KEYS)
    kind = problems.choice(table, path, "kind", KINDS) or _kind_of(table, path, problems)
    arms = _arms(table, path, kind, n_randomised, problems)
    before = len(problems.found)  # a misspelt arm does not keep its numbers from being looked at
    visits = _visits(table, path, kind, problems)
    sides = visits if kind == "paired" else arms
    reported, n = _reported(table, path, kind, problems), _numbers(table, path, problems)
    sound = len(problems.found) == before
    texts = {key: problems.text(table, path, key) for key in _TEXTS}
    claim = Claim(
        id=problems.text(table, path, "id", required=True),
        endpoint=problems.text(table, path, "endpoint", required=True),
        visit=problems.text(table, path, "visit"),
        role=problems.choice(table, path, "role", ROLES),
        order=problems.whole(table, path, "order", least=1),
        kind=kind,
        arms=arms,
        visits=visits,
        reported=reported,
        n=n,
        levels=problems.texts(table, path, "levels"),
        both=problems.whole(table, path, "both"),
        p=_p(table, path, problems),
        met=problems.choice(table, path, "met", MET),
        as_printed=problems.flag(table, path, "as_printed"),
        **texts,
    )
    # What is compared is looked at whenever it can be, so that every problem is told at once.
    if sound and arms and _check_lengths(claim, sides, path, problems):
        _check_values(claim, path, n_randomised, problems)
    return claim if not problems.found else None


def _kind_of(table: Mapping[str, Any], path: Path, problems: Problems) -> str:
    """Take the kind from the shape of the values where it is not given, and say so where it is not the usual one."""
    values = table.get("reported")
    shapes = set()
    for value in values if isinstance(values, list) and "kind" not in table else []:
        try:
            found = parse_value(plain_decimals(value), slash="total") if isinstance(value, str) else None
        except InputError:
            found = None
        shapes.add(
            "mean" if found and found.mean is not None else "median" if found and found.median is not None else ""
        )
    kind = shapes.pop() if len(shapes) == 1 else ""
    if kind:
        problems.remark((*path, "kind"), f'no kind is given: the values have the shape of kind = "{kind}".')
    return kind or "binary"


def _arms(
    table: Mapping[str, Any], path: Path, kind: str, n_randomised: Mapping[str, int | None], problems: Problems
) -> tuple[str, ...]:
    if "arms" not in table:
        problems.add((*path, "arms"), 'is missing: name the arms compared, such as arms = ["drug", "placebo"].')
        return ()
    arms = problems.texts(table, path, "arms")
    for side, arm in enumerate(arms):
        if arm not in n_randomised:
            problems.add((*path, "arms", side), unknown_name("arm", arm, n_randomised))
    if arms and kind == "paired" and len(arms) != 1:
        problems.add((*path, "arms"), f"{list(arms)} must be the one arm whose patients are seen twice.")
    if len(set(arms)) < len(arms):
        problems.add((*path, "arms"), f"{list(arms)} names an arm twice.")
    return arms


def _visits(table: Mapping[str, Any], path: Path, kind: str, problems: Problems) -> tuple[str, ...]:
    visits = problems.texts(table, path, "visits")
    if kind == "paired" and len(visits) != 2:
        problems.add(
            (*path, "visits"), 'must be the two visits of a paired claim, such as visits = ["baseline", "week 12"].'
        )
    if kind != "paired" and visits:
        problems.add((*path, "visits"), f'{list(visits)} is for kind = "paired"; elsewhere write visit = "week 12".')
    return visits


def _p(table: Mapping[str, Any], path: Path, problems: Problems) -> str:
    text = problems.text(table, path, "p")
    if not text:
        return ""
    if _NS.match(text):
        plain = NOT_SIGNIFICANT
    else:
        try:
            plain = read_p(text).text
        except InputError as error:
            problems.add((*path, "p"), error)
            return ""
    if plain != text:
        problems.remark((*path, "p"), f"{text!r} is read as {plain}.")
    return plain


def _reported(table: Mapping[str, Any], path: Path, kind: str, problems: Problems) -> tuple[str | tuple[int, ...], ...]:
    values = table.get("reported", [])
    where = (*path, "reported")
    if not isinstance(values, list):
        problems.add(where, f'{values!r} must be a list, one entry for each arm, such as ["55.17%", "30.00%"].')
        return ()
    if kind == "ordinal":
        return tuple(_groups(value, (*where, side), problems) for side, value in enumerate(values))
    found: list[str] = []
    for side, value in enumerate(values):
        if not isinstance(value, str):
            problems.add(
                (*where, side), f'{value!r} must be a text in quotes, as printed: its decimals count ("{value}").'
            )
            continue
        found.append(_plain_value(value, kind, (*where, side), problems))
    return tuple(found)


def _plain_value(value: str, kind: str, where: Path, problems: Problems) -> str:
    text = " ".join(plain_decimals(value).translate(_MINUS).split()) if kind != "median" else plain_decimals(value)
    if kind == "mean" and (match := _MEAN_SD.match(text)):
        text = f"{match[1]}±{match[2]}"
    text = text.strip()
    if text != value.strip():
        problems.remark(where, f"{value!r} is read as {text}.")
    return text


def _groups(value: object, where: Path, problems: Problems) -> tuple[int, ...]:
    """Read the counts of an ordinal arm: whole numbers, or texts of them."""
    entries = value if isinstance(value, list) else []
    counts = [int(entry) if isinstance(entry, str) and entry.strip().isdecimal() else entry for entry in entries]
    if len(counts) < 2 or not all(isinstance(c, int) and not isinstance(c, bool) and c >= 0 for c in counts):
        problems.add(where, f"{value!r} must be the counts of the ordered groups of one arm, such as [10, 12, 7].")
        return ()
    return tuple(counts)


def _numbers(table: Mapping[str, Any], path: Path, problems: Problems) -> tuple[int | None, ...]:
    values = table.get("n", [])
    if not isinstance(values, list):
        problems.add((*path, "n"), f"{values!r} must be a list, one number for each arm, such as [29, 30].")
        return ()
    found: list[int | None] = []
    for side, value in enumerate(values):
        number = int(value) if isinstance(value, str) and value.strip().isdecimal() else value
        if number == "":
            found.append(None)
        elif isinstance(number, bool) or not isinstance(number, int) or number < 1:
            problems.add((*path, "n", side), f'{value!r} must be a whole number of 1 or more, or "" where not printed.')
        else:
            found.append(number)
    return tuple(found)


def _check_lengths(claim: Claim, sides: tuple[str, ...], path: Path, problems: Problems) -> bool:
    """Say whether every list has one entry for each arm or visit."""
    before = len(problems.found)
    what = "visits" if claim.kind == "paired" else "arms"
    if not sides:
        problems.add((*path, what), "is empty.")
    for key in ("reported", "n"):
        found = getattr(claim, key)
        if found and len(found) != len(sides):
            problems.add((*path, key), f"{len(found)} entries for {len(sides)} {what} ({', '.join(sides)}).")
    if not any(claim.reported) and not claim.p and not claim.effect:
        problems.add((*path, "reported"), "is missing, and neither p nor effect is given: nothing is claimed.")
    if claim.levels and claim.kind != "ordinal":
        problems.add((*path, "levels"), 'is for kind = "ordinal".')
    sizes = {len(groups) for groups in claim.reported} | ({len(claim.levels)} if claim.levels else set())
    if claim.kind == "ordinal" and len(sizes) > 1:
        problems.add((*path, "reported"), "every arm (and levels) must have the same number of groups.")
    return len(problems.found) == before


def _check_values(claim: Claim, path: Path, n_randomised: Mapping[str, int | None], problems: Problems) -> None:
    for side, value in enumerate(claim.reported):
        where = (*path, "reported", side)
        if claim.kind == "ordinal" or not value:
            continue
        arm = claim.arms[0] if claim.kind == "paired" else claim.arms[side]
        why = impossible(claim, side, n_randomised.get(arm))
        if why and not _stands_so(claim, str(value), why):
            problems.add(
                where, f"{why} If the paper does print it so, add as_printed = true: the audit then reports it."
            )
        elif not why and not any(getattr(claim.values[side], name) is not None for name in _WANTED[claim.kind]):
            problems.add(where, f"cannot read {value!r} as {claim.kind}: expected {_SHAPES[claim.kind]}.")
    _check_both(claim, path, problems)


def _stands_so(claim: Claim, value: str, why: str) -> bool:
    """Say whether a value is known to be printed so: it is said, it is in the words read, or a model gave it."""
    modelled = claim.modelled and "prints as" in why
    return claim.as_printed or modelled or value in plain_decimals(claim.words).translate(_MINUS)


def _check_both(claim: Claim, path: Path, problems: Problems) -> None:
    if claim.both is None:
        return
    if claim.kind != "paired":
        problems.add((*path, "both"), 'is for kind = "paired": patients with the event at both visits.')
        return
    counts = [value.count for value in claim.values[:2] if value.count is not None]
    if counts and claim.both > min(counts):
        problems.add((*path, "both"), f"{claim.both} at both visits is more than {min(counts)} at one of them.")
