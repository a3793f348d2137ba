"""A table for reading: drawn lines on a terminal, plain signs where the text goes elsewhere."""

from collections.abc import Iterable, Mapping, Sequence


def text_table(
    columns: Mapping[str, int],
    rows: Iterable[Sequence[str]],
    width: int | None,
    *,
    title: str = "",
    lines: bool = False,
) -> str:
    """Lay out rows below the names of their columns.

    Parameters
    ----------
    columns : mapping of str to int
        The share of the width that each column has.
    rows : iterable of sequence of str
        The cells; long ones run over several lines.
    width : int or None
        Columns of the terminal; None where there is none.
    title : str
        Stands above.
    lines : bool
        Whether a line stands between rows.

    Returns
    -------
    str
        Ends with a newline.

    Examples
    --------
    >>> print(text_table({"test": 1, "p": 1}, [("Fisher", "0.067")], None), end="")
    +--------+-------+
    | test   | p     |
    +--------+-------+
    | Fisher | 0.067 |
    +--------+-------+
    """
    from rich.box import ASCII2, ROUNDED
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title or None, title_justify="left", box=ASCII2 if width is None else ROUNDED, show_lines=lines)
    for name, share in columns.items():
        table.add_column(name, ratio=share, overflow="fold")
    for row in rows:
        table.add_row(*row)
    console = Console(width=width or 140, force_terminal=False, highlight=False)
    with console.capture() as captured:
        console.print(table, markup=False)
    return captured.get()
