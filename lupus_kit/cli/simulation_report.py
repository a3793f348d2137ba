"""What ``lupus-kit simulate`` gives: operating characteristics as one table, and written as JSON and a page."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator, Mapping
from string import Template
from typing import TYPE_CHECKING

from lupus_kit import __version__
from lupus_kit.core.templates import toml_beside
from lupus_kit.core.text import listing

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from lupus_kit.simulation import Simulation

_COLUMNS = ["quantity", "estimate", "mc_error", "low", "high"]

#: The truths that a plan is simulated under, and what they are called.
TRUTHS = {"assumed": "as the plan assumes", "no difference": "the arms respond alike, at the mean of their rates"}
_SAID = toml_beside(__file__, "simulation_report.toml")
NOTE: str = _SAID["note"]


def characteristics(results: Mapping[str, Simulation], coverage: bool = True) -> pd.DataFrame:
    """Put the operating characteristics of all truths under each other.

    Parameters
    ----------
    results : mapping of str to Simulation
        By truth.
    coverage : bool
        Whether the coverage of intervals is a part of it.

    Returns
    -------
    pandas.DataFrame
        Columns ``truth quantity estimate mc_error low high status`` (``estimated``, ``not estimable``: fewer than two trials
        tell of it, ``not defined``); the coverage of each interval is a quantity like others,
        and under ``no difference`` so is the largest familywise error with the common response rate where it lies.
    """
    import pandas as pd

    from lupus_kit.simulation import ResponseRates, familywise

    parts = []
    for truth, result in results.items():
        tables = [result.summary()]
        if coverage:
            covered = result.coverage()
            covered["quantity"] = covered["endpoint"] + ": coverage of the 95% interval, " + covered["label"]
            tables.append(covered.rename(columns={"coverage": "estimate"})[_COLUMNS])
        plan = results["assumed"].scenario
        if truth == "no difference" and isinstance(plan.assumptions, ResponseRates):
            found = familywise(plan.design, plan.assumptions, plan.plan, min(result.n_trials or 2, 200_000))
            tables.append(largest_error(found))
        table = pd.concat(tables, ignore_index=True).assign(truth=truth)
        without = table["quantity"].isin(result.undefined).map({True: "not defined", False: "not estimable"})
        table["status"] = without.where(table["estimate"].isna(), "estimated")
        parts.append(table[["truth", *_COLUMNS, "status"]])
    return pd.concat(parts, ignore_index=True)


def largest_error(table: pd.DataFrame) -> pd.DataFrame:
    """Two rows of the largest familywise error of a table: how large it is, and where it lies."""
    import pandas as pd

    top = table.iloc[0]
    size = top[["estimate", "mc_error", "low", "high"]].to_dict() | {"quantity": "familywise error, the largest"}
    where = {"quantity": f"familywise error, the largest: common rate ({top['null']})", "mc_error": 0.0}
    return pd.DataFrame([size, where | dict.fromkeys(("estimate", "low", "high"), top["rate"])])[_COLUMNS]


def as_json(table: pd.DataFrame, results: Mapping[str, Simulation], seed: int) -> str:
    """Write everything for a program: the plan, the table, and the distributions of the p-values."""
    from lupus_kit.simulation.trials.truth import ESTIMANDS

    first = next(iter(results.values()))
    whole = {
        "version": __version__,
        "trials": first.n_trials,
        "seed": seed,
        "depth": first.scenario.depth,
        "estimand": {first.truth.estimand: ESTIMANDS[first.truth.estimand]},
        "plan": first.scenario.to_dict(),
        "truths": {truth: TRUTHS[truth] for truth in results},
        "operating_characteristics": _records(table),
        "p_values": [
            {"truth": truth} | row
            for truth, result in results.items()
            for row in _records(result.pvalue_distribution())
        ],
        "note": NOTE,
    }
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def _records(table: pd.DataFrame) -> list[dict[str, object]]:
    """Rows as plain values; nan becomes null, which JSON has."""
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    return [{str(key): value for key, value in row.items()} for row in rows]


def side_by_side(table: pd.DataFrame) -> pd.DataFrame:
    """Give each truth a column of text, with the Monte Carlo error in brackets; for reading.

    Examples
    --------
    >>> import pandas as pd
    >>> row = {"truth": "assumed", "quantity": "power", "estimate": 0.5, "mc_error": 0.005}
    >>> side_by_side(pd.DataFrame([row])).loc[0].tolist()
    ['power', '0.5000 (0.0050)']
    """
    import pandas as pd

    from lupus_kit.simulation.monte_carlo import in_words

    shown = pd.DataFrame({"quantity": table["quantity"].drop_duplicates().reset_index(drop=True)})
    for truth, part in table.groupby("truth", sort=False):
        cells = {row["quantity"]: in_words(row) for _, row in part.iterrows()}
        shown[str(truth)] = [cells.get(name, "–") for name in shown["quantity"]]
    return shown


def as_page(table: pd.DataFrame, results: Mapping[str, Simulation], seed: int, plan_text: str) -> str:
    """Write a page that loads nothing: the plan, the table, pictures, and the plan file as it was given."""
    from lupus_kit.simulation.trials.truth import ESTIMANDS

    first = next(iter(results.values()))
    title = f"{first.n_trials:,} simulated trials of {listing(first.scenario.sizes)} patients, "
    title += f"{first.scenario.depth} level, seed {seed}"
    shown = side_by_side(table).rename(columns={truth: f"{truth}: {TRUTHS[truth]}" for truth in results})
    drawn = [f"<figure>{png}<figcaption>{html.escape(said)}</figcaption></figure>" for said, png in pictures(results)]
    texts = {"title": title, "estimand": ESTIMANDS[first.truth.estimand], "note": NOTE, "file": plan_text}
    parts = {"style": _SAID["style"], "plan": first.plan._repr_html_(), "table": shown.to_html(index=False, border=0)}
    parts |= {"pictures": "\n".join(drawn), "version": __version__}
    return Template(_SAID["page"]).substitute(parts | {name: html.escape(text) for name, text in texts.items()})


def pictures(results: Mapping[str, Simulation]) -> Iterator[tuple[str, str]]:
    """Draw what the trials end with; each picture with its caption."""
    from lupus_kit import figures

    def picture(axes: Axes) -> str:
        return figures.img(figures.png(axes), figures.alt_text(axes))

    summaries = {truth: result.summary() for truth, result in results.items()}
    yield "Probabilities of what a trial ends with", picture(figures.simulation.operating_characteristics(summaries))
    for truth, result in results.items():
        found = result.pvalue_distribution()
        for endpoint in found["endpoint"].unique():
            drawn = figures.simulation.pvalue_distribution(found, result.plan.alpha, endpoint)
            yield f"p-values of the {endpoint} endpoint, {TRUTHS[truth]}", picture(drawn)
    first = next(iter(results.values()))
    for k, one in enumerate(first.scenario.comparisons):
        if one.tested:
            drawn = figures.simulation.exaggeration(first.estimates(one.name), first.truth.difference(k))
            yield f"Estimates of the {one.name} endpoint, {TRUTHS['assumed']}", picture(drawn)
