"""The week that a name says, or that it says none: signs, units, screening, and what is not surely one number."""

from __future__ import annotations

from references.cases import case

from lupus_kit.endpoints.visits.weeks import SCREENING, UNSCHEDULED, split_wide, week_of, weeks_of


def test_names_that_say_one_time():
    for name, week in [
            ("Week 12", 12), ("week12", 12), ("Wk12", 12), ("W12", 12), ("12 weeks", 12), ("12w", 12), ("week_12", 12),
            ("V4 - Week 12", 12), ("Visit 4 (Week 12)", 12), ("Visit 2 Week 12", 12), ("Week 12 (Day 85)", 12),
            ("Week 12 (Month 3)", 12),
            ("Study week 12", 12), ("Wk. 12", 12), ("Week 11.9", 11.9),
            ("Baseline", 0), ("BL", 0), ("BL (wk 0)", 0), ("Baseline/Week 0", 0), ("Day 1 (Baseline)", 0), ("baseline visit", 0),
            ("Week -4", -4), ("W-4", -4), ("Week \u22124", -4), ("Week \u20134", -4), ("-4 weeks", -4), ("\u22124 weeks", -4),
            ("Screening (week -4)", -4), ("Day -28", -4),
            ("Screening", SCREENING), ("SCR", SCREENING), ("Visit 1 (screening)", SCREENING), ("pre-screening", SCREENING),
            ("Unscheduled", UNSCHEDULED), ("Unscheduled 1.1", UNSCHEDULED), ("Early termination", UNSCHEDULED),
            ("Unscheduled (week 8)", 8),
            ("Day 85", 12), ("Day 1", 0), ("Month 3", 13), ("M6", 26), ("12 months", 52),
        ]:  # fmt: skip
        with case(name, week):
            assert week_of(name) == week


def test_names_that_do_not_surely_say_one_time():
    for name in ["Week 12/24", "12-24", "Week 12-24", "Week 1,000", "Week 1 000", "week twelve", "12", "Week 12/Week 24", "Week - 4",
         "Screening/Baseline", "Baseline (week 4)", "Week 12 (day 99)", "Follow-up week 4", "EOT", "End of study", "Visit 3",
         "follow-up", "", "Week", "Week 12th", "Week 12 or 13"]:  # fmt: skip
        with case(name):
            assert week_of(name) is None


def test_the_names_of_a_file_show_how_days_are_counted():
    for days, told in ((("Day 1", "Day 85", "Day 169"), "from day 1"), (("Day 0", "Day 84", "Day 168"), "from day 0")):
        notes: list[str] = []
        assert list(weeks_of(days, notes).values()) == [0, 12, 24]
        assert told in notes[0]
    assert list(weeks_of(["Baseline", "Day 84", "Day 168"], []).values()) == [0, 12, 24]
    assert list(weeks_of(["Baseline", "Day 85", "Day 169"], []).values()) == [0, 12, 24]


def test_a_wide_column_keeps_its_sign():
    names = ["sledai_week-4", "sledai_w-4", "week-4_sledai", "sledai week \u22124", "sledai_screening", "sledai-week12",
             "PGA (week 12)", "pga.week.12", "pga_day85", "SLEDAI-2K total BL", "bilag renal_wk24"]  # fmt: skip
    found, unclear = split_wide(names, [])
    assert [found[name][1] for name in names] == [-4, -4, -4, -4, SCREENING, 12, 12, 12, 12, 0, 24]
    assert {column.name for column, _ in found.values()} == {"sledai", "pga", "bilag_renal"}
    assert not unclear


def test_a_wide_column_whose_visit_is_unclear_is_not_left_out_in_silence():
    names = [
        "sledai_week12/24",
        "sledai week - 4",
        "sledai-12w",
        "pga_week 1,000",
        "age",
        "pga_comment",
        "pga visit date",
    ]
    assert split_wide(names, []) == ({}, names[:4])
