"""Which patients were counted: the tables that one printed comparison can stand for."""

from collections.abc import Sequence

from lupus_kit.core.errors import InputError, is_whole

ANALYSED = "analysed only"
NON_RESPONDERS = "all randomised, missing as non-responders"
RESPONDERS = "all randomised, missing as responders"

Table = tuple[int, int, int, int]


def missing_rules(table: Table, randomised: tuple[int, int]) -> dict[str, Table]:
    """Return the table under each way to count patients whose outcome is missing."""
    (x1, n1, x2, n2), (m1, m2) = table, randomised
    return {ANALYSED: table, NON_RESPONDERS: (x1, m1, x2, m2), RESPONDERS: (x1 + m1 - n1, m1, x2 + m2 - n2, m2)}


def populations(x1: int, n1: int, x2: int, n2: int, randomised: tuple[int, int] | None = None) -> dict[str, Table]:
    """List the tables that a comparison can stand for.

    Parameters
    ----------
    x1, n1, x2, n2 : int
        Responders and patients analysed of the first and second arm.
    randomised : tuple of int, optional
        Patients randomised to each arm.

    Returns
    -------
    dict of str to tuple of int
        ``(x1, n1, x2, n2)`` by who was counted and how; each different table once.

    Raises
    ------
    InputError
        Fewer patients randomised than analysed.

    Examples
    --------
    >>> for name, table in populations(16, 29, 9, 30, randomised=(30, 30)).items():
    ...     print(name, table)
    analysed only (16, 29, 9, 30)
    all randomised, missing as non-responders (16, 30, 9, 30)
    all randomised, missing as responders (17, 30, 9, 30)
    """
    if randomised is None:
        return {ANALYSED: (x1, n1, x2, n2)}
    if not isinstance(randomised, Sequence) or len(randomised) != 2 or not all(is_whole(m, 0) for m in randomised):
        raise InputError(f"randomised == {randomised!r}: give two whole numbers.")
    m1, m2 = map(int, randomised)
    if m1 < n1 or m2 < n2:
        raise InputError(f"randomised == {randomised!r}: fewer patients than the {n1} and {n2} analysed.")
    found: dict[Table, str] = {}
    for name, table in missing_rules((x1, n1, x2, n2), (m1, m2)).items():
        found.setdefault(table, name)
    return {name: table for table, name in found.items()}
