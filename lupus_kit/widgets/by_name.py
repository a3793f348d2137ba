"""Every widget by its name, and the way back from a view that somebody sent."""

from collections.abc import Callable

from lupus_kit.core.errors import InputError, unknown_name
from lupus_kit.widgets import state as _state
from lupus_kit.widgets.app import App
from lupus_kit.widgets.audit import missing_map, pvalue_detective, visits_explorer
from lupus_kit.widgets.cohort import assumption_board
from lupus_kit.widgets.design import allocation_explorer
from lupus_kit.widgets.inference import table_explorer
from lupus_kit.widgets.secondary import nephritis_board, safety_explorer
from lupus_kit.widgets.simulation import pvalue_dance, trial_designer
from lupus_kit.widgets.sri import patient_builder

#: The function that builds each widget, by its name, in the order of the walk.
APPS: dict[str, Callable[..., App]] = {
    "allocation_explorer": allocation_explorer,
    "assumption_board": assumption_board,
    "patient_builder": patient_builder,
    "table_explorer": table_explorer,
    "pvalue_detective": pvalue_detective,
    "missing_map": missing_map,
    "visits_explorer": visits_explorer,
    "safety_explorer": safety_explorer,
    "nephritis_board": nephritis_board,
    "trial_designer": trial_designer,
    "pvalue_dance": pvalue_dance,
}
#: What some widgets are built with, and the largest arm that still answers at once.
_BUILT_WITH = {"table_explorer": ("n1", "n2")}
_LARGEST_ARM = 60


def from_state(state: str) -> App:
    """Build the widget that a state string names, and show what it says.

    Parameters
    ----------
    state : str
        As :attr:`App.state` gives it; controls it does not name stay at their start.

    Returns
    -------
    App
        The widget.

    Raises
    ------
    InputError
        A string that is not a state, an unknown widget or control, or a value that a control cannot show.

    Examples
    --------
    >>> app = from_state("table_explorer?n1=13;n2=12;x1=7;x2=2;test=fisher")
    >>> app.values
    {'x1': 7, 'x2': 2, 'test': 'fisher'}
    >>> from_state(app.state).state == app.state
    True
    """
    name, pieces = _state.split(state)
    if not name:
        raise InputError(f"the name of the widget is missing in front of '?': one of {', '.join(APPS)}.")
    if name not in APPS:
        raise unknown_name("widget", name, APPS)
    built = {key: _arm(key, pieces[key]) for key in _BUILT_WITH.get(name, ()) if key in pieces}
    if built:  # responders at the start must fit into the arms
        built |= {f"x{key[1:]}": n // 2 for key, n in built.items()}
    return APPS[name](**built).load(state)


def _arm(key: str, written: str) -> int:
    if not written.isdecimal() or not 1 <= int(written) <= _LARGEST_ARM:
        raise InputError(f"{key}={written[:40]!r}: a whole number from 1 to {_LARGEST_ARM} is needed.")
    return int(written)
