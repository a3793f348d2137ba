"""Random allocation in permuted blocks, and the blinded list that the clinic sees."""

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce

import numpy as np
import pandas as pd

from lupus_kit.core.errors import InputError
from lupus_kit.core.seeds import as_generator


def _ratios(arms: Sequence[str] | Mapping[str, int]) -> dict[str, int]:
    """Allocation ratio by arm, in lowest terms."""
    if isinstance(arms, str) or not isinstance(arms, Iterable):
        raise InputError(f"arms == {arms!r}: give a list of at least two names.")
    if not isinstance(arms, Mapping):
        arms = list(arms)
    ratios = dict(arms) if isinstance(arms, Mapping) else dict.fromkeys(arms, 1)
    if len(ratios) < 2 or (not isinstance(arms, Mapping) and len(ratios) < len(arms)):
        raise InputError(f"arms == {list(arms)}: at least two different arms are needed.")
    for name, ratio in ratios.items():
        if isinstance(ratio, bool) or not isinstance(ratio, int) or ratio < 1:
            raise InputError(f"arms[{name!r}] == {ratio!r}: an allocation ratio is a whole number of 1 or more.")
    common = reduce(math.gcd, ratios.values())
    return {name: ratio // common for name, ratio in ratios.items()}


def _whole(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise InputError(f"{name} == {value!r}: must be a whole number of 1 or more.")
    return int(value)


def _strata(strata: object) -> list[str] | None:
    if strata is None:
        return None
    if isinstance(strata, str) or not isinstance(strata, Iterable):
        raise InputError(f"strata == {strata!r}: give a list of different names.")
    names = list(strata)
    if not names or len(set(names)) < len(names):
        raise InputError(f"strata == {names!r}: give a list of different names.")
    return names


def _one_stratum(n: int, unit: np.ndarray, block_sizes: Sequence[int], rng: np.random.Generator) -> pd.DataFrame:
    """Order of entry, block number, position in the block and arm of ``n`` patients."""
    blocks: list[np.ndarray] = []
    filled = 0
    while filled < n:
        size = int(rng.choice(block_sizes))
        blocks.append(rng.permutation(np.tile(unit, size // len(unit))))
        filled += size
    lengths = [len(block) for block in blocks]
    columns = {
        "sequence": np.arange(1, filled + 1),
        "block": np.repeat(np.arange(1, len(blocks) + 1), lengths),
        "position": np.concatenate([np.arange(1, length + 1) for length in lengths]),
        "arm": np.concatenate(blocks),
    }
    return pd.DataFrame({name: values[:n] for name, values in columns.items()})


def permuted_blocks(
    n: int,
    arms: Sequence[str] | Mapping[str, int],
    block_sizes: int | Sequence[int],
    seed: int | np.random.Generator,
    strata: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Allocate patients to arms in randomly permuted blocks.

    Within each complete block the arms are exactly in their ratio, so the arms never drift far apart. With
    more than one block size the size is drawn anew for each block, which makes the next arm harder to guess.

    Parameters
    ----------
    n : int
        Patients to allocate; with ``strata``, patients in each stratum. The last block may be incomplete.
    arms : sequence of str, or mapping of str to int
        Names of the arms; a mapping gives the allocation ratio, for example ``{"active": 2, "control": 1}``.
    block_sizes : int or sequence of int
        Sizes the blocks may have, each a multiple of the sum of the ratios.
    seed : int or numpy.random.Generator
        Same seed, same list.
    strata : sequence of str, optional
        Names of the strata; each gets a list of its own.

    Returns
    -------
    pandas.DataFrame
        One row per patient: ``stratum`` (only with ``strata``), ``sequence`` (order of entry, from 1 in each
        stratum), ``block``, ``position`` (in the block), ``arm`` and ``kit`` (a number on the box that tells
        nothing about the arm).

    Raises
    ------
    InputError
        A number is not a positive whole number, a block size does not fit the ratio, or a name is double.

    See Also
    --------
    blinded_list : the same list without what would unblind.

    Examples
    --------
    >>> allocation = permuted_blocks(60, ["IL-2", "placebo"], block_sizes=[4, 6], seed=2015)
    >>> bool(allocation["arm"].value_counts().max() <= 33)
    True
    >>> permuted_blocks(8, ["IL-2", "placebo"], 4, seed=1).groupby(["block", "arm"]).size().tolist()
    [2, 2, 2, 2]
    """
    n = _whole("n", n)
    ratios = _ratios(arms)
    unit = np.repeat(list(ratios), list(ratios.values()))
    sizes = list(block_sizes) if isinstance(block_sizes, Iterable) else [block_sizes]
    if not sizes:
        raise InputError("block_sizes is empty: give at least one block size.")
    for size in sizes:
        if _whole("block size", size) % len(unit):
            raise InputError(
                f"block size {size} does not fit the allocation ratio {':'.join(map(str, ratios.values()))}: "
                f"it must be a multiple of {len(unit)}."
            )
    names = _strata(strata)
    rng = as_generator(seed)
    frames = []
    for stratum in names if names is not None else [None]:
        frame = _one_stratum(n, unit, sizes, rng)
        if stratum is not None:
            frame.insert(0, "stratum", stratum)
        frames.append(frame)
    allocation = pd.concat(frames, ignore_index=True)
    # Kit numbers are shuffled over the whole list: neither their order nor their parity tells the arm.
    width = max(3, len(str(len(allocation))))
    allocation["kit"] = [f"K{number:0{width}d}" for number in 1 + rng.permutation(len(allocation))]
    return allocation


def blinded_list(allocation: pd.DataFrame) -> pd.DataFrame:
    """Return what the clinic may see of an allocation list: which kit the next patient gets, not what is in it.

    Parameters
    ----------
    allocation : pandas.DataFrame
        A list from :func:`permuted_blocks`.

    Returns
    -------
    pandas.DataFrame
        The list without ``arm``, and without ``block`` and ``position``: who knows the block can guess its
        last patients.

    Raises
    ------
    InputError
        A column of an allocation list is missing.

    Examples
    --------
    >>> blinded_list(permuted_blocks(4, ["IL-2", "placebo"], 4, seed=0)).columns.tolist()
    ['sequence', 'kit']
    """
    missing = [column for column in ("sequence", "kit", "arm") if column not in allocation.columns]
    if missing:
        raise InputError(
            f"not an allocation list: column {', '.join(missing)} is missing; make one with permuted_blocks."
        )
    return allocation.drop(columns=["arm", "block", "position"], errors="ignore")
