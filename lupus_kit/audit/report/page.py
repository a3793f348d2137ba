"""The report as one web page that needs nothing beside it. Everything from the paper or the file is escaped."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from lupus_kit.audit.report.lines import Group, fitting, groups, parts
from lupus_kit.audit.report.rows import STATUSES

if TYPE_CHECKING:
    from lupus_kit.audit.report.report import Report

#: Statuses as they are shown: a sign, so that colour is never the only carrier, and a short name.
SIGNS = {
    "reproduced": ("✓", "reproduced"),
    "some": ("◐", "by some analyses"),
    "not reproduced": ("✗", "by none tried"),
    "model": ("∿", "adjusted analysis"),
    "not checkable": ("?", "not checkable"),
    "as printed": ("·", "as printed"),
}


def _tally(group_list: list[Group]) -> list[tuple[str, int]]:
    """Count the statuses of the printed p-values."""
    found = [group.p["status"] for group in group_list if group.p["printed"] not in ("", "not printed")]
    return [(status, found.count(status)) for status in STATUSES if status in found]


def page(report: Report) -> str:
    """Write a report as an HTML page.

    Parameters
    ----------
    report : Report
        Of any study.

    Returns
    -------
    str
        A complete document, without scripts and without links to other files.
    """
    from jinja2 import Environment

    source = resources.files("lupus_kit.audit.report").joinpath("report.html.j2").read_text(encoding="utf-8")
    template = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(source)
    claims = groups(report.part())
    tables = [(name, title, groups(report.part(name))) for name, title in report.tables.items()]
    text = template.render(
        report=report,
        claims=claims,
        tables=tables,
        tally=_tally([*claims, *(group for *_, part in tables for group in part)]),
        statuses=STATUSES,
        signs=SIGNS,
        parts=parts,
        fitting=fitting,
    )
    return text.rstrip("\n") + "\n"
