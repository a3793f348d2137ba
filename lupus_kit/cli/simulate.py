"""The command ``lupus-kit simulate``: a trial that is written down in a plan file, run many times."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from lupus_kit.cli import output
from lupus_kit.core.errors import InputError
from lupus_kit.core.files import make_folder, read_text, write_atomically
from lupus_kit.core.text import listing

if TYPE_CHECKING:
    from lupus_kit.simulation import Scenario, Simulation

PLAN_COPY = "plan.toml"
RESULTS = ("operating_characteristics.csv", "operating_characteristics.json", "operating_characteristics.html")
PARTS = "parts"
#: In PARTS: what the files were when they were written.
WRITTEN = "written.json"


@output.described
def simulate(
    plan: Path | None = None,
    trials: int = 10_000,
    jobs: int = 1,
    seed: int = 0,
    out: Path | None = None,
    resume: bool = False,
    scheduler: str | None = None,
    progress: bool | None = None,
    protocol: Path | None = None,
    coverage: bool = True,
    new: bool = False,
    format: output.Format = None,
    force: output.Force = False,
    quiet: output.Quiet = False,
) -> None:
    """Simulate a planned trial many times: power, errors, bias, coverage. All patients are invented."""
    output.only_one(
        {"PLAN.toml": plan is not None, "--new": new},
        "lupus-kit simulate --new --out plan.toml writes a plan file to change.",
    )
    if new:
        from lupus_kit.simulation import plan_template

        output.one_format(format, "a plan file")
        output.write_result(plan_template(), out, keep=True, force=force)
        return
    assert plan is not None
    # Whatever could be wrong with the input is looked at before any work is done.
    if jobs == 0:
        raise InputError("--jobs 0: give 1 or more cores, or -1 for all of them.")
    if protocol is not None and out is not None:
        raise InputError("--protocol writes a page alone: leave --out away, or run the trials with another command.")
    if resume and out is None:
        raise InputError("--resume goes on with the run in a folder: name it with --out.")
    from lupus_kit.simulation import Scenario

    text = f"{_text(plan)}\n" if str(plan) == "-" else ""
    scenario = Scenario.from_toml(text or plan)
    if protocol is not None:
        from lupus_kit.simulation import protocol as written

        if protocol.exists() and not force:
            raise InputError(f"{protocol} is there already and is not overwritten: give another name to --protocol.")
        if not protocol.parent.is_dir():
            raise InputError(f"cannot write {str(protocol)!r}: there is no folder {str(protocol.parent)!r}; make it.")
        output.write_result(written(scenario, trials, seed), protocol, keep=True, force=force)
        return
    scenarios, text = truths(scenario), text or _text(plan)
    with _cluster(scheduler):
        if out is not None:
            _prepare(out, resume, text, force)
        results = _run(scenarios, trials, seed, jobs, out, progress, text)
    if _shown(progress):
        output.say("Summing up.")
    _write_results(results, seed, out, text, coverage, format or output.TableFormat.table)


def _text(plan: Path) -> str:
    from lupus_kit.simulation.plan.plan_file import LARGEST

    return read_text(lambda: output.read_input(plan, LARGEST, "a plan"), str(plan))


def truths(scenario: Scenario) -> dict[str, Scenario]:
    """Return what a plan is simulated under: what it assumes, and, where rates are given, no difference.

    Parameters
    ----------
    scenario : lupus_kit.simulation.Scenario
        As the plan file has it.

    Returns
    -------
    dict of str to Scenario
        The familywise error needs a truth without a difference; a patient model that is to have none says so itself.
    """
    from lupus_kit.simulation import ResponseRates, StratifiedRates

    assumed = scenario.assumptions
    if not isinstance(assumed, (ResponseRates, StratifiedRates)) or assumed.under_null() == assumed:
        return {"assumed": scenario}
    return {"assumed": scenario, "no difference": replace(scenario, assumptions=assumed.under_null())}


def _prepare(out: Path, resume: bool, text: str, force: bool) -> None:
    """Make the folder; refuse one that holds something else, or a run that nobody asked to go on with."""
    if out.is_dir():
        names = {path.name for path in out.iterdir() if not path.name.startswith(".")}
        if force:  # other files stay beside the results, and of their names none is spared
            names &= {PARTS}
        if names - {PLAN_COPY, PARTS, *RESULTS}:
            raise InputError(f"{out} holds files that are not a simulation's: give an empty or a new folder.")
        written = _written(out)
        for name in sorted(names - {PARTS}):
            content = (out / name).read_bytes() if (out / name).is_file() else b""
            if _digest(content) not in written.get(name, []) and (name, content) != (PLAN_COPY, text.encode("utf-8")):
                what = "another plan" if name == PLAN_COPY else "not what a simulation wrote there"
                raise InputError(f"{out / name} is {what} and is not overwritten: move it, or give a new folder.")
        if names - {PLAN_COPY} and not resume:
            raise InputError(f"{out} holds a simulation already: add --resume to go on with it, or give a new folder.")
    make_folder(out)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _written(out: Path) -> dict[str, list[str]]:
    """Return the digests of what an earlier run wrote here, by file; whatever differs is somebody's own."""
    try:
        found = json.loads((out / PARTS / WRITTEN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(out: Path, contents: dict[str, bytes]) -> None:
    """Write files of this run. While it does, both what was there and what comes count as its own: it may be killed."""
    before, new = _written(out), {name: [_digest(content)] for name, content in contents.items()}
    for digests in ({name: before.get(name, []) + digest for name, digest in new.items()}, new):
        text = json.dumps(before | digests, indent=1, sort_keys=True) + "\n"
        write_atomically(out / PARTS / WRITTEN, text.encode("utf-8"))
        for name, content in contents.items():
            write_atomically(out / name, content)


@contextmanager
def _cluster(address: str | None) -> Iterator[None]:
    """Use the Dask cluster of a scheduler, or this machine."""
    if address is None:
        yield
        return
    if find_spec("distributed") is None:
        raise InputError("--scheduler needs Dask: pip install 'lupus-kit[dask]'.")
    from joblib import parallel_config
    from joblib.parallel import get_active_backend

    try:
        cluster = parallel_config(backend="dask", scheduler_host=address)
    except (OSError, ValueError) as error:
        raise InputError(f"--scheduler {address!r}: no Dask scheduler answers there ({error}).") from None
    with cluster:
        backend, _ = get_active_backend()
        try:
            yield
        finally:
            backend.client.close()


def _run(
    scenarios: dict[str, Scenario],
    trials: int,
    seed: int,
    jobs: int,
    out: Path | None,
    progress: bool | None,
    text: str,
) -> dict[str, Simulation]:
    """Simulate every truth; what is done stays in the folder if the run is stopped."""
    from lupus_kit.simulation import run

    results = {}
    try:
        for truth, scenario in scenarios.items():
            place = None if out is None else out / PARTS / truth.replace(" ", "_")
            results[truth] = run(scenario.design, scenario.assumptions, trials, seed, jobs, scenario.plan, False, place,
                                 _shown(progress))  # fmt: skip
            if out is not None:
                # Not before the checkpoint has agreed that this is the plan it belongs to.
                _write(out, {PLAN_COPY: text.encode("utf-8")})
    except KeyboardInterrupt:
        if out is not None:
            output.say_error(f"Stopped. What is done is kept in {out}: the same command with --resume goes on.")
        raise
    return results


def _shown(progress: bool | None) -> bool:
    return sys.stderr.isatty() and not output.is_quiet() if progress is None else progress


def _write_results(
    results: dict[str, Simulation], seed: int, out: Path | None, text: str, coverage: bool, form: output.TableFormat
) -> None:
    from lupus_kit.cli import simulation_report as report
    from lupus_kit.core.csv_text import csv_text

    table = report.characteristics(results, coverage)
    first = next(iter(results.values()))
    as_data = {output.TableFormat.csv: csv_text(table), output.TableFormat.json: report.as_json(table, results, seed)}
    if out is not None:
        page = report.as_page(table, results, seed, text)
        contents = *as_data.values(), page
        _write(out, {name: content.encode("utf-8") for name, content in zip(RESULTS, contents, strict=True)})
        output.say(f"Wrote {', '.join(RESULTS)} to {out}.")
    head = f"{first.n_trials:,} simulated trials of {listing(first.scenario.sizes)} patients, seed {seed}"
    shown = output.plain_table(report.side_by_side(table), form is output.TableFormat.markdown)
    output.print_text(as_data.get(form, f"{head}\n\n{shown}\n\n{report.NOTE}\n"))
