"""Find out whether this installation can teach: the right versions, and widgets that will show."""

import logging
import platform
import re
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from lupus_kit import __version__
from lupus_kit.core.errors import InputError
from lupus_kit.core.extras import need

MANAGER = "@jupyter-widgets/jupyterlab-manager"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Parameters
    ----------
    what : str
        Its name.
    found : str
        What is there.
    wanted : str
        What has to be there.
    ok : bool
        Whether it is.
    """

    what: str
    found: str
    wanted: str
    ok: bool


def versions() -> list[Finding]:
    """Compare Python, the kit and each library it needs with the ranges the kit declares.

    An extra is taken as installed if most of its libraries are; then all of them are looked at.

    Returns
    -------
    list of Finding
        Python first, then the kit, then the libraries of the core and of the installed extras by name.

    Examples
    --------
    >>> [finding.what for finding in versions()[:2]]
    ['Python', 'lupus-kit']
    """
    python_range, core, extras = _declared()
    here = platform.python_version()
    found = [
        Finding("Python", here, python_range, SpecifierSet(python_range).contains(here, prereleases=True)),
        Finding("lupus-kit", __version__, "any", ok=True),
    ]
    wanted = core | {name: one for extra in extras if is_installed(extra, extras) for name, one in extra.items()}
    return found + [_library(wanted[name]) for name in sorted(wanted)]


def _declared() -> tuple[str, dict[str, Requirement], list[dict[str, Requirement]]]:
    """Read the range of Python and the libraries of the core and of each extra.

    They stand in the kit's installed metadata, or in pyproject.toml in a clone run in place.
    """
    try:
        facts = metadata.metadata("lupus-kit")
        python_range, lines = facts["Requires-Python"], facts.get_all("Requires-Dist") or []
        listed = dict.fromkeys(("", *(facts.get_all("Provides-Extra") or [])), lines)
    except metadata.PackageNotFoundError:
        path = Path(__file__).resolve().parents[2] / "pyproject.toml"
        if not path.is_file():
            raise InputError("lupus-kit is not installed here and no pyproject.toml is near: install it.") from None
        project = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
        python_range, listed = project["requires-python"], {"": project["dependencies"]}
        listed |= project.get("optional-dependencies", {})
    needed = {extra: _needed(lines, extra) for extra, lines in listed.items()}
    core = needed.pop("")
    return python_range, core, [{k: one for k, one in extra.items() if k not in core} for extra in needed.values()]


def _needed(lines: Iterable[str], extra: str) -> dict[str, Requirement]:
    """Keep the requirements that hold for this Python and this extra, by name."""
    found = [Requirement(line) for line in lines]
    applies = [one for one in found if one.marker is None or one.marker.evaluate({"extra": extra})]
    return {one.name: one for one in applies if one.name != "lupus-kit"}


def is_installed(extra: Mapping[str, object], extras: Iterable[Mapping[str, object]]) -> bool:
    """Tell whether most of the libraries are here that an extra does not merely take over from smaller extras.

    Parameters
    ----------
    extra : mapping
        Its libraries by name.
    extras : iterable of mapping
        All extras.

    Returns
    -------
    bool

    Examples
    --------
    >>> lab, handbook = {"numpy": ..., "scipy": ...}, {"numpy": ..., "scipy": ..., "no-such-printer": ...}
    >>> [is_installed(extra, [lab, handbook]) for extra in (lab, handbook)]
    [True, False]
    """
    own = set(extra).difference(*(other for other in extras if set(other) < set(extra)))
    return 2 * sum(_version(name) is not None for name in own) > len(own)


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def has_jupyterlab() -> bool:
    """Tell whether JupyterLab is here at all; the core of the kit does without."""
    return _version("jupyterlab") is not None


def _library(requirement: Requirement) -> Finding:
    wanted = ", ".join(sorted((str(part) for part in requirement.specifier), reverse=True))
    installed = _version(requirement.name)
    fits = installed is not None and requirement.specifier.contains(installed, prereleases=True)
    return Finding(requirement.name, installed or "missing", wanted, fits)


def widgets() -> list[Finding]:
    """Look at everything a slider needs on its way to the screen.

    Returns
    -------
    list of Finding
        The front-end half, the kernel half, and a kernel that shows a slider, which takes about two seconds.
    """
    return [_package_pair(), *front_end(lab_info()), _kernel_spec(), live_slider()]


def _package_pair() -> Finding:
    """Check that ipywidgets accepts the installed front end; apart from each other, widgets stay blank."""
    what = "ipywidgets and jupyterlab_widgets fit"
    try:
        lines = metadata.requires("ipywidgets") or []
        (wanted,) = [one for one in map(Requirement, lines) if one.name.replace("-", "_") == "jupyterlab_widgets"]
        installed = metadata.version("jupyterlab_widgets")
    except (metadata.PackageNotFoundError, ValueError):
        return Finding(what, "missing", "both installed", ok=False)
    found = f"{metadata.version('ipywidgets')} with {installed}"
    return Finding(what, found, f"jupyterlab_widgets {wanted.specifier}", wanted.specifier.contains(installed))


def front_end(info: Mapping[str, Any]) -> Iterator[Finding]:
    """Check that JupyterLab would load the widgets' front end that belongs to the installed package.

    Parameters
    ----------
    info : mapping
        What :func:`lab_info` returns.

    Yields
    ------
    Finding
        Whether it is there, switched on, and made for this JupyterLab.
    """
    what, extension = "widget front end in JupyterLab", info["federated_extensions"].get(MANAGER)
    if extension is None:
        yield Finding(what, "missing", "present", ok=False)
        return
    place = Path(extension["ext_path"]).resolve()
    own = place in _own_front_ends()
    origin = "from this installation" if own else f"another one, in {place}"
    yield Finding(what, f"{extension['version']}, {origin}", "from this installation", ok=own)
    enabled = not any(re.match(f"{re.escape(name)}($|:)", MANAGER) for name, off in info["disabled"].items() if off)
    yield Finding("widget front end is switched on", "yes" if enabled else "disabled", "yes", ok=enabled)
    made_for = extension["dependencies"].get("@jupyterlab/application", "")
    lab = str(info["version"])
    fits = made_for.lstrip("^~").split(".")[0] == lab.split(".")[0]
    yield Finding("widget front end fits JupyterLab", f"JupyterLab {lab}", f"JupyterLab {made_for}", ok=fits)


def lab_info() -> dict[str, Any]:
    """Ask JupyterLab for its version and its extensions."""
    from jupyter_core.paths import jupyter_path
    from jupyterlab.commands import AppOptions, get_app_info

    quiet = logging.getLogger("lupus_kit.health")
    return dict(get_app_info(AppOptions(logger=quiet, labextensions_path=jupyter_path("labextensions"), registry="")))


def _own_front_ends() -> set[Path]:
    try:
        files = metadata.files("jupyterlab_widgets") or []
    except metadata.PackageNotFoundError:
        return set()
    return {Path(str(one.locate())).resolve().parent for one in files if one.name == "package.json"}


def _kernel_spec() -> Finding:
    """Check that the kernel named python3, which the notebooks ask for, is this Python."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    what, wanted = "kernel python3", "this Python"
    try:
        command = KernelSpecManager().get_kernel_spec("python3").argv
    except NoSuchKernel:
        return Finding(what, "missing", wanted, ok=False)
    # jupyter_client replaces a bare "python" by the Python that runs the server.
    same = command[0] in {"python", "python3"} or Path(command[0]).resolve() == Path(sys.executable).resolve()
    return Finding(what, wanted if same else command[0], wanted, ok=same)


def live_slider() -> Finding:
    """Start a kernel, import the kit and show a slider: the whole way but for the screen.

    Returns
    -------
    Finding
        Whether the slider came back.
    """
    from lupus_kit.course import execution

    v4 = need("nbformat", "lab", "A slider").v4
    source = "import lupus_kit, ipywidgets\nipywidgets.IntSlider(description='patients')"
    notebook = v4.new_notebook(cells=[v4.new_code_cell(source, id="slider")])
    with tempfile.TemporaryDirectory(prefix="lupus-kit-") as folder:
        run = execution.execute(notebook, "doctor", Path(folder), timeout=60)
    what, wanted = "a kernel starts and shows a slider", "yes"
    if not run.passed:
        return Finding(what, str(run.problems[0]), wanted, ok=False)
    shown = any(execution.VIEW in output.get("data", {}) for output in notebook.cells[0].outputs)
    return Finding(what, "yes" if shown else "no widget came back", wanted, ok=shown)
