"""The sheets for a journal club as a PDF: page 1 and 2 on one sheet for everyone, page 3 for the facilitator.

Set in STIX and DejaVu, which come with Matplotlib: the same page on every machine, the letters inside the file. What stands
on a page is a list of pieces; only :func:`pdf` knows reportlab.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib

from lupus_kit import __version__, figures
from lupus_kit.core.extras import need
from lupus_kit.course.handbook.club import JournalClub

if TYPE_CHECKING:
    import pandas as pd

_INK, _SOFT, _LINE, _BAND, _BLUE = "#1c2430", "#55606d", "#c9d1da", "#f2f5f8", "#0b5394"
_FONTS = {
    "Body": "STIXGeneral.ttf",
    "Body-Bold": "STIXGeneralBol.ttf",
    "Body-Italic": "STIXGeneralItalic.ttf",
    "Head": "DejaVuSans-Bold.ttf",
}
#: The styles of a paragraph, each by what differs from the body.
_STYLES: dict[str, dict[str, Any]] = {
    "body": {},
    "kicker": {"fontName": "Head", "fontSize": 7.5, "leading": 10, "textColor": _BLUE},
    "title": {"fontName": "Head", "fontSize": 14.5, "leading": 18, "spaceAfter": 3},
    "soft": {"fontSize": 9, "leading": 11, "textColor": _SOFT},
    "head": {"fontName": "Head", "fontSize": 9.5, "leading": 12, "textColor": _BLUE, "spaceBefore": 8, "spaceAfter": 3},
    "cell": {"fontSize": 9.8, "leading": 11.8, "spaceAfter": 0},
    "label": {"fontName": "Body-Bold", "fontSize": 9.8, "leading": 11.8, "spaceAfter": 0},
    "point": {"leftIndent": 9, "bulletIndent": 0, "spaceAfter": 2.5},
    "question": {"fontName": "Body-Bold", "leftIndent": 15, "bulletIndent": 0, "spaceAfter": 1.5},
    "asked": {"fontName": "Body-Bold", "leftIndent": 15, "bulletIndent": 0, "spaceBefore": 6.5, "spaceAfter": 1.5},
    "answer": {"leftIndent": 15, "spaceAfter": 1.5},
}
_FIGURE_DPI = 280
_SIDES = 17  # margins left and right, in millimetres
_FEET = ("for everyone, front", "for everyone, back", "for the facilitator")


@dataclass(frozen=True)
class _Text:
    """A paragraph; ``markup`` is reportlab's, so plain text comes escaped."""

    style: str
    markup: str
    bullet: str | None = None


@dataclass(frozen=True)
class _Grid:
    """A table of paragraphs, with the share of the width that each column has."""

    rows: Sequence[Sequence[_Text]]
    shares: tuple[float, ...]
    has_head: bool = False


@dataclass(frozen=True)
class _Figure:
    """A drawing as wide as the page."""

    png: bytes


class _Rule:
    """A line to write on."""


_Piece = _Text | _Grid | _Figure | _Rule


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

    Raises
    ------
    InputError
        If reportlab is not installed, which comes with the extra ``handbook``.

    Examples
    --------
    >>> from lupus_kit.course.handbook.club import journal_club
    >>> pdf(journal_club())[:5]
    b'%PDF-'
    """
    need("reportlab", "handbook", "The sheets of a journal club")
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.lib.units import mm
    from reportlab.platypus import HRFlowable, Image, KeepTogether, PageBreak, Paragraph, SimpleDocTemplate, Table

    _register_fonts()
    body = ParagraphStyle(
        "body", fontName="Body", fontSize=10.5, leading=13.4, textColor=_INK, spaceAfter=2, bulletFontName="Body-Bold"
    )
    styles = {name: ParagraphStyle(name, body, **changes) for name, changes in _STYLES.items()}
    width = A4[0] - 2 * _SIDES * mm

    def flow(piece: _Piece) -> Any:
        if isinstance(piece, _Text):
            return Paragraph(piece.markup, styles[piece.style], bulletText=piece.bullet)
        if isinstance(piece, _Grid):
            rows = [[flow(cell) for cell in row] for row in piece.rows]
            return Table(rows, [width * share for share in piece.shares], style=_grid_style(piece.has_head))
        if isinstance(piece, _Figure):
            drawing = Image(io.BytesIO(piece.png))
            drawing.drawWidth, drawing.drawHeight = width, width * drawing.imageHeight / drawing.imageWidth
            return drawing
        return HRFlowable(width=width - 15, thickness=0.4, color=_LINE, spaceBefore=16, spaceAfter=3, hAlign="RIGHT")

    def foot(canvas: Any, page: Any) -> None:
        canvas.setFont("Body", 8)
        canvas.setFillColor(_SOFT)
        stamp = f"lupus_kit {__version__}. Every number is computed. Not for treating patients."
        canvas.drawString(_SIDES * mm, 9 * mm, stamp)
        canvas.drawRightString(A4[0] - _SIDES * mm, 9 * mm, f"Page {page.page}: {_FEET[page.page - 1]}")

    front, back, *blocks = (
        [flow(piece) for piece in pieces] for pieces in (_front(club), _back(club), *_facilitator(club))
    )
    buffer = io.BytesIO()
    inside = 6  # points that reportlab leaves inside a frame
    document = SimpleDocTemplate(
        buffer,
        pagesize=A4,
        leftMargin=_SIDES * mm - inside,
        rightMargin=_SIDES * mm - inside,
        topMargin=14 * mm - inside,
        bottomMargin=15 * mm - inside,
        title="Journal club: low-dose interleukin-2 in lupus",
        author="lupus_kit",
        subject=club.citation,
        lang="en",
        invariant=1,
    )
    story = [*front, PageBreak(), *back, PageBreak(), *map(KeepTogether, blocks)]
    document.build(story, onFirstPage=foot, onLaterPages=foot)
    return buffer.getvalue()


def _register_fonts() -> None:
    """Make the fonts known to reportlab; a second time changes nothing."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    for name, file in _FONTS.items():
        if name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(name, str(folder / file)))
    pdfmetrics.registerFontFamily("Body", normal="Body", bold="Body-Bold", italic="Body-Italic", boldItalic="Body-Bold")


def _grid_style(has_head: bool) -> list[tuple[Any, ...]]:
    everywhere, first_row = ((0, 0), (-1, -1)), ((0, 0), (-1, 0))
    head = [("BACKGROUND", *first_row, _BAND), ("LINEBELOW", *first_row, 0.8, _SOFT)]
    return [
        ("VALIGN", *everywhere, "TOP"),
        ("LINEBELOW", *everywhere, 0.4, _LINE),
        ("LEFTPADDING", *everywhere, 2),
        ("RIGHTPADDING", *everywhere, 5),
        ("TOPPADDING", *everywhere, 2),
        ("BOTTOMPADDING", *everywhere, 3),
        *(head if has_head else []),
    ]


def _front(club: JournalClub) -> list[_Piece]:
    """Lay out the trial on one page."""
    missing = "; ".join(club.not_reported)
    return [
        _Text("kicker", "JOURNAL CLUB · THE TRIAL ON ONE PAGE"),
        _plain("title", club.title),
        _plain("soft", club.citation),
        _Text("head", "What was done"),
        _Grid([(_plain("label", topic), _plain("cell", fact)) for topic, fact in club.facts], (0.2, 0.8)),
        _Text("head", "What was printed"),
        _table(club.results, (0.4, 0.14, 0.17, 0.17, 0.12)),
        _Text("head", "Who responded (SRI-4)"),
        _Figure(figures.png(figures.sri.responders(club.rates), dpi=_FIGURE_DPI)),
        _Text("head", "What neither the abstract nor the registry reports"),
        _plain("body", f"{missing[:1].upper()}{missing[1:]}."),
    ]


def _back(club: JournalClub) -> list[_Piece]:
    """Lay out the audit and the questions, each with two lines to write on."""
    questions: list[_Piece] = []
    for number, one in enumerate(club.questions, start=1):
        questions += [_plain("question", one.ask, f"{number}."), _Rule(), _Rule()]
    return [
        _Text("kicker", "JOURNAL CLUB · THE AUDIT"),
        _Text("title", "Which analyses print these numbers?"),
        _plain(
            "soft",
            "Printed percentages were turned back into patients, and every analysis of two proportions that the kit knows was "
            "tried on the counts.",
        ),
        _table(club.audit, (0.17, 0.085, 0.305, 0.25, 0.19)),
        _Text("head", "How to read it"),
        *(_plain("point", text, "•") for text in club.reading),
        _Text("head", "Six questions to discuss"),
        *questions,
        _plain("soft", club.notice),
    ]


def _facilitator(club: JournalClub) -> list[list[_Piece]]:
    """Lay out a plan of the hour, then the answers and pitfalls; each block stays on one page."""
    talk = sum(one.minutes for one in club.questions)
    blocks: list[list[_Piece]] = [
        [
            _Text("kicker", "JOURNAL CLUB · FOR THE FACILITATOR"),
            _Text("title", "What the numbers say, and what to listen for"),
            _plain(
                "soft",
                f"A plan for {talk + 20} minutes: 10 to read pages 1 and 2, {talk} for the questions, 10 for each person to "
                "write one sentence of conclusion and to compare it with a neighbour's. Let people commit to an answer before "
                "you give yours. Nobody's intentions are discussed: the print alone cannot show them.",
            ),
        ]
    ]
    for number, one in enumerate(club.questions, start=1):
        asked = f"{escape(one.ask)} <font name='Body' color='{_SOFT}'>({one.minutes} minutes)</font>"
        pitfall = f"<i>Pitfall.</i> {escape(one.pitfall)}"
        blocks.append([_Text("asked", asked, f"{number}."), _plain("answer", one.answer), _Text("answer", pitfall)])
    last = (
        "It names the size of the difference with its interval, says that the primary endpoint was missed, does not compare "
        "verdicts, and claims no cause that the numbers cannot show."
    )
    return [*blocks, [_Text("head", "A good last sentence"), _plain("body", last)]]


def _plain(style: str, text: str, bullet: str | None = None) -> _Text:
    return _Text(style, escape(text, quote=False).replace("\n", "<br/>"), bullet)


def _table(frame: pd.DataFrame, shares: tuple[float, ...]) -> _Grid:
    """Lay out a data frame as a table with a head."""
    head = [_plain("label", str(name)) for name in frame.columns]
    rows = [[_plain("cell", str(cell)) for cell in row] for row in frame.itertuples(index=False)]
    return _Grid([head, *rows], shares, has_head=True)
