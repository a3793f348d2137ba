"""Draw from a finite distribution in constant time: Walker's alias method on whole arrays."""

import numpy as np


class Alias:
    """A finite distribution over whole numbers.

    The cells are padded to a power of two, so that the first bits of one 64-bit random number choose a column without
    bias, and the other bits decide between the column's own value and its alias (54 of them for 1,024 columns).

    Parameters
    ----------
    values : numpy.ndarray of int64
        What can be drawn.
    probabilities : numpy.ndarray
        How likely each is.

    References
    ----------
    Walker AJ. ACM Trans Math Softw 1977;3:253-256. Vose MD. IEEE Trans Softw Eng 1991;17:972-975.

    Examples
    --------
    >>> die = Alias(np.arange(1, 7), np.full(6, 1 / 6))
    >>> draws = die.draw(np.random.default_rng(1), 6000)
    >>> bool((abs(np.bincount(draws)[1:] - 1000) < 120).all())
    True
    """

    def __init__(self, values: np.ndarray, probabilities: np.ndarray) -> None:
        keep = probabilities > 0
        values, mass = values[keep].astype(np.int64), probabilities[keep] / probabilities[keep].sum()
        self.bits = max(1, int(len(values) - 1).bit_length())
        columns = 1 << self.bits
        level, other = np.pad(mass * columns, (0, columns - len(values))).tolist(), list(range(columns))
        small = [k for k in range(columns) if level[k] < 1]
        large = [k for k in range(columns) if level[k] >= 1]
        while small and large:
            # A column that is not full is filled up from one that overflows.
            short, rich = small.pop(), large.pop()
            other[short] = rich
            level[rich] -= 1 - level[short]
            (small if level[rich] < 1 else large).append(rich)
        for k in small + large:
            level[k] = 1.0  # what is left differs from 1 by rounding alone
        padded = np.append(values, np.full(columns - len(values), values[0]))
        # Pairs (alias, own): the comparison below is the position in the pair.
        self.pairs = np.stack([padded[other], padded], axis=1).ravel()
        self.rest = np.uint64(64 - self.bits)
        own = np.ldexp(np.clip(level, 0.0, 1.0), 64 - self.bits).astype(np.uint64)
        # With the bits of its column in front; a full column is its own alias, so its last number may as well give that.
        last = (np.uint64(1) << self.rest) - np.uint64(1)
        self.threshold = (np.arange(columns, dtype=np.uint64) << self.rest) + np.minimum(own, last)

    def draw(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """Draw ``n`` values."""
        return _drawn(rng, n, self.rest, 0, self.threshold, self.pairs)


class AliasOfSizes:
    """Distributions of sums of 1, 2, ... independent draws, of which each draw takes one.

    Parameters
    ----------
    laws : list of Alias
        Of sums of 1, 2, ... draws.

    Examples
    --------
    >>> coins = AliasOfSizes([Alias(np.arange(n + 1), np.array(law)) for n, law in ((1, [0.5] * 2), (2, [0.25, 0.5, 0.25]))])
    >>> coins.draw(np.random.default_rng(1), np.array([1, 2, 5])).tolist()
    [1, 1, 2]
    """

    def __init__(self, laws: list[Alias]) -> None:
        self.largest = laws[-1]
        self.most = len(laws)
        self.rest = np.array([law.rest for law in laws])
        self.first = np.cumsum([0, *(len(law.threshold) for law in laws)])
        self.threshold = np.concatenate([law.threshold for law in laws])
        self.pairs = np.concatenate([law.pairs for law in laws])

    def draw(self, rng: np.random.Generator, sizes: np.ndarray) -> np.ndarray:
        """Draw the sum of so many draws for each entry: as many of the largest sums as there are, and the rest."""
        whole = sizes // self.most
        rest, total = sizes - whole * self.most, np.zeros(len(sizes), dtype=np.int64)
        for k in range(whole.max(initial=0)):
            here = _places(whole > k)
            total[here] += self.largest.draw(rng, len(total[here]))
        here = _places(rest > 0)
        which = rest[here] - 1
        total[here] += _drawn(
            rng, len(which), self.rest.take(which), self.first.take(which), self.threshold, self.pairs
        )
        return total


def _places(wanted: np.ndarray) -> np.ndarray | slice:
    return slice(None) if wanted.all() else np.flatnonzero(wanted)


def _drawn(
    rng: np.random.Generator, n: int, rest: np.ndarray | np.uint64, first: np.ndarray | int, threshold: np.ndarray,
    pairs: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """Choose columns by the first bits of random numbers, and a column's own value or its alias by all of them."""
    raw = rng.integers(0, 2**64 - 1, size=n, dtype=np.uint64, endpoint=True)
    column = (raw >> rest).view(np.int64)
    # Thresholds have the bits of the column within its own table in front.
    column += first
    own = raw < threshold.take(column, mode="clip")
    column <<= 1
    column += own
    return np.asarray(pairs.take(column, mode="clip"))
