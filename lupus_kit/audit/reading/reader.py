"""From a text to a proposal: every number found, the pairs proposed with their arms, what is to be asked."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from lupus_kit.audit.reading.arms import Mention, find_arms, given_arms, mentions
from lupus_kit.audit.reading.endpoints import Plan, effect_arms_words, effect_text, p_text, title_of, visit_of
from lupus_kit.audit.reading.pairing import Pair, Value, between, propose, propose_counts, values_in
from lupus_kit.audit.reading.proposal import NUMBER_COLUMNS, PAIR_COLUMNS, QUESTION_COLUMNS, Proposal
from lupus_kit.audit.reading.sentences import sentences
from lupus_kit.audit.reading.spellings import Number, find_numbers, plain
from lupus_kit.core.errors import InputError
from lupus_kit.published import Claim, Trial, parse_value, read_p

#: A text is read as one abstract up to this many characters; what is longer is no abstract.
LARGEST = 2_000_000
#: A sentence of more characters than this is none.
_LONGEST = 2_500
#: The arms of a comparison where the text does not say them.
NOT_SAID = ("arm of the first number", "arm of the second number")
_ALLOCATION = re.compile(
    r"\b(?:randomi[sz]ed|randomly|assigned|allocated|enrolled|recruited|screened|received|completed|n\s?=)", re.I
)
_FOR_ALL = re.compile(r"\s?(?:for|in) (?:both|all|each|either)\b")
_OTHER_P = re.compile(r"\s?(?:for|by) (?:the )?(?:non-?inferiority|interaction|trend|heterogeneity)\b", re.I)
_RANDOMISED = re.compile(
    r"\b(\d{1,3}(?:,\d{3})+|\d{2,9})\s(?:\w+\s){0,4}?(?:were |was )?(?:randomly|randomi[sz]ed|underwent randomi[sz]ation)\b"
)
_SAYS = {
    "": "no arm stands beside the numbers: taken in the order of the allocation",
    "same": "one arm only stands beside the numbers: the other was added",
    "one": "one arm only stands beside the numbers: the other was added",
    "order": "the arms are taken in the order in which the sentence names them",
    "carried": "the arms are taken in the order of the pair before it in the sentence",
    "list": "the arms are taken in the order of the allocation, each against the control",
    "shared": "the second number is compared with two others: choose the arms",
}


@dataclass
class _Attached:
    """What stands with a pair: its p-value and its effect, and the numbers they are."""

    p: str = ""
    effect: str = ""
    numbers: tuple[Number, ...] = ()


class _Reader:
    """Reads one text."""

    def __init__(self, text: str, arms: Mapping[str, int | None] | None) -> None:
        self.source, self.text = text, plain(text)
        self.cut = sentences(self.text)
        self.arms = dict(arms) if arms else find_arms(self.text, self.cut)
        self.found = find_numbers(self.text)
        self.claims: list[tuple[Claim, Pair, _Attached]] = []
        self.asked: dict[tuple[int, int], str] = {}
        self.plan = Plan([self.text[a:b] for a, b in self.cut])
        named, at, m = mentions(self.text, self.arms), 0, 0
        for start, end in self.cut:
            inside, here = [], []
            while at < len(self.found) and self.found[at].start < end:
                inside += [self.found[at]] if self.found[at].start >= start else []
                at += 1
            while m < len(named) and named[m].start < end:
                here += [named[m]] if named[m].start >= start else []
                m += 1
            self._read(start, end, inside, here)

    def _ask(self, start: int, end: int, unclear: str) -> None:
        self.asked[start, end] = unclear

    def _read(self, start: int, end: int, inside: list[Number], named: list[Mention]) -> None:
        if end - start > _LONGEST:
            return
        values, counts = values_in(self.text, inside)
        pairs = propose(self.text, (start, end), values, inside, named, list(self.arms))
        if not _ALLOCATION.search(self.text, start, end):
            pairs += propose_counts(self.text, (start, end), counts, named, list(self.arms))
        pairs = [pair for pair in pairs if all(self._possible(value) for value in (pair.first, pair.second))]
        attached = self._attach(pairs, inside, named)
        used = {value for pair in pairs for value in (pair.first, pair.second)}
        for value in values:
            if value not in used and value.percent and (value.start, value.end) not in self.asked:
                self._ask(value.start, value.end, "what it is compared with, if it is a result of an arm")
        last = start
        for pair, with_it in zip(pairs, attached, strict=True):
            before = self.text[last if pair.first.start > last else start : pair.first.marks[0][0]]
            self.claims.append((self._claim(pair, with_it, before, (start, end)), pair, with_it))
            last = max(pair.second.marks[-1][1], *(n.end for n in with_it.numbers), last)

    def _possible(self, value: Value) -> bool:
        try:
            parse_value(value.reported, slash="total")
        except InputError as error:
            for mark in value.marks:
                self._ask(*mark, f"no patients can give it: {error}")
            return False
        return True

    def _attach(self, pairs: Sequence[Pair], inside: Sequence[Number], named: Sequence[Mention]) -> list[_Attached]:
        """Tie p-values and effects to the pairs they stand behind; what is not clear is asked."""
        found = [_Attached() for _ in pairs]
        latest: int | None = None
        for number in inside:
            if number.kind not in ("p", "effect"):
                continue
            behind = [i for i, pair in enumerate(pairs) if pair.second.end <= number.start]
            nearest = max((pairs[i].second.start for i in behind), default=-1)
            home = [i for i in behind if pairs[i].second.start == nearest]
            within = [i for i, pair in enumerate(pairs) if pair.first.end <= number.start < pair.second.start]
            if within:  # each of several arms with its own p-value against the control
                own = max(pairs[i].first.start for i in within)
                home = [i for i in within if pairs[i].first.start == own and pairs[i].named == "list"]
            said = self._says_arms(number, named) if number.kind == "effect" else []
            if said:
                near = home if len(home) > 1 else behind or range(len(pairs))
                home = [i for i in near if set(said) <= set(pairs[i].arms or ())]
            elif number.kind == "p" and latest is not None and len(home) > 1:
                home = [latest]
            elif len(home) > 1:  # "(p=0.01 and p=0.02, respectively)": one for each, in the order of the text
                run = [n for n in inside if n.kind == number.kind and n.start > nearest]
                if len(run) == len(home) and "respectively" in self.text[run[-1].end : run[-1].end + 30]:
                    home = [sorted(home, key=lambda i: pairs[i].first.start)[run.index(number)]]
            latest = None
            key = "p" if number.kind == "p" else "effect"
            text = (p_text if key == "p" else effect_text)(self.text[number.start : number.end])
            for_all = _FOR_ALL.match(self.text, number.end) is not None
            if not pairs:
                continue
            if _OTHER_P.match(self.text, number.end):
                self._ask(number.start, number.end, "it is the p-value of another question")
            elif within and not home:
                why = "it stands behind the first of two numbers: it may compare visits within one arm"
                self._ask(number.start, number.end, why)
            elif not home or (len(home) > 1 and not for_all) or not text or not self._sound(key, text):
                self._ask(number.start, number.end, "which comparison it belongs to")
            elif any(getattr(found[i], key) for i in home):
                self._ask(number.start, number.end, "the comparison has another before it")
            else:
                latest = home[0] if key == "effect" else None
                for i in home:
                    setattr(found[i], key, text)
                    found[i].numbers = (*found[i].numbers, number)
        return found

    def _says_arms(self, number: Number, named: Sequence[Mention]) -> list[str]:
        low, high = effect_arms_words(self.text, number)
        return list(dict.fromkeys(m.arm for m in between(named, low, high)))[:2]

    @staticmethod
    def _sound(key: str, text: str) -> bool:
        try:
            return key == "effect" or text == "NS" or bool(read_p(text))
        except InputError:
            return False

    def _claim(self, pair: Pair, with_it: _Attached, before: str, span: tuple[int, int]) -> Claim:
        first, second = pair.first, pair.second
        behind = self.text[first.marks[-1][1] : span[1]]
        arms = pair.arms or (tuple(self.arms) if len(self.arms) == 2 and pair.named == "" else NOT_SAID)
        assumed = (
            _SAYS.get(pair.named, "") if arms != NOT_SAID else "the arms are not said beside the numbers: choose them"
        )
        places = (
            before,
            *(self.text[a:b] for a, b in ((span[0], first.start), (first.end, second.start), (second.end, span[1]))),
        )
        visit = next(filter(None, map(visit_of, places)), "")
        title = title_of(before, behind, list(self.arms))
        role = self.plan.role(title, visit, self.text[span[0] : span[1]], before)
        ends = [*(n.end for n in with_it.numbers), second.marks[-1][1]]
        return Claim(
            id="",
            endpoint=title,
            arms=(arms[0], arms[1]),
            reported=(first.reported, second.reported),
            visit=visit,
            role=role,
            p=with_it.p,
            effect=with_it.effect,
            met=self.plan.met if role == "primary" else "",
            words=self.source[min(span[0], first.marks[0][0]) : max(*ends, min(span[1], second.end + 80))].strip(),
            assumed=assumed,
            confirmed=False,
        )


def read_text(text: str, arms: str | Sequence[str] | Mapping[str, int | None] | None = None) -> Proposal:
    """Propose the claims of an abstract; nothing is judged before a person has confirmed it.

    Parameters
    ----------
    text : str
        Plain text, structured or not, in English.
    arms : str, sequence of str or mapping, optional
        The arms, where they are known: ``"zorimab, placebo"``, ``"zorimab=30, placebo=29"``. Otherwise the names in the
        sentence of the allocation.

    Returns
    -------
    Proposal
        The numbers found, the pairs proposed (at most two for a number, best first) with the words marked, and the
        questions. Every claim has ``confirmed = False``: an audit of it gives no verdict.

    Raises
    ------
    InputError
        Not a text, an empty one, or one far longer than an abstract; or ``arms`` names no two arms.

    Notes
    -----
    A table of spellings and one rule: two neighbouring values of a sentence, joined by v, versus, and, with, than or
    compared, may be a comparison. Arms, endpoint, visit and role are guesses with the words beside them.

    Examples
    --------
    >>> study = read_text(
    ...     "Sixty adults were randomised to drug X (n=30) or placebo (n=30). At week 12, 55.2% and 30.0% responded "
    ...     "in the drug X and placebo groups, respectively (p=0·05)."
    ... )
    >>> study.claims[["arm_a", "reported_a", "arm_b", "reported_b", "reported_p"]].iloc[0].tolist()
    ['drug X', '55.2%', 'placebo', '30.0%', '0.05']
    >>> study.records[0].confirmed
    False
    """
    if not isinstance(text, str):
        raise InputError(f"text == {type(text).__name__}, must be a string: the plain text of an abstract.")
    if not text.replace("\ufeff", "").strip():
        raise InputError("the text is empty: give the plain text of an abstract.")
    if len(text) > LARGEST:
        raise InputError(
            f"the text has {len(text):,} characters; an abstract has some thousand, and {LARGEST:,} is the most."
        )
    reader = _Reader(text, None if arms is None else given_arms(arms))
    return _proposal(reader)


def _proposal(reader: _Reader) -> Proposal:
    """Gather the claims under their numbers, with the account of every number of the text."""
    seen: Counter[tuple[int, int]] = Counter()
    rows, records, marks, owner = [], [], [], dict[int, str]()
    for number, (claim, pair, with_it) in enumerate(reader.claims, 1):
        name = f"claim{number}"
        mains = [(value.start, value.end) for value in (pair.first, pair.second)]
        choice = 2 if any(seen[main] for main in mains) else 1
        seen.update(mains)
        records.append(Claim(**{**claim.__dict__, "id": name}))
        words = [reader.source[a:b] for a, b in mains]
        rows.append((name, *mains[0], words[0], *mains[1], words[1], *claim.arms, choice))
        parts = [*pair.first.marks, *pair.second.marks, *((n.start, n.end) for n in with_it.numbers)]
        marks += [(*part, name) for part in parts]
        for start, _ in parts:
            owner.setdefault(start, name)
    sizes = dict(reader.arms)
    if any(set(NOT_SAID) & set(claim.arms) for claim in records):
        sizes |= dict.fromkeys(NOT_SAID)
    _ask_sizes(reader)
    registry = re.findall(r"\b(?:NCT|ISRCTN)\s?\d{6,10}|\bChiCTR[\w-]+", reader.text)
    remark = (
        "The text holds no numbers: there is nothing to check." if not any(map(str.isdigit, reader.text))
        else "No comparison was recognised: add a [[claim]] by hand; lupus-kit audit --new shows how." if not records
        else "No arms were recognised: name them with --arms, or in the file." if not reader.arms
        else ""
    )  # fmt: skip
    return Proposal(
        Trial(
            "text",
            "Claims proposed from a text",
            source="proposed from a text; nothing in it is confirmed",
            registry=tuple(dict.fromkeys(registry)),
            n_randomised=sizes,
        ),
        tuple(records),
        remarks=(remark,) if remark else (),
        text=reader.source,
        marks=tuple(sorted(marks)),
        pairs=pd.DataFrame(rows, columns=PAIR_COLUMNS).sort_values("choice", kind="stable", ignore_index=True),
        questions=pd.DataFrame(
            [(a, b, reader.source[a:b], why) for (a, b), why in sorted(reader.asked.items())], columns=QUESTION_COLUMNS
        ),
        numbers=_account(reader, owner),
    )


def _ask_sizes(reader: _Reader) -> None:
    """Ask about sizes of arms that do not add up to the patients randomised."""
    sizes = list(reader.arms.values())
    total = next((m for a, b in reader.cut if (m := _RANDOMISED.search(reader.text, a, min(b, a + 2000)))), None)
    if total and sizes and all(sizes) and sum(n or 0 for n in sizes) != int(total[1].replace(",", "")):
        added = " + ".join(map(str, sizes))
        reader._ask(*total.span(1), f"the sizes of the arms ({added}) do not add up to it")


def _account(reader: _Reader, owner: Mapping[int, str]) -> pd.DataFrame:
    """Say of every number what became of it; those in letters only where they are used."""
    rows, unclear = [], {start: why for (start, _), why in reader.asked.items()}
    for number in reader.found:
        words = reader.source[number.start : number.end]
        claim = next((owner[at] for at in (number.start, number.end) if at in owner), "")
        asked = "" if claim else unclear.get(number.start, "")
        if claim or asked or any(map(str.isdigit, words)):
            status = "used" if claim else "asked" if asked else "recognised"
            rows.append((number.start, number.end, words, status, asked or number.kind, claim))
    return pd.DataFrame(rows, columns=NUMBER_COLUMNS)
