"""Two small conversions: SLEDAI to activity bands, and a physician's global assessment to the 0-3 scale."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np
import pandas as pd

from lupus_kit.core.cells import BadCells, numbers
from lupus_kit.core.errors import InputError, unknown_name

#: Lowest score of each band. Bands are not standard, so they are a parameter.
DEFAULT_BANDS = {"none": 0, "mild": 1, "moderate": 6, "high": 11, "very high": 20}

#: Upper end of each scale that :func:`rescale_pga` knows.
PGA_SCALES = {"0-3": 3, "0-10": 10, "0-100": 100}


def activity_bands(sledai: pd.Series, bands: Mapping[str, int] = DEFAULT_BANDS) -> pd.Series:
    """Put SLEDAI totals into named bands.

    Parameters
    ----------
    sledai : pandas.Series
        Whole totals from 0 to 105; may be missing.
    bands : mapping of str to int
        Name and lowest score of each band, rising, the first at 0. The default is 0 none, 1-5 mild, 6-10
        moderate, 11-19 high, 20 or more very high; other sources cut elsewhere.

    Returns
    -------
    pandas.Series
        Ordered categories, missing where the total is missing.

    Raises
    ------
    InputError
        For totals that are not allowed, or bands that do not start at 0 and rise.

    Examples
    --------
    >>> activity_bands(pd.Series([0, 5, 6])).tolist()
    ['none', 'mild', 'moderate']
    """
    cuts = list(bands.values())
    if not cuts or cuts[0] != 0 or any(b <= a for a, b in itertools.pairwise(cuts)):
        raise InputError(f"bands is {dict(bands)!r}: give the lowest score of each band, the first 0 and then rising.")
    problems = BadCells("the SLEDAI totals")
    frame = pd.Series(sledai).to_frame("sledai")
    values = numbers(frame, "sledai", problems, 0, 105, whole=True)
    problems.raise_if_any()
    code = np.where(np.isnan(values), -1, np.searchsorted(cuts, values, side="right") - 1)
    result = pd.Categorical.from_codes(code, categories=list(bands), ordered=True)
    return pd.Series(result, index=frame.index, name="activity_band")


def rescale_pga(values: pd.Series, scale: str) -> pd.Series:
    """Bring a physician's global assessment to the 0-3 scale, in whole hundredths.

    Parameters
    ----------
    values : pandas.Series
        Assessments; may be missing.
    scale : {"0-3", "0-10", "0-100"}
        The scale on which they were recorded. It is never guessed.

    Returns
    -------
    pandas.Series
        Values from 0 to 3, rounded half up to hundredths.

    Raises
    ------
    InputError
        For an unknown scale or values outside it.

    Examples
    --------
    >>> rescale_pga(pd.Series([10, 48.7]), "0-100").tolist()
    [0.3, 1.46]
    """
    if scale not in PGA_SCALES:
        raise unknown_name("PGA scale", scale, PGA_SCALES)
    top = PGA_SCALES[scale]
    problems = BadCells("the PGA values")
    frame = pd.Series(values).to_frame("pga")
    read = numbers(frame, "pga", problems, 0, top, whole=False)
    problems.raise_if_any()
    hundredths = np.floor(np.round(read * 300 / top, 9) + 0.5)
    return pd.Series(hundredths / 100, index=frame.index, name="pga")
