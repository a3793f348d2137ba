"""Minimisation: each patient goes, with high chance, where the arms then differ least over several factors."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import pandas as pd

from lupus_kit.core.columns import require_columns
from lupus_kit.core.errors import InputError, is_number
from lupus_kit.core.seeds import as_generator
from lupus_kit.design.allocation import kit_numbers, made_with, ratios, require_free


def minimisation(
    patients: pd.DataFrame,
    factors: Sequence[str],
    arms: Sequence[str],
    seed: int | np.random.Generator,
    best: float = 0.8,
) -> pd.DataFrame:
    """Allocate patients, in their order of entry, by minimisation.

    For each arm the patient is put there on trial; in each factor the patients who share the new one's level are counted by
    arm, and their ranges (largest less smallest) are added up over the factors. The arm with the smallest sum is preferred; among
    several, chance decides.

    Parameters
    ----------
    patients : pandas.DataFrame
        One row a patient, in order of entry.
    factors : sequence of str
        Columns to balance; each has few levels, and none is empty.
    arms : sequence of str
        Names of the arms, which are to be of the same size.
    seed : int or numpy.random.Generator
        Same seed, same list.
    best : float
        Chance of the preferred arm, at least 1 over the number of arms; the others share the rest. 1 leaves nothing to
        chance but ties, so that the next arm can be guessed.

    Returns
    -------
    pandas.DataFrame
        ``sequence``, the factors, ``preferred`` (empty where all arms were equal), ``arm`` and ``kit``. Its
        ``attrs`` hold ``seed``, ``factors`` and ``best``.

    Raises
    ------
    InputError
        A column is missing, a cell of one is empty, arms of different sizes are asked for, or a number is out of range.

    See Also
    --------
    permuted_blocks, blinded_list, write_allocation

    References
    ----------
    Pocock SJ, Simon R. Biometrics 1975;31:103-115 (read through Madurasinghe VW. Trials 2017;18:207). Taves DR. Clin
    Pharmacol Ther 1974;15:443-453.

    Examples
    --------
    >>> patients = pd.DataFrame({"sex": ["f", "f", "m", "f"], "nephritis": ["yes", "yes", "no", "no"]})
    >>> minimisation(patients, ["sex", "nephritis"], ["IL-2", "placebo"], seed=1, best=1.0)["arm"].nunique()
    2
    """
    shares = ratios(arms)
    named, k = list(shares), len(shares)
    if set(shares.values()) != {1}:
        raise InputError(f"arms == {arms!r}: minimisation here is for arms of the same size; use permuted_blocks.")
    listed = [factors] if isinstance(factors, str) else list(factors)
    if not isinstance(patients, pd.DataFrame):
        raise InputError(f"patients is a {type(patients).__name__}: give a table with one row a patient.")
    require_columns(patients, listed, "the table of patients")
    require_free(listed)
    if not listed or "" in listed:
        raise InputError("factors is empty: name at least one column to balance.")
    if empty := [(row, name) for name in listed for row in np.flatnonzero(patients[name].isna())]:
        row, name = empty[0]
        raise InputError(f"column {name!r} is empty in row {row + 1} and {len(empty) - 1} more cells: fill them in.")
    if not is_number(best) or not 1 / k <= best <= 1:
        raise InputError(f"best == {best!r}: the chance of the preferred arm is from {1 / k:.3g} to 1.")
    rng = as_generator(seed)
    numbers: defaultdict[tuple[str, object], np.ndarray] = defaultdict(lambda: np.zeros(k))
    rows = []
    for levels in patients[listed].itertuples(index=False, name=None):
        cells = list(zip(listed, levels, strict=True))
        # Rows: the arm that the patient is put on trial.
        apart = sum(np.ptp(numbers[cell] + np.eye(k), axis=1) for cell in cells)
        equal = np.flatnonzero(np.isclose(apart, apart.min()))
        preferred = int(rng.choice(equal))
        chance = 1 / k if len(equal) == k else best  # of the preferred arm; the others share the rest
        arm = int(rng.choice(k, p=np.where(np.arange(k) == preferred, chance, (1 - chance) / (k - 1))))
        for cell in cells:
            numbers[cell][arm] += 1
        rows.append(("" if len(equal) == k else named[preferred], named[arm]))
    allocation = patients[listed].reset_index(drop=True)
    allocation.insert(0, "sequence", np.arange(1, len(rows) + 1))
    allocation[["preferred", "arm"]] = pd.DataFrame(rows, columns=["preferred", "arm"])
    allocation["kit"] = kit_numbers(len(rows), rng)
    allocation.attrs = made_with(seed, factors=listed, best=float(best))
    return allocation
