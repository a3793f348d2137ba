"""The command ``lupus-kit score``: a file of visits to responders, each with the reason, and the two arms compared."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lupus_kit.cli.output import give, laid_out, write
from lupus_kit.core.errors import InputError, unknown_name

if TYPE_CHECKING:
    import pandas as pd

    from lupus_kit.endpoints import Scored

#: Shown for every comparison, so that nobody picks: the textbook test, the exact conditional, the exact unconditional.
COMPARED_BY = ("pearson", "fisher", "boschloo")
_INTERVAL = "miettinen_nurminen"


class ScoreFormat(StrEnum):
    """How ``score`` writes its result."""

    table = "table"
    markdown = "markdown"
    json = "json"
    csv = "csv"


class Layout(StrEnum):
    """How a visit file is laid out."""

    auto = "auto"
    long = "long"
    wide = "wide"


class Scale(StrEnum):
    """Scale on which PGA was recorded."""

    three = "0-3"
    ten = "0-10"
    hundred = "0-100"


_BY_ENDING = {".md": "markdown", ".json": "json", ".csv": "csv", ".txt": "table", "": "table"}


def score(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="Visits: .csv, .xlsx or .parquet, one row per visit or patient."),
    ] = None,
    endpoint: Annotated[
        str, typer.Option(help="sri, modified-sri (without BILAG), sri-50, bicla, lldas or doris.")
    ] = "sri",
    points: Annotated[int, typer.Option(min=4, max=8, help="Drop in SLEDAI that the SRI asks for.")] = 4,
    missing: Annotated[
        str, typer.Option(help="How open answers count: nonresponder, observed; for the SRI also locf, worst, best.")
    ] = "nonresponder",
    sledai_version: Annotated[str, typer.Option(help="2K, SELENA, SLEDAI or hybrid.")] = "2K",
    pga_scale: Annotated[Scale, typer.Option(help="Scale on which PGA was recorded.")] = Scale.three,
    b_to_a: Annotated[bool, typer.Option("--b-to-a/--no-b-to-a", help="Whether BILAG B to A is a new A.")] = True,
    layout: Annotated[Layout, typer.Option(help="One row per visit (long) or per patient (wide).")] = Layout.auto,
    sheet: Annotated[str | None, typer.Option(help="Sheet of a workbook. [default: the first]")] = None,
    format: Annotated[
        ScoreFormat | None, typer.Option(help="How to write it. [default: by the ending of --out, else table]")
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
    asked = {"FILE": file is not None, "--template": template, "--columns": columns, "--example": example}
    if sum(asked.values()) != 1:
        given = " and ".join(name for name, here in asked.items() if here) or "nothing"
        raise InputError(
            f"give one of FILE, --template, --columns and --example ({given} given). "
            "lupus-kit score --template --out visits.csv writes an empty file to fill in."
        )
    if template:
        _give_template(layout, out)
        return
    if columns:
        from lupus_kit.endpoints import VISIT_FILE_COLUMNS

        give(_listing(VISIT_FILE_COLUMNS), out)
        return
    from lupus_kit import endpoints

    path = endpoints.example_visit_file() if example else file
    assert path is not None
    form = _form(format, out, path)
    read = endpoints.read_visit_file(path, layout=layout.value, sheet=sheet, pga_scale=pga_scale.value)
    scored = endpoints.score_visits(
        read.visits,
        endpoint,
        points=points,
        missing=missing,
        b_to_a_is_new=b_to_a,
        sledai_version=sledai_version,
        pga_scale=pga_scale.value,
    )
    notes = [*read.notes, *scored.notes]
    if read.ignored:
        notes.append(f"Columns that were not read: {', '.join(read.ignored)}.")
    arms = list(read.visits.sort_index()["arm"].dropna().unique()) if "arm" in read.visits else None
    compared, why_not = compare_arms(scored, _ordered(arms, first_arm))
    if why_not:
        notes.append(why_not)
    give(render(scored, compared, read.source, notes, form), out)
    if form == "csv":  # one plain table has no room for them
        for note in (*notes, endpoints.scoring.NOTE):
            print(note, file=sys.stderr)


def _form(format: ScoreFormat | None, out: Path | None, path: Path) -> str:
    """Choose the format, and refuse a place for the result that would mislead or destroy."""
    if out is None:
        return format.value if format else "table"
    if out.exists() and out.resolve() == path.resolve():
        raise InputError(f"{out} is the file of visits itself, which would be lost: give another name to --out.")
    ending = out.suffix.lower()
    if ending in (".xlsx", ".parquet") or (format is None and ending not in _BY_ENDING):
        raise InputError(
            f"a result is written as .txt, .md, .json or .csv, not as {ending}: give another name to --out."
        )
    return format.value if format else _BY_ENDING[ending]


def _ordered(arms: list[str] | None, first: str | None) -> list[str] | None:
    """Put the arm that is named in front."""
    if first is None:
        return arms
    if arms is None:
        raise InputError(f"--first-arm is {first!r}, but there is no column 'arm'.")
    if first not in arms:
        raise unknown_name("arm", first, arms)
    return [first, *(arm for arm in arms if arm != first)]


def compare_arms(scored: Scored, arms: list[str] | None) -> tuple[pd.DataFrame, str]:
    """Compare two arms at every visit, the first minus the second; say why where there are not two."""
    import pandas as pd

    from lupus_kit import inference

    counts = scored.responders()
    if arms is None:
        return pd.DataFrame(), "There is no column 'arm', so nothing is compared."
    if len(arms) != 2:
        found = f"{len(arms)} arm{'s' * (len(arms) != 1)} found{': ' * bool(arms)}{', '.join(arms)}"
        return pd.DataFrame(), f"{found}; two are needed for a comparison."
    rows = []
    for visit, part in counts.groupby("visit", sort=False):
        pair = part.set_index("arm").reindex(arms)
        if (pair["assessed"].fillna(0) < 1).any():
            continue
        x1, n1, x2, n2 = (int(pair[c].iloc[k]) for k in (0, 1) for c in ("responders", "assessed"))
        p = {key: _p(key, x1, n1, x2, n2) for key in COMPARED_BY}
        (interval,) = inference.intervals(x1, n1, x2, n2, methods=[_INTERVAL])
        rows.append(
            {"visit": visit, str(arms[0]): f"{x1}/{n1}", str(arms[1]): f"{x2}/{n2}"}
            | {"difference": interval.estimate, "low": interval.low, "high": interval.high}
            | {f"p_{key}": p[key] for key in COMPARED_BY}
        )
    return pd.DataFrame(rows), ""


def _p(key: str, x1: int, n1: int, x2: int, n2: int) -> float:
    """Test one table; NaN where a test refuses a table of this size."""
    from lupus_kit import inference

    try:
        return float(inference.pvalue(key, x1, n1, x2, n2))
    except InputError:
        return float("nan")


def render(scored: Scored, compared: pd.DataFrame, source: str, notes: list[str], form: str) -> str:
    """Write the whole result as a table, Markdown, JSON or CSV."""
    from lupus_kit.endpoints import scoring

    table = scored.to_frame()
    if form == "csv":
        return str(table.to_csv(index=False))
    if form == "json":
        parts = {"responders": scored.responders(), "comparison": compared, "patients": table}
        whole = {"endpoint": scored.endpoint, "source": source, "note": scoring.NOTE, "notes": notes}
        whole |= {name: json.loads(part.to_json(orient="records")) for name, part in parts.items()}
        return json.dumps(whole, indent=2, ensure_ascii=False)
    keys = [name for name in ("patient", "arm", "visit") if name in table]
    listed = table[[*keys, "reason"]]
    if "arm" in listed:
        listed = listed.assign(arm=listed["arm"].astype(object).where(listed["arm"].notna(), "(no arm)"))
    sections = [("Responders by visit", _spoken_counts(scored.responders()))]
    if len(compared):
        sections.append(("The two arms", _spoken_comparison(compared)))
    sections.append(("Every patient", listed))
    mark = form == "markdown"
    lines = [f"{'# ' if mark else ''}{scored.endpoint}: {source}", ""]
    for title, part in sections:
        lines += [f"{'## ' if mark else ''}{title}", "", laid_out(part, mark), ""]
    if len(compared):
        lines += [
            f"The difference is {compared.columns[1]} minus {compared.columns[2]} in percentage points, with its 95% "
            "Miettinen–Nurminen interval; the p-values are two-sided.",
            "",
        ]
    lines += [f"{'- ' if mark else ''}{note}" for note in notes]
    lines += [f"{'- ' if mark else ''}{scoring.NOTE}"]
    return "\n".join(lines) + "\n"


def _spoken_counts(counts: pd.DataFrame) -> pd.DataFrame:
    shown = counts[[c for c in ("visit", "arm") if c in counts]].copy()
    if "arm" in shown:
        shown["arm"] = shown["arm"].astype(object).where(shown["arm"].notna(), "(no arm)")
    shown["responders"] = [f"{x}/{n}" for x, n in zip(counts["responders"], counts["assessed"], strict=True)]
    shown["rate"] = ["" if rate != rate else f"{100 * rate:.1f}%" for rate in counts["rate"].astype(float)]
    if counts["open"].any():
        shown["without a verdict"] = counts["open"]
    return shown


def _spoken_comparison(compared: pd.DataFrame) -> pd.DataFrame:
    from lupus_kit.inference import TESTS

    shown = compared.drop(columns=["low", "high"]).copy()
    ends = zip(compared["difference"], compared["low"], compared["high"], strict=True)
    shown["difference"] = [f"{100 * d:+.1f} ({100 * low:.1f} to {100 * high:.1f})" for d, low, high in ends]
    for key in COMPARED_BY:
        shown[f"p_{key}"] = [_spoken_p(p) for p in compared[f"p_{key}"]]
    return shown.rename(columns={f"p_{key}": f"p, {TESTS[key].label}" for key in COMPARED_BY})


def _spoken_p(p: float) -> str:
    if p != p:
        return "too large"
    return f"{p:.4f}" if p >= 0.00005 else "<0.0001"


def _listing(columns: pd.DataFrame) -> str:
    """List the columns of a visit file for reading."""
    lines = []
    for used, part in columns.groupby("used_for", sort=False):
        lines.append(f"{used}:")
        for row in part.itertuples():
            lines.append(f"  {row.name}: {row.allowed}. {row.meaning}")
            if row.synonyms:
                lines.append(f"      also: {row.synonyms}")
    lines += [
        "",
        "Capitals, spaces and signs in names do not matter. In the wide layout a visit is added: sledai_baseline, pga_week12.",
        "An empty cell, NA, ND and . mean not recorded.",
    ]
    return "\n".join(lines) + "\n"


def _give_template(layout: Layout, out: Path | None) -> None:
    from lupus_kit.endpoints import visit_template
    from lupus_kit.endpoints.visits.visit_file import write_table

    table = visit_template("long" if layout is Layout.auto else layout.value)
    if out is None:
        give(write_table(table, ".csv").decode("utf-8"), None)
        return
    if out.exists():
        raise InputError(f"{out} is there already and is not overwritten: give another name to --out.")
    write(out, write_table(table, out.suffix.lower()))
