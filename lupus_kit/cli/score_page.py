"""One page for a scored file: the estimand, responders by visit, the arms compared, every patient, and what was assumed."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

from lupus_kit.cli.output import TableFormat, csv_text, plain_table

if TYPE_CHECKING:
    import pandas as pd

    from lupus_kit.endpoints import Scored

_NO_ARM = "(no arm)"


def render(scored: Scored, source: str, notes: list[str], form: TableFormat) -> str:
    """Write the whole result as a table, Markdown, JSON or CSV; the last of the notes is the one on clinical use."""
    if form is TableFormat.csv:
        return csv_text(scored.to_frame())
    found, compared = scored.analysis, scored.comparison()
    if form is TableFormat.json:
        whole = {"endpoint": scored.endpoint, "source": source, "note": notes[-1], "notes": notes[:-1]}
        parts = {"estimand": scored.estimand, "responders": scored.responders(), "comparison": compared}
        if found:
            parts |= {"analysis": found.effects, "imputation": found.imputed, "tipping": found.tipping}
        parts["patients"] = scored.to_frame()
        whole |= {name: json.loads(part.to_json(orient="records")) for name, part in parts.items()}
        return json.dumps(whole, indent=2, ensure_ascii=False)
    markdown = form is TableFormat.markdown
    heading, section, point = ("# ", "## ", "- ") if markdown else ("", "", "")
    title = "Responders by visit" if scored.verdict == "responder" else f"By visit: {scored.endpoint}"
    several = "definition" in scored.verdicts and len(compared) > 0  # the arms hold the same counts
    sections = {} if several else {title: (_counts(scored.responders()), "")}
    minus = f"{scored.arms[0]} minus {scored.arms[1]}" if scored.arms else ""
    if len(compared):
        said = (
            f"The difference is {minus} in percentage points, with its 95% Miettinen–Nurminen interval; the p-values are "
            "two-sided."
        )
        sections["The two arms"] = (_comparison(compared), said)
    if found and len(found.effects):
        said = f"Risk differences are {minus} in percentage points, ratios {minus.replace(' minus ', ' over ')}; intervals are 95%."
        sections["Strata and covariates"] = (_effects(found.effects), said)
    if found and len(found.imputed):
        sections["Multiple imputation"] = (_imputed(found.imputed), "")
    if found and len(found.tipping):
        said = f"SLEDAI points by which imputed values are made worse, and the difference then ({minus}, with its p-value)."
        sections["Tipping point at the last visit"] = (_tipping(found.tipping, scored.arms), said)
    shown = [name for name in ("patient", "arm", "visit", "reason") if name in scored.verdicts]
    if "reason" in shown:
        sections["Every patient"] = (_with_arms(scored.verdicts[shown]), "")
    estimand = plain_table(scored.estimand.rename(columns={"attribute": "Estimand", "choice": ""}), markdown)
    lines = [f"{heading}{scored.endpoint}: {source}", "", estimand, ""]
    for name, (part, said) in sections.items():
        lines += [f"{section}{name}", "", plain_table(part, markdown), ""] + ([said, ""] if said else [])
    return "\n".join([*lines, *(point + note for note in notes)])


def _with_arms(table: pd.DataFrame) -> pd.DataFrame:
    """Name the arm of patients without one."""
    if "arm" not in table:
        return table
    return table.assign(arm=table["arm"].astype(object).where(table["arm"].notna(), _NO_ARM))


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
    shown["difference"] = [_points(*row) for row in ends]
    keys = [name.removeprefix("p_") for name in compared if name.startswith("p_")]
    for key in keys:
        shown[f"p_{key}"] = [_p(p, "too large") for p in compared[f"p_{key}"]]
    return shown.rename(columns={f"p_{key}": f"p, {TESTS[key].label}" for key in keys})


def _effects(effects: pd.DataFrame) -> pd.DataFrame:
    shown = effects[[name for name in ("definition", "visit", "analysis", "measure", "patients") if name in effects]]
    rows = effects[["measure", "estimate", "low", "high"]].itertuples(index=False)
    effect = [_points(*row) if measure == "risk difference" else _ratio(*row) for measure, *row in rows]
    return shown.assign(effect=effect, p=[_p(p) for p in effects["p"]])


def _imputed(imputed: pd.DataFrame) -> pd.DataFrame:
    ends = imputed[["estimate", "low", "high"]].itertuples(index=False)
    return imputed[["visit", "quantity"]].assign(
        percent=[_points(*row).removeprefix("+") if math.isnan(p) else _points(*row)
                 for row, p in zip(ends, imputed["p"], strict=True)],
        p=[_p(p) for p in imputed["p"]],
    )  # fmt: skip


def _tipping(tipping: pd.DataFrame, arms: tuple[str, ...]) -> pd.DataFrame:
    first, second = arms
    cells = [f"{100 * d:+.1f} ({_p(p) or 'no p'})" for d, p in zip(tipping["estimate"], tipping["p"], strict=True)]
    wide = tipping.assign(cell=cells).pivot(index="delta", columns="delta_reference", values="cell")
    wide.index = [f"{delta:g}" for delta in wide.index]
    wide.columns = [f"{second} {delta:g}" for delta in wide.columns]
    return wide.reset_index(names=first)


def _points(estimate: float, low: float, high: float) -> str:
    if math.isnan(low):
        return f"{100 * estimate:+.1f}"
    return f"{100 * estimate:+.1f} ({100 * low:.1f} to {100 * high:.1f})"


def _ratio(estimate: float, low: float, high: float) -> str:
    return "" if math.isnan(estimate) else f"{estimate:.2f} ({low:.2f} to {high:.2f})"


def _p(p: float, otherwise: str = "") -> str:
    return otherwise if math.isnan(p) else f"{p:.4f}" if p >= 0.00005 else "<0.0001"
