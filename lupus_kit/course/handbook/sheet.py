"""The sheets for a journal club as a PDF: page 1 and 2 on one sheet for everyone, page 3 for the facilitator.

What stands on them is in ``templates/sheets.txt``: one piece a line, the name of its style first, then reportlab's markup.
Set in STIX and DejaVu, which come with Matplotlib: the same page on every machine, the letters inside the file.
"""

import io
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Any

import matplotlib

from lupus_kit import __version__, figures
from lupus_kit.core.extras import need
from lupus_kit.course.handbook.club import JournalClub
from lupus_kit.course.handbook.texts import template

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
    "asked": {"fontName": "Body-Bold", "leftIndent": 15, "bulletIndent": 0, "spaceBefore": 6.5, "keepWithNext": 1},
    "answer": {"leftIndent": 15, "spaceAfter": 1.5},
}
#: The share of the width that each column of a table has.
_SHARES = {"facts": (0.2, 0.8), "results": (0.4, 0.14, 0.17, 0.17, 0.12), "audit": (0.17, 0.085, 0.305, 0.25, 0.19)}
_FEET = ("for everyone, front", "for everyone, back", "for the facilitator")
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
    from reportlab.platypus import HRFlowable, Image, PageBreak, Paragraph, SimpleDocTemplate, Table

    _register_fonts()
    body = ParagraphStyle(
        "body", fontName="Body", fontSize=10.5, leading=13.4, textColor=_INK, spaceAfter=2, bulletFontName="Body-Bold"
    )
    styles = {name: ParagraphStyle(name, body, **changes) for name, changes in _STYLES.items()}
    width = A4[0] - 2 * _SIDES * mm

    def table(name: str) -> Table:
        if name == "facts":
            rows = [_cells((topic,), "label") + _cells((fact,), "cell") for topic, fact in club.facts]
        else:
            frame = getattr(club, name)
            rows = [_cells(frame.columns, "label"), *(_cells(row, "cell") for row in frame.itertuples(index=False))]
        set_rows = [[Paragraph(markup, styles[style]) for style, markup in row] for row in rows]
        return Table(set_rows, [width * share for share in _SHARES[name]], style=_grid(has_head=name != "facts"))

    def figure() -> Image:
        drawing = Image(io.BytesIO(figures.png(figures.sri.responders(club.rates), dpi=_FIGURE_DPI)))
        drawing.drawWidth, drawing.drawHeight = width, width * drawing.imageHeight / drawing.imageWidth
        return drawing

    def piece(line: str) -> Any:
        name, _, markup = line.partition(":")
        style, _, bullet = name.partition(" ")
        if style == "page":
            return PageBreak()
        if style == "rule":  # to write on
            return HRFlowable(width - 15, thickness=0.4, color=_LINE, spaceBefore=16, spaceAfter=3, hAlign="RIGHT")
        if style == "table":
            return table(markup.strip())
        return figure() if style == "figure" else Paragraph(markup.strip(), styles[style], bulletText=bullet or None)

    def foot(canvas: Any, page: Any) -> None:
        canvas.setFont("Body", 8)
        canvas.setFillColor(_SOFT)
        stamp = f"lupus_kit {__version__}. Every number is computed. Not for treating patients."
        canvas.drawString(_SIDES * mm, 9 * mm, stamp)
        canvas.drawRightString(A4[0] - _SIDES * mm, 9 * mm, f"Page {page.page}: {_FEET[page.page - 1]}")

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
    story = [piece(line) for line in template("sheets.txt").render(club=club).splitlines()]
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


def _cells(row: Iterable[Any], style: str) -> list[tuple[str, str]]:
    return [(style, escape(str(cell), quote=False).replace("\n", "<br/>")) for cell in row]


def _grid(has_head: bool) -> list[tuple[Any, ...]]:
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
