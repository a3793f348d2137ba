"""What a long simulation has done so far, on disk: one Parquet file a chunk, and a manifest that says of what.

A folder looks like this::

    checkpoint.json                          of which simulation, in how many chunks
    part-00000-1f0c4ae2b3d97a65.parquet      what chunk 0 gave
    part-00001-9be4d07c2f13a8e6.parquet

The name of such a part carries a checksum over its content, its number, random stream and trials, and the simulation it
belongs to. A part that was torn, edited, renamed or brought in from another simulation does not match its name, counts as
not done, and is made again. A part is written under another name first and then renamed, so a process that is killed
leaves no half of one. The same simulation with more trials keeps every part but the last, if that was shorter than the
others. Parquet files hold values only: nothing in a part is executed when it is read.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lupus_kit import __version__
from lupus_kit.core.errors import InputError
from lupus_kit.core.files import UNFINISHED, make_folder, write_atomically
from lupus_kit.simulation.trials.lock import LOCK, lock

MANIFEST = "checkpoint.json"
_KIND = "lupus_kit simulation checkpoint"
_LAYOUT = 3
_PART = re.compile(r"part-(\d{5,})-([0-9a-f]{16})\.parquet")
# What may grow when a simulation goes on to more trials.
_GROWS = ("trials", "chunks", "chunk_size")
# What differs between two simulations if the number of trials or the seed does.
_FOLLOWS = ("chunk_size", "chunks", "random_streams")
# Longest value that is shown when two simulations are told apart; of longer ones only the name is.
_SHOWN = 40


@dataclass(frozen=True)
class Checkpoint:
    """A folder to keep finished parts in, and the simulation they belong to.

    Attributes
    ----------
    folder : str or pathlib.Path
        A new or empty folder, or one that holds a checkpoint of the very same simulation.
    identity : mapping of str to value
        All that decides the results besides the random streams and the sizes of the chunks, which are added: the
        plan, the design, the assumptions, the seed. Values must be writable as JSON.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp()) / "done"
    >>> streams = np.random.SeedSequence(1).spawn(2)
    >>> store = Checkpoint(folder, {"plan": "pearson"}).open(streams, [10, 5])
    >>> store.write(1, pd.DataFrame({"p": [0.5, 0.25]}))
    >>> sorted(store.done), store.read(1)["p"].tolist()
    ([1], [0.5, 0.25])
    """

    folder: str | Path
    identity: Mapping[str, object]

    def open(self, streams: Sequence[np.random.SeedSequence], sizes: Sequence[int]) -> Parts:
        """Look at what is done, or begin.

        Parameters
        ----------
        streams : sequence of numpy.random.SeedSequence
            The random stream of each chunk.
        sizes : sequence of int
            Trials in each chunk.

        Returns
        -------
        Parts
            Those that are whole, and the means to add the others.

        Raises
        ------
        InputError
            A folder that holds something else or another simulation, that another run is using, or that cannot be
            written to.
        """
        try:
            folder = Path(self.folder)
        except TypeError:
            raise InputError(f"checkpoint == {self.folder!r}: give the path of a folder.") from None
        identity = json.loads(json.dumps(dict(self.identity) | _of_the_streams(streams, sizes)))
        lasting = {key: value for key, value in identity.items() if key not in _GROWS}
        fingerprint = hashlib.sha256(json.dumps(lasting, sort_keys=True).encode()).hexdigest()
        manifest = folder / MANIFEST
        if not manifest.exists() and folder.is_dir() and any(not _unfinished(path) for path in folder.iterdir()):
            raise InputError(f"{folder} holds files that are not a checkpoint: give an empty or a new folder.")
        make_folder(folder)
        marks = [f"{stream.generate_state(4).tolist()} {size}" for stream, size in zip(streams, sizes, strict=True)]
        parts = Parts(folder, fingerprint, marks)
        try:
            if not manifest.exists() or not _is_same(folder, identity):
                table = {"kind": _KIND, "layout": _LAYOUT, "fingerprint": fingerprint, "identity": identity}
                write_atomically(manifest, (json.dumps(table, indent=1, ensure_ascii=False) + "\n").encode("utf-8"))
            parts.look()
        except BaseException:
            parts.close()
            raise
        return parts


class Parts:
    """The chunks of one simulation that are on disk; parts that are not whole are removed, to be made again.

    Attributes
    ----------
    done : dict of int to pathlib.Path
        The file of each chunk that is done.
    """

    def __init__(self, folder: Path, fingerprint: str, marks: Sequence[str]) -> None:
        self.folder, self.fingerprint, self.marks = folder, fingerprint, marks
        self.done: dict[int, Path] = {}
        #: Ends the use of the folder, which no other run may share.
        self.close = lock(folder, self)

    def look(self) -> None:
        """Find the parts that are whole; remove the others, and what a killed process left of itself."""
        for path in sorted(self.folder.iterdir()):
            named = _PART.fullmatch(path.name)
            chunk = int(named[1]) if named else len(self.marks)
            if chunk < len(self.marks) and named and self._checksum(chunk, path.read_bytes()) == named[2]:
                self.done[chunk] = path
            elif named or (_unfinished(path) and path.name != LOCK):
                path.unlink(missing_ok=True)

    def write(self, chunk: int, frame: pd.DataFrame) -> None:
        """Keep the result of a chunk."""
        with interrupt_later():
            content = frame.to_parquet(index=False, engine="pyarrow")
            path = self.folder / f"part-{chunk:05d}-{self._checksum(chunk, content)}.parquet"
            write_atomically(path, content)
        self.done[chunk] = path

    def read(self, chunk: int) -> pd.DataFrame:
        """Return the result of a chunk that is done.

        Raises
        ------
        InputError
            If it was changed or removed since the run began.
        """
        path = self.done[chunk]
        try:
            content = path.read_bytes()
        except OSError as error:
            raise InputError(f"cannot read {path}: {error.strerror or error}. Start the same run again.") from None
        if self._checksum(chunk, content) not in path.name:
            raise InputError(f"{path} was changed while the run was using it. Start the same run again.")
        return pd.read_parquet(io.BytesIO(content), engine="pyarrow")

    def _checksum(self, chunk: int, content: bytes) -> str:
        return hashlib.sha256(f"{self.fingerprint} {chunk} {self.marks[chunk]} ".encode() + content).hexdigest()[:16]


@contextmanager
def interrupt_later() -> Iterator[None]:
    """Hold Ctrl+C back for the moment that writing takes.

    Interrupted in the middle, a Parquet writer would close itself while it is thrown away, and its complaint, which no
    caller can catch, would go to the screen.
    """
    usual = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(usual):
        yield
        return
    waiting: list[tuple[int, object]] = []
    signal.signal(signal.SIGINT, lambda number, frame: waiting.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)
    if waiting:
        usual(*waiting[0])  # type: ignore[arg-type]


def _unfinished(path: Path) -> bool:
    """Tell what a killed process leaves behind."""
    return path.name == LOCK or (path.name.startswith((".part-", f".{MANIFEST}")) and path.name.endswith(UNFINISHED))


def _of_the_streams(streams: Sequence[np.random.SeedSequence], sizes: Sequence[int]) -> dict[str, object]:
    """Say what the runner itself knows of a simulation: how it is cut, and every random stream."""
    first = hashlib.sha256(
        str(streams[0].generate_state(4).tolist()).encode()
    ).hexdigest()  # others follow from the same seed
    cut = {"trials": int(sum(sizes)), "chunks": len(sizes), "chunk_size": int(max(sizes))}
    return cut | {"random_streams": first, "version": __version__}


def _is_same(folder: Path, identity: dict[str, Any]) -> bool:
    """Tell a checkpoint of the same trials from one of fewer; refuse that of another simulation, and say how it differs."""
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is damaged ({error}): give a new folder to start afresh.") from None
    if not isinstance(manifest, dict) or (manifest.get("kind"), manifest.get("layout")) != (_KIND, _LAYOUT):
        raise InputError(f"{path} is not a checkpoint that this version of the kit can read: give a new folder.")
    # Tables within tables are written as one, so that what differs can be named.
    old, new = (pd.json_normalize(tables).to_dict("records")[0] for tables in (manifest["identity"], identity))
    grown = old["trials"] < new["trials"]
    differing = [key for key in {**old, **new} if old.get(key) != new.get(key) and not (grown and key in _GROWS)]
    if differing:
        # What follows from other things says nothing to a reader where these differ.
        named = [key for key in differing if key not in _FOLLOWS] or differing[:1]
        told = "; ".join(_difference(key, old.get(key), new.get(key)) for key in named)
        raise InputError(f"{folder} is the checkpoint of another simulation: {told}. Give a new folder, or that simulation, "
                         "with as many trials or more.")  # fmt: skip
    return not grown


def _difference(key: str, there: object, here: object) -> str:
    shown = ["nothing" if value is None else json.dumps(value, ensure_ascii=False) for value in (there, here)]
    name = key.replace("_", " ")
    return f"{name} differ" if max(map(len, shown)) > _SHOWN else f"{name} {shown[0]} there, {shown[1]} here"
