"""The command line as a user meets it: what it prints, where it writes, and how it fails."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shlex
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from nbformat import v4, write

from lupus_kit import __version__, audit, cli
from lupus_kit.cli.output import TableFormat, as_called
from lupus_kit.course import shelf

ROOT = Path(__file__).resolve().parents[2]
PLAIN = "print('fine')"


def call(*arguments: str) -> int:
    """Run the command line in this process and return its exit code."""
    with pytest.raises(SystemExit) as stopped:
        cli.main(arguments)
    return int(stopped.value.code or 0)


def assert_one_sentence(text: str) -> None:
    assert text.startswith("lupus-kit: ")
    assert text.count("\n") == 1
    assert text.rstrip().endswith(".")
    assert "Traceback" not in text


def _notebook(path: Path, *sources: str) -> None:
    notebook = v4.new_notebook()
    text = f"# Stop {path.stem}\n\nA formula $\\frac{{1}}{{2}}$ and [the next stop](01_next.ipynb)."
    notebook.cells.append(v4.new_markdown_cell(text, id="title"))
    for index, source in enumerate(sources, start=1):
        notebook.cells.append(v4.new_code_cell(source, id=f"cell-{index}"))
    write(notebook, path)


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Stand in an empty folder, with the kit installed from a wheel that holds two notebooks."""
    package = tmp_path / "site" / "lupus_kit"
    (package / "_notebooks").mkdir(parents=True)
    for name in (shelf.START, "01_next.ipynb"):
        _notebook(package / "_notebooks" / name, PLAIN)
    monkeypatch.setattr(shelf, "PACKAGE", package)
    (tmp_path / "desk").mkdir()
    monkeypatch.chdir(tmp_path / "desk")
    return package / "_notebooks"


@pytest.fixture(scope="module")
def report():
    return audit.check("he2020")


@pytest.fixture
def checked(report, monkeypatch):
    """Check the trial once for all formats."""
    monkeypatch.setattr(audit, "check", {"he2020": report}.__getitem__)


def test_replicate_prints_the_report_and_how_to_go_on(capsys, report):
    assert call("replicate") == 0
    printed = capsys.readouterr().out
    assert printed.startswith(report.claims_only().render("table"))
    assert printed.rstrip().splitlines()[-1].endswith(" lab")


@pytest.mark.parametrize("format", list(TableFormat))
def test_every_format_goes_to_the_screen_and_to_a_file_alike(format, tmp_path, capsys, report, checked):
    assert call("replicate", "--format", format, "--out", str(tmp_path / "report")) == 0
    assert capsys.readouterr().out == ""
    written = (tmp_path / "report").read_text(encoding="utf-8")
    # The table is for reading: the paper's tables have a command of their own.
    assert written == (report.claims_only() if format == "table" else report).render(format)
    assert os.listdir(tmp_path) == ["report"]
    assert call("replicate", "--format", format) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(written)
    assert (printed == written) == (format != "table"), "only the table is followed by a hint"


def test_the_machine_formats_can_be_read_by_machines(capsys, report, checked):
    call("replicate", "--format", "json")
    assert report.reading in json.dumps(json.loads(capsys.readouterr().out), ensure_ascii=False)
    call("replicate", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert len(rows) == len(report.to_frame())
    assert {row["printed"] for row in rows} >= {"0.052", "0.027", "0.036"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["replicate", "--study", "he2021"], "did you mean 'he2020'"),
        (["replicate", "--format", "xml"], "'table', 'markdown', 'json', 'csv'"),
        (["replicate", "--out", "no/such/folder/x.md"], "no folder"),
        (["replicate", "--out", "."], "it is a folder"),
        (["replicate", "--speed", "9"], "No such option"),
        (["replicat"], "replicate"),
        (["lab", "--port", "0"], "--port"),
        (["lab", "--port", "http"], "--port"),
    ],
    ids=" ".join,
)
def test_bad_input_is_one_sentence_and_exit_code_2(arguments, words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert call(*arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert words in captured.err
    assert_one_sentence(captured.err)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("option", [["replicate", "--notebooks"], ["lab", "--no-browser", "--notebooks"]], ids=" ".join)
def test_a_file_in_the_way_of_a_folder(option, capsys, tmp_path, installed, checked):
    (tmp_path / "file").write_text("mine")
    for place in ("file", "file/below"):
        assert call(*option, str(tmp_path / place)) == 2
        captured = capsys.readouterr()
        assert "a file is in the way" in captured.err
        assert_one_sentence(captured.err)
        assert captured.out == "", "what is wrong with the input is said before anything else"
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize(
    "option",
    [["replicate", "--out"], ["replicate", "--notebooks"], ["lab", "--no-browser", "--notebooks"]],
    ids=" ".join,
)
def test_no_write_permission(option, capsys, tmp_path, monkeypatch, installed, checked):
    # The tests may run as root, whom permission bits do not stop: let the operating system refuse here.
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.replace", refuse)
    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    assert call(*option, str(tmp_path / "x")) == 2
    error = capsys.readouterr().err
    assert "Permission denied" in error
    assert_one_sentence(error)


def test_a_write_that_breaks_off_leaves_the_old_file(tmp_path, monkeypatch, capsys, checked):
    target = tmp_path / "report.md"
    target.write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    assert call("replicate", "--format", "markdown", "--out", str(target), "--force") == 2
    assert "No space left" in capsys.readouterr().err
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["report.md"]


def test_the_notebook_folder_is_missing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(shelf, "PACKAGE", tmp_path / "site" / "lupus_kit")
    for arguments in (["lab"], ["replicate", "--notebooks", "pages"]):
        assert call(*arguments) == 2
        error = capsys.readouterr().err
        assert "the notebook folder is missing" in error
        assert_one_sentence(error)


def test_a_fault_of_the_kit_is_no_sentence_but_shows_its_traceback(monkeypatch):
    def broken(study: str) -> None:
        raise ZeroDivisionError("a fault")

    monkeypatch.setattr(audit, "check", broken)
    with pytest.raises(ZeroDivisionError, match="a fault"):  # Python writes the traceback and leaves with 1
        cli.main(["replicate"])


def test_the_wrong_python_is_one_sentence_and_exit_code_2(run_python):
    source = (
        "import sys, runpy; sys.version_info = (3, 9, 1, 'final', 0); sys.argv = ['-m'];"
        "runpy.run_module('lupus_kit', run_name='__main__')"
    )
    done = run_python("-c", source)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "3.11" in done.stderr
    assert "3.9" in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="head and pipes of a POSIX shell")
def test_a_reader_who_leaves_early_is_no_error():
    script = f"{shlex.quote(sys.executable)} -m lupus_kit score --columns | head -n 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""


def test_help_and_version_are_quick_and_plain(run_python):
    source = (
        "import sys, contextlib; from lupus_kit import cli\n"
        "with contextlib.suppress(SystemExit): cli.main([sys.argv[1]])\n"
        "heavy = {'numpy', 'pandas', 'matplotlib', 'seaborn', 'nbformat', 'jupyterlab'} & set(sys.modules)\n"
        "print('heavy:', sorted(heavy))"
    )
    done = run_python("-c", source, "--help")
    assert all(command in done.stdout for command in ("replicate", "lab", "doctor", "heavy: []"))
    done = run_python("-c", source, "--version")
    assert done.stdout == f"lupus-kit {__version__}\nheavy: []\n"


def test_every_command_of_the_design_is_there(capsys):
    assert call("--help") == 0
    printed = capsys.readouterr().out
    for command in ("replicate", "audit", "score", "cohort", "power", "simulate", "lab", "doctor"):
        assert re.search(rf"^\W*{command}\b", printed, re.MULTILINE), command
    assert call("simulation") == 2
    assert "No such command 'simulation'" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="spells for a POSIX shell")
@pytest.mark.parametrize(
    ("called", "on_path", "spelled"),
    [
        (".venv/bin/lupus-kit", None, ".venv/bin/lupus-kit lab"),
        ("{here}/.venv/bin/lupus-kit", None, ".venv/bin/lupus-kit lab"),
        ("{here}/.venv/bin/lupus-kit", "{here}/.venv/bin/lupus-kit", "lupus-kit lab"),
        ("/elsewhere/bin/lupus-kit", None, "/elsewhere/bin/lupus-kit lab"),
        ("{here}/my folder/lupus-kit", None, "'my folder/lupus-kit' lab"),
    ],
)
def test_the_hint_works_as_typed(called, on_path, spelled, tmp_path, monkeypatch):
    script = tmp_path / ".venv" / "bin" / "lupus-kit"
    script.parent.mkdir(parents=True)
    script.write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", [called.format(here=tmp_path), "replicate"])
    monkeypatch.setattr("shutil.which", lambda _: on_path and on_path.format(here=tmp_path))
    assert as_called("lab") == spelled


def test_the_hint_for_python_dash_m(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", [str(Path(cli.__file__).with_name("__main__.py"))])
    assert as_called("lab") == shlex.join([sys.executable, "-m", "lupus_kit", "lab"])


# --- replicate --notebooks ---------------------------------------------------------------------------------------

WIDGET = """import ipywidgets as w
def show(n):
    if {broken}: raise ValueError("hidden trouble")
    print("n is", n)
slider = w.IntSlider(description="patients", value=3, max=9)
w.VBox([w.HBox([slider, w.Dropdown(description="test", options=["Fisher", "Pearson"], value="Pearson")]),
        w.HTML("<em>live</em>"), w.interactive_output(show, {{"n": slider}})])"""


@pytest.fixture
def small_clone(tmp_path, monkeypatch):
    """Make a clone with notebooks of our own, and stand in it."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "lupus-kit"\n')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_notebooks_become_pages_that_need_no_network(small_clone, capsys, page_loads, checked):
    picture = (
        "from IPython.display import Image, display\nimport matplotlib.pyplot as plt, io\n"
        "stream = io.BytesIO(); plt.figure(figsize=(1, 1)).savefig(stream, format='png'); plt.close('all')\n"
        "display(Image(stream.getvalue(), format='png', alt='an empty square'))"
    )
    _notebook(small_clone / "notebooks" / shelf.START, PLAIN, WIDGET.format(broken=False), picture)
    assert call("replicate", "--format", "json", "--notebooks", "pages") == 0
    captured = capsys.readouterr()
    json.loads(captured.out)
    assert "Executed 1 notebook into pages; 0 failed." in captured.err
    assert "100%" in captured.err
    page = (small_clone / "pages" / "00_start_here.html").read_text(encoding="utf-8")
    assert "<title>Stop 00_start_here</title>" in page
    assert 'href="01_next.html"' in page
    for shown in ("fine", "patients: <strong>3", "test: <strong>Pearson", "<em>live</em>", "n is 3"):
        assert shown in page
    assert 'alt="an empty square"' in page
    assert "<mfrac>" in page, "a formula that the browser draws by itself"
    assert os.listdir(small_clone / "pages") == ["00_start_here.html"]
    assert page_loads(page) == []


def test_what_fails_is_named_and_the_others_still_run(small_clone, capsys, checked):
    folder = small_clone / "notebooks"
    _notebook(folder / shelf.START, PLAIN, "1 / 0", "print('not reached')")
    _notebook(folder / "01_hidden.ipynb", PLAIN, WIDGET.format(broken=True))
    _notebook(folder / "02_dies.ipynb", PLAIN, "import os; os._exit(3)")
    _notebook(folder / "03_fine.ipynb", PLAIN)
    assert call("replicate", "--notebooks", "pages") == 1
    error = capsys.readouterr().err
    assert "notebook 00_start_here, cell 3 (cell-2): ZeroDivisionError: division by zero" in error
    assert "notebook 01_hidden, cell 3 (cell-2): inside a widget: ValueError: hidden trouble" in error
    assert "notebook 02_dies, cell 3 (cell-2): the kernel stopped" in error
    assert "03_fine," not in error
    assert "Executed 4 notebooks into pages; 3 failed." in error
    assert "Traceback" not in error
    assert len(os.listdir(small_clone / "pages")) == 4


# --- lab ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def started(monkeypatch):
    """Catch what JupyterLab would be started with."""
    options: list[str] = []
    monkeypatch.setattr("jupyterlab.labapp.LabApp.launch_instance", lambda argv: options.extend(argv))
    return options


def test_lab_in_a_clone_opens_the_clones_notebooks(small_clone, started):
    _notebook(small_clone / "notebooks" / shelf.START, PLAIN)
    (small_clone / "tests").mkdir()
    os.chdir(small_clone / "tests")  # small_clone's monkeypatch takes us back
    assert call("lab", "--no-browser", "--port", "8899") == 0
    assert f"--ServerApp.root_dir={small_clone / 'notebooks'}" in started
    assert "--LabApp.default_url=/lab/tree/00_start_here.ipynb" in started
    assert {"--no-browser", "--ServerApp.port=8899"} <= set(started)
    assert "--allow-root" not in started
    assert os.listdir(small_clone / "notebooks") == [shelf.START]


def test_lab_from_a_wheel_copies_and_never_overwrites(installed, started, capsys):
    assert call("lab") == 0
    desk = Path("lupus-kit-notebooks")
    assert sorted(os.listdir(desk)) == [shelf.START, "01_next.ipynb"]
    assert f"--ServerApp.root_dir={desk.resolve()}" in started
    assert "--no-browser" not in started
    assert "Copied 2 notebooks to lupus-kit-notebooks." in capsys.readouterr().err

    (desk / shelf.START).write_text("my own work")
    (desk / "01_next.ipynb").unlink()
    assert call("lab") == 0
    error = capsys.readouterr().err
    assert (desk / shelf.START).read_text() == "my own work"
    assert (desk / "01_next.ipynb").read_bytes() == (installed / "01_next.ipynb").read_bytes()
    assert "Copied 1 notebook" in error
    assert "Kept 1 notebook that you already had" in error
    assert "differ from the ones that come with this version: 00_start_here.ipynb." in error


def test_lab_copies_to_the_folder_that_is_named(installed, started):
    assert call("lab", "--notebooks", "course/week 1") == 0
    assert sorted(os.listdir("course/week 1")) == [shelf.START, "01_next.ipynb"]
    assert not Path("lupus-kit-notebooks").exists()
    assert f"--ServerApp.root_dir={Path('course/week 1').resolve()}" in started


def test_lab_keeps_even_a_link_that_points_nowhere(installed, started):
    desk = Path("lupus-kit-notebooks")
    desk.mkdir()
    (desk / shelf.START).symlink_to("lent/to/a/friend.ipynb")
    assert call("lab") == 0
    assert (desk / shelf.START).is_symlink()


def test_a_folder_with_notebooks_of_another_project_is_not_a_clone(installed, started):
    Path("notebooks").mkdir()
    _notebook(Path("notebooks") / shelf.START, PLAIN)
    for text in ("", "not toml [", '[project]\nname = "other"\n'):
        Path("pyproject.toml").write_text(text)
        assert shelf.find().folder == installed


@pytest.mark.skipif(os.name == "nt", reason="stops the server with a POSIX signal")
def test_lab_really_answers(small_clone):
    _notebook(small_clone / "notebooks" / shelf.START, PLAIN)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    folders = {f"JUPYTER_{kind}_DIR": str(small_clone / kind) for kind in ("CONFIG", "DATA", "RUNTIME")}
    environment = {
        **os.environ,
        **folders,
        "PYTHONPATH": os.pathsep.join((str(ROOT), os.environ["PYTHONPATH"])),
        "JUPYTER_TOKEN": "secret",
    }
    command = [sys.executable, "-m", "lupus_kit", "lab", "--no-browser", "--allow-root", "--port", port]
    log = small_clone / "log"
    with log.open("w") as stream:
        server = subprocess.Popen(command, env=environment, stdout=stream, stderr=stream)
    try:
        address, body = _ask(f"http://127.0.0.1:{port}/?token=secret", server, log)
        assert address.split("?")[0].endswith("/lab/tree/00_start_here.ipynb")
        assert "JupyterLab" in body
        _, listed = _ask(f"http://127.0.0.1:{port}/api/contents?token=secret", server, log)
        assert [item["name"] for item in json.loads(listed)["content"]] == [shelf.START]
    finally:
        server.terminate()
        server.wait(timeout=900)


def _ask(address: str, server: subprocess.Popen, log: Path) -> tuple[str, str]:
    """Fetch a page from a server that may still be starting; return where it led and what it says."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor())
    end = time.monotonic() + 900  # a busy machine may take long
    while time.monotonic() < end:
        try:
            with opener.open(address, timeout=900) as answer:
                return answer.geturl(), answer.read().decode("utf-8")
        except urllib.error.HTTPError:
            raise
        except OSError:
            assert server.poll() is None, log.read_text()
            time.sleep(0.25)
    raise AssertionError(f"JupyterLab did not answer\n{log.read_text()}")


# --- doctor ------------------------------------------------------------------------------------------------------


def test_doctor_is_well_here(capsys):
    assert call("doctor") == 0
    printed = capsys.readouterr().out
    assert "Widgets will render in JupyterLab." in printed
    assert printed.isascii(), "plain text where nobody looks at a terminal"
    for name in ("Python", "lupus-kit", "pandas", "ipywidgets", "jupyterlab"):
        assert name in printed


def test_the_screen_shows_the_claims_and_names_the_command_for_the_tables(capsys, checked):
    with pytest.raises(SystemExit) as left:
        cli.main(["replicate"])
    out = capsys.readouterr().out
    assert left.value.code == 0
    assert "SRI-4 response, week 12 (primary)" in out
    assert "Baseline characteristics" not in out
    assert "audit he2020\n" in out
    assert len(out.splitlines()) < 110  # the tables alone have hundreds
