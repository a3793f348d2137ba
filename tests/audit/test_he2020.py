"""The studies that ship: which of their numbers counts give, and which they cannot.

The crude values were recomputed from the counts by other hands than the kit's when the studies were collected; they stand
here with the digits noted then. Where a value is also exact arithmetic, the arithmetic is beside it.
"""

from __future__ import annotations

from functools import cache

import pytest
from references.cases import case
from references.reading import ACCUSING, checked, everything_said, fitting, words
from references.reading import recomputed as recomputed_text

from lupus_kit import audit, inference, published

OTHERS = [name for name in published.studies() if name != "he2020"]
MARKS = {"V", "M+", "M", "D"}


@cache
def report(name: str) -> audit.Report:
    return audit.check(name)


def line(name: str, claim: str, what: str) -> audit.CheckedValue:
    return checked(report(name))[claim, what]


def recomputed(name: str, claim: str, what: str, analysis: str) -> str:
    """What one analysis gave, whether it fits or not."""
    return recomputed_text(line(name, claim, what), analysis)


def test_the_studies_are_there():
    for wanted in [
        *("bliss52", "bliss76", "tulip1", "tulip2", "embrace", "illuminate1", "muse", "slebrave1", "lupil2", "he2020"),
    ]:
        with case(wanted):
            assert wanted in published.studies()


def test_every_claim_says_where_it_was_read_and_how_sure_that_is():
    for name in OTHERS:
        with case(name):
            study = published.load(name)
            assert study.trial.key == name
            assert study.remarks == ()
            for claim in study.records:
                assert claim.confidence in MARKS
                assert (
                    claim.source
                    or "not kept" in f"{study.trial.note} {claim.note} {study.trial.source}"
                    or claim.confidence != "V"
                )
                if not claim.p and claim.kind == "binary" and claim.confidence != "D":
                    assert "no p-value" in claim.note or "component" in claim.endpoint


@pytest.mark.parametrize("name", ["embrace", "lupil2", "tulip2", "slebrave1"])
def test_no_report_accuses_anybody(name):
    assert ACCUSING.findall(everything_said(report(name))) == []


# ------------------------------------------------------------------ those that counts give


def test_bliss_52_reproduces_to_the_last_digit():
    high, low = line("bliss52", "sri_10mg", "p"), line("bliss52", "sri_1mg", "p")
    assert (high.verdict, low.verdict) == ("some", "some")
    assert "Pearson chi-squared" in fitting(high)
    assert "Pearson chi-squared" in fitting(low)
    assert recomputed("bliss52", "sri_10mg", "effect", "Woolf (log)") == "1.76 (1.27 to 2.45)"
    assert recomputed("bliss52", "sri_1mg", "effect", "Woolf (log)") == "1.37 (0.99 to 1.90)"
    assert line("bliss52", "sri_10mg", "effect").sentence.startswith("reproduced")
    for claim, arm, counts in (
        ("sri_10mg", "belimumab 10 mg/kg", "167/290"),
        ("sri_1mg", "belimumab 1 mg/kg", "148/288"),
        ("sri_1mg", "placebo", "125/287"),
    ):
        assert recomputed_text(line("bliss52", claim, arm)).startswith(counts)


def test_the_adjusted_bliss_52_is_told_apart_from_the_crude_one():
    for claim in ("sri_10mg_adjusted", "sri_1mg_adjusted"):
        row = line("bliss52", claim, "p")
        assert row.verdict == "model"
        assert "adjusted" in row.sentence
        assert row.sentence.endswith(f"not reproduced by any of {audit.n_analyses()} analyses")
        assert line("bliss52", claim, "effect").verdict == "model"


def test_bliss_76_misses_one_end_and_one_rate_by_one_in_the_last_digit():
    assert recomputed("bliss76", "sri_1mg", "effect", "Woolf (log)") == "1.36 (0.96 to 1.93)"  # printed (0.95-1.93)
    arm = line("bliss76", "sri_1mg", "belimumab 1 mg/kg")
    assert arm.printed == "40.7% (110/271)"
    assert round(100 * 110 / 271, 1) == 40.6
    assert arm.sentence == "not reproduced by its own count"
    assert "Pearson chi-squared" in fitting(line("bliss76", "sri_1mg", "p"))
    assert recomputed("bliss76", "sri_10mg", "effect", "Woolf (log)") == "1.51 (1.07 to 2.14)"
    assert recomputed("bliss76", "sri_10mg", "p", "Pearson chi-squared").startswith("0.018")


# ------------------------------------------------------------------ those that counts cannot


@pytest.mark.parametrize(
    ("name", "claim", "pearson"),
    [
        ("embrace", "sri_s2k", ".159"),
        ("illuminate1", "sri5_q2w", ".460"),
        ("illuminate1", "sri5_q4w", ".083"),
        ("slebrave1", "sri4_4mg", ".018"),
        ("tulip1", "sri4_original", ".420"),
    ],
)
def test_adjusted_values_that_no_crude_analysis_gives_are_said_to_be_adjusted(name, claim, pearson):
    row = line(name, claim, "p")
    assert f"{float(recomputed(name, claim, 'p', 'Pearson chi-squared')):.3f}"[1:] == pearson
    assert row.verdict == "model"
    assert f"not reproduced by any of {audit.n_analyses()} analyses" in row.sentence
    assert row.sentence.startswith(
        "stratified: not checkable from these counts"
        if row.claim.stratified
        else "from an adjusted or stratified analysis"
    )
    assert "adjusted or stratified" in report(name).reading
    assert "the paper: " in words(row)


def test_the_crude_odds_ratios_of_embrace_and_sle_brave_differ_from_the_printed_ones():
    for name, claim, crude in (("embrace", "sri_s2k", "1.33"), ("slebrave1", "sri4_4mg", "1.52")):
        assert recomputed(name, claim, "effect", "Woolf (log)").startswith(crude)
        assert line(name, claim, "effect").verdict == "model"


def test_lupil_2_is_given_by_no_crude_test():
    row = line("lupil2", "sri4_week12", "p")
    assert row.sentence == f"not reproduced by any of {audit.n_analyses()} analyses"
    assert recomputed("lupil2", "sri4_week12", "p", "Pearson chi-squared").startswith("0.300")
    assert recomputed("lupil2", "sri4_week12", "p", "Fisher (point probability)").startswith("0.407")
    assert "no accusation" in report("lupil2").reading
    assert "covariates or strata" in report("lupil2").reading


def test_a_rate_of_a_model_is_not_called_a_miscount():
    row = line("tulip2", "bicla", "placebo")
    assert row.printed == "31.5% (57/182)"
    assert recomputed_text(row) == "57/182 = 31.32%"
    assert row.verdict == "model"
    placebo = line("slebrave1", "sri4_4mg", "placebo")  # 116/253 = 45.85 %, printed 45.9 %
    assert placebo.verdict == "model"
    assert "142/252 v 116/253" in line("slebrave1", "sri4_4mg", "p").sentence


# ------------------------------------------------------------------ TULIP, stratified


def test_tulip_beside_its_crude_numbers():
    assert recomputed("tulip_pooled", "sri4", "effect", "Wald").startswith("12.1 ")
    assert inference.compare(188, 360, 147, 366).difference == pytest.approx(0.1206, abs=5e-5)
    assert recomputed("tulip_pooled", "sri4", "p", "Pearson chi-squared") == "0.0011"
    assert recomputed("tulip2", "bicla", "p", "Pearson chi-squared") == "0.0014"
    assert recomputed("tulip2", "bicla", "effect", "Wald").startswith("16.5 ")
    for name in ("tulip1", "tulip2", "tulip_pooled"):
        printed = report(name).verdicts("claims").query("what == 'p' and printed != 'not printed'")
        stratified = {c.id for c in published.load(name).records if "Mantel" in c.analysis and c.p}
        assert set(printed[printed["verdict"] == "model"]["claim"]) == stratified


def test_tulip_2_and_tulip_1_add_up_to_the_pooled_trials():
    def counts(name: str, claim: str) -> tuple[int, ...]:
        return audit.claim_counts(published.load(name), claim)

    for claim, mine in (("sri4", ("sri4_amended", "sri4")), ("bicla", ("bicla", "bicla"))):
        summed = tuple(a + b for a, b in zip(counts("tulip1", mine[0]), counts("tulip2", mine[1]), strict=True))
        assert summed == counts("tulip_pooled", claim)


def test_the_discordance_table_of_tulip_1():
    cells = {"anifrolumab": (83, 76, 9, 12), "placebo": (101, 51, 4, 28)}  # neither, both, BICLA only, SRI-4 only
    claims = {c.arms[0]: c for c in published.load("tulip1").records if c.kind == "paired"}
    for arm, (neither, both, bicla, sri) in cells.items():
        claim = claims[arm]
        n = neither + both + bicla + sri
        assert claim.visits == ("SRI-4", "BICLA")
        assert claim.reported == (f"{both + sri}/{n}", f"{both + bicla}/{n}")
        assert claim.both == both
        assert published.load("tulip1").trial.n_randomised[arm] == n


# ------------------------------------------------------------------ other cases


def test_ns_is_an_inequality():
    row = line("paisley", "sri4_12mg", "p")
    assert row.printed == "NS"
    assert float(inference.pvalue("pearson", 40, 89, 31, 90)) > 0.05


def test_telitacicept_prints_an_adjusted_difference():
    # 67.1 % of 167 is 112, 32.7 % of 168 is 55: a crude difference of 34.3 points.
    assert recomputed("telitacicept2025", "sri4_week52", "effect", "Wald").startswith("34.3 ")
