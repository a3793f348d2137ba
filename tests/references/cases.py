"""Many cases in one test: the one that fails is named."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def case(*values: object) -> Iterator[None]:
    """Add the values of a case to the error that ends it."""
    try:
        yield
    except BaseException as error:
        error.add_note(f"in the case {values!r}")
        raise
