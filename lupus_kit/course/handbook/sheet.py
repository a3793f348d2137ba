"""The sheets for a journal club as a PDF: page 1 and 2 on one sheet for everyone, page 3 for the facilitator.

Set in STIX and DejaVu, which come with Matplotlib: the same page on every machine, the letters inside the file.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lupus_kit import __version__
from lupus_kit.course.handbook.club import JournalClub

if TYPE_CHECKING:
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import Flowable

_INK, _SOFT, _LINE, _BAND, _BLUE = "#1c2430", "#55606d", "#c9d1da", "#f2f5f8", "#0b5394"
_FONTS = {
    "Body": "STIXGeneral.ttf",
    "Body-Bold": "STIXGeneralBol.ttf",
    "Body-Italic": "STIXGeneralItalic.ttf",
    "Head": "DejaVuSans-Bold.ttf",
}
_FIGURE_DPI = 280
_SIDES = 17  # margins left and right, in millimetres


def pdf(club: JournalClub) -> bytes:
    """Set the sheets.

    Parameters
    ----------
    club : JournalClub
        The content.

    Returns
    -------
    bytes
        A PDF of three A4 pages; the same content gives the same bytes.

    Examples
    --------
    >>> from lupus_kit.course.handbook.club import journal_club
    >>> pdf(journal_club())[:5]
    b'%PDF-'
    """
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.units import mm
    from reportlab.platypus import BaseDocTemplate, Frame, PageBreak, PageTemplate

    _register()
    style = _styles()
    buffer = io.BytesIO()
    document = BaseDocTemplate(
        buffer,
        pagesize=A4,
        title="Journal club: low-dose interleukin-2 in lupus",
        author="lupus_kit",
        subject=club.citation,
        lang="en",
        invariant=1,
    )
    feet = ("for everyone, front", "for everyone, back", "for the facilitator")

    def foot(canvas: Any, page: Any) -> None:
        canvas.saveState()
        canvas.setFont("Body", 8)
        canvas.setFillColor(_SOFT)
        canvas.drawString(
            _SIDES * mm, 9 * mm, f"lupus_kit {__version__}. Every number is computed. Not for treating patients."
        )
        canvas.drawRightString(A4[0] - _SIDES * mm, 9 * mm, f"Page {page.page}: {feet[page.page - 1]}")
        canvas.restoreState()

    width = A4[0] - 2 * _SIDES * mm
    inside = {f"{side}Padding": 0 for side in ("left", "right", "top", "bottom")}
    frame = Frame(_SIDES * mm, 15 * mm, width, A4[1] - 29 * mm, **inside)
    document.addPageTemplates([PageTemplate("sheet", [frame], onPage=foot)])
    story = [*_front(club, style, width), PageBreak(), *_back(club, style, width), PageBreak()]
    document.build([*story, *_facilitator(club, style)])
    return buffer.getvalue()


def _register() -> None:
    """Make the fonts known to reportlab; a second time changes nothing."""
    import matplotlib
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    for name, file in _FONTS.items():
        if name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(name, str(folder / file)))
    pdfmetrics.registerFontFamily("Body", normal="Body", bold="Body-Bold", italic="Body-Italic", boldItalic="Body-Bold")


def _styles() -> dict[str, ParagraphStyle]:
    from reportlab.lib.styles import ParagraphStyle

    body = ParagraphStyle(
        "body", fontName="Body", fontSize=10.5, leading=13.4, textColor=_INK, spaceAfter=2, bulletFontName="Body-Bold"
    )
    return {
        "body": body,
        "kicker": ParagraphStyle("kicker", body, fontName="Head", fontSize=7.5, leading=10, textColor=_BLUE),
        "title": ParagraphStyle("title", body, fontName="Head", fontSize=14.5, leading=18, spaceAfter=3),
        "soft": ParagraphStyle("soft", body, fontSize=9, leading=11, textColor=_SOFT),
        "head": ParagraphStyle(
            "head", body, fontName="Head", fontSize=9.5, leading=12, textColor=_BLUE, spaceBefore=8, spaceAfter=3
        ),
        "cell": ParagraphStyle("cell", body, fontSize=9.8, leading=11.8, spaceAfter=0),
        "label": ParagraphStyle("label", body, fontName="Body-Bold", fontSize=9.8, leading=11.8, spaceAfter=0),
        "point": ParagraphStyle("point", body, leftIndent=9, bulletIndent=0, spaceAfter=2.5),
        "question": ParagraphStyle(
            "question", body, fontName="Body-Bold", leftIndent=15, bulletIndent=0, spaceAfter=1.5
        ),
        "answer": ParagraphStyle("answer", body, leftIndent=15, spaceAfter=1.5),
    }


def _front(club: JournalClub, style: dict[str, ParagraphStyle], width: float) -> list[Flowable]:
    """Set the trial on one page."""
    from reportlab.platypus import Paragraph

    facts = [(_text(topic, style["label"]), _text(fact, style["cell"])) for topic, fact in club.facts]
    missing = "; ".join(club.not_reported)
    return [
        Paragraph("JOURNAL CLUB · THE TRIAL ON ONE PAGE", style["kicker"]),
        _text(club.title, style["title"]),
        _text(club.citation, style["soft"]),
        Paragraph("What was done", style["head"]),
        _grid(facts, width, (0.2, 0.8)),
        Paragraph("What was printed", style["head"]),
        _frame(club.results, style, width, (0.4, 0.14, 0.17, 0.17, 0.12)),
        Paragraph("Who responded (SRI-4)", style["head"]),
        _figure(club, width),
        Paragraph("What neither the abstract nor the registry reports", style["head"]),
        _text(f"{missing[:1].upper()}{missing[1:]}.", style["body"]),
    ]


def _back(club: JournalClub, style: dict[str, ParagraphStyle], width: float) -> list[Flowable]:
    """Set the audit and the questions."""
    from reportlab.platypus import Paragraph

    questions = []
    for number, one in enumerate(club.questions, start=1):
        questions.append(_text(one.ask, style["question"], bullet=f"{number}."))
        questions.append(_rule(width))
        questions.append(_rule(width))
    return [
        Paragraph("JOURNAL CLUB · THE AUDIT", style["kicker"]),
        Paragraph("Which analyses print these numbers?", style["title"]),
        _text(
            "Printed percentages were turned back into patients, and every analysis of two proportions that the kit knows was "
            "tried on the counts.",
            style["soft"],
        ),
        _frame(club.audit, style, width, (0.17, 0.085, 0.305, 0.25, 0.19)),
        Paragraph("How to read it", style["head"]),
        *(_text(text, style["point"], bullet="•") for text in club.reading),
        Paragraph("Six questions to discuss", style["head"]),
        *questions,
        _text(club.notice, style["soft"]),
    ]


def _facilitator(club: JournalClub, style: dict[str, ParagraphStyle]) -> list[Flowable]:
    """Set the answers, the pitfalls and a plan of the hour."""
    from reportlab.platypus import KeepTogether, Paragraph

    talk = sum(one.minutes for one in club.questions)
    story: list[Flowable] = [
        Paragraph("JOURNAL CLUB · FOR THE FACILITATOR", style["kicker"]),
        Paragraph("What the numbers say, and what to listen for", style["title"]),
        _text(
            f"A plan for {talk + 20} minutes: 10 to read pages 1 and 2, {talk} for the questions, 10 for each person to write one "
            "sentence of conclusion and to compare it with a neighbour's. Let people commit to an answer before you give yours. "
            "Nobody's intentions are discussed: the print alone cannot show them.",
            style["soft"],
        ),
    ]
    for number, one in enumerate(club.questions, start=1):
        asked = f"{escape(one.ask)} <font name='Body' color='{_SOFT}'>({one.minutes} minutes)</font>"
        block = [
            Paragraph(asked, style["question"], bulletText=f"{number}."),
            _text(one.answer, style["answer"]),
            Paragraph(f"<i>Pitfall.</i> {escape(one.pitfall)}", style["answer"]),
        ]
        story.append(KeepTogether([_gap(5), *block]))
    return [
        *story,
        Paragraph("A good last sentence", style["head"]),
        _text(
            "It names the size of the difference with its interval, says that the primary endpoint was missed, does not compare "
            "verdicts, and claims no cause that the numbers cannot show.",
            style["body"],
        ),
    ]


def _text(text: str, style: ParagraphStyle, bullet: str | None = None) -> Flowable:
    from reportlab.platypus import Paragraph

    return Paragraph(escape(text, quote=False).replace("\n", "<br/>"), style, bulletText=bullet)


def _frame(frame: Any, style: dict[str, ParagraphStyle], width: float, shares: Sequence[float]) -> Flowable:
    """Set a data frame as a table with a head."""
    rows = [[_text(str(name), style["label"]) for name in frame.columns]]
    rows += [[_text(str(cell), style["cell"]) for cell in row] for row in frame.itertuples(index=False)]
    return _grid(rows, width, shares, head=True)


def _grid(rows: Sequence[Sequence[Flowable]], width: float, shares: Sequence[float], head: bool = False) -> Flowable:
    from reportlab.platypus import Table, TableStyle

    commands: list[tuple[Any, ...]] = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE),
        ("LEFTPADDING", (0, 0), (-1, -1), 2),
        ("RIGHTPADDING", (0, 0), (-1, -1), 5),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
    ]
    if head:
        commands += [("BACKGROUND", (0, 0), (-1, 0), _BAND), ("LINEBELOW", (0, 0), (-1, 0), 0.8, _SOFT)]
    return Table([list(row) for row in rows], [width * share for share in shares], style=TableStyle(commands))


def _figure(club: JournalClub, width: float) -> Flowable:
    """Draw the responders as wide as the page."""
    from reportlab.platypus import Image

    from lupus_kit import figures

    ax = figures.sri.responders(club.rates)
    drawing = Image(io.BytesIO(figures.png(ax, dpi=_FIGURE_DPI)))
    drawing.drawWidth, drawing.drawHeight = width, width * drawing.imageHeight / drawing.imageWidth
    return drawing


def _rule(width: float) -> Flowable:
    """Draw a line to write on."""
    from reportlab.platypus import HRFlowable

    return HRFlowable(width=width - 15, thickness=0.4, color=_LINE, spaceBefore=16, spaceAfter=3, hAlign="RIGHT")


def _gap(points: float) -> Flowable:
    from reportlab.platypus import Spacer

    return Spacer(1, points)
