"""When patients come in: how many are randomised before a look knows the outcomes of its own, and at which date."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lupus_kit.core.errors import InputError, is_number

#: Weeks of a month: a twelfth of 365.25 days.
WEEKS_A_MONTH = 365.25 / 12 / 7


@dataclass(frozen=True)
class Recruitment:
    """Patients of both arms who come in evenly, until a look stops the trial or all have come.

    A look waits for the primary outcome of its last patient. Whoever is randomised meanwhile is in the trial without having
    an outcome: the overrun.

    Attributes
    ----------
    per_month : float
        Patients randomised in a month, both arms together.
    delay_weeks : float
        From the last patient's primary visit to the decision: data entry, cleaning and meeting.

    Raises
    ------
    InputError
        A rate that is not positive, or a negative delay.

    Examples
    --------
    >>> months, randomised, last_visit = Recruitment(5).at(np.array([30, 60]), 60, (12, 24))
    >>> months.round(2).tolist(), randomised.tolist(), last_visit.round(2).tolist()
    ([8.76, 14.76], [43, 60], [14.12, 17.52])
    """

    per_month: float
    delay_weeks: float = 0.0

    def __post_init__(self) -> None:
        if not is_number(self.per_month) or not 0 < self.per_month <= 100_000:
            raise InputError(f"per_month == {self.per_month!r}: patients in a month, above 0 and at most 100,000.")
        if not is_number(self.delay_weeks) or not 0 <= self.delay_weeks <= 520:
            raise InputError(f"delay_weeks == {self.delay_weeks!r}: weeks from 0 to 520.")

    def at(self, with_outcome: np.ndarray, planned: int, weeks: Sequence[int]) -> tuple[np.ndarray, ...]:
        """Return months from the first patient to a decision, patients randomised by then, and months to their last visit.

        Parameters
        ----------
        with_outcome : numpy.ndarray of int
            Patients whose outcome the decision waits for.
        planned : int
            Patients in all, unless the trial has grown beyond it.
        weeks : sequence of int
            Weeks of the endpoints, that of the outcome first.
        """
        wait = (weeks[0] + self.delay_weeks) / WEEKS_A_MONTH
        meanwhile = np.floor(self.per_month * wait + 1e-9)
        randomised = np.minimum(np.maximum(planned, with_outcome), with_outcome + meanwhile)
        last_visit = randomised / self.per_month + max(weeks) / WEEKS_A_MONTH
        return with_outcome / self.per_month + wait, randomised.astype(np.int64), last_visit

    def __str__(self) -> str:
        late = f", decisions {self.delay_weeks:g} weeks after the visit" if self.delay_weeks else ""
        return f"{self.per_month:g} patients a month{late}"
