"""The command ``lupus-kit score``: a file of visits to responders, each with the reason, and the two arms compared."""

from __future__ import annotations

import json
import math
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from lupus_kit.cli import output
from lupus_kit.core.errors import InputError
from lupus_kit.core.text import p_value_text

if TYPE_CHECKING:
    import pandas as pd

    from lupus_kit.endpoints import Scored

#: How a visit file is laid out, what becomes of visits before baseline, and the scale on which PGA was recorded.
Layout = StrEnum("Layout", "auto long wide tests")
Screening = StrEnum("Screening", "apart baseline_if_missing")
Scale = StrEnum("Scale", [("three", "0-3"), ("ten", "0-10"), ("hundred", "0-100")])


@output.described
def score(
    file: Path | None = None,
    endpoint: str = "sri",
    points: int = 4,
    missing: str = "nonresponder",
    sledai_version: str = "2K",
    first_visit_protein: str = "present",
    pga_scale: Scale = Scale.three,
    events: str = "composite",
    steroids: str = "auto",
    b_to_a: bool = True,
    layout: Layout = Layout.auto,
    codes: Path | None = None,
    sheet: str | None = None,
    planned: str | None = None,
    windows: str | None = None,
    screening: Screening = Screening.apart,
    missing_codes: str | None = None,
    format: output.Format = None,
    out: output.Out = None,
    force: output.Force = False,
    quiet: output.Quiet = False,
    keep_formulas: bool = False,
    first_arm: str | None = None,
    definition: str | None = None,
    creatinine_upper_normal: float | None = None,
    strata: str | None = None,
    covariates: str | None = None,
    imputations: int = 0,
    seed: int = 0,
    template: bool = False,
    columns: bool = False,
    example: bool = False,
) -> None:
    """Score a file of visits: who responds, and why. Not for treating patients."""
    from lupus_kit import endpoints
    from lupus_kit.core.tables import read_table, write_table

    asked = output.only_one(
        {"FILE": file is not None, "--template": template, "--columns": columns, "--example": example},
        "lupus-kit score --template --out visits.csv writes an empty file to fill in.",
    )
    if asked == "--template":
        output.one_format(format, "an empty file (by the ending of --out)")
        empty = endpoints.visit_template("wide" if layout is Layout.wide else "long")
        content = write_table(empty, out.suffix.lower() if out else ".csv", "visits")
        output.write_result(content, out, keep=True, force=force)
        return
    if asked == "--columns":
        _write_columns(endpoints.VISIT_FILE_COLUMNS, output.chosen_format(format, out, output.TableFormat), out, force)
        return
    path = file or endpoints.example_visit_file()
    output.spare_input(out, force, path, codes)
    form = output.chosen_format(format, out, output.TableFormat)
    if str(codes) == "-" == str(path):
        raise InputError("FILE and --codes both read standard input: name a file for one of them.")
    read = endpoints.read_visit_file(
        output.standard_input() if str(path) == "-" else path, layout=layout.value, sheet=sheet, pga_scale=pga_scale.value,
        planned=planned, windows=windows, screening=screening.value, missing_codes=missing_codes,
        codes=read_table(output.standard_input()).cells if str(codes) == "-" else codes,
        keep=[*_names(strata), *_names(covariates)],
    )  # fmt: skip
    scored = endpoints.score_visits(
        read.visits, endpoint, points=points, missing=missing, missing_codes=missing_codes, b_to_a_is_new=b_to_a,
        sledai_version=sledai_version, pga_scale=pga_scale.value, first_visit_protein=first_visit_protein, events=events,
        steroids=steroids, definition=definition, creatinine_upper_normal=creatinine_upper_normal, strata=_names(strata),
        covariates=_names(covariates), first_arm=first_arm, n_imputations=imputations, seed=seed,
    )  # fmt: skip
    _, why_not = endpoints.analysis.two_arms(read.visits)
    ignored = f"Columns that were not read: {', '.join(read.ignored)}." if read.ignored else ""
    analysed = scored.analysis.notes if scored.analysis else ()
    notes = list(dict.fromkeys([*read.notes, *scored.notes, *analysed, ignored, why_not, endpoints.scoring.NOTE]))
    notes = list(filter(None, notes))
    if form is output.TableFormat.csv:  # one plain table has no room for the notes
        from lupus_kit.core.csv_text import csv_text

        output.write_result(csv_text(scored.to_frame(), keep_formulas), out, force=force)
        output.say("\n".join(notes))
    else:
        output.write_result(_render(scored, read.source, notes, form), out, force=force)


def _names(columns: str | None) -> list[str]:
    return [name.strip() for name in (columns or "").split(",") if name.strip()]


def _render(scored: Scored, source: str, notes: list[str], form: output.TableFormat) -> str:
    """Write the whole result as a table, Markdown or JSON; the last of the notes is the one on clinical use."""
    found, compared = scored.analysis, scored.comparison()
    if form is output.TableFormat.json:
        whole = {"endpoint": scored.endpoint, "source": source, "note": notes[-1], "notes": notes[:-1]}
        parts = {"estimand": scored.estimand, "responders": scored.responders(), "comparison": compared}
        if found:
            parts |= {"analysis": found.effects, "imputation": found.imputed, "tipping": found.tipping}
        parts["patients"] = scored.to_frame()
        whole |= {name: json.loads(part.to_json(orient="records")) for name, part in parts.items()}
        return json.dumps(whole, indent=2, ensure_ascii=False)
    markdown = form is output.TableFormat.markdown
    heading, section, point = ("# ", "## ", "- ") if markdown else ("", "", "")
    title = "Responders by visit" if scored.verdict == "responder" else f"By visit: {scored.endpoint}"
    several = "definition" in scored.verdicts and len(compared) > 0  # the arms hold the same counts
    sections = {} if several else {title: (_counts(scored.responders()), "")}
    minus = f"{scored.arms[0]} minus {scored.arms[1]}" if scored.arms else ""
    if len(compared):
        said = f"The difference is {minus} in points, with its 95% Miettinen–Nurminen interval; p-values are two-sided."
        sections["The two arms"] = (_comparison(compared), said)
    if found and len(found.effects):
        said = f"Risk differences are {minus} in percentage points, ratios {minus.replace(' minus ', ' over ')}; intervals are 95%."
        sections["Strata and covariates"] = (_effects(found.effects), said)
    if found and len(found.imputed):
        pooled = found.imputed.rename(columns={"quantity": "analysis"})
        pooled["measure"] = pooled["analysis"].isin(scored.arms).map({True: "rate", False: "risk difference"})
        sections["Multiple imputation"] = (_effects(pooled), "")
    if found and len(found.tipping):
        tipped = int((found.tipping["p"] >= 0.05).sum())
        said = "SLEDAI points by which imputed values are made worse, and the difference then "
        said += f"({minus}, with its p-value); p is 0.05 or more in {tipped} of {len(found.tipping)}."
        sections["Tipping point at the last visit"] = (_tipping(found.tipping, scored.arms), said)
    shown = [name for name in ("patient", "arm", "visit", "reason") if name in scored.verdicts]
    if "reason" in shown:
        sections["Every patient"] = (_with_arms(scored.verdicts[shown]), "")
    estimand = output.plain_table(scored.estimand.rename(columns={"attribute": "Estimand", "choice": ""}), markdown)
    if markdown:
        source, notes = output.markdown_text(source), [output.markdown_text(note) for note in notes]
    lines = [f"{heading}{scored.endpoint}: {source}", "", estimand, ""]
    for name, (part, said) in sections.items():
        lines += [f"{section}{name}", "", output.plain_table(part, markdown), ""] + ([said, ""] if said else [])
    return "\n".join([*lines, *(point + note for note in notes)])


def _with_arms(table: pd.DataFrame) -> pd.DataFrame:
    """Name the arm of patients without one."""
    return table.assign(arm=table["arm"].astype(object).fillna("(no arm)")) if "arm" in table else table


def _counts(counts: pd.DataFrame) -> pd.DataFrame:
    shown = _with_arms(counts[[name for name in ("definition", "visit", "arm") if name in counts]])
    shown = shown.assign(
        responders=[f"{x}/{n}" for x, n in zip(counts["responders"], counts["assessed"], strict=True)],
        rate=["" if math.isnan(rate) else f"{100 * rate:.1f}%" for rate in counts["rate"].astype(float)],
    )
    return shown.assign(**{"without a verdict": counts["open"]}) if counts["open"].any() else shown


def _comparison(compared: pd.DataFrame) -> pd.DataFrame:
    from lupus_kit.inference import TESTS

    shown = compared.drop(columns=["low", "high"])
    ends = compared[["difference", "low", "high"]].itertuples(index=False)
    shown["difference"] = [_effect("difference", *row) for row in ends]
    keys = [name.removeprefix("p_") for name in compared if name.startswith("p_")]
    for key in keys:
        shown[f"p_{key}"] = [
            p_value_text(p, "not defined" if key == "pearson" else "too large") for p in compared[f"p_{key}"]
        ]
    return shown.rename(columns={f"p_{key}": f"p, {TESTS[key].label}" for key in keys})


def _effects(effects: pd.DataFrame) -> pd.DataFrame:
    shown = effects[[name for name in ("definition", "visit", "analysis", "measure", "patients") if name in effects]]
    effect = [_effect(*row) for row in effects[["measure", "estimate", "low", "high"]].itertuples(index=False)]
    return shown.assign(effect=effect, p=[p_value_text(p, "") for p in effects["p"]])


def _tipping(tipping: pd.DataFrame, arms: tuple[str, ...]) -> pd.DataFrame:
    first, second = arms
    cells = [
        f"{100 * d:+.1f} ({p_value_text(p, 'no p')})" for d, p in zip(tipping["estimate"], tipping["p"], strict=True)
    ]
    wide = tipping.assign(cell=cells).pivot(index="delta", columns="delta_reference", values="cell")
    wide.index = [f"{delta:g}" for delta in wide.index]
    wide.columns = [f"{second} {delta:g}" for delta in wide.columns]
    return wide.reset_index(names=first)


def _effect(measure: str, estimate: float, low: float, high: float) -> str:
    if math.isnan(estimate):
        return ""
    if "ratio" in measure:
        return f"{estimate:.2f} ({low:.2f} to {high:.2f})"
    ends = "" if math.isnan(low) else f" ({100 * low:.1f} to {100 * high:.1f})"
    return f"{100 * estimate:{'' if measure == 'rate' else '+'}.1f}{ends}"


def _write_columns(columns: pd.DataFrame, form: output.TableFormat, out: Path | None, force: bool) -> None:
    """List the columns of a visit file for reading, or as a table."""
    if form is not output.TableFormat.table:
        output.write_result(output.table_text(columns, form), out, force=force)
        return
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
    output.write_result("\n".join(lines), out, force=force)
