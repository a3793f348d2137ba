"""The physician's global assessment: its exact units, its words, and longer scales brought to 0-3."""

import numpy as np
import pandas as pd

from lupus_kit.core.columns import BadCells, numbers
from lupus_kit.core.errors import require_choice
from lupus_kit.endpoints.nullable import as_printed

#: Upper end of each scale that :func:`rescale_pga` knows.
PGA_SCALES = {"0-3": 3, "0-10": 10, "0-100": 100}

#: PGA is compared in whole numbers, so many to a point of the 0-3 scale: every decimal that is printed counts.
PGA_UNITS = 10**12


def pga_text(value: float) -> str:
    """Write an assessment or a change of it with all its decimals, at least two.

    Examples
    --------
    >>> pga_text(0.3), pga_text(0.296)
    ('0.30', '0.296')
    """
    return f"{value:.2f}" if round(value, 2) == value else f"{value:.12g}"


def rescale_pga(values: pd.Series, scale: str) -> pd.Series:
    """Bring a physician's global assessment to the 0-3 scale, exactly.

    Parameters
    ----------
    values : pandas.Series
        Assessments; may be missing.
    scale : {"0-3", "0-10", "0-100"}
        The scale on which they were recorded. It is never guessed.

    Returns
    -------
    pandas.Series
        Values from 0 to 3, not rounded: 48.7 of 100 is 1.461, and 10 mm more on 100 mm are a rise of exactly 0.3.

    Raises
    ------
    InputError
        For an unknown scale or values outside it.

    See Also
    --------
    read_visit_file

    Examples
    --------
    >>> rescale_pga(pd.Series([10, 48.7]), "0-100").tolist()
    [0.3, 1.461]
    """
    require_choice("PGA scale", scale, PGA_SCALES)
    top = PGA_SCALES[scale]
    problems = BadCells("the PGA values")
    frame = pd.Series(values).to_frame("pga")
    read = as_printed(numbers(frame, "pga", problems, 0, top, whole=False))
    problems.raise_if_any()
    return pd.Series(np.rint(read * (3 * PGA_UNITS // top)) / PGA_UNITS, index=frame.index, name="pga")
