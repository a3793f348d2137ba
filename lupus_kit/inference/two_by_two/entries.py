"""The tests of a 2×2 table, one entry each: what it is, how it adds up, when to use it and when not."""

import html
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import resources
from types import MappingProxyType
from typing import Any

from lupus_kit.inference.two_by_two import asymptotic, conditional, unconditional
from lupus_kit.inference.two_by_two.counts import FloatArray, IntArray
from lupus_kit.inference.two_by_two.pearson import pearson_z

Function = Callable[[IntArray, IntArray, IntArray, IntArray, str], FloatArray]

_EQUAL_RATES = "both arms respond with the same probability"
_EQUAL_ODDS = "the odds ratio is 1"
_T = "t and rank tests"
_NAN_OR_0 = "nan; 0 when one arm responds wholly and the other not at all"
_NAN_ALONE_OR_0 = "nan; also for an arm of one patient; 0 when one arm responds wholly and the other not at all"


@dataclass(frozen=True)
class Test:
    """One analysis of a two-arm binary outcome.

    Attributes
    ----------
    key, label : str
        Name in the code and in print.
    function : callable
        ``(x1, n1, x2, n2, alternative) -> p`` on checked integer arrays.
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
    """

    key: str
    function: Function
    label: str
    formula: str
    reference: str
    use: str
    avoid: str
    family: str = "asymptotic"
    null: str = _EQUAL_RATES
    degenerate: str = "nan: the statistic is 0/0"
    same_as: tuple[str, ...] = ()
    one_sided_as: str = ""
    gamma: float | None = None
    difference: float = 0.0
    statistic: asymptotic.Statistic | None = None
    symbol: str = "z"
    software: Mapping[str, str] = field(default_factory=dict, compare=False)

    __test__ = False  # a statistical test, not one for pytest to collect

    @property
    def is_exact(self) -> bool:
        """Whether the size never exceeds the level (up to the mid-p adjustment, which gives that up)."""
        return self.family.endswith("exact") and "midp" not in self.key

    def __repr__(self) -> str:
        return f"Test({self.key!r}: {self.label})"

    def _repr_html_(self) -> str:
        rows = {"p": self.formula, "null": self.null, "use": self.use, "avoid": self.avoid, "source": self.reference}
        items = (f"<li>{name}: {html.escape(text)}</li>" for name, text in (rows | dict(self.software)).items())
        return f"<b>{html.escape(self.label)}</b> ({self.key})<ul>{''.join(items)}</ul>"


def _normal(key: str, z: asymptotic.Statistic, *text: Any, **more: Any) -> Test:
    return Test(key, partial(asymptotic.normal_test, z), *text, **({"statistic": z} | more))


_chi_squared = partial(_normal, symbol="χ²")


def _t_test(key: str, t: asymptotic.Statistic, degrees: asymptotic.Statistic, *text: Any, **more: Any) -> Test:
    usual: dict[str, Any] = {
        "family": _T,
        "null": "the means of the 0/1 outcomes are equal",
        "statistic": t,
        "symbol": "t",
    }
    return Test(key, partial(asymptotic.t_test, t, degrees), *text, **(usual | more))


def _robust(kind: str, formula: str, degenerate: str) -> Test:
    return _t_test(
        f"ols_{kind.lower()}",
        partial(asymptotic.robust_t, kind),
        asymptotic.residual_degrees,
        f"Least squares, robust variance ({kind})",
        f"t = (p1 − p2) / √({formula}), N − 2 degrees of freedom",
        "MacKinnon JG, White H. J Econometrics 1985;29:305-325",
        "a linear model of a binary outcome, whose variance differs between the arms",
        "as a main analysis of a binary endpoint",
        degenerate=degenerate,
    )


def _conditional(key: str, *text: Any, **more: Any) -> Test:
    usual = {"family": "conditional exact", "null": _EQUAL_ODDS, "degenerate": "1"}
    return Test(key, partial(conditional.pvalues, key), *text, **(usual | more))


def _unconditional(key: str, *text: Any, **more: Any) -> Test:
    usual = {"family": "unconditional exact", "degenerate": "1"}
    return Test(key, partial(unconditional.pvalues, key), *text, **(usual | more))


def _berger_boos(key: str, name: str, how: str, plus: str, **more: Any) -> Test:
    return _unconditional(
        key,
        f"{name}, Berger–Boos (γ = 10⁻⁶)",
        f"{how}, with π confined to its 1 − γ confidence interval, {plus}",
        "Berger RL, Boos DD. J Am Stat Assoc 1994;89:1012-1016",
        f"{name} without the influence of implausible response rates",
        "when a reader will ask why this γ",
        gamma=unconditional.BERGER_BOOS_GAMMA,
        **more,
    )


_ENTRIES = (
    _chi_squared(
        "pearson",
        pearson_z,
        "Pearson chi-squared",
        "z² = N (x1 f2 − x2 f1)² / (n1 n2 s f), with f the non-responders and s, f the column totals",
        "Pearson K. Philos Mag 1900;50:157-175",
        "expected counts of 5 or more in every cell",
        "small or very unequal arms: its true size can exceed the level",
    ),
    _chi_squared(
        "n_minus_1",
        asymptotic.n_minus_1,
        "N − 1 chi-squared (Campbell, E. Pearson)",
        "Pearson's z² times (N − 1)/N",
        "Campbell I. Stat Med 2007;26:3661-3675",
        "expected counts of 1 or more: the least adjusted test that keeps its level well",
        "expected counts below 1",
        same_as=("miettinen_nurminen",),
    ),
    _chi_squared(
        "yates",
        asymptotic.yates,
        "Yates chi-squared",
        "z² = N (|x1 f2 − x2 f1| − N/2)² / (n1 n2 s f), never past zero",
        "Yates F. Suppl J R Stat Soc 1934;1:217-235",
        "as an approximation to Fisher's test, where exact sums are out of reach",
        "two randomised arms: it is conservative, as Fisher's test is",
    ),
    _chi_squared(
        "likelihood_ratio",
        asymptotic.likelihood_ratio,
        "Likelihood ratio (G)",
        "G = 2 Σ O ln(O/E)",
        "Wilks SS. Ann Math Stat 1938;9:60-62",
        "large samples, nested models",
        "small samples: its size exceeds the level more than Pearson's",
    ),
    _chi_squared(
        "cressie_read",
        asymptotic.cressie_read,
        "Cressie–Read (λ = 2/3)",
        "2/(λ(λ+1)) Σ O [(O/E)^λ − 1]",
        "Cressie N, Read TRC. J R Stat Soc B 1984;46:440-464",
        "a compromise between Pearson and the likelihood ratio",
        "small samples",
    ),
    _conditional(
        "fisher",
        "Fisher (point probability)",
        "sum of P(table | margins) over tables no more probable than the observed one",
        "Fisher RA. J R Stat Soc 1935;98:39-82; Irwin JO. Metron 1935;12:83-94",
        "both margins fixed by design, or when a reader expects it",
        "two randomised arms when power matters: it is conservative",
    ),
    _conditional(
        "fisher_doubled",
        "Fisher (doubled)",
        "twice the smaller one-sided p, at most 1",
        "Armitage P, Berry G, Matthews JNS. Statistical Methods in Medical Research, 4th ed, 2002",
        "when each tail should have its own level, as in a confidence interval",
        "as Fisher; more conservative still",
        one_sided_as="fisher",
    ),
    _conditional(
        "blaker",
        "Blaker",
        "P(γ(X) ≤ γ(x1)), γ the smaller of the two tail probabilities given the margins",
        "Blaker H. Can J Stat 2000;28:783-798",
        "conditional inference with nested confidence intervals",
        "as Fisher",
        one_sided_as="fisher",
    ),
    _conditional(
        "fisher_midp",
        "Fisher mid-p (point probability)",
        "as Fisher, with tables exactly as probable as the observed one counted half",
        "Lancaster HO. J Am Stat Assoc 1961;56:223-234",
        "a less conservative conditional test; its size can exceed the level a little",
        "when a guarantee on the size is required",
        degenerate="0.5: the one possible table counts half",
    ),
    _conditional(
        "fisher_midp_doubled",
        "Fisher mid-p (doubled)",
        "twice the smaller of P(X > x1) + P(X = x1)/2 and its mirror image, at most 1",
        "Berry G, Armitage P. Statistician 1995;44:417-423",
        "as mid-p, with equal tails",
        "when a guarantee on the size is required",
        one_sided_as="fisher_midp",
    ),
    _unconditional(
        "barnard",
        "Barnard (score order)",
        "sup over π of P(|z| ≥ |z observed|), z the pooled score statistic",
        "Barnard GA. Biometrika 1947;34:123-138; Suissa S, Shuster JJ. J R Stat Soc A 1985;148:317-327",
        "two randomised arms of fixed size: exact, with good power",
        "margins fixed by design",
        statistic=pearson_z,
    ),
    _unconditional(
        "barnard_unpooled",
        "Barnard (Wald order)",
        "sup over π of P(|z| ≥ |z observed|), z the unpooled Wald statistic",
        "Suissa S, Shuster JJ. J R Stat Soc A 1985;148:317-327",
        "as Barnard; the order of the tables is that of the Wald test",
        "very unequal arms, where the order is erratic",
        statistic=asymptotic.wald_unpooled,
    ),
    _unconditional(
        "boschloo",
        "Boschloo (central)",
        "twice the smaller one-sided value, at most 1; tables ordered by the one-sided Fisher p",
        "Boschloo RD. Stat Neerl 1970;24:1-35",
        "two randomised arms of fixed size: exact, never worse than doubled Fisher",
        "margins fixed by design",
    ),
    _unconditional(
        "boschloo_minlike",
        "Boschloo (two-sided Fisher order)",
        "sup over π of P(Fisher p ≤ observed Fisher p), with the two-sided point-probability p",
        "Boschloo RD. Stat Neerl 1970;24:1-35; Lydersen S, Fagerland MW, Laake P. Stat Med 2009;28:1159-1175",
        "as Boschloo; uniformly at least as powerful as Fisher's two-sided test",
        "margins fixed by design",
        one_sided_as="boschloo",
    ),
    _berger_boos("barnard_berger_boos", "Barnard", "as Barnard", "plus γ", statistic=pearson_z),
    _berger_boos("boschloo_berger_boos", "Boschloo", "as Boschloo (central)", "plus γ, in each tail"),
    _normal(
        "wald_unpooled",
        asymptotic.wald_unpooled,
        "Wald, risk difference, unpooled",
        "z = (p1 − p2) / √(p1 q1/n1 + p2 q2/n2)",
        "Wald A. Trans Am Math Soc 1943;54:426-482",
        "large samples, to match a Wald interval",
        "small samples: its size exceeds the level",
        degenerate=_NAN_OR_0,
    ),
    _normal(
        "agresti_caffo",
        asymptotic.agresti_caffo,
        "Agresti–Caffo",
        "unpooled Wald after adding one responder and one non-responder to each arm",
        "Agresti A, Caffo B. Am Stat 2000;54:280-288",
        "to match the Agresti–Caffo interval",
        "as a stand-alone test",
        degenerate="a number: the added patients give it a variance",
    ),
    _normal(
        "log_odds_wald",
        asymptotic.log_odds_wald,
        "Wald, log odds ratio",
        "z = ln OR / √(1/x1 + 1/f1 + 1/x2 + 1/f2)",
        "Woolf B. Ann Hum Genet 1955;19:251-253",
        "what unadjusted logistic regression prints",
        "an empty cell, where it is undefined",
        null=_EQUAL_ODDS,
        degenerate="nan; also with any empty cell",
    ),
    _normal(
        "haldane_anscombe",
        asymptotic.haldane_anscombe,
        "Wald, log odds ratio, ½ added",
        "as the Wald test of ln OR, with ½ added to every cell",
        "Haldane JBS. Ann Hum Genet 1956;20:309-311; Anscombe FJ. Biometrika 1956;43:461-464",
        "tables with an empty cell",
        "as a main analysis",
        null=_EQUAL_ODDS,
        degenerate="a number: the halves give it a variance",
    ),
    _normal(
        "log_risk_ratio_wald",
        asymptotic.log_risk_ratio_wald,
        "Wald, log risk ratio",
        "z = ln RR / √(1/x1 − 1/n1 + 1/x2 − 1/n2)",
        "Katz D, Baptista J, Azen SP, Pike MC. Biometrics 1978;34:469-474",
        "to match a Katz interval of the risk ratio",
        "an arm without responders, where it is undefined",
        null="the risk ratio is 1",
        degenerate="nan; also when one arm has no responder",
    ),
    _normal(
        "arcsine",
        asymptotic.arcsine,
        "Arcsine",
        "z = 2 (asin √p1 − asin √p2) / √(1/n1 + 1/n2)",
        "Cohen J. Statistical Power Analysis for the Behavioral Sciences, 2nd ed, 1988",
        "sample-size formulas",
        "as a main analysis of small arms",
        degenerate="1",
    ),
    _normal(
        "anscombe_arcsine",
        asymptotic.anscombe_arcsine,
        "Arcsine (Anscombe)",
        "z = 2 (asin √((x1 + ⅜)/(n1 + ¾)) − asin √((x2 + ⅜)/(n2 + ¾))) / √(1/(n1 + ½) + 1/(n2 + ½))",
        "Anscombe FJ. Biometrika 1948;35:246-254",
        "to steady the variance of small counts",
        "as a main analysis of small arms",
        degenerate="a number: the added fractions tell arms of different sizes apart",
    ),
    _t_test(
        "student_t",
        asymptotic.student_t,
        asymptotic.residual_degrees,
        "Student t on 0/1 data",
        "t = (mean1 − mean2) / (pooled SD √(1/n1 + 1/n2)), N − 2 degrees of freedom",
        "Student. Biometrika 1908;6:1-25; D'Agostino RB, Chase W, Belanger A. Am Stat 1988;42:198-202",
        "it is close to the N − 1 test, and some software offers nothing else for a column of 0 and 1",
        "as a main analysis of a binary endpoint",
        degenerate=_NAN_OR_0,
    ),
    _t_test(
        "welch_t",
        partial(asymptotic.robust_t, "HC2"),
        asymptotic.welch_degrees,
        "Welch t on 0/1 data",
        "t = (mean1 − mean2) / √(s1²/n1 + s2²/n2), Satterthwaite's degrees of freedom",
        "Welch BL. Biometrika 1947;34:28-35",
        "as Student's t, without assuming equal variances",
        "as a main analysis of a binary endpoint",
        degenerate=_NAN_ALONE_OR_0,
    ),
    _robust("HC1", "N/(N − 2) (p1 q1/n1 + p2 q2/n2)", _NAN_OR_0),
    _robust("HC2", "p1 q1/(n1 − 1) + p2 q2/(n2 − 1)", _NAN_ALONE_OR_0),
    _robust("HC3", "p1 q1 n1/(n1 − 1)² + p2 q2 n2/(n2 − 1)²", _NAN_ALONE_OR_0),
    Test(
        "mann_whitney",
        asymptotic.mann_whitney_test,
        "Mann–Whitney, continuity corrected",
        "z = (|U − n1 n2/2| − ½) / √(variance of U, corrected for ties)",
        "Mann HB, Whitney DR. Ann Math Stat 1947;18:50-60",
        "ordinal outcomes; on 0/1 data it is the N − 1 test with a small correction",
        "as a main analysis of a binary endpoint",
        family=_T,
        null="both arms have the same distribution",
        statistic=asymptotic.mann_whitney,
    ),
    _normal(
        "miettinen_nurminen",
        asymptotic.n_minus_1,
        "Miettinen–Nurminen score",
        "score statistic of a zero difference, variance times N/(N − 1)",
        "Miettinen O, Nurminen M. Stat Med 1985;4:213-226",
        "to match the Miettinen–Nurminen interval of the risk difference",
        "expected counts below 1",
        same_as=("n_minus_1",),
    ),
)

_SOFTWARE = tomllib.loads(resources.files(__package__).joinpath("software.toml").read_text(encoding="utf-8"))

#: Every test by its key, in the order tables print them.
TESTS: Mapping[str, Test] = MappingProxyType({t.key: replace(t, software=_SOFTWARE[t.key]) for t in _ENTRIES})
