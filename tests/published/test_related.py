"""Trials before and after a study: facts with their source, contradictions beside each other, and files that load."""

from __future__ import annotations

import pytest

from lupus_kit import audit, published
from lupus_kit.core.errors import InputError


def test_each_fact_has_a_source_a_confidence_and_a_study_that_loads():
    facts = published.related("he2020")
    assert set(facts["key"]) == {"nct02084238", "lupil2", "nct04077684"}
    assert (facts[["relation", "design", "known", "source"]] != "").all(axis=None)
    assert set(facts["confidence"]) <= {"V", "M+", "M", "D"}
    for row in facts.itertuples():
        assert row.registry in published.load(row.key).trial.registry


def test_records_that_contradict_each_other_are_all_shown():
    # CenterWatch's copy of the registry's summary, the WHO's registry platform, ClinicalIndex's copy of the registry.
    facts = published.related("he2020").query("key == 'nct04077684'")
    assert dict(zip(facts["n"], facts["source"].str.split().str[0], strict=True)) == {
        500: "CenterWatch",
        160: "WHO",
        152: "ClinicalIndex",
    }
    assert published.load("nct04077684").records == (), "nothing unpublished stands as a result"


def test_before_and_after_are_as_registered():
    assert published.related("he2020").query("key == 'nct02084238'")["n"].tolist() == [40, 38]
    lupil2 = {claim.id: claim for claim in published.load("lupil2").records}
    assert (lupil2["sri4_week12"].role, lupil2["sri4_week12"].met) == ("primary", "not met")
    # 53 patients in all: exact search over every split.
    splits = [
        (x1, n1, x2, 53 - n1)
        for n1 in range(1, 53)
        for x1, _ in audit.counts_from_percent("83.3", n=n1)
        for x2, _ in audit.counts_from_percent("51.7", n=53 - n1)
    ]
    assert splits == [audit.claim_counts(published.load("lupil2"), "sri4_week12_per_protocol")]


def test_a_study_without_related_ones_gives_no_row_and_an_unknown_one_is_named():
    assert list(published.related("tulip1")) == list(published.related("he2020"))
    assert published.related("tulip1").empty
    with pytest.raises(InputError, match="did you mean 'he2020'"):
        published.related("he2o2o")


def test_what_the_trial_is_about_survives_a_claims_file(tmp_path):
    study = published.load("he2020")
    (tmp_path / "copy.toml").write_text(published.claims_toml(study), encoding="utf-8")
    trial = published.load(tmp_path / "copy.toml").trial
    assert (trial.population, trial.design) == (study.trial.population, study.trial.design) != ("", "")
