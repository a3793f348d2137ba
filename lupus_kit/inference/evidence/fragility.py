"""How few patients decide: fragility index, and every way the missing outcomes could have gone."""

import html
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lupus_kit.core.errors import require_choice
from lupus_kit.core.text import p_value_text
from lupus_kit.inference.planning.regions import rejection_region
from lupus_kit.inference.two_by_two.counts import as_count, as_level, at_most, one_table
from lupus_kit.inference.two_by_two.registry import Test, get, pvalue, select

#: Which outcomes may change: Walsh's (events added in the arm with fewer), or any in one arm.
RULES = ("walsh", "any")
# Changes tried at once.
_CHUNK = 64


@dataclass(frozen=True)
class Fragility:
    """The smallest number of changed outcomes that moves a result across alpha.

    Attributes
    ----------
    index : int or None
        Outcomes to change; ``None`` when no number of changes that the rule allows does it.
    direction : str
        ``"loses significance"`` (fragility index) or ``"gains significance"`` (reverse fragility index).
    arm : int
        Arm in which the outcomes are changed, 1 or 2.
    before, after : tuple of int
        ``(x1, x2)`` before and after.
    p_before, p_after : float
        The p-values.
    test : str
        Key of the test.
    alpha : float
        The level.
    gamma : float or None
        That of a Berger–Boos test.
    rule : str
        ``"walsh"`` or ``"any"``.
    patients : int
        Patients in both arms.

    Examples
    --------
    >>> from lupus_kit import inference
    >>> found = inference.fragility_index(19, 29, 11, 30, test="pearson")
    >>> found.index
    2
    >>> round(found.quotient, 3)
    0.034
    >>> found.to_frame()["direction"].item()
    'loses significance'
    """

    index: int | None
    direction: str
    arm: int
    before: tuple[int, int]
    after: tuple[int, int]
    p_before: float
    p_after: float
    test: str
    alpha: float
    gamma: float | None
    rule: str
    patients: int

    @property
    def quotient(self) -> float:
        """Index over patients in both arms (the fragility quotient); ``nan`` without an index."""
        return float("nan") if self.index is None else self.index / self.patients

    def to_frame(self) -> pd.DataFrame:
        """Return one row, with the quotient."""
        return pd.DataFrame([{**self.__dict__, "quotient": self.quotient}])

    def _repr_html_(self) -> str:
        label = html.escape(get(self.test, self.gamma).label)
        if self.index is None:
            verb = "added to" if self.direction == "loses significance" else "taken from"
            fewer = f"No number of events {verb} arm {self.arm}, which has fewer,"
            where = fewer if self.rule == "walsh" else "No change of outcomes in one arm"
            return f"{where} makes <b>{label}</b> cross {self.alpha:g}."
        plural = "outcome" if self.index == 1 else "outcomes"
        return (
            f"<b>{self.index}</b> changed {plural} in arm {self.arm} ({self.quotient:.1%} of {self.patients} patients): "
            f"<b>{label}</b> {self.direction} (p {p_value_text(self.p_before)} → {p_value_text(self.p_after)}, level {self.alpha:g})."
        )


def fragility_index(
    x1: int,
    n1: int | None = None,
    x2: int | None = None,
    n2: int | None = None,
    test: str | Test = "fisher",
    alpha: float = 0.05,
    gamma: float | None = None,
    rule: str = "walsh",
) -> Fragility:
    """Count the outcomes in one arm that must change for the result to cross ``alpha``.

    Parameters
    ----------
    x1, n1, x2, n2 : int
        Responders (Walsh's events) and patients of the first and second arm.
    test : str or Test
        Key of a test.
    alpha : float
        Significance level.
    gamma : float, optional
        For an unconditional exact test: its Berger–Boos form with this gamma.
    rule : {"walsh", "any"}
        ``"walsh"``: in the arm with fewer events (of equally many, the smaller rate), non-events of a significant
        result become events; of any other result, events become non-events (the reverse index). ``"any"``: either
        arm, either way, whichever needs fewer changes.

    Returns
    -------
    Fragility
        For a significant result the fragility index, for any other the reverse fragility index, and the quotient:
        the index over the patients of both arms.

    Raises
    ------
    InputError
        Counts that do not fit together, unknown test or rule.

    See Also
    --------
    tipping_point

    Notes
    -----
    Published fragility indices (a median of 8 in the 399 trials of Walsh et al.) compare with ``rule="walsh"``, the
    default test (Fisher's, two-sided) and ``alpha=0.05``, for significant results; quotients with those of Ahmed et
    al., reverse indices with those of Khan et al. ``rule="any"`` is never larger and compares with none of them. Where
    the arm with fewer events has the higher rate, Walsh's rule widens the contrast and there may be no index. The
    rules were read in later papers that apply them and in the manuals of two R packages, not in the first papers.

    References
    ----------
    Walsh M, et al. J Clin Epidemiol 2014;67:622-628 (fragility index). Ahmed W, et al. Crit Care Med
    2016;44:e1142-e1143 (quotient). Khan MS, et al. JAMA Netw Open 2020;3:e2012469 (reverse index).

    Examples
    --------
    >>> fragility_index(16, 29, 9, 30, test="pearson").index
    1
    >>> [fragility_index(18, 31, 15, 66, rule=rule).index for rule in ("walsh", "any")]
    [9, 5]
    """
    a, m, b, n = one_table(x1, n1, x2, n2)
    level, entry = as_level("alpha", alpha), get(test, gamma)
    require_choice("rule", rule, RULES)
    p_before = float(pvalue(entry, a, m, b, n))
    significant = bool(at_most(p_before, level))
    fewer = 1 if (a, a / m) <= (b, b / n) else 2
    rays = [(fewer, 1 if significant else -1)] if rule == "walsh" else [(arm, way) for arm in (1, 2) for way in (-1, 1)]
    # A Berger–Boos test follows no order: its tables are tried a few at a time, without the lattice.
    in_order = entry.family == "unconditional exact" and entry.gamma is None
    region = rejection_region(entry, m, n, level) if in_order else None
    chunk = _CHUNK if entry.gamma is None else _CHUNK // 8
    index, arm, new1, new2 = None, fewer, a, b
    for start in range(1, max(m, n) + 1, chunk):
        ways = []
        for changed, way in rays:
            new = (a, b)[changed - 1] + way * np.arange(start, start + chunk)
            new = new[(new >= 0) & (new <= (m, n)[changed - 1])]
            if not new.size:
                continue
            at1, at2 = (new, np.full_like(new, b)) if changed == 1 else (np.full_like(new, a), new)
            rejected = at_most(pvalue(entry, at1, m, at2, n), level) if region is None else region[at1, at2]
            crossed = np.flatnonzero(rejected != significant)
            ways += [(start + int(k), changed, int(at1[k]), int(at2[k])) for k in crossed[:1]]
        if ways:
            index, arm, new1, new2 = min(ways)
            break
    p_after = float(pvalue(entry, new1, m, new2, n))
    direction = "loses significance" if significant else "gains significance"
    before, after, gamma, patients = (a, b), (new1, new2), entry.gamma, m + n
    return Fragility(index, direction, arm, before, after, p_before, p_after, entry.key, level, gamma, rule, patients)


def tipping_point(
    x1: int,
    n1: int,
    x2: int,
    n2: int,
    missing1: int,
    missing2: int,
    test: str | Test | Iterable[str | Test] | None = "pearson",
    alpha: float = 0.05,
    gamma: float | None = None,
) -> pd.DataFrame:
    """Try every way the missing outcomes could have gone.

    Parameters
    ----------
    x1, n1, x2, n2 : int
        Responders and patients with an outcome, first and second arm.
    missing1, missing2 : int
        Patients without an outcome in each arm.
    test : str, Test, iterable of them, or None
        One test, several, or (``None``) every test of the registry.
    alpha : float
        Significance level.
    gamma : float, optional
        For the unconditional exact tests among them: their Berger–Boos form with this gamma.

    Returns
    -------
    pandas.DataFrame
        One row per test and way: ``test``, ``missing_responders_1``, ``missing_responders_2``, the completed
        ``x1 n1 x2 n2``, ``p`` and ``significant``.

    Raises
    ------
    InputError
        Counts that are not whole numbers, unknown test.

    See Also
    --------
    fragility_index

    Examples
    --------
    >>> tipping_point(16, 29, 9, 30, 1, 0)[["x1", "n1", "p", "significant"]].round(3)
       x1  n1      p  significant
    0  16  30  0.067        False
    1  17  30  0.037         True
    """
    a, m, b, n = one_table(x1, n1, x2, n2)
    m1, m2 = as_count("missing1", missing1), as_count("missing2", missing2)
    level = as_level("alpha", alpha)
    k1, k2 = (grid.ravel() for grid in np.meshgrid(np.arange(m1 + 1), np.arange(m2 + 1), indexing="ij"))
    frames = []
    for entry in select([test] if isinstance(test, (str, Test)) else test, gamma):
        p = np.asarray(pvalue(entry, a + k1, m + m1, b + k2, n + m2))
        ways = {"missing_responders_1": k1, "missing_responders_2": k2, "x1": a + k1, "n1": m + m1, "x2": b + k2}
        frames.append(pd.DataFrame({"test": entry.key, **ways, "n2": n + m2, "p": p, "significant": at_most(p, level)}))
    return pd.concat(frames, ignore_index=True)
