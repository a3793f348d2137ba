"""Strategies for intercurrent events by name, as those who score visits and those who plan a trial know them."""

from lupus_kit.core.templates import toml_beside

#: Strategies of ICH E9(R1), with what they do.
EVENT_STRATEGIES: dict[str, str] = toml_beside(__file__, "strategies.toml")
