# ruff: noqa: I001
from lupus_kit import (
    audit as audit,
    cohort as cohort,
    course as course,
    design as design,
    endpoints as endpoints,
    figures as figures,
    inference as inference,
    lessons as lessons,
    published as published,
    simulation as simulation,
    widgets as widgets,
)
from lupus_kit.audit import (
    check as check,
    explain as explain,
    multiverse as multiverse,
    read_text as read_text,
)
from lupus_kit.cohort import (
    conflicts as conflicts,
    implied as implied,
    replica as replica,
    what_if as what_if,
)
from lupus_kit.core.errors import InputError as InputError
from lupus_kit.endpoints import (
    read_visit_file as read_visit_file,
    score_visits as score_visits,
    sri as sri,
)
from lupus_kit.inference import (
    compare as compare,
    power as power,
    pvalue as pvalue,
    sample_size as sample_size,
)
from lupus_kit.published import load as load
from lupus_kit.simulation import (
    exact as exact,
    grid as grid,
    run as run,
)

__version__: str
__all__: list[str]
