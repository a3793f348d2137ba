"""The tests of a 2×2 table, one entry each: where p comes from, and what ``entries.toml`` says of it, its use and its name."""

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any

from lupus_kit.core.templates import toml_beside
from lupus_kit.inference.two_by_two import asymptotic, conditional, unconditional
from lupus_kit.inference.two_by_two.pearson import pearson_z


@dataclass(frozen=True)
class Test:
    """One analysis of a two-arm binary outcome.

    Attributes
    ----------
    key, label : str
        Name in the code and in print.
    function : callable
        ``(x1, n1, x2, n2, alternative) -> p`` on checked integer arrays; some take a ``null`` other than no effect.
    formula : str
        The statistic, or how the p-value adds up.
    reference : str
        Where the test comes from.
    use, avoid : str
        When it is a good choice, and when not.
    family : str
        ``"asymptotic"``, ``"conditional exact"``, ``"unconditional exact"`` or ``"t and rank tests"``.
    null : str
        The null hypothesis.
    degenerate : str
        The answer when nobody responds, or everybody.
    same_as : tuple of str
        Keys of tests that give the same p-value.
    one_sided_as : str
        Key of an earlier test with the same one-sided variants, or empty.
    gamma, difference : float or None, float
        Error rate of Berger and Boos's confidence interval of the nuisance parameter; p1 - p2 of the null hypothesis.
    statistic, symbol : callable or None, str
        ``(x1, n1, x2, n2) -> "z"`` or ``"t"``, positive where the first arm responds more, or its square: ``"χ²"``.
    software : mapping of str to str
        What SPSS, SAS, Stata and R call the test, and how to get it there.

    Examples
    --------
    >>> from lupus_kit import inference
    >>> fisher = inference.TESTS["fisher"]
    >>> fisher.label, fisher.family
    ('Fisher (point probability)', 'conditional exact')
    """

    key: str
    function: asymptotic.Statistic
    label: str
    formula: str
    reference: str
    use: str
    avoid: str
    family: str = "asymptotic"
    null: str = "both arms respond with the same probability"
    degenerate: str = "nan: the statistic is 0/0"
    same_as: tuple[str, ...] = ()
    one_sided_as: str = ""
    gamma: float | None = None
    difference: float = 0.0
    statistic: asymptotic.Statistic | None = None
    symbol: str = "z"
    software: Mapping[str, str] = field(default_factory=dict, compare=False)

    __test__ = False  # a statistical test, not one for pytest to collect

    def __repr__(self) -> str:
        return f"Test({self.key!r}: {self.label})"

    def _repr_html_(self) -> str:
        rows = {"p": self.formula, "null": self.null, "use": self.use, "avoid": self.avoid, "source": self.reference}
        items = (f"<li>{name}: {html.escape(text)}</li>" for name, text in (rows | dict(self.software)).items())
        return f"<b>{html.escape(self.label)}</b> ({self.key})<ul>{''.join(items)}</ul>"


#: Tests whose statistic has their own name.
_OF_THEIR_NAME = (
    *("n_minus_1", "yates", "wald_unpooled", "agresti_caffo", "log_odds_wald", "log_risk_ratio_wald"),
    *("arcsine", "student_t", "mann_whitney"),
)
#: The statistic of each test that has one.
_STATISTICS: dict[str, asymptotic.Statistic] = {
    **{key: getattr(asymptotic, key) for key in _OF_THEIR_NAME},
    "pearson": pearson_z,
    "likelihood_ratio": partial(asymptotic.divergence_root, 0),
    "cressie_read": partial(asymptotic.divergence_root, 2 / 3),
    "barnard": pearson_z,
    "barnard_unpooled": asymptotic.wald_unpooled,
    "barnard_berger_boos": pearson_z,
    "haldane_anscombe": partial(asymptotic.log_odds_wald, added=0.5),
    "anscombe_arcsine": partial(asymptotic.arcsine, anscombe=True),
    "welch_t": partial(asymptotic.robust_t, "HC2"),
    **{f"ols_{kind.lower()}": partial(asymptotic.robust_t, kind) for kind in ("HC1", "HC2", "HC3")},
    "miettinen_nurminen": asymptotic.n_minus_1,
}


def _function(key: str, symbol: str) -> asymptotic.Statistic:
    """Say where the p-value of a test comes from."""
    if key in conditional.CONDITIONAL:
        return partial(conditional.pvalues, key)
    if key in unconditional.ORDERINGS:
        return partial(unconditional.pvalues, key)
    if key == "mann_whitney":
        return asymptotic.mann_whitney_test
    if symbol == "t":
        degrees = asymptotic.welch_degrees if key == "welch_t" else asymptotic.residual_degrees
        return partial(asymptotic.t_test, _STATISTICS[key], degrees)
    return partial(asymptotic.normal_test, _STATISTICS[key])


def _entry(key: str, said: dict[str, Any]) -> Test:
    function = _function(key, said.get("symbol", "z"))
    said["same_as"] = tuple(said.get("same_as", ()))
    return Test(key, function, statistic=_STATISTICS.get(key), gamma=unconditional.confidence(key, None), **said)


_SAID = toml_beside(__file__, "entries.toml")
#: Every test by its key, in the order tables print them.
TESTS: Mapping[str, Test] = MappingProxyType({key: _entry(key, said) for key, said in _SAID.items()})
