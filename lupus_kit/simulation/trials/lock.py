"""One run at a time in a folder: a lock that ends with the process that holds it, even if that is killed."""

from __future__ import annotations

import os
import socket
import weakref
from pathlib import Path
from typing import TypeVar

from lupus_kit.core.errors import InputError

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]

Owner = TypeVar("Owner")
#: The file that is locked; it says who holds it.
LOCK = ".in_use"


def lock(folder: Path, owner: Owner) -> weakref.finalize[[Path, int], Owner]:
    """Reserve a folder for as long as an object lives.

    The operating system holds the lock, so that of a dead process is none, whatever file it left. Windows, and file systems
    that know no such locks, give none.

    Parameters
    ----------
    folder : pathlib.Path
        It must exist.
    owner : object
        Once it is gone the lock is, too.

    Returns
    -------
    weakref.finalize
        Call it to release the folder earlier.

    Raises
    ------
    InputError
        Another run holds the folder: the message says which.
    """
    path = folder / LOCK
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        if fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(descriptor, 200).decode("utf-8", "replace") or "another process"
        os.close(descriptor)
        raise InputError(
            f"{folder} is in use by another run ({holder}): wait until that has ended, or give a new folder. Two runs in one "
            "folder would do all the work twice."
        ) from None
    except OSError:
        pass
    if not os.fstat(descriptor).st_nlink:  # removed by its holder after it was opened here
        os.close(descriptor)
        return lock(folder, owner)
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"process {os.getpid()} on {socket.gethostname()}".encode())
    return weakref.finalize(owner, _release, path, descriptor)


def _release(path: Path, descriptor: int) -> None:
    if os.name != "nt":  # where a file that is open cannot be removed
        path.unlink(missing_ok=True)
    os.close(descriptor)
