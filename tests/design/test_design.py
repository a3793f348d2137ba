"""The design of the trial, and allocation in permuted blocks."""

from __future__ import annotations

import dataclasses
from collections import Counter
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lupus_kit import design
from lupus_kit.core.errors import InputError

SOME = settings(max_examples=100, deadline=None, derandomize=True)


@pytest.fixture
def trial() -> design.TrialDesign:
    return design.he2020()


# ------------------------------------------------------------------ dosing


def test_seven_injections_every_other_day_in_each_of_three_cycles(trial):
    active = trial.dosing_calendar().query("arm == 'IL-2'")
    # Written out by hand: two weeks on, two weeks off.
    first = [0, 2, 4, 6, 8, 10, 12]
    assert active["day"].tolist() == first + [28 + d for d in first] + [56 + d for d in first]
    assert active["cycle"].tolist() == [1] * 7 + [2] * 7 + [3] * 7
    assert active["injection"].tolist() == list(range(1, 22))
    assert active["week"].tolist() == [d / 7 for d in active["day"]]
    assert active["day"].max() == 68


def test_one_million_units_each_and_twenty_one_in_all(trial):
    calendar = trial.dosing_calendar()
    assert calendar.columns.tolist() == ["arm", "cycle", "injection", "day", "week", "dose_miu", "cumulative_dose_miu"]
    assert len(calendar) == 42
    active, placebo = (calendar[calendar["arm"] == arm.name] for arm in trial.arms)
    assert active["dose_miu"].tolist() == [1.0] * 21
    assert active["cumulative_dose_miu"].tolist() == [float(k) for k in range(1, 22)]
    assert trial.cumulative_dose_miu == 21.0
    # The placebo is injected on the same days.
    assert placebo["day"].tolist() == active["day"].tolist()
    assert placebo["dose_miu"].sum() == 0
    assert placebo["cumulative_dose_miu"].max() == 0
    assert trial.dosing.n_injections == 21
    assert trial.dosing.weeks == trial.primary_week == 12


def test_arms_and_visits(trial):
    assert [(arm.name, arm.n_randomised) for arm in trial.arms] == [("IL-2", 30), ("placebo", 30)]
    assert trial.n_randomised == 60
    assert [(visit.name, visit.week) for visit in trial.visits] == [("baseline", 0), ("week 12", 12), ("week 24", 24)]
    assert trial.follow_up_week == 24
    assert trial.arm("placebo").dose_miu == 0
    with pytest.raises(InputError, match="'IL-2', 'placebo'"):
        trial.arm("control")


def test_what_is_not_public_is_said_to_be(trial):
    facts = trial.facts()
    assert facts.columns.tolist() == ["topic", "fact", "source", "reported"]
    missing = facts[~facts["reported"]]
    assert set(missing["fact"]) == {"not reported"}
    assert set(missing["source"]) == {""}
    for word in ("visit schedule", "sample-size", "missing from the analysis", "remission of nephritis"):
        assert missing["topic"].str.lower().str.contains(word).sum() == 1, word
    known = facts[facts["reported"]]
    assert (known["source"].str.len() > 0).all()
    assert not known["fact"].str.contains("not reported").any()
    assert facts["topic"].is_unique


def test_eligibility_facts(trial):
    facts = trial.facts().set_index("topic")["fact"]
    assert facts["Age"] == "18 to 65 years"
    assert facts["Disease activity at entry"] == "SLEDAI of 8 or more"
    assert "ACR 1997" in facts["Classification"]


def test_the_design_shows_itself_and_escapes(trial):
    shown = trial._repr_html_()
    for part in ("21 injections", "21 MIU", "week 12", "week 24", "IL-2", "placebo", "7 injections", "every 2 days"):
        assert part in shown
    arms = (dataclasses.replace(trial.arms[0], name="<b>IL-2</b>"), trial.arms[1])
    assert "<b>IL-2</b>" not in dataclasses.replace(trial, arms=arms)._repr_html_()


def test_a_frame_that_is_changed_stays_with_its_owner(trial):
    calendar = trial.dosing_calendar()
    calendar["day"] = 0
    assert trial.dosing_calendar()["day"].max() == 68
    facts = trial.facts()
    facts["fact"] = ""
    assert design.he2020().facts()["fact"].str.len().min() > 0


@SOME
@given(
    cycles=st.integers(1, 6),
    injections=st.integers(1, 10),
    gap=st.integers(1, 4),
    weeks_on=st.integers(1, 6),
    weeks_off=st.integers(0, 4),
)
def test_any_dosing_plan_fits_its_weeks_or_is_refused(cycles, injections, gap, weeks_on, weeks_off):
    arguments = (cycles, injections, gap, weeks_on, weeks_off)
    if (injections - 1) * gap >= 7 * weeks_on:
        with pytest.raises(InputError, match="weeks_on"):
            design.DosingPlan(*arguments)
        return
    plan = design.DosingPlan(*arguments)
    days = plan.days()
    assert len(days) == plan.n_injections == cycles * injections
    for cycle, group in days.groupby("cycle"):
        start = 7 * (cycle - 1) * (weeks_on + weeks_off)
        assert group["day"].tolist() == list(range(start, start + injections * gap, gap))
        assert group["day"].max() < start + 7 * weeks_on
    assert days["day"].is_monotonic_increasing
    assert days["day"].is_unique


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"primary_week": 13}, "primary_week == 13"),
        ({"follow_up_week": 13}, "follow_up_week == 13"),
        ({"follow_up_week": "24"}, "follow_up_week == '24' is not a visit"),
        ({"primary_week": [12]}, r"primary_week == \[12\]"),
        ({"arms": (design.Arm("a", 3, "x", 1.0),)}, "at least two arms"),
        ({"arms": (design.Arm("a", 3, "x", 1.0), design.Arm("a", 3, "y", 0.0))}, "different names"),
        ({"visits": (design.Visit("b", 12, ""), design.Visit("a", 0, ""))}, "in order"),
    ],
)
def test_a_design_that_contradicts_itself_is_refused(trial, change, said):
    with pytest.raises(InputError, match=said):
        dataclasses.replace(trial, **change)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: design.Arm("a", 0, "x", 1.0), "n_randomised == 0"),
        (lambda: design.Arm("a", 3, "x", -1.0), "dose_miu == -1.0"),
        (lambda: design.Visit("a", "12", ""), "week == '12'"),
        (lambda: design.Visit("a", 1.5, ""), "week == 1.5"),
        (lambda: design.DosingPlan(3, 8, 2, 2, 2), "day 14"),
        (lambda: design.DosingPlan(0, 7, 2, 2, 2), "cycles == 0"),
        (lambda: design.DosingPlan(3, 0, 2, 2, 2), "injections_per_cycle == 0"),
        (lambda: design.DosingPlan(3, 7, 0, 2, 2), "days_between_injections == 0"),
        (lambda: design.DosingPlan(3, 7, -2, 2, 2), "days_between_injections == -2"),
        (lambda: design.DosingPlan(3, 7, 2, 2, -1), "weeks_off == -1"),
    ],
)
def test_impossible_arms_and_plans_are_refused(make, said):
    with pytest.raises(InputError) as caught:
        make()
    assert said in str(caught.value)


# ------------------------------------------------------------------ allocation

ratios = st.one_of(
    st.sampled_from([["IL-2", "placebo"], ["a", "b", "c"]]),
    st.dictionaries(st.sampled_from(["a", "b", "c"]), st.integers(1, 3), min_size=2, max_size=3),
)


@st.composite
def plans(draw):
    arms = draw(ratios)
    weights = dict(arms) if isinstance(arms, dict) else dict.fromkeys(arms, 1)
    divisor = int(np.gcd.reduce(list(weights.values())))
    weights = {arm: weight // divisor for arm, weight in weights.items()}
    unit = sum(weights.values())
    sizes = [unit * k for k in draw(st.lists(st.integers(1, 3), min_size=1, max_size=3, unique=True))]
    return arms, weights, sizes, draw(st.integers(1, 70)), draw(st.integers(0, 2**32))


@SOME
@given(plans())
def test_every_complete_block_holds_the_arms_in_their_ratio(plan):
    arms, weights, sizes, n, seed = plan
    allocation = design.permuted_blocks(n, arms, sizes, seed)
    assert allocation.columns.tolist() == ["sequence", "block", "position", "arm", "kit"]
    assert allocation["sequence"].tolist() == list(range(1, n + 1))
    unit = sum(weights.values())
    blocks = [group for _, group in allocation.groupby("block")]
    assert [block["block"].iloc[0] for block in blocks] == list(range(1, len(blocks) + 1))
    for number, block in enumerate(blocks):
        assert block["position"].tolist() == list(range(1, len(block) + 1))
        counts = Counter(block["arm"])
        if number < len(blocks) - 1:
            assert len(block) in sizes
            assert counts == {arm: weight * len(block) // unit for arm, weight in weights.items()}
        else:  # the last block may break off: never more of an arm than its share of the longest block
            assert len(block) <= max(sizes)
            assert all(count <= weights[arm] * max(sizes) // unit for arm, count in counts.items())


@SOME
@given(plans())
def test_the_arms_never_drift_apart(plan):
    arms, weights, sizes, n, seed = plan
    allocation = design.permuted_blocks(n, arms, sizes, seed)
    bound = max(sizes) // sum(weights.values())
    so_far = {arm: (allocation["arm"] == arm).cumsum().to_numpy() / weight for arm, weight in weights.items()}
    for first in so_far.values():
        for second in so_far.values():
            # Within a block one arm can be used up before the other begins, and no further.
            assert np.max(first - second) <= bound + 1e-12


@SOME
@given(plans(), st.sampled_from([None, ["young", "old"], ["a", "b", "c"]]))
def test_kits_are_unique_and_tell_nothing(plan, strata):
    arms, _, sizes, n, seed = plan
    allocation = design.permuted_blocks(n, arms, sizes, seed, strata)
    assert allocation["kit"].is_unique
    assert allocation["kit"].str.len().nunique() == 1
    assert sorted(int(kit[1:]) for kit in allocation["kit"]) == list(range(1, len(allocation) + 1))
    blinded = design.blinded_list(allocation)
    assert blinded.columns.tolist() == (["stratum"] if strata else []) + ["sequence", "kit"]
    pd.testing.assert_series_equal(blinded["kit"], allocation["kit"])
    assert "arm" in allocation  # the list itself is left as it was


@SOME
@given(plans(), st.sampled_from([None, ["young", "old"]]))
def test_same_seed_same_list(plan, strata):
    arms, _, sizes, n, seed = plan
    once, again = (design.permuted_blocks(n, arms, sizes, seed, strata) for _ in range(2))
    pd.testing.assert_frame_equal(once, again)
    generator = design.permuted_blocks(n, arms, sizes, np.random.default_rng(seed), strata)
    pd.testing.assert_frame_equal(once, generator)


def test_another_seed_another_list():
    lists = {tuple(design.permuted_blocks(60, ["IL-2", "placebo"], [4, 6], seed)["arm"]) for seed in range(50)}
    assert len(lists) == 50


def test_a_generator_moves_on():
    rng = np.random.default_rng(7)
    first, second = (design.permuted_blocks(40, ["a", "b"], 4, rng) for _ in range(2))
    assert first["arm"].tolist() != second["arm"].tolist()


def test_every_stratum_has_a_list_of_its_own():
    allocation = design.permuted_blocks(40, ["a", "b"], [4, 8], seed=3, strata=["x", "y", "z"])
    lists = dict(iter(allocation.groupby("stratum")))
    assert set(lists) == {"x", "y", "z"}
    for group in lists.values():
        assert group["sequence"].tolist() == list(range(1, 41))
        assert group["block"].iloc[0] == 1
        for _, block in list(group.groupby("block"))[:-1]:
            assert (block["arm"] == "a").sum() * 2 == len(block)
    assert len({tuple(group["arm"]) for group in lists.values()}) == 3


def test_every_arrangement_of_a_block_is_equally_likely():
    # 6 arrangements of a block of 4; chi-squared with 5 degrees of freedom stays below its 0.001 quantile, 20.5.
    allocation = design.permuted_blocks(4 * 3000, ["a", "b"], 4, seed=11)
    arrangements = Counter("".join(group["arm"]) for _, group in allocation.groupby("block"))
    assert len(arrangements) == 6
    assert sum((count - 500) ** 2 / 500 for count in arrangements.values()) < 20.5


def test_block_sizes_are_drawn_evenly_and_kits_do_not_follow_the_arm():
    allocation = design.permuted_blocks(6000, ["a", "b"], [2, 4, 6], seed=5)
    sizes = allocation.groupby("block").size().iloc[:-1].value_counts(normalize=True)
    assert set(sizes.index) == {2, 4, 6}
    assert sizes.between(0.29, 0.38).all()
    kit = allocation["kit"].str[1:].astype(int)
    assert abs(np.corrcoef(kit, allocation["arm"] == "a")[0, 1]) < 0.05
    assert abs(np.corrcoef(kit, allocation["sequence"])[0, 1]) < 0.05
    odd_share = [((kit % 2)[allocation["arm"] == arm]).mean() for arm in "ab"]
    assert abs(odd_share[0] - odd_share[1]) < 0.05


def test_the_position_in_a_block_of_one_ratio_is_free():
    # With a single block size of 2 the second patient of each pair is known from the first, and only that one.
    arms = design.permuted_blocks(200, ["a", "b"], 2, seed=1)["arm"].tolist()
    assert all(first != second for first, second in zip(arms[::2], arms[1::2], strict=True))
    assert any(first == second for first, second in pairwise(arms))


BAD = [
    ({"n": 0}, "n == 0"),
    ({"n": 2.5}, "n == 2.5"),
    ({"n": True}, "n == True"),
    ({"n": None}, "n == None"),
    ({"arms": "IL-2"}, "arms == 'IL-2'"),
    ({"arms": ["a"]}, "at least two"),
    ({"arms": ["a", "a"]}, "different"),
    ({"arms": None}, "arms"),
    ({"arms": {"a": 1, "b": 0}}, "arms['b'] == 0"),
    ({"arms": {"a": 1.5, "b": 1}}, "arms['a'] == 1.5"),
    ({"block_sizes": 3}, "multiple of 2"),
    ({"block_sizes": [4, 5]}, "block size 5"),
    ({"block_sizes": 0}, "block size == 0"),
    ({"block_sizes": []}, "block_sizes is empty"),
    ({"block_sizes": [4.0]}, "block size == 4.0"),
    ({"block_sizes": 4.0}, "block"),
    ({"block_sizes": None}, "block"),
    ({"arms": {"a": 2, "b": 1}, "block_sizes": 4}, "2:1"),
    ({"strata": "xy"}, "strata == 'xy'"),
    ({"strata": ["x", "x"]}, "different"),
    ({"strata": []}, "strata == []"),
    ({"strata": 5}, "strata"),
    ({"seed": -1}, "seed == -1"),
    ({"seed": "x"}, "seed == 'x'"),
    ({"seed": 1.5}, "seed == 1.5"),
    ({"seed": None}, "seed == None"),
    ({"seed": True}, "seed == True"),
]


@pytest.mark.parametrize(("change", "said"), BAD, ids=lambda v: str(v)[:40])
def test_bad_input_is_named(change, said):
    good = {"n": 8, "arms": ["a", "b"], "block_sizes": 4, "seed": 1}
    with pytest.raises(InputError) as caught:
        design.permuted_blocks(**(good | change))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("strata", [("x", "y"), np.array(["x", "y"]), pd.Series(["x", "y"]), pd.Index(["x", "y"])])
def test_strata_come_in_any_sequence(strata):
    expected = design.permuted_blocks(8, ["a", "b"], 4, 1, ["x", "y"])
    pd.testing.assert_frame_equal(design.permuted_blocks(8, ["a", "b"], 4, 1, strata), expected)


def test_only_an_allocation_list_can_be_blinded():
    with pytest.raises(InputError, match="arm"):
        design.blinded_list(pd.DataFrame({"sequence": [1], "kit": ["K001"]}))
