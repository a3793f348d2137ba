"""The physician's global assessment, recorded on a longer scale, on the 0-3 scale of the response rules."""

import numpy as np
import pandas as pd

from lupus_kit.core.cells import BadCells, numbers, require_choice

#: Upper end of each scale that :func:`rescale_pga` knows.
PGA_SCALES = {"0-3": 3, "0-10": 10, "0-100": 100}


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
    require_choice("PGA scale", scale, PGA_SCALES)
    top = PGA_SCALES[scale]
    problems = BadCells("the PGA values")
    frame = pd.Series(values).to_frame("pga")
    read = numbers(frame, "pga", problems, 0, top, whole=False)
    problems.raise_if_any()
    hundredths = np.floor(np.round(read * 300 / top, 9) + 0.5)
    return pd.Series(hundredths / 100, index=frame.index, name="pga")
