"""How definitions of response agree on the same patients: cross-tables, kappa and McNemar's test for every pair."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
import scipy

from lupus_kit.core.columns import BadCells, flags, require_columns
from lupus_kit.core.errors import InputError, confidence_level, require_choice

#: Columns that name a row and are no verdict.
KEYS = ("patient", "visit", "week", "arm")

_COUNTS = ("both", "only_first", "only_second", "neither")


@dataclass(frozen=True)
class Agreement:
    """How every pair of definitions agrees.

    Attributes
    ----------
    pairs : pandas.DataFrame
        One row per group and pair: the columns of `by`, ``first``, ``second``, the cross-table (``both``,
        ``only_first``, ``only_second``, ``neither``), ``n`` (rows both assess) and ``not_assessed`` (rows that one or
        both leave open), ``agreement``, ``positive_agreement``, ``negative_agreement``, ``kappa``, ``kappa_se``,
        ``kappa_low``, ``kappa_high``, ``mcnemar_exact``, ``mcnemar_mid_p``, ``mcnemar_asymptotic``.
    responders : pandas.DataFrame
        One row per group and definition: ``responders``, ``assessed``, ``rate``.
    by : tuple of str
        The columns that make the groups.
    level : float
        Confidence level of the intervals of kappa.
    repeated : bool
        Whether a patient has more than one row in a group, so that rows are not independent and standard errors and
        p-values are too small.

    Examples
    --------
    >>> import pandas as pd
    >>> from lupus_kit import endpoints
    >>> answers = pd.DataFrame({"SRI-4": [1] * 79 + [0] * 105, "BICLA": [1] * 51 + [0] * 28 + [1] * 4 + [0] * 101})
    >>> found = endpoints.agreement(answers)
    >>> found.definitions
    ['SRI-4', 'BICLA']
    >>> found.to_frame()[["both", "only_first", "only_second", "neither"]].to_numpy().tolist()
    [[51, 28, 4, 101]]
    """

    pairs: pd.DataFrame
    responders: pd.DataFrame
    by: tuple[str, ...]
    level: float
    repeated: bool

    def to_frame(self) -> pd.DataFrame:
        """Return one row per pair."""
        return self.pairs.copy()

    @property
    def definitions(self) -> list[str]:
        """Names of the definitions, in the order in which they were given."""
        return list(self.responders["definition"].unique())

    def _repr_html_(self) -> str:
        names = {"only_first": "first only", "only_second": "second only", "not_assessed": "not assessed"}
        shown = self.pairs[[*self.by, "first", "second", *_COUNTS, "not_assessed"]].rename(columns=names)
        shown["agreement"] = ["–" if np.isnan(x) else f"{100 * x:.1f}%" for x in self.pairs["agreement"]]
        ends = zip(*(self.pairs[c] for c in ("kappa", "kappa_low", "kappa_high")), strict=True)
        shown["kappa"] = [_kappa_text(*row) for row in ends]
        shown["McNemar mid-p"] = ["–" if np.isnan(p) else f"{p:.4f}" for p in self.pairs["mcnemar_mid_p"]]
        note = f"Kappa with its {100 * self.level:g}% interval. McNemar's test compares only the patients on whom the pair differs."
        if self.repeated:
            note += " Patients have several rows here: intervals and p-values treat them as independent, which they are not."
        return f"{shown.to_html(index=False, border=0)}<small>{html.escape(note)}</small>"


def _kappa_text(kappa: float, low: float, high: float) -> str:
    if np.isnan(kappa):
        return "not defined"
    return f"{kappa:.2f}" if np.isnan(low) else f"{kappa:.2f} ({low:.2f} to {high:.2f})"


def agreement(
    verdicts: pd.DataFrame | Mapping[str, pd.Series], *, by: str | Sequence[str] = (), level: float = 0.95
) -> Agreement:
    """Compare definitions of response pair by pair on the same patients.

    Parameters
    ----------
    verdicts : pandas.DataFrame or mapping of str to pandas.Series
        One yes/no column per definition (``True``, ``False``, 1, 0, or missing where it is not assessed), one row
        per patient, or per patient and visit. In a frame, the columns ``patient``, ``visit``, ``week`` and ``arm``
        are keys and no verdicts. The series of a mapping must have the same index labels; they are matched by label.
    by : str or sequence of str
        Key columns of the frame that split it into groups, each with its own tables: ``"arm"``.
    level : float
        Confidence level of the interval of kappa.

    Returns
    -------
    Agreement
        Cross-tables and measures of every pair.

    Raises
    ------
    InputError
        For fewer than two definitions, cells that are not yes/no (all are listed), series whose labels differ, or
        an unknown group.

    See Also
    --------
    compare_definitions, deciding_clauses

    Notes
    -----
    With a both, b only the first, c only the second, d neither, and n = a + b + c + d, kappa is
    2(ad − bc) / ((a+b)(b+d) + (a+c)(c+d)). It is missing where both definitions give all patients the same answer. Its standard
    error is that of Fleiss, Cohen and Everitt (1969). Where no patient is discordant, or one definition gives everybody
    the same answer, that formula gives 0, which says nothing about precision: the interval is then missing.

    Positive agreement is 2a/(2a+b+c), negative agreement 2d/(2d+b+c). McNemar's test asks whether b and c differ by
    more than chance: the exact p doubles the smaller binomial tail (at most 1, and 1 where b = c), the mid-p counts
    the observed table half, and the asymptotic p compares (b−c)²/(b+c) with chi-squared, without a correction.
    Without discordant patients the exact p is 1 and the others are missing.

    References
    ----------
    Cohen J. Educ Psychol Meas 1960;20:37-46. Fleiss JL, Cohen J, Everitt BS. Psychol Bull 1969;72:323-327.
    Fagerland MW, Lydersen S, Laake P. BMC Med Res Methodol 2013;13:91.

    Examples
    --------
    >>> import pandas as pd
    >>> answers = pd.DataFrame({"SRI-4": [1] * 79 + [0] * 105, "BICLA": [1] * 51 + [0] * 28 + [1] * 4 + [0] * 101})
    >>> result = agreement(answers)
    >>> result.to_frame()["kappa"].round(3).tolist()
    [0.631]
    """
    level = confidence_level(level)
    frame = _as_frame(verdicts)
    groups_by = (by,) if isinstance(by, str) else tuple(by)
    for name in groups_by:
        require_choice("group", name, KEYS)
    require_columns(frame, groups_by, "verdicts")
    names = [str(c) for c in frame.columns if c not in KEYS]
    if len(names) < 2:
        raise InputError(f"verdicts holds {len(names)} definition(s) ({', '.join(names) or 'none'}): give two or more.")
    require_columns(frame, names, "verdicts")
    read = frame.rename(columns=str)
    problems = BadCells("the verdicts")
    answers = np.column_stack([flags(read, name, problems) for name in names])
    problems.raise_if_any()

    pairs, responders, repeated = [], [], False
    for key, rows in _groups(frame, groups_by).items():
        group = dict(zip(groups_by, key, strict=True))
        here = dict(zip(names, answers[rows].T, strict=True))
        pairs += [group | _pair(first, second, here, level) for first, second in combinations(names, 2)]
        responders += [group | _responders(name, here[name]) for name in names]
        repeated |= "patient" in frame.columns and bool(frame["patient"].iloc[rows].duplicated().any())
    return Agreement(pd.DataFrame(pairs), pd.DataFrame(responders), groups_by, level, repeated)


def _as_frame(verdicts: object) -> pd.DataFrame:
    """Return the frame, or put the series side by side, matched by label."""
    if isinstance(verdicts, pd.DataFrame):
        frame = verdicts
    elif isinstance(verdicts, Mapping):
        wrong = [str(name) for name, values in verdicts.items() if not isinstance(values, pd.Series)]
        if wrong:
            raise InputError(f"verdicts of {', '.join(wrong)} are no pandas Series: give one Series per definition.")
        labels = next(iter(verdicts.values())).index if verdicts else pd.Index([])
        for name, values in verdicts.items():
            if not values.index.is_unique or len(labels) != len(values) or len(labels.difference(values.index)):
                same = f"does not hold the same labels, each once, as that of {next(iter(verdicts))!r}"
                raise InputError(f"the index of {name!r} {same}: give every definition the same patients.")
        frame = pd.DataFrame({name: values.reindex(labels) for name, values in verdicts.items()})
    else:
        raise InputError(f"verdicts must be a DataFrame or a mapping of Series, got {type(verdicts).__name__}.")
    if not len(frame):
        raise InputError("verdicts has no rows.")
    return frame


def _groups(frame: pd.DataFrame, by: tuple[str, ...]) -> dict[tuple[object, ...], np.ndarray]:
    """Return the positions of the rows of each group."""
    if not by:
        return {(): np.arange(len(frame))}
    grouped = frame.reset_index(drop=True).groupby(list(by), observed=True, sort=True).indices
    if sum(map(len, grouped.values())) != len(frame):
        raise InputError(f"some rows have no {' or '.join(by)}: every row needs one.")
    # A single column gives bare labels, several give tuples.
    return {key if isinstance(key, tuple) else (key,): rows for key, rows in grouped.items()}


def _ratio(top: float, bottom: float) -> float:
    """Divide; missing where there is nothing to divide by."""
    return top / bottom if bottom else np.nan


def _responders(name: str, answers: np.ndarray) -> dict[str, object]:
    yes, known = int((answers == 1).sum()), int((answers >= 0).sum())
    return {"definition": name, "responders": yes, "assessed": known, "rate": _ratio(yes, known)}


def _pair(first: str, second: str, answers: Mapping[str, np.ndarray], level: float) -> dict[str, object]:
    """Count and measure one pair."""
    x, y = answers[first], answers[second]
    a, b, c, d = (int(((x == one) & (y == other)).sum()) for one, other in ((1, 1), (1, 0), (0, 1), (0, 0)))
    n = a + b + c + d
    kappa = _ratio(2 * (a * d - b * c), (a + b) * (b + d) + (a + c) * (c + d))
    error = np.nan if np.isnan(kappa) else _kappa_error(a, b, c, d)
    half = scipy.stats.norm.isf((1 - level) / 2) * error if error > 0 else np.nan
    counts = dict(zip(_COUNTS, (a, b, c, d), strict=True))
    return {"first": first, "second": second, **counts, "n": n, "not_assessed": len(x) - n} | {
        "agreement": _ratio(a + d, n),
        "positive_agreement": _ratio(2 * a, 2 * a + b + c),
        "negative_agreement": _ratio(2 * d, 2 * d + b + c),
        "kappa": kappa,
        "kappa_se": error,
        "kappa_low": np.maximum(kappa - half, -1),
        "kappa_high": np.minimum(kappa + half, 1),
        **_mcnemar(b, c),
    }


def _kappa_error(a: int, b: int, c: int, d: int) -> float:
    """Return the standard error of kappa; 0 where nobody is discordant or one definition gives everybody one answer."""
    if b + c == 0 or not all((a + b, c + d, a + c, b + d)):
        return 0.0
    from statsmodels.stats.inter_rater import cohens_kappa

    return float(cohens_kappa(np.array([[a, b], [c, d]])).std_kappa)


def _mcnemar(b: int, c: int) -> dict[str, float]:
    """Return McNemar's exact, mid-p and asymptotic two-sided p of discordant counts; without any only the exact one is known."""
    from lupus_kit import inference

    p = {name: float(value) for name, value in inference.pairs.mcnemar(b, c).items()}
    mid, asymptotic = (p["mcnemar_midp"], p["mcnemar"]) if b + c else (np.nan, np.nan)
    return {"mcnemar_exact": p["mcnemar_exact"], "mcnemar_mid_p": mid, "mcnemar_asymptotic": asymptotic}
