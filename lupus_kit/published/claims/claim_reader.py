"""One ``[[claim]]`` of a claims file, checked key by key."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from lupus_kit.core.errors import InputError, unknown_name
from lupus_kit.published.claim import KINDS, MET, NOT_SIGNIFICANT, ROLES, SCALES, Claim, impossible
from lupus_kit.published.claims.problems import Entry, Path, Problems, is_whole
from lupus_kit.published.printed import parse_value, plain_decimals, read_p

_TEXTS = (
    *("id", "endpoint", "visit", "effect", "analysis", "source", "confidence", "note"),
    *("words", "assumed", "table_row"),
)
_CHOICES = {"role": ROLES, "scale": SCALES, "met": MET}
_LEAST = {"order": 1, "both": 0, "items": 1}
#: In the order in which they are written.
CLAIM_KEYS = (
    *("id", "endpoint", "visit", "role", "order", "kind", "arms", "visits", "reported", "n", "both", "p"),
    *("items", "scale", "strata", "effect", "analysis", "met", "as_printed", "source", "confidence", "note", "words"),
    *("assumed", "table_row", "confirmed"),
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
# What an entry of each list must be.
_TEXT = 'a text in quotes, as printed: its decimals count ("{value}").'
_STRATUM = "responders and patients of the first, then of the second arm: [16, 29, 9, 30]."
_PATIENTS = 'a whole number of 1 or more, or "" where not printed.'


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
    entry = Entry(table, path, problems, CLAIM_KEYS)
    kind = entry.choice("kind", KINDS) or _kind_of(entry)
    arms = _arms(entry, kind, n_randomised)
    before = len(problems.found)  # a misspelt arm does not keep its numbers from being looked at
    visits, reported = _visits(entry, kind), _reported(entry, kind)
    n = _listed(entry, "n", ", one number for each arm, such as [29, 30].", _patients, _PATIENTS)
    sound = len(problems.found) == before
    plain: dict[str, Any] = {key: entry.text(key, required=key in ("id", "endpoint")) for key in _TEXTS}
    plain |= {key: entry.choice(key, allowed) for key, allowed in _CHOICES.items()}
    plain |= {key: entry.whole(key, least) for key, least in _LEAST.items()}
    claim = Claim(
        **plain,
        kind=kind,
        arms=arms,
        visits=visits,
        reported=reported,
        n=n,
        strata=_listed(entry, "strata", ", one entry [x1, n1, x2, n2] for each stratum.", _stratum, _STRATUM),
        p=_p(entry),
        as_printed=entry.flag("as_printed"),
        confirmed="confirmed" not in entry.keys or entry.flag("confirmed"),
    )
    # What is compared is looked at whenever it can be, so that every problem is told at once.
    if sound and arms and _check_lengths(claim, entry) and claim.confirmed:
        _check_values(claim, n_randomised, entry)
    return claim if not problems.found else None


def _kind_of(entry: Entry) -> str:
    """Take the kind from the shape of the values where it is not given, and say so where it is not the usual one."""
    values = entry.keys.get("reported")
    if "kind" in entry.keys or not isinstance(values, list):
        return "binary"
    shapes = {_shape(value) for value in values}
    kind = shapes.pop() if len(shapes) == 1 else ""
    if kind:
        entry.remark(f'no kind is given: the values have the shape of kind = "{kind}".', "kind")
    return kind or "binary"


def _shape(value: object) -> str:
    try:
        found = parse_value(plain_decimals(value), slash="total") if isinstance(value, str) else None
    except InputError:
        return ""
    return next((kind for kind in ("mean", "median") if getattr(found, kind, None) is not None), "")


def _arms(entry: Entry, kind: str, n_randomised: Mapping[str, int | None]) -> tuple[str, ...]:
    if entry.keys.get("arms", []) == []:
        entry.add('is missing: name the arms compared, such as arms = ["drug", "placebo"].', "arms")
        return ()
    arms = entry.texts("arms")
    for side, arm in enumerate(arms):
        if arm not in n_randomised:
            entry.add(unknown_name("arm", arm, n_randomised), "arms", side)
    if arms and kind == "paired" and len(arms) != 1:
        entry.add(f"{list(arms)} must be the one arm whose patients are seen twice.", "arms")
    if len(set(arms)) < len(arms):
        entry.add(f"{list(arms)} names an arm twice.", "arms")
    return arms


def _visits(entry: Entry, kind: str) -> tuple[str, ...]:
    visits = entry.texts("visits")
    if kind == "paired" and len(visits) != 2:
        entry.add('must be the two visits of a paired claim, such as visits = ["baseline", "week 12"].', "visits")
    if kind != "paired" and visits:
        entry.add(f'{list(visits)} is for kind = "paired"; elsewhere write visit = "week 12".', "visits")
    return visits


def _p(entry: Entry) -> str:
    text = entry.text("p")
    try:
        plain = NOT_SIGNIFICANT if _NS.match(text) else read_p(text).text if text else ""
    except InputError as error:
        entry.add(error, "p")
        return ""
    if plain != text:
        entry.remark(f"{text!r} is read as {plain}.", "p")
    return plain


def _listed(
    entry: Entry, key: str, each: str, read: Callable[[object, int], list[Any]], wanted: str
) -> tuple[Any, ...]:
    """Read the entries of a list one by one; where `read` returns nothing, the entry cannot be used."""
    found: list[Any] = []
    for side, value in enumerate(entry.entries(key, each)):
        one = read(value, side)
        found += one
        if not one:
            entry.add(f"{value!r} must be {wanted.replace('{value}', str(value))}", key, side)
    return tuple(found)


def _reported(entry: Entry, kind: str) -> tuple[str, ...]:
    def text(value: object, side: int) -> list[str]:
        return [_plain_value(value, kind, side, entry)] if isinstance(value, str) else []

    return _listed(entry, "reported", ', one entry for each arm, such as ["55.17%", "30.00%"].', text, _TEXT)


def _plain_value(value: str, kind: str, side: int, entry: Entry) -> str:
    text = " ".join(plain_decimals(value).translate(_MINUS).split()) if kind != "median" else plain_decimals(value)
    if kind == "mean" and (match := _MEAN_SD.match(text)):
        text = f"{match[1]}±{match[2]}"
    text = text.strip()
    if text != value.strip():
        entry.remark(f"{value!r} is read as {text}.", "reported", side)
    return text


def _stratum(value: object, _: int) -> list[tuple[int, ...]]:
    if not isinstance(value, list) or len(value) != 4 or not all(is_whole(one, 0) for one in value):
        return []
    return [tuple(value)] if value[0] <= value[1] and value[2] <= value[3] else []


def _patients(value: object, _: int) -> list[int | None]:
    if isinstance(value, str) and len(value) < 10 and value.strip().isdecimal():
        value = int(value)
    return [None] if value == "" else [value] if is_whole(value, 1) else []


def _check_lengths(claim: Claim, entry: Entry) -> bool:
    """Say whether every list has one entry for each arm or visit."""
    before = len(entry.problems.found)
    what, sides = ("visits", claim.visits) if claim.kind == "paired" else ("arms", claim.arms)
    for key in ("reported", "n"):
        found = getattr(claim, key)
        if found and len(found) != len(sides):
            entry.add(f"{len(found)} entries for {len(sides)} {what} ({', '.join(sides)}).", key)
    if not any(claim.reported) and not claim.p and not claim.effect:
        entry.add("is missing, and neither p nor effect is given: nothing is claimed.", "reported")
    for key, kind in (("items", "mean"), ("scale", "mean"), ("strata", "binary")):
        if getattr(claim, key) and claim.kind != kind:
            entry.add(f'is for kind = "{kind}".', key)
    if claim.strata and len(claim.arms) != 2:
        entry.add("are for two arms.", "strata")
    if claim.items and claim.scale == "binary":
        entry.add('is for scale = "whole".', "items")
    return len(entry.problems.found) == before


def _check_values(claim: Claim, n_randomised: Mapping[str, int | None], entry: Entry) -> None:
    for side, value in enumerate(claim.reported):
        if not value:
            continue
        arm = claim.arms[0] if claim.kind == "paired" else claim.arms[side]
        why = impossible(claim, side, n_randomised.get(arm))
        if why and not _stands_so(claim, value, why):
            note = entry.remark if "prints as" in why else entry.add  # the audit reports it, and goes on with the rest
            note(f"{why} If the paper does print it so, add as_printed = true.", "reported", side)
        elif not why and not any(getattr(claim.values[side], name) is not None for name in _WANTED[claim.kind]):
            entry.add(f"cannot read {value!r} as {claim.kind}: expected {_SHAPES[claim.kind]}.", "reported", side)
    if claim.both is None:
        return
    if claim.kind != "paired":
        entry.add('is for kind = "paired": patients with the event at both visits.', "both")
        return
    counts = [value.count for value in claim.values[:2] if value.count is not None]
    if counts and claim.both > min(counts):
        entry.add(f"{claim.both} at both visits is more than {min(counts)} at one of them.", "both")


def _stands_so(claim: Claim, value: str, why: str) -> bool:
    """Say whether a value is known to be printed so: it is said, it is in the words read, or a model gave it."""
    modelled = claim.modelled and "prints as" in why
    return claim.as_printed or modelled or value in plain_decimals(claim.words).translate(_MINUS)
