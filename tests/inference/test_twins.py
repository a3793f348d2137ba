"""The names under which R has the tests of the registry: each gives the registry's p-value (a file of R's values)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from references.cases import case

from lupus_kit import inference

VALUES = pd.read_csv(Path(__file__).parents[1] / "references" / "r_twin_values.csv", comment="#")
COUNTS = [VALUES[name].astype(int).to_numpy() for name in ("x1", "n1", "x2", "n2")]


def test_r_gives_the_same_p_under_its_own_name():
    for column in [name for name in VALUES if "." in name]:
        with case(column):
            key, name = column.split(".", 1)
            theirs = VALUES[column].to_numpy(dtype=float)
            known = ~np.isnan(theirs)
            assert known.sum() >= len(VALUES) - 2
            # R writes 1 - P for some statistics, and its glm stops at a deviance that moves by 1e-14.
            assert inference.pvalue(key, *COUNTS)[known] == pytest.approx(
                theirs[known], rel=1e-6 if "glm" in column else 1e-9
            )
            said = inference.TESTS[key].software["R"].lower()
            assert any(word.lower() in said for word in (name, name.split(".")[0])), said


@pytest.mark.parametrize(
    ("key", "program", "name"),
    [
        ("n_minus_1", "SPSS", "Linear-by-Linear Association"),
        ("n_minus_1", "SAS", "Mantel-Haenszel Chi-Square"),
        ("n_minus_1", "R", "kruskal.test"),
        ("student_t", "SPSS", "ONEWAY"),
        ("student_t", "R", "cor.test"),
        ("ols_hc1", "Stata", "vce(robust)"),
        ("arcsine", "SPSS", "not offered"),
    ],
)
def test_the_twins_are_named(key, program, name):
    assert name in inference.TESTS[key].software[program]
    assert name in inference.describe().at[key, program]


def test_every_entry_names_four_programs():
    for test in inference.TESTS.values():
        assert list(test.software) == ["SPSS", "SAS", "Stata", "R"]
        assert all(test.software.values())
