"""The physician's global assessment on the 0-3 scale; the expected values follow from the length of each scale."""

from __future__ import annotations

import pandas as pd
import pytest

from lupus_kit.core.errors import InputError
from lupus_kit.endpoints import rescale_pga


def test_longer_scales_keep_their_decimals() -> None:
    assert rescale_pga(pd.Series([0, 1.0, 10.0]), "0-10").tolist() == [0.0, 0.3, 3.0]
    assert rescale_pga(pd.Series([9.8, 10, 48.7]), "0-100").tolist() == [0.294, 0.3, 1.461]
    assert rescale_pga(pd.Series([2.55, 1.396]), "0-3").tolist() == [2.55, 1.396]
    assert rescale_pga(pd.Series([1.1], dtype="float32"), "0-3").tolist() == [1.1]


def test_bad_input_is_explained() -> None:
    with pytest.raises(InputError, match="column 'pga'"):
        rescale_pga(pd.Series([11]), "0-10")
    with pytest.raises(InputError, match="unknown PGA scale"):
        rescale_pga(pd.Series([1]), "0-5")
