"""The plan file that ``lupus-kit simulate --new`` writes: every key explained."""

from __future__ import annotations

from importlib import resources


def plan_template() -> str:
    """Return a commented plan file to change.

    Returns
    -------
    str
        TOML text; it reads and simulates as it stands.

    Examples
    --------
    >>> from lupus_kit.simulation import Scenario
    >>> Scenario.from_toml(plan_template()).sizes
    (30, 30)
    """
    return resources.files("lupus_kit.simulation.plan").joinpath("plan_template.toml").read_text(encoding="utf-8")
