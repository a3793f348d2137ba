"""The two-arm results of a study as effects: which are good and which bad for a patient, how large, and with what interval."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import pandas as pd

from lupus_kit import audit, inference
from lupus_kit.core.errors import InputError
from lupus_kit.core.templates import toml_beside
from lupus_kit.published import Claim, Study

if TYPE_CHECKING:
    from lupus_kit.inference import Nnt

HARMFUL_ROLE = "safety"


@cache
def appraisal_data() -> dict[str, Any]:
    """Read ``appraisal.toml``: domains, items and the words of a harmful outcome."""
    return toml_beside(__file__, "appraisal.toml")


@dataclass(frozen=True)
class Effect:
    """One comparison of two arms in counts.

    Parameters
    ----------
    title : str
        Outcome and visit; with its arms where the study has more than two.
    claim : Claim
        Where it is printed.
    counts : tuple of int
        ``(x1, n1, x2, n2)``: patients with the outcome and all patients of the first and second arm.
    nnt : Nnt
        Number needed to treat in the first arm instead of the second, with its interval; its ``outcome`` is
        ``"benefit"`` or ``"harm"``.
    """

    title: str
    claim: Claim
    counts: tuple[int, int, int, int]
    nnt: Nnt

    @property
    def harmful(self) -> bool:
        """Whether the outcome is bad for the patient."""
        return self.nnt.outcome == "harm"

    @property
    def difference(self) -> str:
        """The difference of the rates in percentage points with its 95% interval."""
        one = self.nnt.difference
        return f"{points(one.estimate, sign=True)} ({points(one.low)} to {points(one.high)})"

    @property
    def patients(self) -> str:
        """Both arms as counts."""
        x1, n1, x2, n2 = self.counts
        return f"{x1}/{n1} v {x2}/{n2}"


def points(share: float, sign: bool = False) -> str:
    """Write a share as percentage points, with a real minus sign.

    Examples
    --------
    >>> points(-0.125), points(0.125, sign=True)
    ('−12.5', '+12.5')
    """
    return f"{100 * share:{'+' if sign else ''}.1f}".replace("-", "\N{MINUS SIGN}")


def is_harmful(claim: Claim) -> bool:
    """Say whether an outcome is bad for the patient: by its role, or by a word of its name."""
    return claim.role == HARMFUL_ROLE or any(word in claim.endpoint.lower() for word in appraisal_data()["harmful"])


def effects_of(study: Study) -> tuple[Effect, ...]:
    """Find every confirmed comparison of two arms whose counts the record pins down, the primary one first.

    Parameters
    ----------
    study : Study
        The record. Rows of its tables are taken where their role is safety.

    Returns
    -------
    tuple of Effect
        Benefits first, in the order of the plan; then harms, the largest difference first. Nothing of entry, of one arm
        or of more than two; a row that two parts of a table repeat stands once.
    """
    of_tables = [claim for claim in study.table_claims() if claim.role == HARMFUL_ROLE]
    named = {claim.table_row for claim in study.records if claim.table_row}
    claims = (*study.records, *(claim for claim in of_tables if claim.table_row not in named))
    found = {(one.title, one.counts): one for one in _effects(replace(study, records=claims), claims)}
    harms = sorted((one for one in found.values() if one.harmful), key=lambda one: -abs(one.nnt.difference.estimate))
    return (*sorted((one for one in found.values() if not one.harmful), key=lambda one: rank(one.claim)), *harms)


def rank(claim: Claim) -> tuple[bool, int]:
    """Sort the primary endpoint first, then by the place in the plan; others as printed."""
    return claim.role != "primary", claim.order or 999


def _effects(study: Study, claims: Iterable[Claim]) -> Iterable[Effect]:
    for claim in claims:
        if claim.kind != "binary" or len(claim.arms) != 2 or claim.role == "baseline" or not claim.confirmed:
            continue
        with suppress(InputError):  # the audit's own row says why there are no counts
            counts = audit.claim_counts(study, claim.id)
            outcome = "harm" if is_harmful(claim) else "benefit"
            several = len(study.trial.n_randomised) > 2
            title = f"{claim.title} ({' v '.join(claim.arms)})" if several else claim.title
            yield Effect(title, claim, counts, inference.nnt(*counts, outcome=outcome))


def rates(effects: Iterable[Effect]) -> pd.DataFrame:
    """Return ``visit arm responders patients rate low high`` with 95% Wilson intervals, for the figure."""
    rows = []
    for effect in effects:
        x1, n1, x2, n2 = effect.counts
        for arm, x, n in zip(effect.claim.arms, (x1, x2), (n1, n2), strict=True):
            wilson = inference.proportion(x, n).set_index("key").loc["wilson"]
            rows.append((effect.title, arm, x, n, x / n, wilson["low"], wilson["high"]))
    return pd.DataFrame(rows, columns=["visit", "arm", "responders", "patients", "rate", "low", "high"])
