"""The studies that ship with the kit, and the door to those of others."""

from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType

from lupus_kit.core.errors import InputError, unknown_name
from lupus_kit.published.claims.files import load_claims, load_place
from lupus_kit.published.study import Study


def _shipped_places() -> dict[str, Traversable]:
    """One file or one folder for each study."""
    data = resources.files("lupus_kit.published").joinpath("data")
    places = {entry.name.removesuffix(".toml"): entry for entry in data.iterdir()}
    return dict(sorted(places.items()))


def studies() -> list[str]:
    """Return the names of the studies that ship with the kit.

    Examples
    --------
    >>> "he2020" in studies()
    True
    """
    return list(_shipped_places())


@cache
def _shipped(name: str) -> Study:
    return load_place(_shipped_places()[name])


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
