"""Libraries that only some calls need: imported when needed, or one sentence on how to get them."""

import importlib
from types import ModuleType

from lupus_kit.core.errors import InputError


def need(module: str, extra: str, what: str) -> ModuleType:
    """Import a library that belongs to an extra.

    Parameters
    ----------
    module : str
        What to import.
    extra : str
        The extra of the kit that brings it.
    what : str
        What it is needed for, as the start of a sentence.

    Returns
    -------
    types.ModuleType
        The module.

    Raises
    ------
    InputError
        If it is not installed; the message has the line that installs it.

    Examples
    --------
    >>> need("json", "files", "Reading JSON").__name__
    'json'
    """
    try:
        return importlib.import_module(module)
    except ImportError:
        top, how = module.partition(".")[0], f'python -m pip install "lupus-kit[{extra}]"'
        raise InputError(f"{what} needs {top}, which is not installed: {how}") from None
