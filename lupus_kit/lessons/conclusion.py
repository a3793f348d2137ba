"""Read a written conclusion for over-claiming: phrases that say more than two counts can, and numbers nobody printed.

The reader is a list of patterns, not a judge: it can miss an over-claim that is worded in a new way, and it can
stumble over a careful sentence. So each remark quotes the words that it is about.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lupus_kit.lessons.exercises.record import table

#: Words that take the claim out of a phrase when they stand shortly before it, in the same sentence.
_HEDGE = (
    r"\b(?:not|no|nor|never|cannot|can't|neither|whether|if|may|might|could|before|until|unless|without|too early|"
    r"unclear|unknown|needs?|does not|did not|doesn't|didn't|isn't|wasn't|to be|would|far from|hardly)\b"
)
#: How many characters before a phrase a hedge may stand.
_REACH = 60


@dataclass(frozen=True)
class Rule:
    """A phrase that claims too much, and what the numbers carry instead.

    Parameters
    ----------
    key : str
        Short name of the slip.
    pattern : str
        Regular expression, matched without regard to capitals.
    remark : str
        What to say about it; the words that matched are quoted before it.
    hedge : str
        Words that take the claim away where they stand shortly before the phrase; empty where nothing does.
    """

    key: str
    pattern: str
    remark: str
    hedge: str = _HEDGE


_W24 = r"(?:week|wk)[\s-]*24"
_W12 = r"(?:week|wk)[\s-]*12"

RULES: tuple[Rule, ...] = (
    Rule(
        "trend",
        r"\btrend(?:s|ed|ing)?\b(?!\s+analys)|\b(?:approach(?:es|ed|ing)?|near(?:ly|ing)?|almost|borderline|marginal(?:ly)?|"
        r"close to|just missed|narrowly missed|verge of)\b[^.;]{0,25}\bsignifican",
        "a p-value does not tend anywhere, and a missed endpoint is not nearly met. Give the estimate and its interval.",
        hedge="",
    ),
    Rule(
        "proof",
        r"\b(?:prov(?:e|es|ed|en|ing)|confirm(?:s|ed|ing)?|establish(?:es|ed)?|demonstrat(?:e|es|ed|ing)|definitive(?:ly)?|"
        r"conclusive(?:ly)?)\b",
        "one small trial that missed its primary endpoint proves and confirms nothing; it can suggest.",
    ),
    Rule(
        "visits differ",
        rf"\bonly (?:at|by|in|from) {_W24}|\bbut (?:not|no[tr]?) (?:at|by|in) {_W12}|{_W12}[^.;]{{0,60}}\bbut\b[^.;]{{0,60}}"
        rf"{_W24}|not (?:at|by|in) {_W12}[^.;]{{0,40}}\bbut\b|\b(?:delayed|late|later|slow)[ -](?:onset|effect|response|benefit)"
        r"|\btakes? (?:more )?time to (?:work|act)",
        "a difference between “significant” and “not significant” is not itself significant: the two visits are much alike.",
        hedge="",
    ),
    Rule(
        "no effect",
        r"\b(?:no (?:effect|benefit|efficacy|difference)|ineffective|(?:does|did|do) not (?:work|help|differ)|"
        r"(?:doesn't|didn't) (?:work|help)|fail(?:s|ed)? to work|useless)\b",
        "a p-value above 0.05 does not show that there is nothing: the interval also holds large effects.",
        hedge=r"\b(?:compatible|exclude|rule out|not mean|not show|cannot|between)\b",
    ),
    Rule(
        "persons",
        r"\d+\s*%[^.;]{0,30}\b(?:benefit|were helped|are helped|got better because|improved because)|\b(?:help(?:s|ed)?|"
        r"benefit(?:s|ed)?|cure[sd]?) (?:about |nearly |more than |over )?(?:\d+(?:\.\d+)?\s*%|half|most|the majority|"
        r"one in|\d+ of)",
        "a responder rate is not the share of persons whom the drug helped: some would have responded anyway.",
        hedge="",
    ),
    Rule(
        "blame",
        r"\b(?:fraud\w*|fabricat\w*|manipulat\w*|p-?hack\w*|cheat\w*|dishonest\w*|mislead\w*|suspicious\w*|cannot be trusted|"
        r"made up|invented by|authors? (?:were|was|are) wrong|wrong p-?values?|p-?values? (?:are|is|were) (?:wrong|false))",
        "that accuses. A number that we cannot reproduce has innocent explanations.",
        hedge="",
    ),
    Rule(
        "works",
        r"\b(?:is|was|are|were|be|being|as) (?:an? )?(?:clearly |highly |very |significantly |more )?"
        r"(?:effective|efficacious|superior|beneficial)\b|"
        r"\b(?:works|worked)\b|\b(?:improves|reduces|increases) (?:the )?(?:disease|response|activity|outcome|sri)",
        "that states an effect as a fact. The trial gives an estimate with a wide interval.",
    ),
    Rule(
        "advice",
        r"\b(?:should|must|can now) be (?:used|given|offered|prescribed|approved|treated)|\bwe recommend\b|"
        r"\bready for (?:use|practice)|\bnew standard\b",
        "treating patients needs more than one small trial, and this kit is not for treating patients.",
    ),
    Rule(
        "week 12",
        rf"\b(?:statistically )?significan(?:t|tly|ce)\b[^.;]{{0,40}}{_W12}|"
        rf"{_W12}[^.;]{{0,40}}\b(?:statistically )?significan(?:t|tly)\b",
        "the paper itself says that its primary endpoint was not met.",
    ),
    Rule(
        "p-value",
        r"\b(?:probability|chance|likelihood|odds)\b[^.;]{0,40}\b(?:null|no effect|works?|effective|true|by chance|due to chance|"
        r"hypothesis|coincidence)\b",
        "a p-value is computed as if the treatment did nothing; it is not the probability of that.",
        hedge="",
    ),
    Rule(
        "which test",
        r"\b(?:authors?|they|paper|he et al\.?)\b[^.;]{0,25}\b(?:used|ran|applied|chose|must have)\b[^.;]{0,25}\b(?:test|t-test|"
        r"model|analysis)\b",
        "which test was used is not printed; a test can only be compatible with the number.",
    ),
    Rule(
        "safe",
        r"\b(?:is|was|are|were|proved|appears?|seems?) (?:very |completely |entirely )?safe\b|"
        r"\bno (?:safety )?risks?\b|\bsafety of .{0,20} is established",
        "no serious infection among 29 patients is compatible with a risk of about one in ten.",
    ),
)  # fmt: skip

_MISSED = re.compile(
    r"\b(?:miss(?:ed|es|ing)?|not (?:been )?(?:met|reached|achieved|attained|significant)|(?:was|were|is) unmet|unmet|"
    r"fail(?:ed|s)? (?:to (?:meet|reach)|its)|not (?:statistically )?significant|did not (?:meet|reach)|negative|"
    r"above 0\.05|non-?significant|wasn't met|isn't met)\b",
    re.IGNORECASE,
)
_PRIMARY = re.compile(rf"\b(?:primary|main) (?:end[ -]?point|outcome|result|analysis)|{_W12}", re.IGNORECASE)
_UNSURE = re.compile(
    r"\b(?:interval|uncertain\w*|imprecise\w*|imprecision|wide|compatible|inconclusive\w*|unclear|undecided|small trial|"
    r"(?:larger|bigger|new|another|further|second|next|independent) (?:\w+ )?(?:trial|study|studies|data)|replicat\w*|"
    r"cannot (?:say|tell|exclude|rule)|hypothesis|exploratory|suggest\w*|few patients|too small|to be tested|needs? to be)\b",
    re.IGNORECASE,
)
_FRACTION = re.compile(r"(?<![\d.,/])(\d{1,3})\s*(?:/|of|out of)\s*(?:the )?(\d{1,3})(?![\d/])")
_P = re.compile(r"\bp(?:-value)?\s*(?:=|of|was|is|:)\s*(0?[.,·]\d+)", re.IGNORECASE)


def sentences(text: str) -> list[str]:
    """Split a text into sentences; decimals and usual short forms end none.

    Examples
    --------
    >>> sentences("It was missed (p=0.052). He et al. say so, too!")
    ['It was missed (p=0.052).', 'He et al. say so, too!']
    """
    guarded = re.sub(r"\b(al|vs|v|e\.g|i\.e|cf|No|approx|wk|Dr)\.", lambda found: found[0][:-1] + "\0", text.strip())
    parts = re.split(r"(?<=[.!?])[\"”’)]*\s+(?=\S)", guarded)
    return [part.replace("\0", ".").strip() for part in parts if re.search(r"\w", part)]


def remarks(text: str) -> list[str]:
    """Say what a conclusion about the two visits claims beyond the numbers, and what it leaves out.

    Parameters
    ----------
    text : str
        A conclusion in two sentences.

    Returns
    -------
    list of str
        One sentence for each remark, none where nothing was found.

    Examples
    --------
    >>> remarks("The primary endpoint was not met. The estimates favour IL-2, with wide intervals.")
    []
    >>> remarks("The primary endpoint was missed. There was a trend, with a wide interval.")[0][:8]
    '“trend”:'
    """
    found = sentences(text)
    return [*_length(found), *_overclaims(found), *_left_out(text), *_numbers(text)]


def _length(found: list[str]) -> Iterator[str]:
    if len(found) != 2:
        yield f"the conclusion has {len(found)} sentence{'' if len(found) == 1 else 's'}; two are asked for."


def _overclaims(found: list[str]) -> Iterator[str]:
    for rule in RULES:
        for sentence in found:
            match = re.search(rule.pattern, sentence, re.IGNORECASE)
            if match and not (rule.hedge and re.search(rule.hedge, _around(sentence, match), re.IGNORECASE)):
                yield f"“{match[0].strip()}”: {rule.remark}"
                break


def _around(sentence: str, match: re.Match[str]) -> str:
    """Give the words shortly before a phrase, and the phrase itself: "was not significantly" hedges inside."""
    return sentence[max(0, match.start() - _REACH) : match.end()]


def _left_out(text: str) -> Iterator[str]:
    if not any(_PRIMARY.search(sentence) and _MISSED.search(sentence) for sentence in sentences(text)):
        yield "say what became of the primary endpoint at week 12: it was missed."
    if not _UNSURE.search(text):
        yield "say how sure we are: an interval, or what a larger trial would have to settle."


def _numbers(text: str) -> Iterator[str]:
    """Compare counts and p-values in the text with the record and with what the tests give."""
    from lupus_kit import audit

    known = [table(claim) for claim in ("sri4_week12", "sri4_week24")]
    counts = {pair for x1, n1, x2, n2 in known for pair in ((x1, n1), (x2, n2))}
    sizes = {n for _, n in counts}
    for x, n in _FRACTION.findall(text):
        if int(n) in sizes and (int(x), int(n)) not in counts:
            yield f"“{x}/{n}”: that count is not in the record."
    for printed in dict.fromkeys(_P.findall(text)):
        number = "0" + printed.lstrip("0").replace(",", ".").replace("·", ".")
        if not any(audit.explain(number, *counts_of)["rounds_to_reported"].any() for counts_of in known):
            yield f"“p={printed}”: neither the paper nor any test of these counts prints that."
