"""The command ``lupus-kit power``: exact power, true size and sample size of tests of two rates, side by side."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING

from lupus_kit.cli import output
from lupus_kit.core.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

#: Shown unless others are named: the textbook test, the exact conditional, the exact unconditional.
SHOWN = ("pearson", "fisher", "boschloo")
# Exact sums of the slowest tests take half a minute there; beyond it a large-sample formula is as good.
_LARGEST = 1000


@output.described
def power(
    rates: list[str] | None = None,
    per_arm: int | None = None,
    arms: tuple[int, int] | None = None,
    target: str | None = None,
    ratio: float | None = None,
    test: list[str] | None = None,
    alpha: float = 0.05,
    alternative: str = "two-sided",
    format: output.Format = None,
    out: output.Out = None,
    force: output.Force = False,
    quiet: output.Quiet = False,
    list_tests: bool = False,
) -> None:
    """Exact power, true size and sample size for two response rates; every possible table is added up."""
    form = output.chosen_format(format, out, output.TableFormat)
    if list_tests:
        output.write_result(_tests(form), out, force=force)
        return
    first, second = _two_rates(rates)
    asked = output.only_one(
        {"--per-arm": per_arm is not None, "--arms": arms is not None, "--target": target is not None},
        "For example: lupus-kit power 0.55 0.30 --per-arm 30, or lupus-kit power 0.55 0.30 --target 0.8.",
    )
    if ratio is not None and asked != "--target":
        raise InputError(f"--ratio {ratio:g} goes with --target; with {asked} the arms are given already.")
    keys = _keys(test)
    question: dict[str, object] = {"rate1": first, "rate2": second, "alpha": alpha, "alternative": alternative}
    if target is not None:
        question["target"] = wanted = _probability("--target", target)
        table = sample_sizes(keys, first, second, wanted, alpha, 1.0 if ratio is None else ratio, alternative)
    else:
        n1, n2 = arms if arms is not None else (per_arm or 0, per_arm or 0)
        for n in (n1, n2):
            if not 1 <= n <= _LARGEST:
                raise InputError(f"{asked}: {n} patients in an arm; from 1 to {_LARGEST} can be added up exactly.")
        table = powers(keys, first, second, n1, n2, alpha, alternative)
    output.write_result(render(table, question, form), out, force=force)


def _two_rates(given: list[str] | None) -> tuple[float, float]:
    if given is None or len(given) != 2:
        example = "for example lupus-kit power 0.55 0.30 --per-arm 30"
        raise InputError(f"two response rates are needed, one for each arm ({len(given or [])} given), {example}.")
    return _probability("RATE1", given[0]), _probability("RATE2", given[1])


def _probability(name: str, text: str) -> float:
    """Read 0.55, 55% or 16/29."""
    try:
        value = Fraction(text.strip().removesuffix("%").strip()) / (100 if text.strip().endswith("%") else 1)
    except (ValueError, ZeroDivisionError):
        raise InputError(f"{name} is {text!r}: write a probability as 0.55, 55% or 16/29.") from None
    if not 0 <= value <= 1:
        raise InputError(f"{name} is {text!r}: a probability lies from 0 to 1 (or 0% to 100%).")
    return float(value)


def _keys(given: list[str] | None) -> list[str]:
    """Return the keys of the tests, each once, all of them known."""
    from lupus_kit.inference.two_by_two.registry import TESTS, get

    if not given:
        return list(SHOWN)
    return list(TESTS) if "all" in given else list(dict.fromkeys(get(key).key for key in given))


def powers(
    tests: list[str], rate1: float, rate2: float, n1: int, n2: int, alpha: float, alternative: str
) -> pd.DataFrame:
    """Tabulate exact power and true size of tests in one trial.

    Returns
    -------
    pandas.DataFrame
        One row per test: ``test label n1 n2 power harm size size_at``. ``power`` is the chance of a rejection in favour of
        the first arm (with the alternative ``"less"``, of the second), ``harm`` that of a two-sided rejection in favour of
        the second, ``nan`` for one-sided tests. ``size`` counts both; ``size_at`` is the common response rate at which
        the probability of a false rejection is largest.

    Examples
    --------
    >>> powers(["pearson"], 0.1, 0.6, 30, 30, 0.05, "two-sided")[["power", "harm"]].round(4).to_numpy().tolist()
    [[0.0, 0.9927]]
    """
    import numpy as np
    import pandas as pd

    from lupus_kit import inference
    from lupus_kit.inference.binomial import binomial_pmf

    rows = []
    for key in tests:
        found = inference.size(key, n1, n2, alpha, alternative)
        reached, harm = float(inference.power(key, rate1, rate2, n1, n2, alpha, alternative)), float("nan")
        if alternative == "two-sided":
            x1, x2 = np.arange(n1 + 1), np.arange(n2 + 1)
            wrong = inference.rejection_region(key, n1, n2, alpha) & (x1[:, None] * n2 < x2 * n1)
            harm = float(binomial_pmf(x1, n1, rate1) @ wrong @ binomial_pmf(x2, n2, rate2))
            reached = max(reached - harm, 0.0)
        row = {"test": key, "label": inference.TESTS[key].label, "n1": n1, "n2": n2, "power": reached, "harm": harm}
        rows.append(row | {"size": found.size, "size_at": found.nuisance})
    return pd.DataFrame(rows)


def sample_sizes(
    tests: list[str], rate1: float, rate2: float, target: float, alpha: float, ratio: float, alternative: str
) -> pd.DataFrame:
    """Tabulate the smallest trials from which on exact power stays at a target or above.

    Returns
    -------
    pandas.DataFrame
        The columns of :func:`powers`, and ``first_n1``: the smallest first arm that reaches the target at all.

    Examples
    --------
    >>> sample_sizes(["pearson"], 0.9, 0.2, 0.9, 0.05, 1.0, "two-sided")["n1"].tolist()
    [8]
    """
    import pandas as pd

    from lupus_kit import inference

    if alternative == "two-sided" and rate1 < rate2:
        raise InputError(f"RATE1 {rate1:.4g} is below RATE2 {rate2:.4g}: power is the chance to find that the first arm "
                         "responds more. Name the better arm first, or add --alternative less.")  # fmt: skip
    found = [inference.sample_size(key, rate1, rate2, target, alpha, ratio, alternative) for key in tests]
    tables = [powers([one.test], rate1, rate2, one.n1, one.n2, alpha, alternative) for one in found]
    return pd.concat(tables, ignore_index=True).assign(first_n1=[one.first_n1 for one in found])


def render(table: pd.DataFrame, question: dict[str, object], form: output.TableFormat) -> str:
    """Write the table for reading, or for a program."""
    if form is output.TableFormat.csv:
        return output.table_text(table, form)
    if form is output.TableFormat.json:
        rows = json.loads(table.to_json(orient="records", double_precision=15))
        return json.dumps(question | {"tests": rows}, indent=2, ensure_ascii=False) + "\n"
    alpha = float(str(question["alpha"]))
    shown = table[["label", "test", "n1", "n2"]].rename(columns={"label": "test", "test": "key"}).astype(str)
    shown["power"] = [f"{value:.3f}" for value in table["power"]]
    if table["harm"].notna().all():
        shown["harm found"] = [f"{value:.3f}" if value >= 5e-4 else "<0.001" for value in table["harm"]]
    shown["true size"] = [f"{size:.4f}{' (exceeds alpha)' if size > alpha else ''}" for size in table["size"]]
    lines = [
        f"Response rates {question['rate1']:.4g} and {question['rate2']:.4g}, {question['alternative']}, "
        f"alpha {alpha:g}" + (f", target power {question['target']:g}" if "target" in question else ""),
        "",
        output.plain_table(shown, form is output.TableFormat.markdown),
        "",
        "Power is exact: the probability of every table that the test rejects, added up; of a two-sided test those in favour "
        "of the first arm are power, those in favour of the second harm found. True size is the largest probability of "
        "rejecting when both arms respond alike.",
    ]
    if "first_n1" in table:
        lines.append("From these numbers on, more patients never bring power below the target (as far as was checked).")
        lines += [
            f"{row.label}: {row.first_n1} in the first arm reach it already, but power dips again above that."
            for row in table.itertuples()
            if row.first_n1 < row.n1
        ]
    return "\n".join(lines) + "\n"


def _tests(form: output.TableFormat) -> str:
    from lupus_kit import inference

    table = inference.describe().reset_index()
    for_reading = form in (output.TableFormat.table, output.TableFormat.markdown)
    return output.table_text(table[["key", "label", "family", "use"]] if for_reading else table, form)
