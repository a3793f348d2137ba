"""Random allocation in permuted blocks, and the blinded list that the clinic sees."""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import product

import numpy as np
import pandas as pd

from lupus_kit.core.errors import InputError, is_whole, require_switch
from lupus_kit.core.seeds import as_generator

#: Columns of every list, which no factor may be called.
OWN_COLUMNS = ("stratum", "sequence", "block", "position", "preferred", "arm", "kit")


def require_free(factors: Iterable[object]) -> None:
    """Refuse factors whose column would be taken for another one of the list."""
    if taken := [name for name in factors if name in OWN_COLUMNS]:
        raise InputError(f"factor {taken[0]!r}: a column of the list has this name; give the factor another one.")


def made_with(seed: object, **settings: object) -> dict[str, object]:
    """Return what a list can be made from again."""
    return {"seed": int(seed) if is_whole(seed, 0) else "a generator", **settings}


def ratios(arms: Sequence[str] | Mapping[str, int]) -> dict[str, int]:
    """Return the allocation ratio by arm, in lowest terms."""
    if isinstance(arms, str) or not isinstance(arms, Iterable):
        raise InputError(f"arms == {arms!r}: give a list of at least two names.")
    named = list(arms)
    shares = dict(arms) if isinstance(arms, Mapping) else dict.fromkeys(named, 1)
    if len(shares) < max(2, len(named)):
        raise InputError(f"arms == {named}: at least two different arms are needed.")
    for name, ratio in shares.items():
        _whole(f"the ratio of arms[{name!r}]", ratio)
    common = math.gcd(*shares.values())
    return {name: ratio // common for name, ratio in shares.items()}


def _whole(name: str, value: object) -> int:
    if not is_whole(value, 1):
        raise InputError(f"{name} == {value!r}: must be a whole number of 1 or more.")
    return int(value)


def _strata(strata: object, n: object) -> tuple[list[str], pd.DataFrame, list[int]]:
    """Name every stratum; say which levels of the factors it has, and how many patients."""
    if isinstance(strata, Mapping):
        require_free(strata)
        levels = [_names(f"strata[{factor!r}]", listed) for factor, listed in strata.items()]
        rows = list(product(*levels)) if strata else []
        frame = pd.DataFrame(rows, columns=list(strata)).assign(stratum=[", ".join(row) for row in rows])
    else:
        frame = pd.DataFrame({"stratum": _names("strata", strata)})
    names = frame["stratum"].tolist()
    if not names or len(set(names)) < len(names):
        raise InputError(f"strata == {strata!r}: give a list of different names, or factors with their levels.")
    if isinstance(n, Mapping):
        if set(n) != set(names):
            raise InputError(f"n == {n!r}: give the patients of each stratum: {', '.join(map(repr, names))}.")
        return names, frame, [_whole(f"n[{name!r}]", n[name]) for name in names]
    return names, frame, [_whole("n", n)] * len(names)


def _names(what: str, given: object) -> list[str]:
    listed = list(given) if isinstance(given, Iterable) and not isinstance(given, str) else []
    if not listed or len(set(listed)) < len(listed):
        raise InputError(f"{what} == {given!r}: give a list of different names.")
    return [str(name) for name in listed]


def _one_stratum(
    n: int, unit: np.ndarray, block_sizes: Sequence[int], rng: np.random.Generator, complete: bool
) -> pd.DataFrame:
    """Order of entry, block number, position in the block and arm of ``n`` patients."""
    # How many patients can still be made up of whole blocks.
    made = [True] + [False] * n
    for k in range(1, n + 1):
        made[k] = any(size <= k and made[k - size] for size in block_sizes)
    if complete and not made[n]:
        raise InputError(f"n == {n}: blocks of {' and '.join(map(str, block_sizes))} cannot end there; change either.")
    blocks: list[np.ndarray] = []
    filled = 0
    while filled < n:
        fitting = [k for k in block_sizes if not complete or (filled + k <= n and made[n - filled - k])]
        size = int(rng.choice(fitting))
        blocks.append(rng.permutation(np.tile(unit, size // len(unit))))
        filled += size
    lengths = [len(block) for block in blocks]
    block = np.repeat(np.arange(1, len(blocks) + 1), lengths)
    allocation = pd.DataFrame({"sequence": np.arange(1, filled + 1), "block": block})
    position = allocation.groupby("block").cumcount() + 1
    return allocation.assign(position=position, arm=np.concatenate(blocks)).head(n)


def kit_numbers(n: int, rng: np.random.Generator) -> list[str]:
    """Return numbers for the boxes of a whole list in random order: neither order nor parity tells the arm."""
    width = max(3, len(str(n)))
    return [f"K{number:0{width}d}" for number in 1 + rng.permutation(n)]


def permuted_blocks(
    n: int | Mapping[str, int],
    arms: Sequence[str] | Mapping[str, int],
    block_sizes: int | Sequence[int],
    seed: int | np.random.Generator,
    strata: Sequence[str] | Mapping[str, Sequence[str]] | None = None,
    complete: bool = False,
) -> pd.DataFrame:
    """Allocate patients to arms in randomly permuted blocks.

    Within each complete block the arms are exactly in their ratio, so the arms never drift far apart. With
    more than one block size the size is drawn anew for each block, which makes the next arm harder to guess.

    Parameters
    ----------
    n : int, or mapping of str to int
        Patients to allocate; with ``strata``, patients in each stratum, or a number for each.
    arms : sequence of str, or mapping of str to int
        Names of the arms; a mapping gives the allocation ratio, for example ``{"active": 2, "control": 1}``.
    block_sizes : int or sequence of int
        Sizes the blocks may have, each a multiple of the sum of the ratios.
    seed : int or numpy.random.Generator
        Same seed, same list.
    strata : sequence of str, or mapping of str to sequence of str, optional
        Names of the strata; each gets a list of its own. A mapping crosses factors, for example ``{"site": ["north",
        "south"], "nephritis": ["yes", "no"]}``; its strata are called ``"north, yes"`` and so on.
    complete : bool
        Whether the last block has to be complete, so that every list ends with the arms in their ratio. By default it may
        break off: of 60 patients in blocks of 4 and 6 then 31 and 29 are on the arms in about a fifth of lists.

    Returns
    -------
    pandas.DataFrame
        One row per patient: ``stratum`` (only with ``strata``; before it a column for each crossed factor), ``sequence``
        (order of entry, from 1 in each stratum), ``block``, ``position`` (in the block), ``arm`` and ``kit`` (a number on the
        box that tells nothing about the arm). Its ``attrs`` hold ``seed`` and ``block_sizes``.

    Raises
    ------
    InputError
        A number is not a positive whole number, a block size does not fit the ratio, whole blocks do not end at ``n`` though
        they have to, or a name is double.

    See Also
    --------
    blinded_list : the same list without what would unblind.
    minimisation : balance over several factors as patients come.
    write_allocation : the files of a trial, what unblinds kept apart.

    Examples
    --------
    >>> allocation = permuted_blocks(60, ["IL-2", "placebo"], block_sizes=[4, 6], seed=2015)
    >>> bool(allocation["arm"].value_counts().max() <= 33)
    True
    >>> permuted_blocks(60, ["IL-2", "placebo"], [4, 6], seed=2015, complete=True)["arm"].value_counts().tolist()
    [30, 30]
    >>> permuted_blocks(8, ["IL-2", "placebo"], 4, seed=1).groupby(["block", "arm"]).size().tolist()
    [2, 2, 2, 2]
    """
    require_switch("complete", complete)
    shares = ratios(arms)
    unit = np.repeat(list(shares), list(shares.values()))
    sizes = list(block_sizes) if isinstance(block_sizes, Iterable) else [block_sizes]
    if not sizes:
        raise InputError("block_sizes is empty: give at least one block size.")
    for size in sizes:
        if _whole("block size", size) % len(unit):
            raise InputError(
                f"block size {size} does not fit {':'.join(map(str, shares.values()))}: a multiple of {len(unit)} does."
            )
    rng = as_generator(seed)
    if strata is None:
        allocation = _one_stratum(_whole("n", n), unit, sizes, rng, complete)
    else:
        names, levels, numbers = _strata(strata, n)
        lists = [_one_stratum(number, unit, sizes, rng, complete) for number in numbers]
        allocation = pd.concat(lists, keys=names, names=["stratum", None]).reset_index("stratum")
        allocation = levels.merge(allocation, on="stratum")
    allocation["kit"] = kit_numbers(len(allocation), rng)
    allocation.attrs = made_with(seed, block_sizes=[int(size) for size in sizes])
    return allocation


def blinded_list(allocation: pd.DataFrame) -> pd.DataFrame:
    """Return what the clinic may see of an allocation list: which kit the next patient gets, not what is in it.

    Parameters
    ----------
    allocation : pandas.DataFrame
        A list from :func:`permuted_blocks` or :func:`minimisation`.

    Returns
    -------
    pandas.DataFrame
        The list without ``arm``, without ``block`` and ``position`` (who knows the block can guess its last patients),
        without the arm that minimisation preferred, and without the seed in its ``attrs``.

    Raises
    ------
    InputError
        A column of an allocation list is missing, or a kit stands there twice.

    See Also
    --------
    permuted_blocks, minimisation, write_allocation

    Examples
    --------
    >>> blinded_list(permuted_blocks(4, ["IL-2", "placebo"], 4, seed=0)).columns.tolist()
    ['sequence', 'kit']
    """
    missing = [column for column in ("sequence", "kit", "arm") if column not in getattr(allocation, "columns", ())]
    if missing:
        raise InputError(f"not an allocation list: column {', '.join(missing)} is missing.")
    if not allocation["kit"].is_unique:
        raise InputError("a kit stands in the list twice: make one list, with strata, not several put together.")
    blinded = allocation.drop(columns=["arm", "block", "position", "preferred"], errors="ignore")
    blinded.attrs = {}
    return blinded
