"""The core path and stop 4: deal the arms anew, ticket by ticket; move the responders, see every test answer."""

from collections.abc import Sequence
from functools import lru_cache, partial

import ipywidgets as ipw
import numpy as np
import pandas as pd

from lupus_kit import audit, published
from lupus_kit.core.errors import InputError, is_whole
from lupus_kit.core.seeds import as_generator
from lupus_kit.figures.design import shuffled_tickets
from lupus_kit.figures.table_board import table_board
from lupus_kit.inference import TESTS, compare, confidence_curve, curve_measure, fisher_test, pvalue_lattice
from lupus_kit.widgets.app import App, Scene
from lupus_kit.widgets.controls import bare_p, dropdown, int_slider, p_value
from lupus_kit.widgets.findings import Findings

#: Curves that take seconds for one table, and the test whose curve is drawn instead: the same measure, the same order.
STAND_INS = {
    **dict.fromkeys(("barnard", "barnard_berger_boos"), "pearson"),
    **dict.fromkeys(("boschloo", "boschloo_minlike", "boschloo_berger_boos"), "fisher"),
    "barnard_unpooled": "wald_unpooled",
}

_lattice = lru_cache(maxsize=256)(pvalue_lattice)


def every_test(x1: int, n1: int, x2: int, n2: int) -> str:
    """Write the p-value of every test of the registry as an HTML table, one line for each family.

    Examples
    --------
    >>> "Fisher (point probability) 0.0673" in every_test(16, 29, 9, 30)
    True
    """
    found = compare(x1, n1, x2, n2).tests()
    rows = []
    for family, group in found.groupby("family", sort=False):
        said = (f"<b>{bare_p(p)}</b>" if p <= 0.05 else bare_p(p) for p in group["p"])
        shown = ", ".join(group["label"] + " " + list(said))
        rows.append(
            f"<tr><th scope='row' style='text-align:left;vertical-align:top;padding-right:1em'>{family}</th>"
            f"<td style='text-align:left'>{shown}</td></tr>"
        )
    below, known = int((found["p"] <= 0.05).sum()), int(found["p"].notna().sum())
    return f"<b>{below}</b> of {known} tests say p ≤ 0.05 (bold):<table>{''.join(rows)}</table>"


def held_by(curve: pd.DataFrame, level: float = 0.95) -> tuple[float, float]:
    """Return the smallest and largest effect with a p above 1 − level, read off the curve between its points.

    Returns
    -------
    tuple of float
        Not finite where the curve ends above the level; ``nan`` where it is not defined.

    Examples
    --------
    >>> curve = confidence_curve("pearson", 16, 29, 9, 30)
    >>> [round(100 * end, 1) for end in held_by(curve)]
    [-0.1, 47.5]
    """
    known = curve.dropna(subset="p")
    value, p = known["value"].to_numpy(), known["p"].to_numpy()
    inside = np.flatnonzero(p > 1 - level)
    if not len(inside):
        return float("nan"), float("nan")
    ends = []
    for edge, out, beyond in ((inside[0], inside[0] - 1, -np.inf), (inside[-1], inside[-1] + 1, np.inf)):
        held = 0 <= out < len(p)
        ends.append(float(np.interp(1 - level, p[[out, edge]], value[[out, edge]])) if held else beyond)
    return ends[0], ends[1]


def _interval(measure: str, ends: tuple[float, float]) -> str:
    unit, scale, form = (" points", 100, ".1f") if measure == "risk difference" else ("", 1, ".3g")
    low, high = (scale * end for end in ends)
    if np.isnan(low):
        return f"No curve of the {measure} is defined for this table."
    first = f"from {low:{form}}" if np.isfinite(low) else "from below the picture"
    last = f"to {high:{form}}{unit}" if np.isfinite(high) else "to above the picture"
    return f"Compatible with this table (95 %, where the curve lies above 0.05): {measure} {first} {last}."


def table_scene(x1: int, x2: int, test: str, n1: int = 29, n2: int = 30) -> Scene:
    """Show one table on the lattice of its test, its confidence curve, and the p-values of all tests.

    Parameters
    ----------
    x1, x2 : int
        Responders in the first and second arm.
    test : str
        Key of the test whose lattice is drawn.
    n1, n2 : int
        Patients in each arm.

    Returns
    -------
    Scene
        The lattice with the table on it, the curve beside it, and every p-value in words.

    Raises
    ------
    InputError
        Counts that do not fit together.
    """
    lattice = _lattice(test, n1, n2)
    drawn = STAND_INS.get(test, test)
    curve = confidence_curve(drawn, x1, n1, x2, n2)
    ends = held_by(curve)
    label, p = TESTS[test].label, float(lattice[x1, x2])
    instead = (
        ""
        if drawn == test
        else f" The curve of {label} takes seconds for each table; drawn is that of {TESTS[drawn].label}, and the diamond "
        f"is the p of {label} itself."
    )
    held = _interval(curve_measure(drawn), ends)
    text = f"{x1}/{n1} ({x1 / n1:.1%}) v {x2}/{n2} ({x2 / n2:.1%}): <b>{label} p {p_value(p)}.</b> {held}{instead}"
    board = table_board(lattice, (x1, x2), label, curve, ends, arms=("IL-2", "placebo"))
    facts = {"p": p, "low": ends[0], "high": ends[1]}
    return Scene(text, board, more=every_test(x1, n1, x2, n2), facts=facts)


def table_explorer(n1: int = 29, n2: int = 30, x1: int = 16, x2: int = 9) -> App:
    """Return the widget of stop 4.

    Parameters
    ----------
    n1, n2 : int
        Patients in each arm.
    x1, x2 : int
        Responders at the start.

    See Also
    --------
    pvalue_detective, pvalue_dance, from_state

    Examples
    --------
    >>> "Barnard (score order) p = 0.0578" in table_explorer().set(test="barnard").text.value
    True
    """
    for test in TESTS:  # once, so that no choice has to wait
        _lattice(test, n1, n2)

    controls = {
        "x1": int_slider(f"responders on IL-2 (of {n1})", x1, 0, n1),
        "x2": int_slider(f"responders on placebo (of {n2})", x2, 0, n2),
        "test": dropdown("test", [(test.label, key) for key, test in TESTS.items()], "pearson"),
    }
    scene = partial(table_scene, n1=n1, n2=n2)
    return App("One table, many tests", controls, scene, height=300, name="table_explorer", fixed={"n1": n1, "n2": n2})


#: Shuffles that the board of tickets still shows at once.
MOST_SHUFFLES = 10_000


@lru_cache(maxsize=4)
def _dealt(seed: int, n: int, shuffles: int) -> np.ndarray:
    """Lay n tickets in a new order, again and again; more shuffles begin as fewer do."""
    return as_generator(seed).permuted(np.tile(np.arange(n), (shuffles, 1)), axis=1)


def ticket_scene(
    first: Sequence[str], second: Sequence[str], shuffles: int, seed: int, n1: int = 29, n2: int = 30
) -> Scene:
    """Deal the arms of all patients anew, again and again, and count how often chance goes as far as the trial.

    Parameters
    ----------
    first, second : sequence of str
        Numbers of the patients who responded, in each arm.
    shuffles : int
        How often the tickets have been shuffled, 0 to :data:`MOST_SHUFFLES`.
    seed : int
        Seed of the shuffles; 0 or more.
    n1, n2 : int
        Patients in each arm.

    Returns
    -------
    Scene
        The tickets as they were dealt last, and all shuffled differences. In words the p-value: the trial itself counts
        as one of the shuffles. Beside it that of Fisher's exact test.

    Raises
    ------
    InputError
        A seed that is not a whole number of 0 or more, or shuffles that are not one up to :data:`MOST_SHUFFLES`.

    Examples
    --------
    >>> "p = (1 + 25) / (1 + 99) = <b>0.2600" in ticket_scene(["1", "2"], [], 99, 2020).text
    True
    """
    if not is_whole(shuffles, 0) or shuffles > MOST_SHUFFLES:
        raise InputError(f"shuffles == {shuffles!r}: give a whole number from 0 to {MOST_SHUFFLES:,}.")
    answers = np.array([str(1 + k) in ticked for ticked, n in ((first, n1), (second, n2)) for k in range(n)])
    x1, x2 = int(answers[:n1].sum()), int(answers[n1:].sum())
    # All that the board can show take a fifth of a second: so many are dealt only where they are asked for.
    order = _dealt(seed, n1 + n2, next(size for size in (100, 1000, MOST_SHUFFLES) if size >= shuffles))[:shuffles]
    responders = answers[order[:, :n1]].sum(axis=1)
    differences, observed = responders / n1 - (x1 + x2 - responders) / n2, x1 / n1 - x2 / n2
    far = int((np.abs(differences) >= abs(observed) - 1e-9).sum())
    counted, fisher = (1 + far) / (1 + shuffles), float(fisher_test(x1, n1, x2, n2))
    text = (
        f"{x1}/{n1} v {x2}/{n2}: the trial's difference is <b>{100 * observed:+.1f} points</b>. If the drug made none, "
        f"both sides of a ticket say the same, and only chance decides where it lies. <b>{far:,} of {shuffles:,}</b> "
        f"shuffles are at least as far from zero, in either direction; with the trial counted in, p = (1 + {far:,}) / "
        f"(1 + {shuffles:,}) = <b>{bare_p(counted)}</b>. All shuffles there are, by Fisher's exact test: p {p_value(fisher)}."
    )
    last = order[-1] if shuffles else np.arange(n1 + n2)
    drawn = shuffled_tickets(differences, observed, last, answers, n1, ("IL-2", "placebo"))
    return Scene(text, drawn, facts={"fisher": fisher, "apart": abs(counted - fisher)})


def ticket_board() -> App:
    """Return the board of the core path: the 59 patients of week 12 as tickets to turn, and buttons to shuffle.

    Examples
    --------
    >>> app = ticket_board()
    >>> app.set(shuffles=1000).state == app.set(shuffles=1000).state
    True
    >>> "p = 0.0673" in app.text.value
    True
    """
    x1, n1, x2, n2 = audit.claim_counts(published.load("he2020"), "sri4_week12")
    controls: dict[str, ipw.Widget] = {}
    for key, arm, x, n in (("first", "IL-2", x1, n1), ("second", "placebo", x2, n2)):
        numbers = [str(1 + k) for k in range(n)]
        controls[key] = Findings(arm, [(f"patient {k} responded", k) for k in numbers], numbers[:x])
    counts = controls["shuffles"] = ipw.BoundedIntText(0, 0, MOST_SHUFFLES, description="shuffles so far")
    controls["seed"] = ipw.IntText(2020, description="seed")
    title = "Could it be chance? One box is one patient of the trial; ticked: responded"
    app = App(title, controls, partial(ticket_scene, n1=n1, n2=n2), name="ticket_board")
    buttons = [ipw.Button(description=words) for words in ("Shuffle once", "10 times", "1,000 times")]
    for more, button in zip((1, 10, 1000), buttons, strict=True):
        button.on_click(lambda _, more=more: app.set(shuffles=min(MOST_SHUFFLES, counts.value + more)))
    side = app.columns.children[0]
    side.children = [*side.children[:2], ipw.HBox(buttons), *side.children[2:]]
    return app
