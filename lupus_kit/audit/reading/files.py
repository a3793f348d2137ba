"""Texts in, claims files out."""

from __future__ import annotations

import sys
from pathlib import Path

from lupus_kit.audit.reading.proposal import ProposedStudy
from lupus_kit.audit.reading.propose import LARGEST
from lupus_kit.core.errors import InputError
from lupus_kit.published import claims_toml

_HEAD = """\
# Claims proposed from a text by lupus-kit audit --text. Correct them by hand, then run: lupus-kit audit THIS_FILE
# Each claim shows the words it was read from, and what was assumed in reading them.
"""


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
    name = "standard input" if place == "-" else place
    try:
        if place == "-":
            content = sys.stdin.buffer.read(4 * LARGEST + 1)
        else:
            with Path(place).open("rb") as file:
                content = file.read(4 * LARGEST + 1)
    except FileNotFoundError:
        raise InputError(f"{name} is missing: there is no such file.") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{name} cannot be read: {getattr(error, 'strerror', None) or error}.") from None
    if len(content) > 4 * LARGEST:
        raise InputError(f"{name} is larger than {4 * LARGEST // 1_000_000} MB: that is no abstract.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{name} is not UTF-8 text (byte {error.start}): save it as plain text in UTF-8.") from None
    if "\0" in text:
        raise InputError(f"{name} is not plain text: it holds zero bytes. Copy the abstract into a text file.")
    if not text.strip():
        raise InputError(f"{name} is empty: give the plain text of an abstract.")
    return text


def _comment(words: str) -> str:
    """Return words on one line that no control sign can end."""
    return "".join(sign if sign.isprintable() else " " for sign in " ".join(words.split()))


def proposed_claims_file(study: ProposedStudy) -> str:
    """Write a proposed study as a claims file to be corrected by hand.

    Parameters
    ----------
    study : ProposedStudy
        From :func:`~lupus_kit.audit.read_text`.

    Returns
    -------
    str
        TOML. The questions and the numbers that were not read stand as comments at its head.

    Examples
    --------
    >>> from lupus_kit.audit import read_text
    >>> study = read_text("Randomised to iron (n=20) or placebo (n=20): 50% with iron and 20% with placebo recovered.")
    >>> [line for line in proposed_claims_file(study).splitlines() if line.startswith("reported")]
    ['reported = ["50%", "20%"]']
    """
    lines = [_HEAD.rstrip("\n")]
    asked = study.questions
    if len(asked):
        lines.append("# To be decided by you:")
        for question in asked.itertuples():
            candidates = f" ({question.candidates})" if question.candidates else ""
            lines.append(f"#   {_comment(question.words)}: {_comment(question.unclear + candidates)}")
    unread = study.numbers[study.numbers["status"] == "unread"]
    if len(unread):
        lines.append(f"# Numbers that were not read: {', '.join(_comment(words) for words in unread['words'])}")
    lines += [f"# {_comment(remark)}" for remark in study.remarks]
    return "\n".join(lines) + "\n\n" + claims_toml(study)
