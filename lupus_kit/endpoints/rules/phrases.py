"""Sentences for whole columns at once: each distinct phrase is made once, then spread and joined by Arrow."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc


def spell(values: np.ndarray, say: Callable[[int], str], applies: np.ndarray | None = None) -> pa.Array:
    """Write each whole number as a phrase.

    Parameters
    ----------
    values : numpy.ndarray of int
        One number a row.
    say : callable
        Makes the phrase of a number; called once for each distinct one.
    applies : numpy.ndarray of bool, optional
        Rows that get a phrase; the others are null.

    Returns
    -------
    pyarrow.Array
        Strings.
    """
    values = np.asarray(values).astype(np.int64)
    if applies is not None:
        values = values[applies]
    found, unique = pd.factorize(values)
    phrases = pa.array([say(int(value)) for value in unique], type=pa.large_string())
    if applies is None:
        return phrases.take(pa.array(found))
    position = np.zeros(len(applies), dtype=np.int64)
    position[applies] = found
    return phrases.take(pa.array(position, mask=~applies))


def constant(text: str, applies: np.ndarray) -> pa.Array:
    """Write one phrase in the rows where it applies, null elsewhere."""
    return spell(np.zeros(len(applies), dtype=np.int64), lambda _: text, applies)


def join(pieces: Sequence[pa.Array], separator: str = "") -> pa.Array:
    """Join the pieces of each row that are not null; a row without any becomes an empty text."""
    # Arrow (at least version 26) leaves out the rows in which every piece is null.
    some = functools.reduce(pc.or_, (pc.is_valid(piece) for piece in pieces))
    pieces = [pc.if_else(some, pieces[0], pa.scalar("", pa.large_string())), *pieces[1:]]
    return pc.binary_join_element_wise(*pieces, pa.scalar(separator, pa.large_string()), null_handling="skip")


def column(text: pa.Array | pa.ChunkedArray) -> pd.api.extensions.ExtensionArray:
    """Turn sentences into a column of strings."""
    return pd.array(text, dtype=pd.StringDtype("pyarrow", na_value=np.nan))
