"""Plan files: design, analysis plan and assumptions as TOML, written down before the data.

The format, with everything it can hold (what is left out keeps its default; one of ``[rates]``, ``[[strata]]`` and
``[patients]``)::

    format = 1

    [design]                        # what the simulation uses of the design
    base = "he2020"                 # everything else comes from here
    arms = ["IL-2", "placebo"]      # or several active arms, and the control last; then all lists have a number an arm
    patients = [30, 30]
    visit_weeks = [0, 12, 24]
    primary_week = 12               # the weeks that [rates] speaks about
    follow_up_week = 24

    [plan]
    primary = { name = "SRI-4", week = 12 }
    secondary = { name = "SRI-4", week = 24 } # a key of simulation.RESPONSES; for [rates] also the patients of each arm
                                    # in whom it is measured: patients = [13, 12]; for [patients] also "SLEDAI fall" and its
                                    # test: a key of simulation.FALL_TESTS
    test = "pearson"                # a key of inference.TESTS
    alpha = 0.05
    sided = 2                       # 2 or 1
    multiplicity = "fixed_sequence" # a key of inference.STRATEGIES; for several active arms, which are tested at the primary
                                    # endpoint alone, there is arm_multiplicity = "holm" or "dunnett" instead
    missing = "nonresponder"        # nonresponder, observed, worst or best
    events = "composite"            # a key of endpoints.EVENT_STRATEGIES, for [patients]
    correlation = 0.4               # for the rule "obrien_fleming" alone
    margin = 0.0                    # of non-inferiority, where sided = 1

    [plan.looks]                    # either looks or re-estimation, or neither
    fractions = [0.5, 1.0]
    boundary = "spending"           # a key of simulation.BOUNDARIES
    spent = [0.01, 0.05]            # for "spending" alone, cumulative
    futility = "conditional_power"  # a key of simulation.FUTILITY
    futility_level = 0.1

    [plan.reestimation]
    at = 0.5
    difference = 0.25
    power = 0.8
    max_factor = 2.0

    [plan.recruitment]              # dates and overrun
    per_month = 5                   # patients of both arms
    delay_weeks = 2                 # from the last visit of a look to the decision

    [plan.prior]                    # assurance
    first = [16, 29]                # earlier responders and patients of each arm
    second = [9, 30]
    discount = 0.5                  # share of the earlier information that is kept
    label = "He 2020"

    [rates]                         # endpoint level
    primary = [0.55, 0.30]
    follow_up = [0.65, 0.37]
    correlation = 0.4

    [rates.dropout]
    primary = [0.05, 0.05]
    follow_up = [0.15, 0.10]
    nonresponder_ratio = 1.0

    [[strata]]                      # endpoint level, two or more: all that [rates] has, a name and a share of the patients.
    name = "nephritis"              # Then [plan] may have block_size = 4, of permuted blocks within the strata, and as test
    share = 0.4                     # "cmh", "cmh_corrected" or "score_inverse_variance", too
    primary = [0.50, 0.20]
    follow_up = [0.55, 0.25]
    [[strata]]
    name = "no nephritis"
    share = 0.6
    primary = [0.60, 0.40]
    follow_up = [0.70, 0.50]

    [patients]                      # patient level: any field of cohort.Assumptions
    drug_effect = 0.5

This module knows tables of plain values; the classes that they become read and write themselves.
"""

import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, fields
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

import tomlkit

from lupus_kit.core.errors import InputError, unknown_name
from lupus_kit.core.files import read_bytes

FORMAT = 1
#: Bytes that a plan may have; one of some dozen lines has a few thousand.
LARGEST = 2_000_000
TABLES = ("format", "design", "plan", "rates", "strata", "patients")

Made = TypeVar("Made")


def plan_template() -> str:
    """Return a commented plan file to change.

    Returns
    -------
    str
        TOML text; it reads and simulates as it stands.

    See Also
    --------
    run

    Examples
    --------
    >>> from lupus_kit.simulation import Scenario
    >>> Scenario.from_toml(plan_template()).sizes
    (30, 30)
    """
    return resources.files("lupus_kit.simulation.plan").joinpath("plan_template.toml").read_text(encoding="utf-8")


def plain(value: Any) -> Any:
    """Return tables of values that TOML and JSON have: what is ``None`` is left out, tuples become lists.

    Examples
    --------
    >>> plain({"looks": {"fractions": (0.5, 1.0), "spent": None}})
    {'looks': {'fractions': [0.5, 1.0]}}
    """
    if isinstance(value, Mapping):
        return {name: plain(part) for name, part in value.items() if part is not None}
    if isinstance(value, (tuple, list)):
        return [plain(part) for part in value]
    return value.item() if hasattr(value, "item") else value


def as_toml(tables: Mapping[str, Any]) -> str:
    """Write tables as the text of a plan file."""
    return tomlkit.dumps(plain(tables))


def read_toml(source: str | Path, build: Callable[[dict[str, Any]], Made]) -> Made:
    """Read a plan file.

    Parameters
    ----------
    source : str or Path
        A path, or the text of a plan file (a text has a line break).
    build : callable
        Makes something of the tables.

    Raises
    ------
    InputError
        The file cannot be read, is not TOML, or says something that cannot be built; the message names the file.
    """
    if isinstance(source, str) and "\n" in source:
        text, name = source, "the plan"
    else:
        name = str(source)
        try:
            text = read_bytes(Path(source), LARGEST, "a plan").decode("utf-8-sig")
        except (OSError, TypeError) as error:
            raise InputError(f"{name}: cannot be read ({getattr(error, 'strerror', None) or error}).") from None
        except UnicodeDecodeError:
            raise InputError(f"{name}: is not a text in UTF-8; save the plan as UTF-8.") from None
    try:
        tables = checked(tomllib.loads(text), TABLES, "the top of the file")
        if tables.get("format", FORMAT) != FORMAT:
            raise InputError(f"format == {tables['format']!r}; this version reads plan files of format {FORMAT}.")
        return build(tables)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{name}: is not valid TOML: {error}.") from None
    except InputError as error:
        raise InputError(f"{name}: {error}") from None


def checked(table: Any, allowed: Iterable[str], where: str) -> dict[str, Any]:
    """Return a table all of whose keys are known, or say which is not."""
    if not isinstance(table, dict):
        raise InputError(f"{where} must be a table of keys and values, not {table!r}.")
    names = list(allowed)
    for key in table:
        if key not in names:
            raise InputError(f"{where}: {unknown_name('key', key, names)}")
    return table


def built(kind: Callable[..., Made], table: Any, where: str) -> Made:
    """Build a dataclass from a table of its fields; its own complaints get the place in the file."""
    specs = fields(kind)  # type: ignore[arg-type]
    values = checked(table, [spec.name for spec in specs], where)
    needed = [spec.name for spec in specs if spec.default is spec.default_factory is MISSING]
    if lacking := [name for name in needed if name not in values]:
        raise InputError(f"{where}: lacks {', '.join(map(repr, lacking))}.")
    try:
        return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    except TypeError as error:  # a value of a kind that nobody expected
        raise InputError(f"{where}: a value of the wrong kind ({error}).") from None
