"""The rows of a report in the order and the brevity in which they are read."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

#: More analyses than this are counted, not listed; the csv and json forms hold them all.
MOST = 8
_MISFIT = "does not fit: "
#: Named first where more fit than are named.
_FAMILIAR = ("Pearson chi-squared", "Fisher (point probability)", "McNemar exact")


def parts(row: dict[str, str], most: int | None = MOST) -> list[tuple[str, str]]:
    """Return pairs of a recomputed value and its analysis; those that fit in full up to ``most``.

    Parameters
    ----------
    row : dict of str
        A row of a report.
    most : int, optional
        Analyses to list.

    Returns
    -------
    list of (str, str)
    """
    pairs = list(zip(row["recomputed"].split("; "), row["analysis"].split("; "), strict=True))
    fits = [pair for pair in pairs if not pair[1].startswith(_MISFIT)]
    rest = [pair for pair in pairs if pair[1].startswith(_MISFIT)]
    if most is not None and len(fits) > most:
        fits = [*fits[: most - 1], ("", f"and {len(fits) - most + 1} more")]
    return [*fits, *rest]


@dataclass(frozen=True)
class Group:
    """The rows of one claim.

    Attributes
    ----------
    claim, heading, source, confidence : str
        Its id, what is compared with its role, where it was read, and how sure the reading is.
    rows : tuple of dict
        One for each printed value.
    """

    claim: str
    heading: str
    source: str
    confidence: str
    rows: tuple[dict[str, str], ...]

    @property
    def cells(self) -> list[str]:
        """The printed values of all arms or visits."""
        return [row["printed"] for row in self.rows if row["what"] not in ("p", "effect")]

    @property
    def values(self) -> str:
        """The same in one phrase."""
        return " v ".join(self.cells)

    @property
    def p(self) -> dict[str, str]:
        """The row of the p-value, or the last one where there is none."""
        return next((row for row in self.rows if row["what"] == "p"), self.rows[-1])

    @property
    def verdict(self) -> str:
        """The verdict on the p-value, after any value that its own record does not give."""
        others = [
            f"{row['what']}: {row['verdict']}"
            for row in self.rows
            if row is not self.p and row["status"] in ("not reproduced", "model")
        ]
        return "; ".join([*others, self.p["verdict"]])


def groups(rows: pd.DataFrame) -> list[Group]:
    """Return the rows claim by claim, in order.

    Parameters
    ----------
    rows : pandas.DataFrame
        Rows of a report, of one part.

    Returns
    -------
    list of Group
    """
    found: dict[str, list[dict[str, str]]] = {}
    for record in rows.to_dict("records"):
        line = {str(key): str(value) for key, value in record.items()}
        found.setdefault(line["claim"], []).append(line)
    return [
        Group(
            claim,
            f"{lines[0]['endpoint']} ({lines[0]['role']})" if lines[0]["role"] else lines[0]["endpoint"],
            lines[0]["source"],
            lines[0]["confidence"],
            tuple(lines),
        )
        for claim, lines in found.items()
    ]


def fitting(row: dict[str, str], most: int = 2) -> str:
    """Name the analyses of one row that fit, in one phrase; what does not fit where none does.

    Parameters
    ----------
    row : dict of str
        A row of a report.
    most : int
        Analyses to name.

    Returns
    -------
    str
    """
    pairs = [
        (f"{value} {analysis}".strip() if value else analysis, analysis.startswith(_MISFIT))
        for value, analysis in parts(row, None)
    ]
    fits = [text for text, misfit in pairs if not misfit]
    fits.sort(key=lambda text: not any(name in text for name in _FAMILIAR))
    if not fits:
        return "; ".join(text for text, _ in pairs)
    more = f"; and {len(fits) - most} more" if len(fits) > most else ""
    return "; ".join(fits[:most]) + more
