"""From a text to a proposal: every number found, the pairs proposed with their arms, what is to be asked."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import pandas as pd

from lupus_kit.audit.reading.arms import find_arms, given_arms, mentions
from lupus_kit.audit.reading.endpoints import Plan, effect_text, p_text, title_of, visit_of, visits_in
from lupus_kit.audit.reading.pairing import Pair, Sentence, Value, between, propose, propose_counts, values_in
from lupus_kit.audit.reading.proposal import Proposal
from lupus_kit.audit.reading.spellings import RE, SAYS, Number, find_numbers, plain
from lupus_kit.core.errors import InputError
from lupus_kit.published import Claim, Trial, parse_value


def sentences(text: str) -> list[tuple[int, int]]:
    """Cut a text into sentences: where each begins and ends; headings are left out.

    Examples
    --------
    >>> [text[a:b] for text in ["MethodsWe saw 5% v. 4%.ResultsNone died."] for a, b in sentences(text)]
    ['We saw 5% v. 4%.', 'None died.']
    """
    headings = {match.start(): match.end() for match in RE["heading"].finditer(text)}
    cuts = {0, len(text), *headings, *headings.values()}
    for match in RE["stop"].finditer(text):
        if match[0] != "." or not RE["abbreviation"].search(text, max(0, match.start() - 8), match.start()):
            cuts.add(match.end())
    found = []
    for low, high in pairwise(sorted(cuts)):
        piece = text[low:high]
        if piece.strip() and headings.get(low) != high:
            start = low + len(piece) - len(piece.lstrip())
            found.append((start, start + len(piece.strip())))
    return found


#: A text is read as one abstract up to this many characters; a sentence of more characters than the other is none.
LARGEST, _LONGEST = 2_000_000, 2_500
#: The arms of a comparison where the text does not say them.
NOT_SAID = ("arm of the first number", "arm of the second number")
_NUMBER, _QUESTION = ["start", "end", "words", "status", "what", "claim"], ["start", "end", "words", "unclear"]
_PAIR = ["claim", "start_a", "end_a", "words_a", "start_b", "end_b", "words_b", "arm_a", "arm_b", "choice"]


@dataclass
class _Found:
    """A pair with the p-value and the effect that stand with it, and the numbers they are."""

    pair: Pair
    p: str = ""
    effect: str = ""
    numbers: tuple[Number, ...] = ()


class _Reader:
    """Reads one text."""

    def __init__(self, text: str, arms: Mapping[str, int | None] | None) -> None:
        self.source, self.text = text, plain(text)
        cut = sentences(self.text)
        self.arms = dict(arms) if arms else find_arms(self.text, cut)
        self.numbers = find_numbers(self.text)
        self.claims: list[tuple[Claim, _Found]] = []
        self.asked: dict[tuple[int, int], str] = {}
        self.plan = Plan([self.text[a:b] for a, b in cut])
        ratios = (RE["ratio"].search(self.text, a, b) for a, b in cut if RE["allocated"].search(self.text, a, b))
        if not arms and self.arms and (ratio := next(filter(None, ratios), None)):
            n = len(re.findall(r"\d+", ratio[0]))
            if n != len(self.arms):
                self.asked[ratio.span()] = f"it is of {n} arms, and {len(self.arms)} were recognised: name the arms"
                self.arms = {}
        self.before: tuple[int, list[Value], list[str]] = (0, [], [])
        named = mentions(self.text, self.arms)
        for a, b in cut:
            if b - a <= _LONGEST:
                numbers, here = between(self.numbers, a, b), between(named, a, b)
                self._read(Sentence(self.text, a, b, numbers, here, list(self.arms)))
        sizes = [n for n in self.arms.values() if n]
        total = next((m for a, b in cut if (m := RE["randomised"].search(self.text, a, min(b, a + 2000)))), None)
        if total and sizes and len(sizes) == len(self.arms) and sum(sizes) != int(total[1].replace(",", "")):
            added = " + ".join(map(str, sizes))
            self.asked[total.span(1)] = f"the sizes of the arms ({added}) do not add up to it"

    def _read(self, s: Sentence) -> None:
        earlier, (values, counts) = self.before[0], values_in(self.text, s.numbers)
        pairs = propose(s, values)
        if not RE["allocation"].search(self.text, s.start, s.end):
            pairs += propose_counts(s, counts)
        pairs += self._with_the_sentence_before(s, values or counts, pairs)
        found = [_Found(pair) for pair in pairs if self._possible(pair.first) and self._possible(pair.second)]
        self._attach(s, found)
        used = {value for one in found for value in (one.pair.first, one.pair.second)}
        left = [value for value in values if value not in used]
        for value in left:
            self.asked.setdefault((value.start, value.end), "what it is compared with, if it is a result of an arm")
        last, known = s.start, sorted({*values, *used}, key=lambda value: value.start)
        for one in found:
            first, second = one.pair.first, one.pair.second
            begin = s.start if first.start >= s.start else earlier
            shares = first.start <= last or one.pair.named in ("list", "shared")  # the words before the others
            low = begin if shares else max(last, *(one.marks[-1][1] for one in left if one.start < first.start), begin)
            high = min((value.marks[0][0] for value in known if value.start > second.start), default=s.end)
            visit, end = self._visit(s, begin, low, one.pair, high, known[-1].end)
            self.claims.append((self._claim(s, begin, one, self.text[low : first.marks[0][0]], high, visit), one))
            last = max(second.marks[-1][1], *(n.end for n in one.numbers), last, end)

    def _with_the_sentence_before(self, s: Sentence, values: list[Value], pairs: list[Pair]) -> list[Pair]:
        """Propose what two neighbouring sentences give, each of one arm: "With A, 12% relapsed. With B, 20% did."."""
        used = {value for pair in pairs for value in (pair.first, pair.second)}
        names = [m.arm for m in s.named] or map(str.lower, RE["group"].findall(self.text, s.start, s.end))
        second, mine = [value for value in values if value not in used], list(dict.fromkeys(names))
        (_, first, whose), self.before = self.before, (s.start, second, mine)
        if len(first) != len(second) or len(whose) != 1 or len(mine) != 1 or whose == mine:
            return []
        arms = (whose[0], mine[0]) if {*whose, *mine} <= set(self.arms) else None
        alike = [(a, b) for a, b in zip(first, second, strict=True) if bool(a.percent) == bool(b.percent)]
        return [Pair(a, b, 1.0, arms, "both") for a, b in alike]

    def _possible(self, value: Value) -> bool:
        try:
            parse_value(value.reported, slash="total")
        except InputError as error:
            self.asked |= dict.fromkeys(value.marks, f"no patients can give it: {error}")
            return False
        return True

    def _attach(self, s: Sentence, found: Sequence[_Found]) -> None:
        """Tie p-values and effects to the pairs they stand behind; what is not clear is asked."""
        latest: _Found | None = None
        for number in s.numbers if found else ():
            if number.kind not in ("p", "effect"):
                continue
            is_p = number.kind == "p"
            behind = [one for one in found if one.pair.second.end <= number.start]
            nearest = max((one.pair.second.start for one in behind), default=-1)
            home = [one for one in behind if one.pair.second.start == nearest]
            # "60% and 50% with A v 45% and 35% with B (p=0.03 and p=0.04)" stands behind both pairs.
            begin = max((one.pair.first.start for one in home), default=0)
            home = [one for one in behind if one.pair.first.start < begin < one.pair.second.start < nearest] + home
            within = [one for one in found if one.pair.first.end <= number.start < one.pair.second.start]
            own = max((one.pair.first.start for one in within), default=-1)
            if own > nearest:  # each of several arms with its own p-value against the control behind them
                home = [one for one in within if one.pair.first.start == own and one.pair.named == "list"]
            said = set() if is_p else self._arms_of(s, number)
            if said:
                near = home if len(home) > 1 else behind or found
                home = [one for one in near if said <= set(one.pair.arms or ())]
            elif is_p and latest is not None and len(home) > 1:
                home = [latest]
            elif len(home) > 1:  # "(p=0.01 and p=0.02, respectively)": one for each, in the order of the text
                run = [n for n in s.numbers if n.kind == number.kind and n.start > nearest]
                if len(run) == len(home) and "respectively" in self.text[run[-1].end : run[-1].end + 30]:
                    home = [sorted(home, key=lambda one: one.pair.first.start)[run.index(number)]]
            latest = None
            text = (p_text if is_p else effect_text)(self.text[number.start : number.end])
            for_all = RE["for_all"].match(self.text, number.end)
            other = is_p and RE["p_of_other"].search(self.text, number.start, number.end)
            if other or RE["other_p"].match(self.text, number.end):
                why = "it is the p-value of another question"
            elif within and not home:
                why = "it stands behind the first of two numbers: it may compare visits within one arm"
            elif not text:
                why = "it cannot be read" + " as a p-value, a number from 0 to 1" * is_p
            elif not home or (len(home) > 1 and not for_all):
                why = "which comparison it belongs to"
            elif any(getattr(one, number.kind) for one in home):
                why = "the comparison has another before it"
            else:
                latest = None if is_p else home[0]
                for one in home:
                    setattr(one, number.kind, text)
                    one.numbers += (number,)
                continue
            self.asked[number.start, number.end] = why

    def _arms_of(self, s: Sentence, effect: Number) -> set[str]:
        """Return the arms that an effect says it compares, up to two."""
        end = RE["effect_end"].search(self.text, effect.end)
        high = min(end.start() if end else effect.end, effect.end + 90)
        return set(list(dict.fromkeys(m.arm for m in between(s.named, effect.start, high)))[:2])

    def _visit(self, s: Sentence, begin: int, low: int, pair: Pair, high: int, last: int) -> tuple[str, int]:
        """Return the visit of a pair; and where its words end, if they stand behind the pair."""
        text, first, second = self.text, pair.first, pair.second
        if own := visit_of(text[low : first.marks[0][0]]) or visit_of(text[first.end : second.start]):
            return own, 0
        hidden = RE["aside"].sub(lambda m: " " * len(m[0]), text[second.end : high])
        cut = RE["clause"].search(hidden) if high < s.end else None  # the next clause has the next pair
        if later := visits_in(text[second.end : second.end + cut.start() if cut else high]):
            return later[0][1], second.end + later[0][0]
        said = {visit for _, visit in visits_in(text[s.start : s.end])}  # one for all, at the end or before
        return visit_of(text[begin:low]) or (visit_of(text[last : s.end]) if len(said) == 1 else ""), 0

    def _claim(self, s: Sentence, begin: int, one: _Found, before: str, high: int, visit: str) -> Claim:
        pair, first, second = one.pair, one.pair.first, one.pair.second
        known = tuple(self.arms) if len(self.arms) == 2 and pair.named == "" else NOT_SAID
        arms = pair.arms or (known[0], known[1])
        said = SAYS.get(pair.named, "") if arms != NOT_SAID else ""
        pieces = (self.text[first.marks[-1][1] : second.marks[0][0]], self.text[second.marks[-1][1] : high])
        title = title_of(before, pieces, list(self.arms))
        role = self.plan.role(title, visit, before)
        ends = [*(n.end for n in one.numbers), second.marks[-1][1], min(s.end, second.end + 80)]
        return Claim(
            f"claim{len(self.claims) + 1}", title, arms, (first.reported, second.reported), visit=visit, role=role, p=one.p,
            effect=one.effect, met=self.plan.met if role == "primary" else "", words=self.source[begin : max(ends)].strip(),
            assumed=said if arms != NOT_SAID else "the arms are not said beside the numbers: choose them", confirmed=False,
        )  # fmt: skip


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
        questions. Every claim has ``confirmed = False``: an audit of it gives no verdict. Arms, endpoint, visit and role
        are guesses.

    Raises
    ------
    InputError
        Not a text, an empty one, or one far longer than an abstract; or ``arms`` names no two arms.

    See Also
    --------
    check, explain, inconsistencies, proposed_claims_file

    Examples
    --------
    >>> study = read_text("Randomised to iron (n=30) or placebo (n=30): 55.2% and 30.0% responded, respectively (p=0·05).")
    >>> study.claims[["arm_a", "reported_a", "arm_b", "reported_b", "reported_p"]].iloc[0].tolist()
    ['iron', '55.2%', 'placebo', '30.0%', '0.05']
    """
    if not isinstance(text, str):
        raise InputError(f"text == {type(text).__name__}, must be a string: the plain text of an abstract.")
    if not text.replace("\ufeff", "").strip():
        raise InputError("the text is empty: give the plain text of an abstract.")
    if len(text) > LARGEST:
        most = f"an abstract has some thousand, and {LARGEST:,} is the most"
        raise InputError(f"the text has {len(text):,} characters; {most}.")
    return _proposal(_Reader(text, None if arms is None else given_arms(arms)))


def _proposal(reader: _Reader) -> Proposal:
    """Gather the claims under their numbers, with the account of every number of the text."""
    seen: Counter[tuple[int, int]] = Counter()
    pairs, marks, owner, records = [], [], dict[int, str](), tuple(claim for claim, _ in reader.claims)
    for claim, one in reader.claims:
        values = (one.pair.first, one.pair.second)
        mains = [(value.start, value.end) for value in values]
        sides = [part for a, b in mains for part in (a, b, reader.source[a:b])]
        pairs.append((claim.id, *sides, *claim.arms, 2 if any(seen[main] for main in mains) else 1))
        seen.update(mains)
        parts = [*values[0].marks, *values[1].marks, *((n.start, n.end) for n in one.numbers)]
        marks += [(*part, claim.id) for part in parts]
        for start, _ in parts:
            owner.setdefault(start, claim.id)
    sizes = reader.arms | dict.fromkeys(NOT_SAID if any(claim.arms == NOT_SAID for claim in records) else ())
    remark = (
        "The text holds no numbers: there is nothing to check." if not any(map(str.isdigit, reader.text))
        else "No comparison was recognised: add a [[claim]] by hand; lupus-kit audit --new shows how." if not records
        else "No arms were recognised: name them with --arms, or in the file." if not reader.arms
        else ""
    )  # fmt: skip
    registry = dict.fromkeys(re.findall(r"\b(?:NCT|ISRCTN)\s?\d{6,10}|\bChiCTR[\w-]+", reader.text))
    questions = [(a, b, reader.source[a:b], why) for (a, b), why in sorted(reader.asked.items())]
    title, source = "Claims proposed from a text", "proposed from a text; nothing in it is confirmed"
    return Proposal(
        Trial("text", title, source=source, registry=tuple(registry), n_randomised=sizes), records, text=reader.source,
        remarks=(remark,) if remark else (), marks=tuple(sorted(marks)),
        pairs=pd.DataFrame(pairs, columns=_PAIR).sort_values("choice", kind="stable", ignore_index=True),
        questions=pd.DataFrame(questions, columns=_QUESTION), numbers=_account(reader, owner),
    )  # fmt: skip


def _account(reader: _Reader, owner: Mapping[int, str]) -> pd.DataFrame:
    """Say of every number what became of it; those in letters only where they are used."""
    rows, unclear = [], {start: why for (start, _), why in reader.asked.items()}
    for number in reader.numbers:
        words = reader.source[number.start : number.end]
        claim = owner.get(number.start) or owner.get(number.end, "")
        asked = "" if claim else unclear.get(number.start, "")
        if claim or asked or any(map(str.isdigit, words)):
            status = "used" if claim else "asked" if asked else "recognised"
            rows.append((number.start, number.end, words, status, asked or number.kind, claim))
    return pd.DataFrame(rows, columns=_NUMBER)
