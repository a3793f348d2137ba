"""What the tests of inference share."""

import warnings
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def no_warning() -> Iterator[None]:
    """Make every warning an error: counts at the edge of what is possible are worked out without one."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
