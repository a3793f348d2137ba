"""The studies that ship with the kit, and the door to those of others."""

from functools import cache
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from lupus_kit.core.errors import InputError, unknown_name
from lupus_kit.published.claims.files import load_claims
from lupus_kit.published.study import Study


def _shipped_places() -> dict[str, Path]:
    """One file or one folder for each study."""
    places = {entry.name.removesuffix(".toml"): entry for entry in Path(__file__).with_name("data").iterdir()}
    return dict(sorted(places.items()))


def studies() -> list[str]:
    """Return the names of the studies that ship with the kit.

    See Also
    --------
    load, load_claims, related

    Examples
    --------
    >>> "he2020" in studies()
    True
    """
    return list(_shipped_places())


@cache
def _shipped(name: str) -> Study:
    return load_claims(_shipped_places()[name])


def _is_path(study: object) -> bool:
    if isinstance(study, Path):
        return True
    return isinstance(study, str) and ("/" in study or "\\" in study or study.lower().endswith((".toml", ".csv")))


def load(study: str | Path) -> Study:
    """Load the printed numbers of a study.

    Parameters
    ----------
    study : str or pathlib.Path
        Name of a study that ships with the kit (see :func:`studies`), a claims file (``.toml`` or ``.csv``), or a
        folder with ``study.toml``.

    Returns
    -------
    Study
        Fresh frames: changing them changes nothing in the kit.

    Raises
    ------
    InputError
        Unknown study, a missing file, or what cannot be read (every problem with file, line and key or column).

    See Also
    --------
    studies, load_claims, related

    References
    ----------
    He J, Zhang R, Shao M, et al. Ann Rheum Dis 2020;79:141-149. doi:10.1136/annrheumdis-2019-215396.

    Examples
    --------
    >>> study = load("he2020")
    >>> study.claims[["id", "reported_a", "reported_b", "reported_p"]].head(2)
                id reported_a reported_b reported_p
    0  sri4_week12     55.17%     30.00%      0.052
    1  sri4_week24     65.52%     36.67%      0.027
    """
    if _is_path(study):
        place = Path(study)
        if not place.exists():
            raise InputError(
                f"there is no file or folder {str(study)!r}: give a claims file, a folder with study.toml, "
                f"or one of {studies()}."
            )
        return load_claims(place)
    if study not in studies():
        raise unknown_name("study", study, studies())
    shipped = _shipped(study)
    tables = MappingProxyType({name: frame.copy() for name, frame in shipped.tables.items()})
    return Study(shipped.trial, shipped.records, tables, shipped.layouts, shipped.remarks)


def related(study: str) -> pd.DataFrame:
    """List trials of the same question before and after a study: facts from registries and papers, and what is unknown.

    Parameters
    ----------
    study : str
        Name of a study that ships with the kit.

    Returns
    -------
    pandas.DataFrame
        One row a fact, so that records which contradict each other stand below each other: ``key`` (loads with
        :func:`load`), ``relation`` (how it is related), ``design``, ``n`` (patients by this record), ``registry``,
        ``known`` (what is known, in words), ``source`` and ``confidence`` (V read in the source named; M+ widely
        published, not read again). No row where the kit holds none.

    Raises
    ------
    InputError
        Unknown study.

    See Also
    --------
    load, studies, load_claims

    Examples
    --------
    >>> related("he2020").query("key == 'nct04077684'")["n"].tolist()
    [500, 160, 152]
    """
    if study not in studies():
        raise unknown_name("study", study, studies())
    file = Path(__file__).with_name("related.csv")
    facts = pd.read_csv(file, dtype={"n": "Int64"}, keep_default_na=False, na_values={"n": [""]})
    return facts[facts["of"] == study].drop(columns="of").reset_index(drop=True)
