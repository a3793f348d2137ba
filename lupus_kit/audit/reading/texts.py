"""From a text to a study: claims with their words, questions, and an account of every number."""

import re
import sys
from bisect import bisect_right
from pathlib import Path

import pandas as pd

from lupus_kit.audit.reading.entities import numbers
from lupus_kit.audit.reading.patterns import PATIENTS
from lupus_kit.audit.reading.proposal import NUMBER_COLUMNS, QUESTION_COLUMNS, ProposedStudy
from lupus_kit.audit.reading.reader import STUDY, Reader
from lupus_kit.audit.reading.spellings import regex
from lupus_kit.core.errors import InputError
from lupus_kit.published import Trial
from lupus_kit.published.claims.files import study_from_claims

#: A text is read as one abstract up to this many characters; what is longer is no abstract.
LARGEST = 2_000_000
_NUMBER_OF = regex(
    rf"\s*(?:[a-z-]+ ){{0,3}}(?:{PATIENTS}|treated|analy[sz]ed|evaluable|randomi[sz]ed|completed|enrolled|screened)\b"
)
_REGISTERED = re.compile(r"\b(?:NCT|ISRCTN)\s?\d{6,10}|\bChiCTR[\w-]+")


def load_text(place: str) -> str:
    """Read a plain text from a file, or from standard input.

    Parameters
    ----------
    place : str
        Path of a file, or ``"-"`` for standard input.

    Returns
    -------
    str
        The text.

    Raises
    ------
    InputError
        There is no such file, it is not text in UTF-8, it is empty or far longer than an abstract.
    """
    name, most = "standard input" if place == "-" else place, 4 * LARGEST
    try:
        if place == "-":
            content = sys.stdin.buffer.read(most + 1)
        else:
            with Path(place).open("rb") as file:
                content = file.read(most + 1)
    except FileNotFoundError:
        raise InputError(f"{name} is missing: there is no such file.") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{name} cannot be read: {getattr(error, 'strerror', None) or error}.") from None
    if len(content) > most:
        raise InputError(f"{name} is larger than {most // 1_000_000} MB: that is no abstract.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{name} is not UTF-8 text (byte {error.start}): save it as plain text in UTF-8.") from None
    if "\0" in text:
        raise InputError(f"{name} is not plain text: it holds zero bytes. Copy the abstract into a text file.")
    if not text.strip():
        raise InputError(f"{name} is empty: give the plain text of an abstract.")
    return text


def _fate(reader: Reader, start: int, end: int, position: int | None) -> tuple[str, str, str]:
    """Return what became of one number: status, what it is, and the claim it is in."""
    entity = reader.entities[position] if position is not None else None
    at, kind = (entity.start, entity.kind) if entity else (start, "")
    if at in reader.sizes or start in reader.sizes:
        return "used", "patients of an arm", ""
    if at in reader.used:
        return "used", kind, reader.used[at]
    if at in reader.asked:
        return "asked", reader.asked[at], ""
    if at in reader.labels:
        return "recognised", reader.labels[at], ""
    if kind not in ("", "bare", "share", "p", "effect", "mean", "zero", "size"):
        return "recognised", kind, ""
    if kind == "size" or _NUMBER_OF.match(reader.text, end):
        return "recognised", "number of patients", ""
    return "unread", "not read", ""


def _account(reader: Reader) -> pd.DataFrame:
    """Say of every number written in digits what became of it, and of those in letters that are in a claim."""
    rows = []
    starts = [entity.start for entity in reader.entities]
    for start, end in numbers(reader.text):
        at = bisect_right(starts, start) - 1
        fate = _fate(reader, start, end, at if at >= 0 and reader.entities[at].end > start else None)
        if fate[0] not in ("recognised", "unread") or start not in reader.plain.spelled:
            rows.append((*reader.plain.span(start, end), reader.plain.words(start, end), *fate))
    return pd.DataFrame(rows, columns=NUMBER_COLUMNS)


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
    account = _account(reader)
    span, words = reader.plain.span, reader.plain.words
    marks = [(*span(e.start, e.end), reader.used[e.start]) for e in reader.entities if e.start in reader.used]
    registered = [reader.text[e.start : e.end] for e in reader.entities if e.kind == "registration number"]
    registry = tuple(dict.fromkeys(number for one in registered for number in _REGISTERED.findall(one)))
    sizes = {arm.name: arm.n for arm in reader.arms}
    trial = Trial(STUDY["key"], STUDY["title"], source=STUDY["source"], registry=registry, n_randomised=sizes)
    remark = ""
    if account.empty:
        remark = "The text holds no numbers: there is nothing to check."
    elif not reader.arms:
        remark = "No arms were recognised, so no number is given to one: name them in a claims file by hand."
    elif not reader.claims:
        remark = "No comparison of the arms was recognised."
    data = {"study": STUDY | {"alpha": 0.05}, "arm": reader.arm_tables, "claim": reader.claims}
    return ProposedStudy(
        trial,
        study_from_claims(data, "the text").records if reader.claims else (),
        remarks=(remark,) if remark else (),
        text=text,
        spans=tuple(reader.spans),
        marks=tuple(sorted(marks)),
        questions=pd.DataFrame(
            [(*span(a, b), words(a, b), *more) for a, b, *more in sorted(reader.questions)], columns=QUESTION_COLUMNS
        ),
        numbers=account,
    )
