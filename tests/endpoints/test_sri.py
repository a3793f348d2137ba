"""SRI-n: every clause on both sides of its threshold, missing data, properties and bad input."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lupus_kit.core.errors import InputError
from lupus_kit.endpoints import BILAG_SYSTEMS, sri
from lupus_kit.endpoints.rules.sri import MISSING

COLUMNS = [f"bilag_{s}" for s in BILAG_SYSTEMS]
CALM = "D" * 9


def row(patient: object, week: int, sledai: object, pga: object, grades: str = CALM, **extra: object) -> dict:
    letters = {c: None if g == "." else g for c, g in zip(COLUMNS, grades, strict=True)}
    name = "baseline" if week == 0 else f"week {week}"
    return {"patient": patient, "visit": name, "week": week, "sledai": sledai, "pga": pga, **letters, **extra}


def one(base: dict, later: dict, **options: object) -> pd.Series:
    return sri(pd.DataFrame([base, later]), **options).iloc[0]  # type: ignore[arg-type]


def many(pairs: list[tuple[dict, dict]], **options: object) -> pd.DataFrame:
    """One patient a pair of visits, in one table."""
    rows = [visit | {"patient": who} for who, pair in enumerate(pairs) for visit in pair]
    return sri(pd.DataFrame(rows), **options)  # type: ignore[arg-type]


# --- the clauses -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("points", [4, 5, 6, 7, 8])
def test_sledai_clause_on_both_sides(points: int) -> None:
    got = many([(row("a", 0, 12, 2.0), row("a", 12, 12 - points + k, 2.0)) for k in (0, 1)], points=points)
    assert got["sledai_drop"].tolist() == [points, points - 1]
    assert got["sledai_clause"].tolist() == got["responder"].tolist() == [True, False]


PGA = [
    (1.0, 1.29, True),
    (1.0, 1.30, False),
    (1.1, 1.1 + 0.3, False),  # 1.4000000000000001 in floats
    (1.1, 1.4, False),  # 1.4 - 1.1 is 0.2999...98 in floats, and still a rise of 0.30
    (0.1, 0.39, True),
    (0.57, 0.86, True),
    (0.57, 0.87, False),
    (2.75, 3.0, True),
    (2.0, 0.0, True),
]


def test_pga_clause_in_exact_hundredths() -> None:
    got = many([(row("a", 0, 12, before), row("a", 12, 4, now)) for before, now, _ in PGA])
    assert got["pga_clause"].tolist() == got["responder"].tolist() == [passes for *_, passes in PGA]


def test_pga_clause_on_every_pair_of_hundredths() -> None:
    before, now = (a.ravel() for a in np.meshgrid(np.arange(0, 301, 7), np.arange(301), indexing="ij"))
    n = len(before)
    table = pd.DataFrame([row(0, 0, 12, 0.0)] * n + [row(0, 12, 4, 0.0)] * n)
    table["patient"], table["pga"] = np.tile(np.arange(n), 2), np.concatenate([before, now]) / 100
    assert (sri(table)["pga_clause"].to_numpy(dtype=bool) == (now - before < 30)).all()


GRADES = [
    ("BDDDDDDDD", "ADDDDDDDD", False),  # B to A is a new A
    ("DDDDDDDDD", "ADDDDDDDD", False),
    ("ADDDDDDDD", "ADDDDDDDD", True),
    ("ADDDDDDDD", "BDDDDDDDD", True),  # improvement, not a new B
    ("DDDDDDDDD", "BDDDDDDDD", True),  # one new B passes
    ("DDDDDDDDD", "BBDDDDDDD", False),  # two new B fail
    ("ABDDDDDDD", "BBDDDDDDB", True),
    ("CEDDDDDDD", "BBDDDDDDD", False),
]


def test_bilag_clause() -> None:
    got = many([(row("a", 0, 12, 2.0, before), row("a", 12, 6, 1.0, now)) for before, now, _ in GRADES])
    assert got["bilag_clause"].tolist() == got["responder"].tolist() == [passes for *_, passes in GRADES]


def test_b_to_a_option() -> None:
    pair = row("a", 0, 12, 2.0, "BDDDDDDDD"), row("a", 12, 6, 1.0, "ADDDDDDDD")
    assert one(*pair)["new_a"] == 1
    assert not one(*pair)["responder"]
    assert one(*pair, b_to_a_is_new=False)["responder"]


def test_baseline_below_four_never_responds() -> None:
    got = many([(row("a", 0, baseline, 2.0), row("a", 12, 0, 0.0)) for baseline in range(4)])
    assert got["responder"].tolist() == [False] * 4
    for baseline, reason in enumerate(got["reason"]):
        assert f"SLEDAI was {baseline} at baseline, so it cannot fall by 4" in reason


def test_all_combinations_of_clauses() -> None:
    combinations = [*product([True, False], repeat=3)]
    later = [
        row("a", 12, 8 if sledai_ok else 9, 2.29 if pga_ok else 2.3, CALM if bilag_ok else "A" + "D" * 8)
        for sledai_ok, bilag_ok, pga_ok in combinations
    ]
    got = many([(row("a", 0, 12, 2.0), visit) for visit in later])
    for expected, found in zip(combinations, got.to_dict("records"), strict=True):
        assert (found["sledai_clause"], found["bilag_clause"], found["pga_clause"]) == expected
        assert found["responder"] == all(expected)
        words = ("SLEDAI fell by 3", "new BILAG A in constitutional", "PGA rose by 0.30")
        assert [word in found["reason"] for word in words] == [not ok for ok in expected]


# --- missing data ----------------------------------------------------------------------------------------------


def test_a_failed_clause_decides_whatever_is_missing() -> None:
    got = one(row("a", 0, 12, 2.0), row("a", 12, 11, None, "........."), missing="observed")
    assert got["responder"] is np.False_ or not got["responder"]
    got = one(row("a", 0, 12, None), row("a", 12, None, None, "A........"), missing="observed")
    assert not got["responder"]
    assert got["bilag_clause"] == False  # noqa: E712 - pd.NA must not pass


@pytest.mark.parametrize(
    ("later", "words"),
    [
        (row("a", 12, None, 1.0), "SLEDAI is missing"),
        (row("a", 12, 4, None), "PGA is missing"),
        (row("a", 12, 4, 1.0, "DDDDDDD.D"), "BILAG grade missing (renal)"),
    ],
)
def test_an_open_clause_is_nonresponse_or_missing(later: dict, words: str) -> None:
    base = row("a", 0, 12, 2.0)
    counted = one(base, later)
    assert not counted["responder"]
    assert counted["imputed"]
    assert words in counted["reason"]
    assert "counted as non-response" in counted["reason"]
    assert "at baseline" not in counted["reason"]
    before = dict(later, visit=base["visit"], week=0, sledai=later["sledai"] and 12)
    reason = one(before, row("a", 12, 4, 1.0))["reason"]
    assert words.replace("missing", "missing at baseline") in reason


def test_a_visit_without_a_row_is_there_as_a_missing_visit() -> None:
    table = pd.DataFrame(
        [row("a", 0, 12, 2.0), row("a", 12, 4, 1.0), row("a", 24, 4, 1.0), row("b", 0, 12, 2.0), row("b", 24, 4, 1.0)]
    )
    got = sri(table)
    assert got[["patient", "week"]].to_numpy().tolist() == [["a", 12], ["a", 24], ["b", 12], ["b", 24]]
    assert got["responder"].tolist() == [True, True, False, True]
    assert got["imputed"].tolist() == [False, False, True, False]
    assert got["reason"][2] == "Not a responder: the visit is missing, counted as non-response."
    assert sri(table, missing="observed")["responder"][2] is pd.NA


def test_a_missing_baseline_leaves_the_answer_open() -> None:
    table = pd.DataFrame([row("a", 0, 12, 2.0), row("a", 12, 4, 1.0), row("b", 12, 4, 1.0)])
    assert "the baseline visit is missing" in sri(table)["reason"][1]


def test_rescue_is_nonresponse() -> None:
    good = row("a", 12, 4, 1.0)
    base = row("a", 0, 12, 2.0, rescue=False)
    assert one(base, good | {"rescue": False})["responder"]
    got = one(base, good | {"rescue": True})
    assert not got["responder"]
    assert got["reason"] == "Not a responder: rescue treatment was given."
    assert one(base, good | {"rescue": None}, missing="observed")["responder"] is pd.NA


def test_every_event_is_nonresponse_from_then_on() -> None:
    base, week12, week24 = row("a", 0, 12, 2.0), row("a", 12, 4, 1.0), row("a", 24, 4, 1.0)
    said = {
        "rescue": "rescue treatment was given",
        "disallowed_medication": "a medicine was given that the protocol does not allow",
        "withdrawn": "the patient had left the trial",
    }
    for event, words in said.items():
        table = pd.DataFrame([base, week12, week24]).assign(**{event: [0, 1, 0]})
        at12, at24 = sri(table).itertuples()
        assert not at12.responder
        assert not at24.responder
        assert at12.reason == f"Not a responder: {words}."
        assert at24.reason == f"Not a responder: {words} at week 12."
        assert sri(table, event_columns=())["responder"].tolist() == [True, True]
    table = pd.DataFrame([base, week12]).assign(surgery=["no", "yes"]).replace({"no": 0, "yes": 1})
    assert sri(table)["responder"].item()
    assert sri(table, event_columns=["surgery"])["reason"].item() == "Not a responder: surgery is recorded."


def test_an_unknown_event_leaves_the_answer_open_in_words() -> None:
    pair = row("a", 0, 12, 2.0, withdrawn=0), row("a", 12, 4, 1.0, withdrawn=None)
    assert one(*pair)["reason"] == (
        "Not a responder: it is not recorded whether the patient had left the trial, counted as non-response."
    )


def test_ways_to_count_an_open_answer() -> None:
    table = pd.DataFrame([row("a", 0, 12, 2.0, arm="x"), row("a", 12, 4, None, arm="x")])
    expected = {"nonresponder": False, "worst": False, "best": True, "observed": pd.NA, "locf": True}
    assert set(expected) == set(MISSING)
    for way, verdict in expected.items():
        got = sri(table, missing=way).iloc[0]
        assert got["responder"] is verdict or got["responder"] == verdict
        assert got["imputed"] == (way != "observed")
        assert sri(table, missing={"x": way}).iloc[0].equals(got)
    assert one(*table.to_dict("records"), missing="best")["reason"] == "Responder: PGA is missing, counted as response."


def test_a_decided_answer_is_the_same_in_every_way() -> None:
    table = pd.DataFrame([row("a", 0, 12, 2.0), row("a", 12, 11, None), row("b", 0, 12, 2.0), row("b", 12, 4, 1.0)])
    for way in MISSING:
        got = sri(table, missing=way)
        assert got["responder"].tolist() == [False, True]
        assert not got["imputed"].any()


def test_last_observation_is_carried_forward_part_by_part() -> None:
    rows = [
        row("a", 0, 12, 2.0),
        row("a", 4, 6, None, "B" + "D" * 8),
        row("a", 12, None, 1.0, "." + "D" * 8),
        # no row at week 24
        row("b", 0, 12, 2.0),
        row("b", 24, 4, 1.0),
    ]
    got = sri(pd.DataFrame(rows), missing="locf").set_index(["patient", "week"])
    # Week 4: PGA comes from baseline. Week 12: SLEDAI and the grade B come from week 4. Week 24: all from week 12.
    assert got.loc["a", "sledai"].tolist() == [6, 6, 6]
    assert got.loc["a", "pga_rise"].tolist() == [0.0, -1.0, -1.0]
    assert got.loc["a", "new_b"].tolist() == [1, 1, 1]
    assert got.loc["a", "responder"].tolist() == [True, True, True]
    assert got.loc["a", "imputed"].tolist() == [True, True, True]
    assert got.loc[("a", 24), "reason"].endswith("; PGA fell by 1.00, with values carried forward.")
    # Patient b has only baseline before weeks 4 and 12: nothing fell.
    assert got.loc["b", "responder"].tolist() == [False, False, True]
    assert got.loc[("b", 24), "imputed"] == False  # noqa: E712
    # Without a baseline nothing can be carried into it.
    alone = pd.DataFrame([row("c", 12, 4, 1.0), *rows])
    assert sri(alone, missing="locf").set_index("patient").loc["c", "responder"].tolist() == [False] * 3


def test_carrying_forward_agrees_with_pandas() -> None:
    rng = np.random.default_rng(7)

    def cell(value: object) -> object:
        return None if rng.random() < 0.3 else value

    rows = [
        row(p, w, cell(int(rng.integers(0, 20))), cell(rng.integers(0, 61) / 20), "".join(rng.choice(list("ABCDE."), 9)),
            rescue=cell(int(rng.integers(0, 2))))
        for p in range(200) for w in (0, 4, 12, 24)
    ]  # fmt: skip
    table = pd.DataFrame(rows)
    filled = table.copy()
    parts = ["sledai", "pga", "rescue", *COLUMNS]
    filled[parts] = table.groupby("patient")[parts].ffill()
    columns = ["responder", "sledai_clause", "bilag_clause", "pga_clause"]
    pd.testing.assert_frame_equal(sri(table, missing="locf")[columns], sri(filled)[columns])


def test_modified_sri_leaves_out_what_is_not_asked_for() -> None:
    pair = pd.DataFrame([row("a", 0, 12, 2.0), row("a", 12, 4, 1.0, "A" * 9)])
    got = sri(pair.drop(columns=COLUMNS), components=("sledai", "pga"))
    assert got["reason"].item() == "Responder: SLEDAI fell by 8; PGA fell by 1.00."
    assert not {"bilag_clause", "new_a", "new_b"} & set(got.columns)
    assert sri(pair, components=("sledai",))["reason"].item() == "Responder: SLEDAI fell by 8."
    assert not sri(pair)["responder"].item()


def test_a_score_with_half_points() -> None:
    pair = pd.DataFrame([row("a", 0, 12, 2.0, s2k_ri50=8), row("a", 12, 12, 1.0, s2k_ri50=4.5)])
    got = sri(pair, score="s2k_ri50").iloc[0]
    assert (got["sledai_drop"], got["responder"]) == (3.5, False)
    assert "SLEDAI fell by 3.5 (it must fall by 4 or more)" in got["reason"]
    assert sri(pair.assign(s2k_ri50=[8, 4.0]), score="s2k_ri50")["responder"].item()


# --- properties ------------------------------------------------------------------------------------------------

letters9 = st.text("ABCDE", min_size=9, max_size=9)
pga = st.integers(0, 60).map(lambda k: k / 20)


pair_of_visits = st.tuples(st.integers(0, 30), st.integers(0, 30), pga, pga, letters9, letters9)


@given(patients=st.lists(st.tuples(pair_of_visits, st.integers(0, 10_000)), min_size=8, max_size=16))
@settings(max_examples=12)  # of eight patients or more
def test_improving_never_turns_a_responder_into_a_nonresponder(patients: list) -> None:
    rows = []
    for k, ((s0, s1, p0, p1, g0, g1), seed) in enumerate(patients):
        rng = np.random.default_rng(seed)
        better_s, better_p = int(rng.integers(0, s1 + 1)), rng.integers(0, round(p1 * 20) + 1) / 20
        better_g = "".join(rng.choice(list("ABCDE"["ABCDE".index(g) :])) for g in g1)
        rows += [row(2 * k, 0, s0, p0, g0), row(2 * k, 12, s1, p1, g1)]
        rows += [row(2 * k + 1, 0, s0, p0, g0), row(2 * k + 1, 12, better_s, better_p, better_g)]
    answers = sri(pd.DataFrame(rows), reasons=False)["responder"].to_numpy(dtype=bool)
    # An A that improves to B is never a new B, but a system at A in a patient who entered at C, D or E becomes a
    # new B instead of a new A: still no worse.
    assert (answers[1::2] >= answers[::2]).all()


@given(seed=st.integers(0, 10_000))
@settings(max_examples=3)
def test_row_order_does_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = [
        row(p, w, int(rng.integers(0, 20)), rng.integers(0, 31) / 10, "".join(rng.choice(list("ABCDE"), 9)), arm=p % 2)
        for p in range(32)
        for w in (0, 12, 24)
    ]
    table = pd.DataFrame(rows)
    pd.testing.assert_frame_equal(sri(table), sri(table.sample(frac=1, random_state=seed)[table.columns[::-1]]))


@given(
    patients=st.lists(st.tuples(pair_of_visits, st.sampled_from(["sledai", "pga", *COLUMNS])), min_size=8, max_size=16)
)
@settings(max_examples=8)
def test_missing_never_beats_what_was_hidden(patients: list) -> None:
    rows = []
    for k, ((s0, s1, _, p1, _, g1), hidden) in enumerate(patients):
        rows += [row(who, 0, s0, 1.5, "C" * 9) for who in (2 * k, 2 * k + 1)]
        later = row(2 * k, 12, s1, p1, g1)
        rows += [later, later | {"patient": 2 * k + 1, hidden: None}]
    table = pd.DataFrame(rows)
    answers = sri(table, missing="observed", reasons=False)["responder"].tolist()
    counted = sri(table, reasons=False)["responder"].tolist()
    for full, part, part_counted in zip(answers[::2], answers[1::2], counted[1::2], strict=True):
        assert part is pd.NA or part == full
        assert not part_counted


# --- input and speed -------------------------------------------------------------------------------------------


def test_bad_input() -> None:
    base, later = row("a", 0, 12, 2.0), row("a", 12, 4, 1.0)
    good = pd.DataFrame([base, later])
    with pytest.raises(InputError, match="whole numbers n from 4 to 8"):
        sri(good, points=3)
    with pytest.raises(InputError, match="missing data 'lofc': did you mean 'locf'"):
        sri(good, missing="lofc")
    with pytest.raises(InputError, match="no column 'arm'"):
        sri(good, missing={"IL-2": "worst", "placebo": "best"})
    with pytest.raises(InputError, match=r"names the arms \['IL-2'\], the visits have \['placebo'\]"):
        sri(good.assign(arm="placebo"), missing={"IL-2": "worst"})
    with pytest.raises(InputError, match="unknown component 'plga': did you mean 'pga'"):
        sri(good, components=("sledai", "plga"))
    with pytest.raises(InputError, match="lacks 'sledai'"):
        sri(good, components=("bilag",))
    with pytest.raises(InputError, match="half points at the finest"):
        sri(good.assign(s2k_ri50=[8, 3.25]), score="s2k_ri50")
    with pytest.raises(InputError, match=r"lacks 1 column.*'pga'"):
        sri(good.rename(columns={"pga": "PGA"}))
    with pytest.raises(InputError, match="row 1, column 'pga': 45"):
        sri(pd.DataFrame([base, later | {"pga": 45.0}]))
    with pytest.raises(InputError, match="row 1, column 'sledai': 4\\.5"):
        sri(pd.DataFrame([base, later | {"sledai": 4.5}]))
    with pytest.raises(InputError, match="row 1, column 'bilag_renal': 'X'"):
        sri(pd.DataFrame([base, later | {"bilag_renal": "X"}]))
    with pytest.raises(InputError) as caught:
        sri(
            good.assign(
                patient=["a", None], week=[0, None], pga=[1.0, 3.5], sledai=["high", 4.25], rescue=[0, "perhaps"]
            )
        )
    assert str(caught.value).splitlines()[0] == "6 bad cells in the visit table:"
    assert "row 1, column 'week': an empty cell is not allowed (a number from 0 to 10000)" in str(caught.value)
    with pytest.raises(InputError, match=r"'Rescue' \(did you mean 'rescue'\?\)"):
        sri(good.assign(Rescue=0))
    with pytest.raises(InputError, match=r"lacks 1 column: 'surgery'"):
        sri(good, event_columns=["surgery"])
    with pytest.raises(InputError, match="event_columns is 'rescue': give a list"):
        sri(good, event_columns="rescue")
    with pytest.raises(InputError, match="columns of events go to event_columns"):
        sri(good, events=["rescue"])  # type: ignore[arg-type]
    with pytest.raises(InputError, match="reasons is 'no': give True or False"):
        sri(good, reasons="no")  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"patient 'a' at week 12\. Keep one row"):
        sri(pd.DataFrame([base, later, later]))
    with pytest.raises(InputError, match="two rows for the same visit"):
        sri(pd.DataFrame([base, later, later]))
    with pytest.raises(InputError, match="needs week 0"):
        sri(pd.DataFrame([later]))
    with pytest.raises(InputError, match="more than one arm"):
        sri(good.assign(arm=["x", "y"]))
    with pytest.raises(InputError, match="each visit name must have one week"):
        sri(good.assign(visit="visit"))
    with pytest.raises(InputError, match="row 1, column 'patient': an empty cell is not allowed"):
        sri(good.assign(patient=["a", None]))
    with pytest.raises(InputError, match="no rows"):
        sri(good.iloc[:0])
