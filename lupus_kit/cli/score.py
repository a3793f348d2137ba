"""The command ``lupus-kit score``: a file of visits to responders, each with the reason, and the two arms compared."""

from __future__ import annotations

import json
import math
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lupus_kit.cli.output import TableFormat, chosen_format, csv_text, only_one, plain_table, write_result
from lupus_kit.core.errors import InputError, unknown_name
from lupus_kit.core.text import plural

if TYPE_CHECKING:
    import pandas as pd

    from lupus_kit.endpoints import Scored

#: Shown for every comparison, so that nobody picks: the textbook test, the exact conditional, the exact unconditional.
COMPARED_BY = ("pearson", "fisher", "boschloo")
_NO_ARM = "(no arm)"
#: How a visit file is laid out, what becomes of visits before baseline, and the scale on which PGA was recorded.
Layout = StrEnum("Layout", "auto long wide tests")
Screening = StrEnum("Screening", "apart baseline_if_missing")
Scale = StrEnum("Scale", [("three", "0-3"), ("ten", "0-10"), ("hundred", "0-100")])


def score(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE", help="Visits: CSV, Excel, Parquet, Stata, SPSS or SAS; - reads CSV from standard input."
        ),
    ] = None,
    endpoint: Annotated[
        str, typer.Option(help="sri, modified-sri (without BILAG), sri-50, bicla, lldas or doris.")
    ] = "sri",
    points: Annotated[int, typer.Option(min=4, max=8, help="Drop in SLEDAI that the SRI asks for.")] = 4,
    missing: Annotated[
        str, typer.Option(help="How open answers count: nonresponder, observed; for the SRI also locf, worst, best.")
    ] = "nonresponder",
    sledai_version: Annotated[str, typer.Option(help="2K, SELENA, SLEDAI or hybrid.")] = "2K",
    first_visit_protein: Annotated[
        str, typer.Option(help="SELENA and SLEDAI: protein without an earlier value is present, absent or missing.")
    ] = "present",
    pga_scale: Annotated[Scale, typer.Option(help="Scale on which PGA was recorded.")] = Scale.three,
    events: Annotated[
        str,
        typer.Option(
            help="Rescue, forbidden medicine, withdrawal: composite (non-response from then on), "
            "while_on_treatment, treatment_policy or hypothetical."
        ),
    ] = "composite",
    steroids: Annotated[
        str,
        typer.Option(
            help="Rule on prednisone: auto (not above baseline at the assessment, where recorded), none, "
            "no_rise, muse, illuminate_1, illuminate_2, bliss, tulip, tulip_taper, ..."
        ),
    ] = "auto",
    b_to_a: Annotated[bool, typer.Option("--b-to-a/--no-b-to-a", help="Whether BILAG B to A is a new A.")] = True,
    layout: Annotated[
        Layout, typer.Option(help="One row per visit (long), per patient (wide), or per test (tests).")
    ] = Layout.auto,
    codes: Annotated[
        Path | None, typer.Option(help="Table with the columns code and column: what the tests of a file are.")
    ] = None,
    sheet: Annotated[str | None, typer.Option(help="Sheet of a workbook. [default: the first]")] = None,
    planned: Annotated[
        str | None, typer.Option(help="Planned weeks, such as 0,12,24. [default: read from the file]")
    ] = None,
    windows: Annotated[
        str | None, typer.Option(help="Days a visit may be away: 28, or 12=7,24=28. [default: half-way windows]")
    ] = None,
    screening: Annotated[
        Screening, typer.Option(help="Visits before baseline: apart, or the baseline of who has none.")
    ] = Screening.apart,
    missing_codes: Annotated[
        str | None, typer.Option(help="Numbers that mean missing: 99,-9, or sledai=99; none: all are values.")
    ] = None,
    format: Annotated[
        TableFormat | None, typer.Option(help="How to write it. [default: by the ending of --out, else table]")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write to this file instead of the screen.")] = None,
    first_arm: Annotated[
        str | None, typer.Option(help="Arm that the other is taken from. [default: the first in the file]")
    ] = None,
    template: Annotated[
        bool, typer.Option("--template", help="Write an empty file to fill in (.csv or .xlsx).")
    ] = False,
    columns: Annotated[
        bool, typer.Option("--columns", help="List the columns that are read, and their names.")
    ] = False,
    example: Annotated[bool, typer.Option("--example", help="Score the example file that comes with the kit.")] = False,
) -> None:
    """Score a file of visits: who responds, and why. Not for treating patients."""
    asked = only_one(
        {"FILE": file is not None, "--template": template, "--columns": columns, "--example": example},
        "lupus-kit score --template --out visits.csv writes an empty file to fill in.",
    )
    if asked == "--template":
        _write_template(layout, out)
        return
    from lupus_kit import endpoints

    if asked == "--columns":
        write_result(_listing(endpoints.VISIT_FILE_COLUMNS), out)
        return
    path = file or endpoints.example_visit_file()
    form = _form(format, out, path)
    read = endpoints.read_visit_file(
        sys.stdin.buffer if str(path) == "-" else path,
        layout=layout.value,
        sheet=sheet,
        pga_scale=pga_scale.value,
        planned=planned,
        windows=windows,
        screening=screening.value,
        missing_codes=missing_codes,
        codes=codes,
    )
    scored = endpoints.score_visits(
        read.visits,
        endpoint,
        points=points,
        missing=missing,
        missing_codes=missing_codes,
        b_to_a_is_new=b_to_a,
        sledai_version=sledai_version,
        pga_scale=pga_scale.value,
        first_visit_protein=first_visit_protein,
        events=events,
        steroids=steroids,
    )
    arms, why_not = _two_arms(read.visits, first_arm)
    ignored = f"Columns that were not read: {', '.join(read.ignored)}." if read.ignored else ""
    found = [*read.notes, *scored.notes, *filter(None, (ignored, why_not)), endpoints.scoring.NOTE]
    notes = list(dict.fromkeys(found))
    compared = compare_arms(scored, [] if form is TableFormat.csv else arms)
    write_result(_render(scored, compared, read.source, notes, form), out)
    if form is TableFormat.csv:  # one plain table has no room for them
        print(*notes, sep="\n", file=sys.stderr)


def _form(format: TableFormat | None, out: Path | None, path: Path) -> TableFormat:
    """Choose the format, and refuse a place for the result that would mislead or destroy."""
    if out is not None and out.exists() and out.resolve() == path.resolve():
        raise InputError(f"{out} is the file of visits itself, which would be lost: give another name to --out.")
    if out is not None and out.suffix.lower() in (".xlsx", ".parquet"):
        raise InputError(
            f"a result is written as .txt, .md, .json or .csv, not as {out.suffix}: give another name to --out."
        )
    return chosen_format(format, out)


def _two_arms(visits: pd.DataFrame, first: str | None) -> tuple[list[str], str]:
    """Return the arms in the order of the file, the one that is named in front; say why where there are not two."""
    if "arm" not in visits:
        if first is not None:
            raise InputError(f"--first-arm is {first!r}, but there is no column 'arm'.")
        return [], "There is no column 'arm', so nothing is compared."
    arms = [str(arm) for arm in visits.sort_index()["arm"].dropna().unique()]
    if first is not None and first not in arms:
        raise unknown_name("arm", first, arms)
    arms.sort(key=lambda arm: arm != first)
    if len(arms) == 2:
        return arms, ""
    found = ": ".join([f"{plural(len(arms), 'arm')} found", *([", ".join(arms)] if arms else [])])
    return [], f"{found}; two are needed for a comparison."


def compare_arms(scored: Scored, arms: list[str]) -> pd.DataFrame:
    """Compare two arms at every visit, the first minus the second; no row where an arm has nobody assessed."""
    import pandas as pd

    from lupus_kit import inference

    rows = []
    for visit, part in scored.responders().groupby("visit", sort=False) if arms else ():
        counts = part.set_index("arm")[["responders", "assessed"]].reindex(arms, fill_value=0)
        if (counts["assessed"] == 0).any():
            continue
        (x1, n1), (x2, n2) = counts.astype(int).to_numpy().tolist()
        (interval,) = inference.intervals(x1, n1, x2, n2, methods=["miettinen_nurminen"])
        rows.append(
            {"visit": visit, arms[0]: f"{x1}/{n1}", arms[1]: f"{x2}/{n2}"}
            | {"difference": interval.estimate, "low": interval.low, "high": interval.high}
            | {f"p_{key}": _p(key, x1, n1, x2, n2) for key in COMPARED_BY}
        )
    return pd.DataFrame(rows)


def _p(key: str, x1: int, n1: int, x2: int, n2: int) -> float:
    """Test one table; NaN where a test refuses a table of this size."""
    from lupus_kit import inference

    try:
        return float(inference.pvalue(key, x1, n1, x2, n2))
    except InputError:
        return math.nan


def _render(scored: Scored, compared: pd.DataFrame, source: str, notes: list[str], form: TableFormat) -> str:
    """Write the whole result as a table, Markdown, JSON or CSV."""
    table = scored.to_frame()
    if form is TableFormat.csv:
        return csv_text(table)
    if form is TableFormat.json:
        whole = {"endpoint": scored.endpoint, "source": source, "note": notes[-1], "notes": notes[:-1]}
        parts = {"responders": scored.responders(), "comparison": compared, "patients": table}
        whole |= {name: json.loads(part.to_json(orient="records")) for name, part in parts.items()}
        return json.dumps(whole, indent=2, ensure_ascii=False)
    heading, section, point = ("# ", "## ", "- ") if form is TableFormat.markdown else ("", "", "")
    sections = {"Responders by visit": _counts_as_text(scored.responders())}
    explained = []
    if len(compared):
        sections["The two arms"] = _comparison_as_text(compared)
        explained = [
            f"The difference is {compared.columns[1]} minus {compared.columns[2]} in percentage points, with its 95% "
            "Miettinen–Nurminen interval; the p-values are two-sided.",
            "",
        ]
    shown = [name for name in ("patient", "arm", "visit", "reason") if name in table]
    sections["Every patient"] = _with_arms(table[shown])
    lines = [f"{heading}{scored.endpoint}: {source}", ""]
    for title, part in sections.items():
        lines += [f"{section}{title}", "", plain_table(part, form is TableFormat.markdown), ""]
    return "\n".join([*lines, *explained, *(point + note for note in notes)])


def _with_arms(table: pd.DataFrame) -> pd.DataFrame:
    """Name the arm of patients without one."""
    if "arm" not in table:
        return table
    return table.assign(arm=table["arm"].astype(object).where(table["arm"].notna(), _NO_ARM))


def _counts_as_text(counts: pd.DataFrame) -> pd.DataFrame:
    shown = _with_arms(counts[[name for name in ("visit", "arm") if name in counts]])
    shown = shown.assign(
        responders=[f"{x}/{n}" for x, n in zip(counts["responders"], counts["assessed"], strict=True)],
        rate=["" if math.isnan(rate) else f"{100 * rate:.1f}%" for rate in counts["rate"].astype(float)],
    )
    return shown.assign(**{"without a verdict": counts["open"]}) if counts["open"].any() else shown


def _comparison_as_text(compared: pd.DataFrame) -> pd.DataFrame:
    from lupus_kit.inference import TESTS

    shown = compared.drop(columns=["low", "high"])
    ends = compared[["difference", "low", "high"]].itertuples(index=False)
    shown["difference"] = [f"{100 * d:+.1f} ({100 * low:.1f} to {100 * high:.1f})" for d, low, high in ends]
    for key in COMPARED_BY:
        shown[f"p_{key}"] = [_p_as_text(p) for p in compared[f"p_{key}"]]
    return shown.rename(columns={f"p_{key}": f"p, {TESTS[key].label}" for key in COMPARED_BY})


def _p_as_text(p: float) -> str:
    return "too large" if math.isnan(p) else f"{p:.4f}" if p >= 0.00005 else "<0.0001"


def _listing(columns: pd.DataFrame) -> str:
    """List the columns of a visit file for reading."""
    lines = []
    for used, part in columns.groupby("used_for", sort=False):
        lines.append(f"{used}:")
        for row in part.itertuples():
            lines.append(f"  {row.name}: {row.allowed}. {row.meaning}")
            lines += [f"      also: {row.synonyms}"] if row.synonyms else []
    lines += [
        "",
        "Capitals, spaces and signs in names do not matter. In the wide layout a visit is added: sledai_baseline, pga_week12.",
        "An empty cell, NA, N/A, ND, NaN, not done and . mean not recorded.",
    ]
    return "\n".join(lines)


def _write_template(layout: Layout, out: Path | None) -> None:
    from lupus_kit.core.tables import write_table
    from lupus_kit.endpoints import visit_template

    table = visit_template("wide" if layout is Layout.wide else "long")
    write_result(write_table(table, out.suffix.lower() if out else ".csv", "visits"), out, keep=True)
