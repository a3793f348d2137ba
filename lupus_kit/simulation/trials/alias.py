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
        level = np.zeros(columns)
        level[: len(values)] = mass * columns
        other = np.arange(columns)
        small = [int(k) for k in np.flatnonzero(level < 1)]
        large = [int(k) for k in np.flatnonzero(level >= 1)]
        while small and large:
            # A column that is not full is filled up from one that overflows.
            short, rich = small.pop(), large.pop()
            other[short] = rich
            level[rich] -= 1 - level[short]
            (small if level[rich] < 1 else large).append(rich)
        level[small + large] = 1.0  # what is left differs from 1 by rounding alone
        padded = np.append(values, np.full(columns - len(values), values[0]))
        # Pairs (alias, own): the comparison below is the position in the pair.
        self.pairs = np.stack([padded[other], padded], axis=1).ravel()
        self.rest = np.uint64(64 - self.bits)
        self.threshold = np.ldexp(np.clip(level, 0.0, 1.0), 64 - self.bits).astype(np.uint64)

    def draw(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """Draw ``n`` values."""
        raw = rng.integers(0, 2**64 - 1, size=n, dtype=np.uint64, endpoint=True)
        column = (raw >> self.rest).view(np.int64)
        raw &= (np.uint64(1) << self.rest) - np.uint64(1)
        own = raw < self.threshold.take(column, mode="clip")
        column <<= 1
        column += own
        return np.asarray(self.pairs.take(column, mode="clip"))
