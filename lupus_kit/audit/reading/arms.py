"""The arms of a trial: names that stand in the sentence of the allocation, or that the user gives; and their mentions."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral

from lupus_kit.audit.reading.spellings import RE
from lupus_kit.core.errors import InputError

_WRITTEN = "write them as 'zorimab=30, placebo=29', sizes if known"

#: Words within the name of an arm that do not stand for it.
_NO_ALIAS = {"the", "and", "with", "plus", "dose", "alone", "group", "daily"}


@dataclass(frozen=True)
class Mention:
    """An arm named in the text: a slice, and which arm."""

    start: int
    end: int
    arm: str


def given_arms(arms: str | Sequence[str] | Mapping[str, int | None]) -> dict[str, int | None]:
    """Read the arms that a user names: ``"zorimab, placebo"``, ``"zorimab (n=30), placebo=29"``, a list, or a mapping."""
    if not isinstance(arms, str | Mapping | Sequence):
        raise InputError(f"arms == {arms!r}: {_WRITTEN}.")
    if isinstance(arms, Mapping):
        entries = [(str(name), n) for name, n in arms.items()]
    else:
        given = map(RE["given"].fullmatch, arms.split(",") if isinstance(arms, str) else map(str, arms))
        entries = [(m[1], int(m[2] or m[3] or 0) or None) for m in given if m]
    found: dict[str, int | None] = {" ".join(name.split()): n for name, n in entries}
    for name, n in found.items():
        if not name or (n is not None and (isinstance(n, bool) or not isinstance(n, Integral) or int(n) < 1)):
            raise InputError(f"arms: {name!r} with {n!r} patients; {_WRITTEN}.")
    if len(found) < 2 or len(found) < len(entries):
        raise InputError(f"arms: {', '.join(name for name, _ in entries) or 'none'}; name at least two different arms.")
    return found


def _clean(name: str) -> str:
    """Return a possible name without what stands around it, or nothing."""
    flat = RE["dose_at"].sub("", " ".join(re.sub(r"\([^()]*\)?", " ", name).split()))
    if RE["dose_only"].match(flat.removesuffix(" groups").removesuffix(" group")):
        return flat.removesuffix("s").removesuffix(" group")
    name = RE["behind_name"].sub("", RE["before_name"].sub("", flat)).strip(" ,;:.'\"-")
    fits = re.search(r"[A-Za-z]{2}|^[A-Z]$", name) and len(name.split()) <= 6 and len(name) <= 60
    return name if fits and not RE["no_name"].match(name) else ""


def _listed(sentence: str) -> dict[str, int | None]:
    """Return the first list of two or more names behind "assigned to", "receive" or "between", with their sizes."""
    flat = re.sub(r"\([^()]*\)?", lambda m: " " * len(m[0]), sentence)
    said = RE["allocated"].search(flat)
    for match in RE["to_arms"].finditer(flat, said.start() if said else 0):
        start, found = match.end(), dict[str, int | None]()
        rest = RE["list_ends"].split(flat[start : start + 400])[0]
        joints = list((RE["parts_by_or"] if RE["has_or"].search(rest) else RE["parts"]).finditer(rest))
        lows, highs = [0, *(m.end() for m in joints)], [*(m.start() for m in joints), len(rest)]
        for place, (low, high) in enumerate(zip(lows, highs, strict=True)):
            name, last = _clean(rest[low:high]), next(reversed(found), "")
            if not name or place > 7:
                break
            if RE["dose_only"].match(name) and (dose := RE["dose_end"].search(last)):
                name = f"{last[: dose.start()]} {name}"
            size = RE["arm_size"].search(sentence[start + low : start + [*lows, high + 2][place + 1]])
            found[name] = int(size[1].replace(",", "")) if size else None
            behind = joints[place][0] if place < len(joints) else ""
            goes_on = RE["dose_next"].match(rest, lows[place + 1]) if behind else None
            goes_on = goes_on or (RE["dose_next"].match(rest, low) and re.search("[a-z]", behind))
            if place and re.search("[a-z]", joints[place - 1][0]) and not goes_on:
                break
        if len(found) > 1 and not any(RE["dose_only"].match(name) for name in found):
            return found
    return {}


def find_arms(text: str, sentences: Iterable[tuple[int, int]]) -> dict[str, int | None]:
    """Find the arms in the sentences of the allocation, with their sizes where printed."""
    arms: dict[str, int | None] = {}
    sized: dict[str, int] = {}
    for start, end in sentences:
        sentence = text[start : min(end, start + 2000)]
        if not re.search("(?i)randomi[sz]|randomly|assigned|allocated|divided", sentence):
            continue
        sizes = list(RE["sized"].finditer(sentence))
        here = {_clean(RE["parts"].split(m["name"])[0]): int(m["n"].replace(",", "")) for m in sizes}
        here.pop("", None)
        total = RE["randomised"].search(sentence)
        alone = len(here) == 1 and total is not None and total.start(1) == sizes[0].start("n")
        here = {name: n for name, n in here.items() if not alone and (len(here) < 3 or 2 * n != sum(here.values()))}
        listed = _listed(sentence) if RE["allocated"].search(sentence) else {}
        if not arms or (set(map(str.lower, listed)) == set(map(str.lower, arms)) and any(listed.values())):
            arms = listed or (dict(here) if len(here) > 1 else {})
        sized = here | sized
    lower = {name.lower(): n for name, n in sized.items()}
    return {name: n or lower.get(name.lower()) for name, n in arms.items()}


def mentions(text: str, arms: Iterable[str]) -> list[Mention]:
    """Find where the arms are named: by their name, by words that no other arm has, or by their letters in a bracket."""
    aliases = {name.lower(): name for name in arms}
    names = list(aliases.values())
    words = {name: {w for w in RE["alias"].findall(name.lower()) if len(w) > 2 or len(name) < 4} for name in names}
    for name in names:
        others = set().union(_NO_ALIAS, *(words[other] for other in names if other != name))
        short = re.search(rf"{re.escape(name)}\s\(([A-Z][\w+-]{{1,9}})\)", text, re.I)
        aliases = dict.fromkeys((*(words[name] - others), *([short[1].lower()] if short else ())), name) | aliases
    controls = [name for name in names if RE["control"].search(name)]
    if len(names) == 2 and len(controls) == 1:
        other = next(name for name in names if name not in controls)
        aliases = {"control": controls[0], "controls": controls[0], "intervention": other} | aliases
    if not aliases:
        return []
    longest = sorted(aliases, key=len, reverse=True)
    spelt = "|".join(re.sub(r"\\[ -]", r"[\\s-]", re.escape(alias)) for alias in longest)  # "0.45-mg", "low dose"
    pattern = re.compile(rf"(?<![\w-])(?<!\d\.)(?:{spelt})(?![\w]|-controlled)", re.I)
    whose = {re.sub("-", " ", alias): arm for alias, arm in aliases.items()}
    found = ((m, re.sub(r"[\s-]", " ", m[0].lower())) for m in pattern.finditer(text))
    return [Mention(*m.span(), whose[alias]) for m, alias in found if alias in whose]
