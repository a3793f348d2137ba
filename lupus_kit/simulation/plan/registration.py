"""Pre-registration: a plan written to a file before the data, with a seal that shows whether it was changed later.

The seal is a checksum of the day and of the plan. It proves that both are still what was written together, and it can prove no
more: whoever can write the file can write another day, another plan and the seal that fits them, and a computer's clock says
what it was set to. So it guards against slips and second thoughts of honest people. What convinces others is a copy of the
file, or of the 64 digits of the seal, where its author cannot reach it and the day is kept by somebody else: a public
registry, a dated message to a colleague.
"""

import hashlib
import html
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from lupus_kit.core.errors import InputError, require_kind
from lupus_kit.core.files import read_bytes, write_atomically
from lupus_kit.simulation.plan.plan_file import LARGEST
from lupus_kit.simulation.plan.scenario import Scenario

_HEAD = re.compile(
    r"# Registered (\d{4}-\d\d-\d\d), before the data\.\n# SHA-256 of (this day and )?all that follows: ([0-9a-f]{64})\n"
)


@dataclass(frozen=True)
class Registration:
    """A plan that stands in a file.

    Attributes
    ----------
    path : pathlib.Path
        The file.
    registered : datetime.date
        The day on which it was written, by the clock of that computer.
    digest : str
        SHA-256 of the day and the plan, 64 hexadecimal digits. Whoever has it can tell whether either was changed. Files
        that the kit wrote up to version 0.3 have one of the plan alone: their day is not sealed.
    scenario : Scenario
        Design, analysis plan and the rates that it was planned with.

    Examples
    --------
    >>> import tempfile
    >>> from lupus_kit import simulation
    >>> scenario = simulation.Scenario(simulation.ResponseRates((0.55, 0.30), (0.65, 0.37)))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     sealed = simulation.register(scenario, f"{folder}/plan.toml")
    >>> len(sealed.digest)
    64
    """

    path: Path
    registered: date
    digest: str
    scenario: Scenario

    def _repr_html_(self) -> str:
        head = f"Registered on {self.registered.isoformat()} in <code>{html.escape(self.path.name)}</code>"
        return f"<p>{head}, seal <code>{self.digest[:12]}…</code></p>{self.scenario.plan._repr_html_()}"


def register(scenario: Scenario, path: str | Path, today: date | None = None) -> Registration:
    """Write a plan to a file, once.

    A plan that is already there is never overwritten: registering the same plan again changes nothing, and another plan
    needs another file, so that the first one can still be read.

    Parameters
    ----------
    scenario : Scenario
        Design, analysis plan and the assumptions it was planned with.
    path : str or pathlib.Path
        File to write, a plan file that ``lupus-kit simulate`` reads, too.
    today : datetime.date, optional
        The day to write down; by default the computer's.

    Returns
    -------
    Registration
        What stands in the file.

    Raises
    ------
    InputError
        The file holds another plan, something else or a plan that was changed, or cannot be written; or the day is none.

    See Also
    --------
    registered

    Notes
    -----
    The seal covers the day and the plan. It shows slips and second thoughts, and proves nothing to others: whoever can
    write the file can seal another day and plan. A public registry keeps both where the author cannot reach them.

    Examples
    --------
    >>> import tempfile
    >>> from lupus_kit import simulation
    >>> scenario = Scenario(simulation.ResponseRates((0.55, 0.30), (0.65, 0.37)))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     first = register(scenario, f"{folder}/plan.toml")
    ...     again = registered(f"{folder}/plan.toml")
    >>> first.digest == again.digest
    True
    """
    require_kind("scenario", scenario, Scenario, "a simulation.Scenario")
    require_kind("path", path, (str, Path), "the path of a file")
    path, text = Path(path), scenario.to_toml()
    day = date.today() if today is None else today
    if type(day) is not date:
        raise InputError(f"today == {today!r}: give a datetime.date, or leave it out.")
    if path.exists():
        there = registered(path)
        if there.scenario.to_dict() != scenario.to_dict():  # a file has what a simulation uses of the design
            raise InputError(
                f"{path.name} holds another plan, registered on {there.registered.isoformat()}. A registered plan is not "
                "changed: write the new one to another file, and say in the report what changed and why."
            )
        return there
    digest = _digest(f"{day.isoformat()}\n{text}")
    head = f"# Registered {day.isoformat()}, before the data.\n# SHA-256 of this day and all that follows: {digest}\n"
    write_atomically(path, (head + text).encode("utf-8"))
    return Registration(path, day, digest, scenario)


def registered(path: str | Path) -> Registration:
    """Read a registered plan, and make sure that it is still the one that was registered.

    Parameters
    ----------
    path : str or pathlib.Path
        File written by :func:`register`.

    Raises
    ------
    InputError
        There is no such file, it was not written by :func:`register`, or it was changed afterwards.

    See Also
    --------
    register

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from lupus_kit import simulation
    >>> scenario = simulation.Scenario(simulation.ResponseRates((0.5, 0.3), (0.6, 0.4)))
    >>> with TemporaryDirectory() as folder:
    ...     made = simulation.register(scenario, Path(folder, "plan.toml"))
    ...     read = simulation.registered(made.path)
    >>> read.digest == made.digest, read.scenario == scenario
    (True, True)
    """
    require_kind("path", path, (str, Path), "the path of a file")
    path = Path(path)
    try:
        # Line ends are those of the system on which somebody saved the file; they are not a change of the plan.
        text = read_bytes(path, LARGEST, "a plan").decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise InputError(f"{path} cannot be read ({reason}): register a plan first.") from None
    head = _HEAD.match(text)
    if head is None:
        raise InputError(f"{path.name} is not a registered plan: its first two lines hold no day and no seal.")
    body, (day, dated, seal) = text[head.end() :], head.groups()
    if _digest(f"{day}\n{body}" if dated else body) != seal:
        raise InputError(
            f"{path.name} was changed after it was registered (it says {day}): its day and its plan do not fit the seal "
            f"{seal[:12]}…. Restore the file, or register the changed plan in another file and report both."
        )
    try:
        return Registration(path, date.fromisoformat(day), seal, Scenario.from_toml(body))
    except ValueError as error:
        raise InputError(f"{path.name}: {error}") from None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
