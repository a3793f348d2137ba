"""Strategies for intercurrent events by name, as those who score visits and those who plan a trial know them."""

import tomllib
from pathlib import Path

#: Strategies of ICH E9(R1), with what they do.
EVENT_STRATEGIES: dict[str, str] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
