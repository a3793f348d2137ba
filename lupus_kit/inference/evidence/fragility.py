"""How few patients decide: fragility index, and every way the missing outcomes could have gone."""

import html
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lupus_kit.inference.two_by_two.counts import as_count, as_level, at_most, one_table
from lupus_kit.inference.two_by_two.registry import Test, get, pvalue, pvalue_lattice, select


@dataclass(frozen=True)
class Fragility:
    """The smallest number of changed outcomes that moves a result across alpha.

    Attributes
    ----------
    index : int or None
        Outcomes to change; ``None`` when no number of changes does it.
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
    gamma: float | None = None

    def to_frame(self) -> pd.DataFrame:
        """Return one row."""
        return pd.DataFrame([self.__dict__])

    def _repr_html_(self) -> str:
        label = html.escape(get(self.test, self.gamma).label)
        if self.index is None:
            return f"No change of outcomes in one arm makes <b>{label}</b> cross {self.alpha:g}."
        plural = "outcome" if self.index == 1 else "outcomes"
        return (
            f"<b>{self.index}</b> changed {plural} in arm {self.arm}: <b>{label}</b> {self.direction} "
            f"(p {self.p_before:.4f} → {self.p_after:.4f}, level {self.alpha:g})."
        )


def fragility_index(
    x1: int,
    n1: int,
    x2: int,
    n2: int,
    test: str | Test = "fisher",
    alpha: float = 0.05,
    gamma: float | None = None,
) -> Fragility:
    """Count the outcomes in one arm that must change for the result to cross ``alpha``.

    Parameters
    ----------
    x1, n1, x2, n2 : int
        Responders and patients of the first and second arm.
    test : str or Test
        Key of a test.
    alpha : float
        Significance level.
    gamma : float, optional
        For an unconditional exact test: its Berger–Boos form with this gamma.

    Returns
    -------
    Fragility
        For a significant result the fragility index, for any other the reverse fragility index; in the arm where fewer
        changes suffice.

    References
    ----------
    Walsh M, et al. J Clin Epidemiol 2014;67:622-628 (fragility index).

    Examples
    --------
    >>> fragility_index(16, 29, 9, 30, test="pearson").index
    1
    """
    a, m, b, n = one_table(x1, n1, x2, n2)
    level, entry = as_level("alpha", alpha), get(test, gamma)
    lattice = pvalue_lattice(entry, m, n)
    significant = bool(at_most(lattice[a, b], level))
    crossed = at_most(lattice, level) != significant
    ways = [(abs(k - a), 1, k, b) for k in np.flatnonzero(crossed[:, b]).tolist()]
    ways += [(abs(k - b), 2, a, k) for k in np.flatnonzero(crossed[a]).tolist()]
    index, arm, new1, new2 = min(ways, default=(None, 1, a, b))
    direction = "loses significance" if significant else "gains significance"
    p_before, p_after = float(lattice[a, b]), float(lattice[new1, new2])
    return Fragility(index, direction, arm, (a, b), (new1, new2), p_before, p_after, entry.key, level, entry.gamma)


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
        columns = {
            "test": entry.key,
            "missing_responders_1": k1,
            "missing_responders_2": k2,
            "x1": a + k1,
            "n1": m + m1,
            "x2": b + k2,
            "n2": n + m2,
            "p": p,
            "significant": at_most(p, level),
        }
        frames.append(pd.DataFrame(columns))
    return pd.concat(frames, ignore_index=True)
