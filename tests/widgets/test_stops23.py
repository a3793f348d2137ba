"""The widgets of stops 2 and 3 and their figures, driven without a kernel."""

import html
import re

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from references.boards import everything
from references.cases import case

from lupus_kit import cohort, endpoints, figures, widgets
from lupus_kit.core.errors import InputError
from lupus_kit.widgets.cohort import assumption_scene
from lupus_kit.widgets.findings import Findings
from lupus_kit.widgets.sri import patient_visits

pytestmark = pytest.mark.usefixtures("undrawn")

TOTALS = endpoints.SLEDAI_ITEMS.set_index("id")["weight"]

# The seed of the notebooks' cohort: the first with exactly one dropout, on IL-2 and before week 12 (a test below).
SEED = 13


def _alt(app):
    return html.unescape(re.search(r'alt="([^"]*)"', app.picture.value)[1])


def _counts(text):
    """Invented responders in the table: {week: (IL-2, placebo)}."""
    found = {}
    for week, cells in re.findall(r"week (\d+)</th>(.*?)</tr>", text):
        pairs = re.findall(r"<td>(\d+)/(\d+) \(", cells)
        found[int(week)] = (pairs[0], pairs[2])
    return found


# --- stop 2: the assumption board ---------------------------------------------------------------------------------


def test_the_board_counts_what_the_engines_count():
    # Recomputed from the visit table by the definition of SRI, without the text of the widget.
    app = widgets.assumption_board().set(drug_effect=1.0, dropout_rate=0.2, n_per_arm=50, seed=4)
    assumed = cohort.Assumptions(drug_effect=1.0, dropout_rate=0.2)
    answers = endpoints.sri(cohort.what_if(assumed, n_per_arm=50, seed=4).visits)
    for week, pairs in _counts(app.text.value).items():
        for arm, (x, n) in zip(("IL-2", "placebo"), pairs, strict=True):
            rows = answers[(answers["week"] == week) & (answers["arm"] == arm)]
            assert (int(x), int(n)) == (int(rows["responder"].sum()), 50)
            assert f"{arm} {100 * int(x) / 50:.0f} % at week {week}" in _alt(app)


def test_the_published_rates_stand_beside_the_invented():
    # Abstract of He et al. 2020: 55.17 % and 65.52 % of at most 30 are 16/29 and 19/29; 36.67 % is 11/30, and with the
    # same denominator 30.00 % is 9/30.
    app = widgets.assumption_board()
    for text in ("16/29 (55.2%)", "9/30 (30.0%)", "19/29 (65.5%)", "11/30 (36.7%)", "+25.2", "+28.9"):
        assert text in app.text.value
    assert "published rates: IL-2 55 % at week 12; IL-2 66 % at week 24; placebo 30 % at week 12" in _alt(app)


def test_the_drug_effect_moves_one_arm_only():
    app = widgets.assumption_board()
    before = _counts(app.set(drug_effect=0.0, n_per_arm=200).text.value)
    after = _counts(app.set(drug_effect=1.5).text.value)
    for week in (12, 24):
        assert after[week][1] == before[week][1], "the same placebo patients"
        assert int(after[week][0][0]) > int(before[week][0][0]) + 40


def test_without_persistence_the_effect_is_gone_at_week_24():
    app = widgets.assumption_board()
    lasting = _counts(app.set(drug_effect=1.5, drug_persistence=1.0, n_per_arm=200).text.value)
    gone = _counts(app.set(drug_persistence=0.0).text.value)
    assert gone[12] == lasting[12]
    assert int(gone[24][0][0]) < int(lasting[24][0][0]) - 40


def test_dropouts_count_as_non_responders():
    app = widgets.assumption_board()
    all_seen = _counts(app.set(dropout_rate=0.0, n_per_arm=100).text.value)
    assert "<b>0 of 200</b>" in app.text.value
    many_gone = _counts(app.set(dropout_rate=0.5).text.value)
    for arm in (0, 1):
        assert int(many_gone[24][arm][0]) < int(all_seen[24][arm][0])
        assert many_gone[24][arm][1] == "100"


def test_a_visit_that_nobody_attends_has_no_responders():
    scene = assumption_scene(0.5, 1.0, 1.0, n_per_arm=2, seed=1)
    plt.close(scene.axes.figure)
    assert _counts(scene.text)[24] == (("0", "2"), ("0", "2"))


def test_a_seed_is_a_trial_and_reset_goes_back():
    app = widgets.assumption_board()
    text, picture = app.text.value, app.picture.value
    app.set(seed=14)
    assert app.text.value != text
    app.reset_button.click()
    assert (app.text.value, app.picture.value) == (text, picture)
    usual = cohort.Assumptions()
    assert app.values["drug_effect"] == usual.drug_effect
    assert app.values["seed"] == SEED


def test_a_bad_seed_is_a_sentence_and_keeps_the_picture():
    app = widgets.assumption_board()
    picture = app.picture.value
    app.set(seed=-3)
    assert "role='alert'" in app.text.value
    assert "seed == -3: give a whole number of 0 or more" in app.text.value
    assert app.picture.value == picture
    assert "role='alert'" not in app.set(seed=3).text.value


def test_the_plain_function_refuses_an_impossible_trial():
    with pytest.raises(InputError, match="n_per_arm == 0"):
        assumption_scene(0.5, 1.0, 0.0, n_per_arm=0, seed=1)


def test_the_seed_of_the_lessons_is_the_first_with_one_missing_patient():
    def fits(seed):
        people = cohort.what_if(seed=seed).patients
        gone = people[people["dropout_day"].notna()]
        return len(gone) == 1 and gone["arm"].item() == "IL-2" and gone["dropout_day"].item() < 84

    assert next(seed for seed in range(100) if fits(seed)) == SEED


# --- stop 3: the patient builder ----------------------------------------------------------------------------------


BORDER_CASES = [
    ({}, "Responder: SLEDAI fell by 6"),
    ({"pga_now": 1.4}, "Not a responder: PGA rose by 0.30"),  # although 1.4 - 1.1 < 0.3 in floating point
    ({"pga_now": 1.35}, "Responder: SLEDAI fell by 6"),
    ({"renal_now": "B"}, "Responder: SLEDAI fell by 6; new BILAG B in renal"),
    (
        {"renal_now": "B", "mucocutaneous_before": "C", "mucocutaneous_now": "B"},
        "Not a responder: new BILAG B in mucocutaneous, renal",
    ),
    ({"musculoskeletal_now": "A"}, "Not a responder: new BILAG A in musculoskeletal"),
    ({"musculoskeletal_before": "A", "musculoskeletal_now": "B"}, "Responder: SLEDAI fell by 6; no new BILAG"),
    ({"before": ("rash", "fever"), "now": ()}, "Not a responder: SLEDAI was 3 at baseline, so it cannot fall by 4"),
    ({"points": 6}, "Responder: SLEDAI fell by 6"),
    ({"points": 7}, "Not a responder: SLEDAI fell by 6 (it must fall by 7 or more)"),
]


def test_border_cases_of_the_clauses():
    app = widgets.patient_builder()
    for changes, verdict in BORDER_CASES:
        with case(changes):
            app.set(**app.defaults | changes)
            assert verdict in html.unescape(app.text.value)


def test_the_picture_says_the_totals():
    app = widgets.patient_builder()
    assert "baseline 10 (Arthritis, Rash, Low complement, Raised anti-dsDNA)" in _alt(app)
    assert "visit 4" in _alt(app)
    assert "goal is 6 or less: reached" in _alt(app)
    app.set(now=("arthritis", "rash", "fever"))
    assert "visit 7 (Arthritis, Rash, Fever)" in _alt(app)
    assert "not reached" in _alt(app)


def test_stable_proteinuria_counts_in_one_version_only():
    app = widgets.patient_builder().set(before=("proteinuria", "rash"), now=("proteinuria", "rash"), stable=True)
    assert "SLEDAI did not change" in app.text.value
    assert "Not counted" not in _alt(app)
    app.set(version="SELENA")
    # Nothing has improved, and yet: the proteinuria is no longer new.
    assert "Responder: SLEDAI fell by 4" in app.text.value
    assert "visit 2" in _alt(app)
    assert "Not counted, because stable: Proteinuria" in _alt(app)


def test_stable_without_proteinuria_is_a_sentence():
    app = widgets.patient_builder()
    picture = app.picture.value
    app.set(stable=True)
    assert "role='alert'" in app.text.value
    assert "cannot be stable where 'proteinuria' is absent" in html.unescape(app.text.value)
    assert app.picture.value == picture


def test_a_box_ticked_by_hand_redraws_and_reset_unticks():
    app = widgets.patient_builder()
    form = app.controls["now"]
    assert {*form.boxes.values()} < {*everything(app)}
    form.boxes["arthritis"].value = True
    assert "SLEDAI fell by 2" in app.text.value
    app.reset_button.click()
    assert form.boxes["arthritis"].value is False
    assert form.value == ("low_complement", "dna_binding")
    assert "SLEDAI fell by 6" in app.text.value


def test_the_extremes_of_the_form():
    everything = tuple(TOTALS.index)
    app = widgets.patient_builder().set(before=everything, now=())
    assert f"baseline {TOTALS.sum()} (" in _alt(app)
    assert TOTALS.sum() == 105  # Bombardier 1992: the largest total
    app.set(before=(), now=everything)
    assert "so it cannot fall by 4" in app.text.value
    assert "A drop of 4 is impossible from there: not reached" in _alt(app)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"before": ["rush"]}, "unknown SLEDAI finding 'rush'.*did you mean 'rash'"),
        ({"grades": {"renal_later": "A"}}, "unknown BILAG grade 'renal_later'"),
        ({"grades": {"renal_now": "F"}}, "'F' is not allowed"),
        ({"pga": (1.1, 23.0)}, "23.0 is not allowed .a number from 0 to 3"),
        ({"version": "3K"}, "unknown SLEDAI version '3K'"),
    ],
)
def test_a_patient_who_cannot_be(arguments, words):
    usual = {"before": ["rash"], "now": [], "pga": (1.0, 1.0)} | arguments
    with pytest.raises(InputError, match=words):
        endpoints.sri(patient_visits(**usual))


def test_the_form_keeps_the_order_and_refuses_strangers():
    form = Findings("findings", [("Rash", "rash"), ("Fever", "fever")])
    form.value = ("fever", "rash")
    assert form.value == ("rash", "fever")
    assert [box.value for box in form.boxes.values()] == [True, True]
    assert [box.description for box in form.boxes.values()] == ["findings: Rash", "findings: Fever"]
    with pytest.raises(InputError, match="did you mean 'fever'"):
        form.value = ("fevr",)
    assert form.value == ("rash", "fever")
    with pytest.raises(InputError, match="unknown finding 'rahs'"):
        Findings("findings", [("Rash", "rash")], ["rahs"])


# --- their figures ------------------------------------------------------------------------------------------------


def test_a_visit_without_findings_keeps_its_place():
    # With names as places, Matplotlib drew the visit where an empty baseline should have been.
    items = endpoints.SLEDAI_ITEMS
    ax = figures.sri.sledai_bars(items.iloc[:0], items.iloc[:2])
    (bars,) = [one for one in ax.collections if len(one.get_paths())]
    heights = {round(float(path.vertices[:, 1].mean())) for path in bars.get_paths()}
    assert (heights, len(bars.get_paths())) == ({1}, 2)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["baseline", "visit"]
    plt.close(ax.figure)


def test_bars_need_a_domain():
    items = endpoints.SLEDAI_ITEMS
    with pytest.raises(InputError, match="now lacks 'domain'"):
        figures.sri.sledai_bars(items, items.drop(columns="domain"))


def test_published_rates_need_their_columns():
    answers = endpoints.sri(cohort.what_if(seed=1).visits)
    with pytest.raises(InputError, match="published lacks 'rate'"):
        figures.cohort.response_beside_published(answers, pd.DataFrame({"arm": ["IL-2"], "week": [12]}))
