"""The printed record: every string as printed, the typed values beside it, and errors that say where."""

from __future__ import annotations

import csv
import math
import re
from dataclasses import asdict
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from importlib import resources
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from references.reading import parse

from lupus_kit import published
from lupus_kit.core.errors import InputError
from lupus_kit.published.printed import implied_n

DATA = Path(str(resources.files("lupus_kit.published").joinpath("data", "he2020")))
RESULT_COLUMNS = {
    "table1": ["il2", "placebo"],
    "table2": ["baseline", "week12", "week24"],
    "table3": ["il2_n29", "placebo_n30"],
}
SOME = settings(max_examples=60)


def raw(name: str) -> list[dict[str, str]]:
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def study() -> published.Study:
    return published.load("he2020")


# ------------------------------------------------------------------ as printed


def test_the_claims_survive_as_printed(study):
    rows = raw("abstract")
    assert len(rows) == len(study.claims) == 4
    for row, (_, claim) in zip(rows, study.claims.iterrows(), strict=True):
        assert {column: claim[column] for column in row} == row
        assert all(type(claim[column]) is str for column in row)


@pytest.mark.parametrize("name", RESULT_COLUMNS)
def test_the_tables_survive_as_printed(study, name):
    rows, frame = raw(name), study.tables[name]
    printed = [row[column] for row in rows for column in RESULT_COLUMNS[name]]
    assert frame["printed"].tolist() == printed
    for number, row in enumerate(rows, start=2):
        cells = frame[frame["line"] == number]
        assert len(cells) == len(RESULT_COLUMNS[name])
        for column in row:
            if column in frame and column != "arm":
                assert set(cells[column]) == {row[column]}
    by_arm = frame.groupby("arm").size().to_dict()
    assert by_arm["IL-2"] == by_arm["placebo"] or name == "table2"


def test_the_figures_are_those_of_the_paper(study):
    # Typed in once more from the paper, apart from the data files.
    claims = study.claims.set_index("id")
    columns = ["arm_a", "reported_a", "arm_b", "reported_b", "reported_p"]
    assert claims.loc["sri4_week12", columns].tolist() == ["IL-2", "55.17%", "placebo", "30.00%", "0.052"]
    assert claims.loc["sri4_week24", columns].tolist() == ["IL-2", "65.52%", "placebo", "36.67%", "0.027"]
    nephritis = claims.loc["ln_complete_remission", columns].tolist()
    assert nephritis == ["IL-2", "53.85% (7/13)", "placebo", "16.67% (2/12)", "0.036"]
    assert claims.loc["serious_infection", columns].tolist() == ["IL-2", "0", "placebo", "2", ""]
    assert claims["role"].tolist() == ["primary", "secondary", "secondary", "safety"]

    def cell(table, label, arm, **where):
        frame = study.tables[table]
        column = "event" if table == "table3" else "characteristic"
        for key, value in {column: label, "arm": arm, **where}.items():
            frame = frame[frame[key] == value]
        return frame["printed"].item()

    assert cell("table1", "Age (years)", "IL-2") == "31.58±9.25"
    assert cell("table1", "BILAG", "placebo") == "10.5 (8–13.75)"
    assert cell("table2", "Rash", "IL-2", visit="week 12") == "2 (6.90)"
    assert cell("table2", "≥1 BILAG A or 2 B", "IL-2", visit="week 12") == "2 (6.67)"
    assert cell("table3", "Injection site reaction", "IL-2") == "9 (31.0)"
    assert cell("table3", "Fever", "placebo") == "0"
    assert [len(raw(name)) for name in RESULT_COLUMNS] == [20, 29, 12]


# ------------------------------------------------------------------ typed values

CELLS = [
    ("31.58±9.25", {"mean": 31.58, "sd": 9.25}),
    ("27/3", {"count": 27, "n": 30, "n_source": "printed"}),
    ("12 (8–27)", {"median": 12, "low": 8, "high": 27}),
    ("10.5 (8–13.75)", {"median": 10.5, "low": 8, "high": 13.75}),
    ("34.80 (1.0–1783.15)", {"median": 34.8, "low": 1.0, "high": 1783.15}),
    ("53.85% (7/13)", {"percent": 53.85, "count": 7, "n": 13, "n_source": "printed"}),
    ("55.17%", {"percent": 55.17}),
    ("2 (6.67)", {"count": 2, "percent": 6.67}),
    ("2 (6.67%)", {"count": 2, "percent": 6.67}),
    ("0", {"count": 0}),
]


@pytest.mark.parametrize(("text", "expected"), CELLS)
def test_cells_are_read_by_their_shape(text, expected):
    found = asdict(published.parse_value(text))
    empty = asdict(published.PrintedValue())
    assert found == empty | expected


@pytest.mark.parametrize(("dash"), ["–", "—", "-", " – "])
def test_any_dash_joins_two_ends(dash):
    assert published.parse_value(f"12 (8{dash}27)").high == 27


@pytest.mark.parametrize(
    ("text", "n"), [("2 (6.67)", 30), ("2 (6.90)", 29), ("4 (13.3)", 30), ("4 (13.8)", 29), ("0 (0)", None)]
)
def test_a_count_and_its_percentage_imply_their_denominator(text, n):
    found = published.parse_value(text, n_max=30)
    assert found.n == n
    assert found.n_source == ("implied by count and percent" if n else "")


@SOME
@given(n_max=st.integers(1, 60), data=st.data(), decimals=st.integers(0, 3))
def test_an_implied_denominator_is_the_only_one_that_prints_so(n_max, data, decimals):
    n = data.draw(st.integers(1, n_max))
    count = data.draw(st.integers(0, n))
    percent = f"{100 * count / n:.{decimals}f}"
    fits = [
        m
        for m in range(max(count, 1), n_max + 1)
        if abs(100 * count / m - float(percent)) <= 0.5 * 10**-decimals + 1e-9
    ]
    assert n in fits
    assert implied_n(count, percent, n_max) == (n if len(fits) == 1 else None)


def test_table_2_mixes_denominators(study):
    table = study.tables["table2"].set_index(["characteristic", "arm", "visit"])
    bilag, rash = (table.loc[(label, "IL-2", "week 12")] for label in ("≥1 BILAG A or 2 B", "Rash"))
    assert (bilag["count"], bilag["n"], rash["count"], rash["n"]) == (2, 30, 2, 29)
    assert {bilag["n_source"], rash["n_source"]} == {"implied by count and percent"}


def test_header_denominators_are_marked_as_such(study):
    events = study.tables["table3"]
    assert events.groupby("arm")["n"].unique().map(list).to_dict() == {"IL-2": [29], "placebo": [30]}
    assert set(events["n_source"]) == {"table header"}
    baseline = study.tables["table1"].set_index(["characteristic", "arm"])
    assert baseline.loc[("Hydroxychloroquine", "IL-2"), ["count", "n"]].tolist() == [29, 30]
    assert pd.isna(baseline.loc[("Age (years)", "IL-2"), "n"])


def prints_as(value: float, text: str) -> bool:
    """Whether a typed number, written with the decimals of its print, gives the print back."""
    return f"{value:.{published.decimals(text)}f}" == text


def test_formatting_the_typed_values_gives_the_print_back(study):
    seen = 0
    for frame in study.tables.values():
        for row in frame.itertuples():
            numbers = re.findall(r"\d+(?:\.\d+)?", row.printed)
            shape = {"mean": ("mean", "sd"), "median": ("median", "low", "high"), "count": ("count", "percent")}
            fields = next(f for first, f in shape.items() if not pd.isna(getattr(row, first)))
            if "/" in row.printed:
                assert row.printed == f"{row.count}/{row.n - row.count}"
                continue
            typed = [getattr(row, field) for field in fields]
            for value, text in zip(typed, numbers, strict=False):
                assert prints_as(value, text), (row.printed, value)
                seen += 1
            assert len(numbers) == sum(not pd.isna(value) for value in typed)
    assert seen > 200
    for _, claim in study.claims.iterrows():
        if claim["reported_p"]:
            assert f"{claim['p_value']:.{claim['p_decimals']}f}" == claim["reported_p"]
        for side in "ab":
            if "%" in claim[f"reported_{side}"]:
                assert prints_as(claim[f"percent_{side}"], claim[f"reported_{side}"].partition("%")[0])


@SOME
@given(
    whole=st.integers(0, 99999),
    decimals=st.integers(0, 4),
    template=st.sampled_from(["{}±{}", "{} ({}–{})", "{}%"]),
)
def test_any_number_keeps_its_digits(whole, decimals, template):
    text = f"{whole / 10**decimals:.{decimals}f}"
    assume(template != "{}%" or float(text) <= 100)
    found = published.parse_value(template.replace("{}", text))
    values = [v for v in (found.mean, found.sd, found.median, found.low, found.high, found.percent) if v is not None]
    assert len(values) == template.count("{}")
    assert all(prints_as(value, text) for value in values)


def test_the_columns_have_types_that_keep_a_gap_a_gap(study):
    claims, table = study.claims, study.tables["table1"]
    for column in ("count_a", "n_a", "count_b", "n_b", "p_decimals"):
        assert claims[column].dtype == "Int64"
    for column in ("percent_a", "percent_b", "p_value"):
        assert claims[column].dtype == "Float64"
    assert {str(table[c].dtype) for c in ("count", "n")} == {"Int64"}
    assert {str(table[c].dtype) for c in ("percent", "median", "low", "high", "mean", "sd")} == {"Float64"}
    assert claims["count_a"].isna().tolist() == [True, True, False, False]
    assert claims.set_index("id").loc["ln_complete_remission", ["count_a", "n_a", "count_b", "n_b"]].tolist() == [
        7,
        13,
        2,
        12,
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.052", ("=", 0.052, 3)),
        ("<0.001", ("<", 0.001, 3)),
        ("1.000", ("=", 1.0, 3)),
        ("p=0.05", ("=", 0.05, 2)),
        ("P < .01", ("<", 0.01, 2)),
        ("≥0.5", ("≥", 0.5, 1)),
        ("0,052", ("=", 0.052, 3)),
        ("p = .052", ("=", 0.052, 3)),
        ("P<0·001", ("<", 0.001, 3)),
        ("1", ("=", 1.0, 0)),
        ("5.81 × 10−5", ("=", 0.0000581, 7)),
        ("p < 1e-4", ("<", 0.0001, 4)),
        ("5.8 x 10^-48", ("=", 5.8e-48, 49)),
        ("0.027†", ("=", 0.027, 3)),
        ("<.05*", ("<", 0.05, 2)),
    ],
)
def test_printed_p_values(text, expected):
    found = published.read_p(text)
    assert (found.relation, found.value, found.n_decimals) == expected
    assert published.read_p(found.text) == found  # the one spelling of the record is read as itself


@pytest.mark.parametrize(
    "text",
    [
        "",
        "NS",
        "1.2",
        "-0.05",
        "0,0,5",
        "p",
        "5",
        "0.05 0.06",
        "1e3",
        "5e-0",
        "*",
        "n.s.",
        "<0",
        ">1",
        "<0.000",
        "4.2e-",
        "3 × 10",
    ],
)
def test_what_is_not_a_p_value_is_refused(text):
    with pytest.raises(InputError, match="cannot read the p-value") as caught:
        published.read_p(text)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize("text", ["", "-3", "12 (8,27)", "abc", "3 out 10", "5.5 (10)", "50 %%", "(5)", "3/", "1e3"])
def test_what_is_not_a_cell_is_refused(text):
    with pytest.raises(InputError, match="cannot read") as caught:
        published.parse_value(text)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize("text", ["14% (7/5)", "31 (50)"])
def test_a_count_above_its_total_is_refused(text):
    with pytest.raises(InputError, match="larger than its total"):
        published.parse_value(text, n_header=30)


def test_decimals():
    assert [published.decimals(text) for text in ("55.17", "0.050", "12", "1.", "0.0")] == [2, 3, 0, 0, 1]


# ------------------------------------------------------------------ the study


def test_where_the_numbers_come_from(study):
    trial = study.trial
    assert trial.doi == "10.1136/annrheumdis-2019-215396"
    assert trial.registry == ("NCT02465580", "NCT02932137")
    assert (trial.journal, trial.year, trial.volume, trial.pages) == (
        "Annals of the Rheumatic Diseases",
        2020,
        "79",
        "141-149",
    )
    assert dict(trial.n_randomised) == {"IL-2": 30, "placebo": 30}
    assert trial.alpha == 0.05
    assert "CC BY-NC 4.0" in trial.notice
    for part in (trial.doi, *trial.registry, trial.title, "79:141-149", "2020"):
        assert part in trial.citation
    assert "he2020" in published.studies()


def test_every_load_is_a_fresh_copy(study):
    study.claims.loc[0, "reported_p"] = "0.001"
    study.tables["table1"]["printed"] = "changed"
    frame = study.to_frame()
    frame["id"] = "changed"
    again = published.load("he2020")
    assert again.claims.loc[0, "reported_p"] == "0.052"
    assert again.claims.loc[0, "id"] == "sri4_week12"
    assert again.tables["table1"].loc[0, "printed"] == "31.58±9.25"
    assert study.claims.loc[1, "id"] == "sri4_week24"


def test_what_is_shared_cannot_be_changed(study):
    with pytest.raises(TypeError):
        study.tables["table4"] = pd.DataFrame()
    with pytest.raises(TypeError):
        study.trial.n_randomised["IL-2"] = 31
    with pytest.raises(AttributeError):
        study.trial.doi = "10.1/2"


def test_the_study_shows_itself(study):
    page = parse(study._repr_html_())
    text = page.text
    for claim in study.claims.itertuples():
        for part in (claim.endpoint, claim.role, claim.reported_a, claim.reported_b, claim.reported_p or "not printed"):
            assert part in text
    assert study.trial.doi in text
    assert page.links == ["https://doi.org/10.1136/annrheumdis-2019-215396"]
    assert study.trial.notice in text
    assert "NCT02465580, NCT02932137" in text
    assert "20 rows" in text
    assert "29 rows" in text
    assert "12 rows" in text


MODES = {"half-up": ROUND_HALF_UP, "half-even": ROUND_HALF_EVEN, "truncate": ROUND_DOWN}


@settings(max_examples=80)
@given(
    digits=st.integers(0, 1000),
    decimals=st.integers(1, 3),
    offset=st.sampled_from(["-0.5", "0", "0.5", "1", "0.25"]),
    steps=st.integers(-1, 1),
)
def test_the_interval_of_rounding_is_that_of_decimal_arithmetic(digits, decimals, offset, steps):
    # Beside the ends of the interval, one float to either side: each is rounded by the decimal module instead.
    unit = Decimal(1).scaleb(-decimals)
    printed = min(digits * unit, Decimal(1)).quantize(unit)
    value = float(printed + Decimal(offset) * unit)
    value = max(value if steps == 0 else math.nextafter(value, steps * math.inf), 0.0)
    p = published.read_p(str(printed))
    rounded = {name: Decimal(value).quantize(unit, mode) == printed for name, mode in MODES.items()}
    for name, expected in rounded.items():
        assert bool(p.prints(value, name)) == expected
    assert bool(p.prints(value)) == (rounded["half-up"] or rounded["half-even"])
