"""The re-randomisation test: the outcomes stay, and the allocation is drawn again as the trial drew it.

Suppose the treatment changes nobody's outcome. Then the outcomes would have been the same under every allocation that the
trial's procedure could have made, and the difference between the arms came about by the draw alone. So the procedure
itself (permuted blocks within strata, for example) draws allocations anew, and p is the share of them with a statistic at
least as far out as the observed one. No model and no random sample of patients is needed, and blocks and strata are in
the test because they are in the draw.

Where every allocation can be listed, the share is exact. Otherwise it is estimated from ``B`` random draws as
``(k + 1) / (B + 1)`` with ``k`` of them as far out: under the hypothesis the observed allocation is one draw more, so this
p is valid at every B and never 0. Its own interval says how far the draws leave open the exact value.

Sources: Rosenberger WF, Lachin JM. Randomization in Clinical Trials, 2nd ed, 2016, chapter 6. Proschan MA, Dodd LE. Stat
Med 2019;38:2292-2302. Phipson B, Smyth GK. Stat Appl Genet Mol Biol 2010;9:39.
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from math import fsum
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lupus_kit.core.errors import InputError, unknown_name
from lupus_kit.core.seeds import as_generator
from lupus_kit.inference.intervals.proportion import clopper_pearson
from lupus_kit.inference.two_by_two.counts import Bools, FloatArray, as_alternative, as_count, as_level

# Draws that are all the same, from this number on, are no draws.
_SUSPICIOUS = 20


@dataclass(frozen=True)
class Rerandomisation:
    """Result of a re-randomisation test.

    Attributes
    ----------
    observed : float
        Difference of the response rates in the trial, first arm minus second.
    p : float
        The p-value.
    p_low, p_high : float
        Interval of the exact p-value (Clopper–Pearson, from the draws); both are p where it is exact.
    level : float
        Confidence level of that interval.
    exact : bool
        Whether every allocation was listed.
    n_allocations : int
        Allocations looked at.
    alternative : str
        The alternative.
    arms : tuple of str
        The two arms.
    n_missing : int
        Patients without an outcome: they are allocated, and counted in no arm.
    n_undefined : int
        Allocations that leave an arm without outcomes: they show no difference.

    Examples
    --------
    >>> from lupus_kit import inference
    >>> from itertools import combinations
    >>> arm = ["A"] * 4 + ["B"] * 4
    >>> every = [["A" if i in chosen else "B" for i in range(8)] for chosen in combinations(range(8), 4)]
    >>> found = inference.rerandomisation_test([1, 1, 1, 0, 0, 1, 0, 0], arm, every)
    >>> found.exact, found.n_allocations
    (True, 70)
    >>> found.to_frame()["arms"].item()
    'A v B'
    """

    observed: float
    p: float
    p_low: float
    p_high: float
    level: float
    exact: bool
    n_allocations: int
    alternative: str
    arms: tuple[str, str]
    n_missing: int
    n_undefined: int

    def to_frame(self) -> pd.DataFrame:
        """Return one row."""
        return pd.DataFrame([{**asdict(self), "arms": " v ".join(self.arms)}])

    def _repr_html_(self) -> str:
        how = f"exact, all {self.n_allocations} allocations"
        if not self.exact:
            ends = f"{self.p_low:.4f} to {self.p_high:.4f} with {100 * self.level:g}% confidence"
            how = f"{self.n_allocations} draws; the exact p lies in {ends}"
        lost = f" {self.n_missing} without an outcome were allocated and counted in no arm." if self.n_missing else ""
        if self.n_undefined:
            lost += f" {self.n_undefined} allocations leave an arm without outcomes and show no difference."
        what = f"Re-randomisation, {' v '.join(self.arms)}, {self.alternative}: difference of response rates {self.observed:.4g}"
        return f"{what}, <b>p = {self.p:.4g}</b> ({how}).{lost}"


def _labels(arm: Any, first: Any) -> tuple[NDArray[Any], list[Any]]:
    """Each patient's arm, and both names in order."""
    given = np.asarray(arm, dtype=object)
    if given.ndim != 1 or pd.isna(given).any():
        raise InputError("arm: one arm for each patient is needed, none missing.")
    names = sorted(pd.unique(given).tolist(), key=str)
    if len(names) != 2:
        raise InputError(f"arm: two arms are needed, {len(names)} given: {', '.join(map(repr, names[:20]))}.")
    if first is not None:
        if first not in names:
            raise unknown_name("arm", first, [str(name) for name in names])
        names.sort(key=lambda name: name != first)
    return given, names


def _outcomes(outcome: Any, n: int) -> FloatArray:
    """Each patient's outcome as a number; nan is missing."""
    given = pd.Series(np.asarray(outcome, dtype=object).ravel())
    if len(given) != n:
        raise InputError(f"outcome has {len(given)} values and arm {n}: one of each for every patient is needed.")
    values = pd.to_numeric(given, errors="coerce").to_numpy(dtype=np.float64)
    bad = ~given.isna().to_numpy() & ~np.isin(values, (0, 1))
    if bad.any():
        where = ", ".join(f"{given[i]!r} (patient {i + 1})" for i in np.flatnonzero(bad)[:20].tolist())
        raise InputError(f"outcome: each is 1 (responder), 0 or missing; {bad.sum()} not: {where}.")
    return np.asarray(values)


def _in_first(allocation: Any, names: list[Any], n: int) -> Bools:
    """Turn one allocation into "is in the first arm"."""
    if isinstance(allocation, pd.DataFrame):
        if "arm" not in allocation:
            raise InputError(f"draw gave a table without a column 'arm': {', '.join(map(str, allocation))}.")
        allocation = allocation["arm"]
    drawn = np.asarray(allocation, dtype=object)
    if drawn.shape != (n,):
        raise InputError(f"draw gave {drawn.size} arms for {n} patients: one arm for each is needed, in their order.")
    first = np.asarray(drawn == names[0], dtype=bool)
    unknown = ~(first | np.asarray(drawn == names[1], dtype=bool))
    if unknown.any():
        raise InputError(f"draw gave the arm {drawn[unknown][0]!r}; the trial's are {names[0]!r} and {names[1]!r}.")
    return first


def _listed(item: Any) -> tuple[Any, float | None]:
    """Return a listed allocation and its probability, if it has one."""
    pair = isinstance(item, tuple) and len(item) == 2 and isinstance(item[1], (int, float, np.number))
    return (item[0], float(item[1])) if pair else (item, None)


def rerandomisation_test(
    outcome: Any,
    arm: Any,
    draw: Callable[[np.random.Generator], Any] | Iterable[Any],
    n_draws: int = 10_000,
    seed: int | np.random.Generator = 0,
    alternative: str = "two-sided",
    first: Any = None,
    level: float = 0.95,
) -> Rerandomisation:
    """Test no effect on any patient by drawing the allocation again as the trial drew it.

    Parameters
    ----------
    outcome : array, shape (n,)
        1 for a responder, 0 for none, missing where unknown: such a patient keeps his place in the allocation and counts
        in no arm.
    arm : array, shape (n,)
        The trial's arm of each patient, in the order in which ``draw`` allocates them.
    draw : callable, or iterable of allocations
        A function of a random generator that returns one arm for each patient (or a table with a column ``arm``), under
        the trial's own procedure; then p is estimated from draws. Or every allocation that the procedure could make,
        equally probable ones, or pairs ``(allocation, probability)``; then p is exact.
    n_draws : int
        Number of draws.
    seed : int or numpy.random.Generator
        Same seed, same draws.
    alternative : {"two-sided", "greater", "less"}
        Two-sided: as far from 0, on either side.
    first : label, optional
        The arm that comes first; by default the first in alphabetical order.
    level : float
        Confidence level of the interval of the exact p-value.

    Returns
    -------
    Rerandomisation

    Raises
    ------
    InputError
        Lengths or labels that do not fit, other than two arms, draws that are all the same, probabilities that do not
        add up to 1, or a list without the trial's own allocation.

    See Also
    --------
    shuffle_test

    Notes
    -----
    With all ``C(n, n1)`` allocations of fixed arms this is Fisher's test: the one-sided p-values are his, and the
    two-sided one orders tables by the size of the difference, which in equal arms is the order of their probabilities.

    There is no interval for the difference of the rates: a binary outcome knows no constant shift to test, and the sets
    of effects that Rigdon and Hudgens (2015) and Li and Ding (2016) try are counts of patients that may be exchanged, as
    they may under complete randomisation but not across blocks and strata.

    References
    ----------
    Rosenberger WF, Lachin JM. Randomization in Clinical Trials, 2nd ed, 2016. Rigdon J, Hudgens MG. Stat Med
    2015;34:924-935. Li X, Ding P. Stat Med 2016;35:957-960.

    Examples
    --------
    >>> from itertools import combinations
    >>> outcome, arm = [1, 1, 1, 0, 0, 1, 0, 0], ["A"] * 4 + ["B"] * 4
    >>> every = [["A" if i in chosen else "B" for i in range(8)] for chosen in combinations(range(8), 4)]
    >>> round(rerandomisation_test(outcome, arm, every).p, 4)  # Fisher's exact test: 0.4857
    0.4857
    """
    side, confidence = as_alternative(alternative), as_level("level", level)
    given, names = _labels(arm, first)
    values = _outcomes(outcome, len(given))
    seen, responds = ~np.isnan(values), values == 1

    def value(in_first: Bools) -> float:  # from whole numbers, so that equal differences are equal
        n1, x1 = int(np.sum(in_first & seen)), int(np.sum(in_first & responds))
        n2, x2 = int(np.sum(seen)) - n1, int(np.sum(responds)) - x1
        return (x1 * n2 - x2 * n1) / (n1 * n2) if n1 and n2 else float("nan")

    trial = _in_first(given, names, len(given))
    observed = value(trial)
    if np.isnan(observed):
        raise InputError("each arm needs at least one outcome.")
    exact, chances = not callable(draw), []
    if callable(draw):
        rng, times = as_generator(seed), as_count("n_draws", n_draws, 1)
        drawn = [_in_first(draw(rng), names, len(given)) for _ in range(times)]
    elif isinstance(draw, (str, pd.DataFrame)) or not isinstance(draw, Iterable):
        raise InputError("draw: give a function of a random generator, or a list of every allocation.")
    else:
        listed = [_listed(item) for item in draw]
        drawn, chances = [_in_first(one, names, len(given)) for one, _ in listed], [chance for _, chance in listed]
    found = np.array([value(in_first) for in_first in drawn])
    undefined = np.isnan(found)
    found[undefined] = 0.0
    far, least = (np.abs(found), abs(observed)) if side == "two-sided" else (found, observed)
    extreme = far <= least if side == "less" else far >= least
    if exact:
        p = low = high = _share(extreme, chances, any(np.array_equal(one, trial) for one in drawn))
    else:
        if len(drawn) >= _SUSPICIOUS and all(np.array_equal(one, drawn[0]) for one in drawn):
            raise InputError("draw gave the same allocation every time: does it use the generator that it is given?")
        k = int(extreme.sum())
        p = (k + 1) / (len(drawn) + 1)
        low, high = clopper_pearson(k, len(drawn), confidence)
    arms, missing, lost = (str(names[0]), str(names[1])), int(np.isnan(values).sum()), int(undefined.sum())
    return Rerandomisation(observed, p, low, high, confidence, exact, len(drawn), side, arms, missing, lost)


def _share(extreme: Bools, chances: list[float | None], trial_is_there: bool) -> float:
    """Probability of the extreme allocations among all listed ones."""
    if not trial_is_there:
        raise InputError("the trial's own allocation is not in the list: the procedure that is listed did not make it.")
    known = [chance for chance in chances if chance is not None]
    if not known:
        return float(extreme.sum() / len(extreme))
    if len(known) < len(chances) or not (min(known) >= 0 and abs(fsum(known) - 1) <= 1e-9):
        what = f"{len(known)} given for {len(chances)} allocations, adding up to {fsum(known):g}"
        raise InputError(f"probabilities: {what}; each needs one of 0 or more, and together they are 1.")
    return min(fsum(chance for chance, far in zip(known, extreme, strict=True) if far), 1.0)
