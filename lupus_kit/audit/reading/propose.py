"""From the text of an abstract to a study: claims with their words, questions, and an account of every number."""

from __future__ import annotations

import re
from bisect import bisect_right

import pandas as pd

from lupus_kit.audit.reading.drafting import STUDY, filled
from lupus_kit.audit.reading.proposal import NUMBER_COLUMNS, QUESTION_COLUMNS, ProposedStudy
from lupus_kit.audit.reading.reader import Reader
from lupus_kit.audit.reading.words.entities import numbers
from lupus_kit.audit.reading.words.patterns import PATIENTS
from lupus_kit.core.errors import InputError
from lupus_kit.published import Claim, Trial
from lupus_kit.published.claims.files import study_from_claims

#: A text is read as one abstract up to this many characters; what is longer is no abstract.
LARGEST = 2_000_000
_NUMBER_OF = re.compile(
    rf"\s*(?:[a-z-]+\s+){{0,3}}(?:{PATIENTS}|treated|analy[sz]ed|evaluable|randomi[sz]ed|completed|"
    rf"enrolled|screened)\b",
    re.IGNORECASE,
)
_REGISTERED = re.compile(r"\b(?:NCT|ISRCTN)\s?\d{6,10}|\bChiCTR[\w-]+")


def _fate(reader: Reader, start: int, end: int, position: int | None) -> tuple[str, str, str]:
    """Return what became of one number: status, what it is, and the claim it is in."""
    draft = reader.draft
    entity = reader.entities[position] if position is not None else None
    at = start if entity is None else entity.start
    if at in reader.sizes or start in reader.sizes:
        return "used", "patients of an arm", ""
    if entity and at in draft.used:
        return "used", entity.kind, draft.used[at]
    if at in draft.asked:
        return "asked", draft.asked[at], ""
    if at in draft.labels:
        return "recognised", draft.labels[at], ""
    if entity and entity.kind == "size":
        return "recognised", "number of patients", ""
    if entity and entity.kind not in ("bare", "share", "p", "effect", "mean", "zero"):
        return "recognised", entity.kind, ""
    if _NUMBER_OF.match(reader.text, end):
        return "recognised", "number of patients", ""
    return "unread", "not read", ""


def _account(reader: Reader) -> pd.DataFrame:
    """Say of every number written in digits what became of it, and of those in letters that are in a claim."""
    rows = []
    starts = [entity.start for entity in reader.entities]
    for start, end in numbers(reader.text):
        at = bisect_right(starts, start) - 1
        position = at if at >= 0 and reader.entities[at].end > start else None
        fate = _fate(reader, start, end, position)
        if fate[0] in ("recognised", "unread") and start in reader.plain.spelled:
            continue
        low, high = reader.plain.span(start, end)
        rows.append((low, high, reader.plain.source[low:high], *fate))
    return pd.DataFrame(rows, columns=NUMBER_COLUMNS)


def _questions(reader: Reader) -> pd.DataFrame:
    rows = []
    for start, end, unclear, candidates in sorted(reader.draft.questions):
        low, high = reader.plain.span(start, end)
        rows.append((low, high, reader.plain.source[low:high], unclear, candidates))
    return pd.DataFrame(rows, columns=QUESTION_COLUMNS)


def _registry(reader: Reader) -> tuple[str, ...]:
    found = [reader.text[e.start : e.end] for e in reader.entities if e.kind == "registration number"]
    return tuple(dict.fromkeys(match[0] for words in found for match in _REGISTERED.finditer(words)))


def read_text(text: str) -> ProposedStudy:
    """Propose the claims of an abstract.

    Parameters
    ----------
    text : str
        Plain text, structured or not, in English.

    Returns
    -------
    ProposedStudy
        A study as from a claims file, with ``spans``, ``questions``, ``left_out`` and ``numbers`` beside its claims. A
        text without a comparison that can be read gives a study without claims and a remark that says so.

    Raises
    ------
    InputError
        Not a text, an empty one, or one far longer than an abstract.

    Notes
    -----
    Grammar and regular expressions, no language model. A number is given to an arm only where the sentence ties
    it to that arm; everything else is among the questions. Correct the claims by hand before you rely on them.

    Examples
    --------
    >>> study = read_text(
    ...     "Sixty adults were randomised to drug X (n=30) or placebo (n=30). At week 12, 55.2% and 30.0% responded "
    ...     "in the drug X and placebo groups, respectively (p=0·05)."
    ... )
    >>> study.claims[["arm_a", "reported_a", "arm_b", "reported_b", "reported_p"]].iloc[0].tolist()
    ['drug X', '55.2%', 'placebo', '30.0%', '0.05']
    """
    if not isinstance(text, str):
        raise InputError(f"text == {type(text).__name__}, must be a string: the plain text of an abstract.")
    if not text.replace("\ufeff", "").strip():
        raise InputError("the text is empty: give the plain text of an abstract.")
    if len(text) > LARGEST:
        raise InputError(
            f"the text has {len(text):,} characters; an abstract has some thousand, and {LARGEST:,} is the most."
        )
    reader = Reader(text)
    reader.read()
    account = _account(reader)
    marks = [(*reader.plain.span(e.start, e.end), reader.draft.used.get(e.start, "")) for e in reader.entities]
    trial = Trial(
        key=str(STUDY["key"]),
        title=str(STUDY["title"]),
        source=str(STUDY["source"]),
        registry=_registry(reader),
        n_randomised={arm.name: arm.n for arm in reader.arms},
    )
    return ProposedStudy(
        trial,
        _records(reader),
        remarks=_remarks(reader, account),
        text=text,
        spans=tuple(reader.draft.spans),
        marks=tuple(sorted(mark for mark in marks if mark[2])),
        questions=_questions(reader),
        numbers=account,
    )


def _records(reader: Reader) -> tuple[Claim, ...]:
    claims = [filled(claim) for claim in reader.draft.claims]
    if not claims:
        return ()
    return study_from_claims({"study": dict(STUDY), "arm": reader.arm_tables, "claim": claims}, "the text").records


def _remarks(reader: Reader, account: pd.DataFrame) -> tuple[str, ...]:
    if account.empty:
        return ("The text holds no numbers: there is nothing to check.",)
    if not reader.arms:
        return ("No arms were recognised, so no number is given to one: name them in a claims file by hand.",)
    if not reader.draft.claims:
        return ("No comparison of the arms was recognised.",)
    return ()
