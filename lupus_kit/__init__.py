"""lupus_kit: one small lupus trial, rebuilt, doubted and taught.

The subpackages follow the story of the trial: ``published``, ``design``, ``cohort``, ``endpoints``,
``inference``, ``audit`` and ``simulation``; ``figures``, ``widgets`` and ``lessons`` stand beside them.
Each is imported when it is first used, so ``import lupus_kit`` costs next to nothing. What is called most also stands
here in front: ``compare``, ``explain``, ``check``, ``sri``, ``score_visits``, ``replica``, ``what_if``, ``run`` and more.

Examples
--------
>>> import lupus_kit as lk
>>> lk.published.load("he2020").trial.doi
'10.1136/annrheumdis-2019-215396'
>>> round(lk.pvalue("pearson", 16, 29, 9, 30), 4)
0.0504
"""

import sys

if sys.version_info < (3, 11):
    _WRONG_PYTHON = (
        "lupus-kit needs Python 3.11 or newer; this is Python {}.{}. Install a newer Python and try again.".format(
            *sys.version_info[:2]
        )
    )
    # Run as a command (``python -m lupus_kit`` or ``lupus-kit``): one sentence and exit code 2, no traceback.
    if sys.argv and sys.argv[0].replace("\\", "/").split("/")[-1] in ("-m", "lupus-kit", "lupus-kit.exe"):
        sys.stderr.write(_WRONG_PYTHON + "\n")
        raise SystemExit(2)
    raise ImportError(_WRONG_PYTHON)

import importlib

__version__ = "0.7.0"

_SUBPACKAGES = (
    *("audit", "cohort", "course", "design", "endpoints", "figures", "inference", "lessons", "published"),
    *("simulation", "widgets"),
)

#: The front row: what people call most, and where it lives. ``__init__.pyi`` says the same to type checkers.
_FRONT_ROW = {
    name: home
    for home, names in {
        "core.errors": ("InputError",),
        "audit": ("check", "explain", "multiverse", "read_text"),
        "cohort": ("conflicts", "implied", "replica", "what_if"),
        "endpoints": ("read_visit_file", "score_visits", "sri"),
        "inference": ("compare", "power", "pvalue", "sample_size"),
        "published": ("load",),
        "simulation": ("exact", "grid", "run"),
    }.items()
    for name in names
}

__all__ = ["__version__", *_SUBPACKAGES, *_FRONT_ROW]


def __getattr__(name: str) -> object:
    if name in _SUBPACKAGES:
        return importlib.import_module(f"{__name__}.{name}")
    if name in _FRONT_ROW:
        return getattr(importlib.import_module(f"{__name__}.{_FRONT_ROW[name]}"), name)
    known = ", ".join([*_SUBPACKAGES, *_FRONT_ROW])
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {known}")


def __dir__() -> list[str]:
    return sorted(__all__)
