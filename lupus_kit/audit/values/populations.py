"""Which patients were counted: the tables that one printed comparison can stand for."""

from collections.abc import Sequence
from dataclasses import dataclass

from lupus_kit.core.errors import InputError

ANALYSED = "analysed only"
NON_RESPONDERS = "all randomised, missing as non-responders"
RESPONDERS = "all randomised, missing as responders"
CARRIED = "last observation carried forward"

Table = tuple[int, int, int, int]


@dataclass(frozen=True)
class Populations:
    """The tables behind one comparison, by who was counted and how.

    Attributes
    ----------
    tables : tuple of (str, tuple of int)
        Name of the population and its ``(x1, n1, x2, n2)``; each different table once.
    remarks : tuple of str
        What was not offered, and why; what stands for several.
    """

    tables: tuple[tuple[str, Table], ...]
    remarks: tuple[str, ...]


def _pair(name: str, value: object) -> tuple[int, int]:
    if (
        not isinstance(value, Sequence)
        or isinstance(value, str)
        or len(value) != 2
        or any(isinstance(v, bool) or not isinstance(v, int) or v < 0 for v in value)
    ):
        raise InputError(f"{name} == {value!r}: give two whole numbers.")
    return int(value[0]), int(value[1])


def _carried(name: str, x: int, n: int, randomised: int, earlier: tuple[int, int]) -> list[tuple[int, int]]:
    """Return the counts of one arm after carrying the earlier outcome of those who are missing now.

    Who is missing at the earlier visit is taken to be missing later too; which of the others dropped out is not known,
    so every number of earlier responders among them is possible.
    """
    before, seen = earlier
    if not before <= seen <= randomised or seen < n:
        raise InputError(
            f"{name} == {earlier!r}: responders, then patients, of the earlier visit, from {n} to {randomised} patients."
        )
    gone = seen - n
    fewest, most = max(0, gone - (seen - before)), min(gone, before)
    return [(x + k, seen) for k in range(fewest, most + 1)]


def missing_rules(table: Table, randomised: tuple[int, int]) -> dict[str, Table]:
    """Return the table under each way to count patients whose outcome is missing."""
    (x1, n1, x2, n2), (m1, m2) = table, randomised
    return {ANALYSED: table, NON_RESPONDERS: (x1, m1, x2, m2), RESPONDERS: (x1 + m1 - n1, m1, x2 + m2 - n2, m2)}


def populations(
    x1: int,
    n1: int,
    x2: int,
    n2: int,
    randomised: tuple[int, int] | None = None,
    earlier: tuple[tuple[int, int], tuple[int, int]] | None = None,
) -> Populations:
    """List the tables that a comparison can stand for.

    Parameters
    ----------
    x1, n1, x2, n2 : int
        Responders and patients analysed of the first and second arm.
    randomised : tuple of int, optional
        Patients randomised to each arm.
    earlier : pair of (int, int), optional
        Responders and patients of each arm at the visit before, for the last observation carried forward.

    Returns
    -------
    Populations

    Raises
    ------
    InputError
        Fewer patients randomised than analysed, or earlier counts that do not fit.

    Examples
    --------
    >>> for name, table in populations(16, 29, 9, 30, randomised=(30, 30)).tables:
    ...     print(name, table)
    analysed only (16, 29, 9, 30)
    all randomised, missing as non-responders (16, 30, 9, 30)
    all randomised, missing as responders (17, 30, 9, 30)
    """
    if randomised is None:
        if earlier is not None:
            raise InputError("earlier needs randomised: give the patients randomised to each arm too.")
        return Populations(((ANALYSED, (x1, n1, x2, n2)),), ())
    m1, m2 = _pair("randomised", randomised)
    if m1 < n1 or m2 < n2:
        raise InputError(f"randomised == {randomised!r}: fewer patients than the {n1} and {n2} analysed.")
    found: dict[Table, str] = {}
    for name, table in missing_rules((x1, n1, x2, n2), (m1, m2)).items():
        found.setdefault(table, name)
    remarks = []
    if len(found) == 1:
        remarks.append("Every randomised patient was analysed: there is one population.")
    if earlier is None:
        remarks.append("The last observation carried forward is not offered: it needs the counts of an earlier visit.")
    else:
        if not isinstance(earlier, Sequence) or len(earlier) != 2:
            raise InputError(f"earlier == {earlier!r}: give (responders, patients) of both arms.")
        first = _carried("earlier[0]", x1, n1, m1, _pair("earlier[0]", earlier[0]))
        second = _carried("earlier[1]", x2, n2, m2, _pair("earlier[1]", earlier[1]))
        carried = [(a, m, b, n) for a, m in first for b, n in second]
        for table in carried:
            found.setdefault(table, f"{CARRIED} ({table[0] - x1} and {table[2] - x2} carried as responders)")
        if carried == [(x1, n1, x2, n2)]:
            remarks.append("No missing patient was seen at the earlier visit: there is nothing to carry forward.")
        elif len(carried) > 1:
            remarks.append(
                f"Which patients dropped out is not printed: {len(carried)} tables are possible for the last observation "
                "carried forward."
            )
    return Populations(tuple((name, table) for table, name in found.items()), tuple(remarks))
