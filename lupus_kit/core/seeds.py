"""The one place where a seed becomes a random generator, or is refused."""

import numpy as np

from lupus_kit.core.errors import InputError, is_whole


def as_generator(seed: object) -> np.random.Generator:
    """Return the generator given, or a new one from a whole number.

    Parameters
    ----------
    seed : int or numpy.random.Generator
        A whole number of 0 or more gives the same stream every time.

    Returns
    -------
    numpy.random.Generator

    Raises
    ------
    InputError
        Anything else, ``None`` and truth values included: randomness is explicit. A generator that was seeded in the legacy
        way.

    Examples
    --------
    >>> bool(as_generator(7).random() == as_generator(7).random())
    True
    """
    if isinstance(seed, np.random.Generator):
        if not isinstance(seed.bit_generator.seed_seq, np.random.SeedSequence):
            raise InputError(
                f"seed: this generator's {type(seed.bit_generator).__name__} was seeded in the legacy way, and no independent "
                "streams can be taken from it: give a whole number, or numpy.random.default_rng(...)."
            )
        return seed
    if not is_whole(seed, 0):
        raise InputError(f"seed == {seed!r}: give a whole number of 0 or more, or a NumPy generator.")
    return np.random.default_rng(int(seed))
