"""Tables that students open with pandas; they come with the kit."""

from pathlib import Path

from lupus_kit.core.errors import require_choice

_FOLDER = Path(__file__).with_name("tables")


def data(name: str) -> Path:
    """Return the path of a table that comes with the course.

    Parameters
    ----------
    name : str
        ``"sri4_responses.csv"``: one row a patient and visit (``arm``, ``week``, ``responder``), as the printed
        percentages of the paper count them; the rows stand for counts, and nobody knows which patient is which.
        ``"sledai_treg.csv"``: one row a patient and visit of an invented cohort (``patient``, ``arm``, ``week``,
        ``sledai``, ``treg_percent_cd4``, regulatory T cells in percent of CD4 T cells); some patients left early.
        ``"cohort_week12.csv"``: one row for each invented patient of stops 2 and 3 (``patient``, ``arm``, ``nephritis``,
        ``sledai_baseline``, ``responder``), one who left the trial as a non-responder.
        ``"invented_cohort.csv"``: the visits of ``cohort.what_if(seed=13)`` at baseline and weeks 12 and 24.
        ``"six_patients.csv"``: six made-up patients, some of whom cannot be.

    Returns
    -------
    pathlib.Path
        Where it is.

    Raises
    ------
    InputError
        If there is no such table.

    See Also
    --------
    check

    Examples
    --------
    >>> data("sri4_responses.csv").name
    'sri4_responses.csv'
    """
    require_choice("table", name, sorted(path.name for path in _FOLDER.iterdir()))
    return _FOLDER / name
