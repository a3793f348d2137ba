"""Progress bars that also work where no thread can be started."""

from tqdm.auto import tqdm


class Bar(tqdm):  # type: ignore[misc]  # the library has no types
    """A progress bar without the thread that watches it: in a browser it cannot start, and every bar would warn of that.

    Examples
    --------
    >>> Bar.monitor_interval
    0
    """

    monitor_interval = 0
