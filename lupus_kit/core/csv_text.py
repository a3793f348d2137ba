"""A table as CSV, in which a spreadsheet finds nothing to execute."""

import re

import pandas as pd

# How a text begins that spreadsheets execute, and the numbers with a sign and ranges that begin so and are left.
_FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]\s*\S|[\t\r]")
_NUMERIC = re.compile(r"[+-][\d\s.,:;()%/\u2013-]+")


def csv_text(table: pd.DataFrame, keep_formulas: bool = False) -> str:
    r"""Write a table as CSV, with the same line breaks on every system and nothing that a spreadsheet would execute.

    Parameters
    ----------
    table : pandas.DataFrame
        Its index is left out.
    keep_formulas : bool
        Leave a text that a spreadsheet takes for a formula as it is; otherwise it gets an apostrophe in front, as
        `OWASP <https://owasp.org/www-community/attacks/CSV_Injection>`_ advises. Numbers stay numbers.

    Examples
    --------
    >>> csv_text(pd.DataFrame({"patient": ["=1+1", "-7", "A"], "change": [-3, 0, 1]}))
    "patient,change\n'=1+1,-3\n-7,0\nA,1\n"
    """
    if not keep_formulas:
        table = table.rename(columns=harmless)
        for k, kind in enumerate(table.dtypes):
            if not pd.api.types.is_numeric_dtype(kind):
                table.isetitem(k, table.iloc[:, k].astype(object).map(harmless))
    return str(table.to_csv(index=False, lineterminator="\n"))


def harmless(cell: object) -> object:
    """Put an apostrophe before a text that a spreadsheet would take for a formula."""
    taken = isinstance(cell, str) and _FORMULA.match(cell) and not _NUMERIC.fullmatch(cell)
    return f"'{cell}" if taken else cell
