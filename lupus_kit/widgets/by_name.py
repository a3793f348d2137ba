"""Every widget by its name, and the way back from a view that somebody sent."""

from collections.abc import Callable

from lupus_kit.core.errors import InputError, require_choice
from lupus_kit.widgets import audit, cohort, design, inference, secondary, simulation, sri
from lupus_kit.widgets import state as _state
from lupus_kit.widgets.app import App

#: The function that builds each widget, by its name, in the order of the walk.
APPS: dict[str, Callable[..., App]] = {
    build.__name__: build
    for build in (
        inference.ticket_board, design.allocation_explorer, cohort.assumption_board, sri.patient_builder, inference.table_explorer,
        audit.pvalue_detective, audit.missing_map, audit.visits_explorer, secondary.safety_explorer,
        secondary.nephritis_board, simulation.trial_designer, simulation.pvalue_dance,
    )
}  # fmt: skip
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

    See Also
    --------
    table_explorer, pvalue_detective, pvalue_dance, trial_designer

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
    require_choice("widget", name, APPS)
    built = {key: _arm(key, pieces[key]) for key in _BUILT_WITH.get(name, ()) if key in pieces}
    # Responders at the start must fit into the arms.
    built |= {f"x{key[1:]}": n // 2 for key, n in built.items()}
    return APPS[name](**built).load(state)


def _arm(key: str, written: str) -> int:
    if not written.isdecimal() or not 1 <= int(written) <= _LARGEST_ARM:
        raise InputError(f"{key}={written[:40]!r}: a whole number from 1 to {_LARGEST_ARM} is needed.")
    return int(written)
