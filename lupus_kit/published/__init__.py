"""The paper's printed numbers, as data: strings as printed, and typed values beside them.

Examples
--------
>>> from lupus_kit import published
>>> published.load("he2020").trial.registry
('NCT02465580', 'NCT02932137')
"""

from lupus_kit.published.printed import PrintedValue, decimals, implied_n, parse_p, parse_value
from lupus_kit.published.record import Study, Trial, load, studies

__all__ = [
    "PrintedValue",
    "Study",
    "Trial",
    "decimals",
    "implied_n",
    "load",
    "parse_p",
    "parse_value",
    "studies",
]
