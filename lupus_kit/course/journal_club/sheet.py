"""The sheet for a journal club as a PDF of two A4 sides: the trial and its numbers, and the appraisal.

What stands on it is in ``sheet.txt``: one piece a line, the name of its style first, then reportlab's markup. How it looks
is in ``sheet.toml``. A side that holds too much is set smaller, never cut.
"""

import io
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import zip_longest
from pathlib import Path
from textwrap import shorten
from typing import Any

import matplotlib

from lupus_kit import __version__, figures
from lupus_kit.core.extras import need
from lupus_kit.core.templates import fill, toml_beside
from lupus_kit.core.text import listing, plural
from lupus_kit.course.journal_club.contents import JournalClub
from lupus_kit.course.journal_club.effects import Effect, rates

_SOFT, _LINE, _BAND = "#55606d", "#c9d1da", "#f2f5f8"
_LOOK: dict[str, Any] = toml_beside(__file__, "sheet.toml")
_ROOM: dict[str, int] = _LOOK["room"]
_FEET = ("the trial and its numbers", "the appraisal")
_JUDGEMENT = "low · some concerns · high"
_SIDES, _TOP, _BOTTOM = 17, 12, 15  # margins, in millimetres
_INSIDE = 6  # points that reportlab leaves inside a frame
Row = Sequence[object]


def pdf(club: JournalClub) -> bytes:
    """Set the sheet.

    Parameters
    ----------
    club : JournalClub
        The content.

    Returns
    -------
    bytes
        A PDF of two A4 sides; the same content gives the same bytes.

    Raises
    ------
    InputError
        If reportlab is not installed, which comes with the extra ``handbook``.

    Examples
    --------
    >>> from lupus_kit.course.journal_club.contents import journal_club
    >>> pdf(journal_club())[:5]
    b'%PDF-'
    """
    need("reportlab", "handbook", "The sheet of a journal club")
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.lib.units import mm
    from reportlab.platypus import HRFlowable, Image, KeepInFrame, PageBreak, Paragraph, SimpleDocTemplate, Table

    _register_fonts()
    body = ParagraphStyle("body", **_LOOK["styles"]["body"])
    styles = {name: ParagraphStyle(name, body, **changes) for name, changes in _LOOK["styles"].items()}
    width, height = A4[0] - 2 * _SIDES * mm, A4[1] - (_TOP + _BOTTOM) * mm

    def table(name: str, rows: Iterable[Row], head: Row = ()) -> Table:
        lines = [
            [cell if isinstance(cell, Paragraph) else Paragraph(_flat(cell), styles["cell"]) for cell in row]
            for row in rows
        ]
        first = [[Paragraph(_flat(cell), styles["label"]) for cell in head]] if head else []
        columns = [width * share for share in _LOOK["shares"][name]]
        return Table(first + lines, columns, style=_grid(bool(head) or name == "domain"))

    def figure() -> Image:
        drawn = rates([one for one in club.effects if not one.harmful][: _ROOM["drawn"]])
        for column, most in (("visit", 40), ("arm", 20)):  # a dollar sign would begin a formula
            drawn[column] = [shorten(_plain(text), most, placeholder="…").replace("$", r"\$") for text in drawn[column]]
        drawing = Image(io.BytesIO(figures.png(figures.sri.responders(drawn), dpi=280)))
        drawing.drawWidth, drawing.drawHeight = 0.8 * width, 0.8 * width * drawing.imageHeight / drawing.imageWidth
        return drawing

    def domains() -> Iterator[Table]:
        for number, domain in enumerate(club.domains, 1):
            said = f'<b>{number}. {_flat(domain.title)}</b> <font color="{_SOFT}">{_flat(domain.fact)}</font>'
            yield table("domain", [(Paragraph(said, styles["cell"]), Paragraph(_JUDGEMENT, styles["label"]))])
            left, right = _halves([(question, "") for question in domain.questions])
            yield table("answers", [(*one, *two) for one, two in zip_longest(left, right, fillvalue=("", ""))])

    def tables(name: str) -> Table:
        if name == "pico":
            return table(name, [(Paragraph(what, styles["label"]), text) for what, text in club.pico])
        if name == "results":
            rows = club.results.head(_ROOM["results"]).itertuples(index=False)
            return table(name, rows, ("Outcome", "As printed", "p", "The audit"))
        if name == "effects":
            head = ("Outcome", "", "Patients", "Difference, points (95% interval)", "Number needed to treat")
            return table(name, map(effect_cells, _with_room(club)), head)
        left, right = _halves([(one.number, one.about, one.status) for one in club.items.itertuples()])
        return table(name, [(*one, *two) for one, two in zip_longest(left, right, fillvalue=("", "", ""))])

    def piece(line: str) -> Iterable[Any]:
        name, _, markup = line.partition(":")
        style, _, bullet = name.partition(" ")
        if style == "rule":  # to write on
            return [HRFlowable(width - 15, thickness=0.4, color=_LINE, spaceBefore=16, spaceAfter=2, hAlign="RIGHT")]
        if style == "table":
            return [tables(markup.strip())]
        if style == "domains":
            return domains()
        return [figure() if style == "figure" else Paragraph(markup.strip(), styles[style], bulletText=bullet or None)]

    def foot(canvas: Any, page: Any) -> None:
        canvas.setFont("Body", 8)
        canvas.setFillColor(_SOFT)
        stamp = f"lupus_kit {__version__}. Every number is computed from what is printed. Not for treating patients."
        canvas.drawString(_SIDES * mm, 9 * mm, stamp)
        canvas.drawRightString(A4[0] - _SIDES * mm, 9 * mm, f"Side {page.page}: {_FEET[page.page - 1]}")

    trial = club.study.trial
    buffer = io.BytesIO()
    document = SimpleDocTemplate(
        buffer,
        pagesize=A4,
        leftMargin=_SIDES * mm - _INSIDE,
        rightMargin=_SIDES * mm - _INSIDE,
        topMargin=_TOP * mm - _INSIDE,
        bottomMargin=_BOTTOM * mm - _INSIDE,
        title=_plain(f"Journal club: {trial.title}"),
        author="lupus_kit",
        subject=_plain(trial.citation),
        lang="en",
        invariant=1,
    )
    values = {"club": club, "most": _ROOM["questions"], "more": _left_out(club), "flat": _flat}
    lines = fill(Path(__file__).with_name("sheet.txt"), **values).splitlines()
    turn = lines.index("page:")
    sides = [[one for line in side for one in piece(line)] for side in (lines[:turn], lines[turn + 1 :])]
    front, back = (KeepInFrame(width, height, side, mode="shrink") for side in sides)
    document.build([front, PageBreak(), back], onFirstPage=foot, onLaterPages=foot)
    return buffer.getvalue()


def _flat(text: object) -> str:
    """Write a text on one line, without what would be markup."""
    return escape(_plain(text), quote=False)


def _plain(text: object) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in str(text)).split())


def _halves(rows: list[tuple[str, ...]]) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    half = -(-len(rows) // 2)
    return rows[:half], rows[half:]


def effect_cells(effect: Effect) -> tuple[str, ...]:
    """Write one comparison: outcome, good or bad for a patient, patients, difference, number needed to treat."""
    kind = "bad" if effect.harmful else "good"
    return (effect.title, kind, effect.patients, effect.difference, effect.nnt.short)


def _with_room(club: JournalClub) -> list[Effect]:
    benefits, harms = ([one for one in club.effects if one.harmful is harmful] for harmful in (False, True))
    return [*benefits[: _ROOM["benefits"]], *harms[: _ROOM["harms"]]]


def _left_out(club: JournalClub) -> str:
    """Name what has no room."""
    results, effects = len(club.results) - _ROOM["results"], len(club.effects) - len(_with_room(club))
    left = [plural(n, what) for n, what in ((results, "claim"), (effects, "comparison")) if n > 0]
    return f"Without room here: {listing(left)}; the facilitator's page has all." if left else ""


def _register_fonts() -> None:
    """Make the fonts known to reportlab; a second time changes nothing."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    for name, file in _LOOK["fonts"].items():
        if name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(name, str(folder / file)))
    pdfmetrics.registerFontFamily("Body", normal="Body", bold="Body-Bold", italic="Body-Italic", boldItalic="Body-Bold")


def _grid(has_head: bool) -> list[tuple[Any, ...]]:
    everywhere, first_row = ((0, 0), (-1, -1)), ((0, 0), (-1, 0))
    return [
        ("VALIGN", *everywhere, "TOP"),
        ("LINEBELOW", *everywhere, 0.4, _LINE),
        ("LEFTPADDING", *everywhere, 2),
        ("RIGHTPADDING", *everywhere, 5),
        ("TOPPADDING", *everywhere, 2),
        ("BOTTOMPADDING", *everywhere, 3),
        *([("BACKGROUND", *first_row, _BAND)] if has_head else []),
    ]
