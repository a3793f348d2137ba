"""Try a student's own function on tables that it has not seen, within ten seconds, and explain what it raises."""

import _thread
import dis
import io
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from copy import deepcopy
from typing import Any

from lupus_kit.lessons.answers import UnusableError

#: What a student writes.
Function = Callable[..., Any]
#: No function of an exercise needs more.
SECONDS = 10.0


def is_empty(function: Any) -> bool:
    """Whether a function has no code yet: only three dots, ``pass`` or its docstring.

    Examples
    --------
    >>> def later(x): ...
    >>> is_empty(later), is_empty(len), is_empty(lambda x: x + 1)
    (True, False, False)
    """
    code = getattr(function, "__code__", None)
    if code is None:
        return False
    work = [step for step in dis.get_instructions(code) if step.opname not in {"RESUME", "NOP", "CACHE"}]
    returns = [step.opname for step in work] in (["RETURN_CONST"], ["LOAD_CONST", "RETURN_VALUE"])
    return returns and work[0].argval is None


def call(function: Callable[..., Any], *arguments: Any, **keywords: Any) -> Any:
    """Call a student's function; what it prints is not shown.

    Parameters
    ----------
    function : callable
        The student's.
    *arguments, **keywords
        What it is given.

    Returns
    -------
    object
        What it returns.

    Raises
    ------
    UnusableError
        If it raises, with the line of it where it did.

    Examples
    --------
    >>> call(lambda x: x + 1, 2)
    3
    """
    try:
        with redirect_stdout(io.StringIO()):
            return function(*arguments, **keywords)
    except Exception as error:
        file = getattr(getattr(function, "__code__", None), "co_filename", "")
        lines = [one.line for one in traceback.extract_tb(error.__traceback__) if one.filename == file and one.line]
        where = f" in the line `{lines[-1]}`" if lines else ""
        raise UnusableError(f"Your function stopped with {type(error).__name__}: {error}{where}.") from None


def differences(
    function: Callable[..., Any],
    reference: Callable[..., Any],
    cases: Sequence[tuple[Any, ...]],
    tolerance: float = 0.0,
) -> list[str]:
    """Say for which arguments, copied for each call, a student's function gives another number than the reference.

    Parameters
    ----------
    function, reference : callable
        The student's, and one that is right.
    cases : sequence of tuple
        The arguments of each call.
    tolerance : float
        How far a number may be off.

    Returns
    -------
    list of str
        The first difference in one sentence; empty if there is none.

    Examples
    --------
    >>> differences(lambda x: x + 1, lambda x: 2 * x, [(1,), (2,)])
    ['Called with (2) it gives 3; right is 4.']
    """
    for case in cases:
        right, given = reference(*deepcopy(case)), call(function, *deepcopy(case))
        if not _near(given, right, tolerance):
            return [f"Called with ({', '.join(map(_short, case))}) it gives {_short(given)}; right is {_short(right)}."]
    return []


def _near(given: Any, right: Any, tolerance: float) -> bool:
    try:
        if isinstance(right, list | tuple):
            same = (isinstance(given, list | tuple) or hasattr(given, "__array__")) and len(given) == len(right)
            return same and all(_near(g, r, tolerance) for g, r in zip(given, right, strict=True))
        return abs(float(given) - float(right)) <= tolerance + 1e-9 * max(1.0, abs(float(right)))
    except (TypeError, ValueError):
        return bool(given is right or str(given) == str(right))


def _short(value: Any) -> str:
    if hasattr(value, "columns"):
        return f"a table with {len(value)} rows"
    if callable(value):
        return "a function"
    text = f"{value:.5g}" if isinstance(value, float) else " ".join(repr(value).split())
    return text if len(text) <= 80 else f"{text[:77]}..."


@contextmanager
def time_limit(seconds: float = SECONDS) -> Iterator[None]:
    """Interrupt what runs inside after some seconds.

    Raises
    ------
    UnusableError
        If it took longer.
    """
    late = threading.Event()

    def stop() -> None:
        late.set()
        _thread.interrupt_main()

    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    with suppress(RuntimeError):  # a Python without threads, as in a browser: no limit there
        timer.start()
    try:
        yield
    except KeyboardInterrupt:
        if not late.is_set():
            raise
        raise UnusableError(
            f"Your function took more than {seconds:.0f} seconds: is there a loop without end, or one that NumPy could do?"
        ) from None
    finally:
        timer.cancel()
