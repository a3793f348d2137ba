"""One run at a time in a folder: a lock that ends with the process that holds it, even if that is killed."""

from __future__ import annotations

import os
import socket
import sys
import weakref
from pathlib import Path
from typing import TypeVar

from lupus_kit.core.errors import InputError
from lupus_kit.core.files import cannot_write

Owner = TypeVar("Owner")
#: The file that is locked; it says who holds it.
LOCK = ".in_use"

if sys.platform == "win32":  # pragma: no cover
    import msvcrt

    def _hold(descriptor: int) -> None:
        os.lseek(descriptor, 1 << 20, os.SEEK_SET)  # beyond what is written, which others then may read
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)
else:
    import fcntl

    def _hold(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def lock(folder: Path, owner: Owner) -> weakref.finalize[[Path, int], Owner]:
    """Reserve a folder for as long as an object lives.

    The operating system holds the lock, so that of a dead process is none, whatever file it left. A file system that knows
    no locks gives none.

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
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise cannot_write(path, error) from None
        try:
            _hold(descriptor)
        except (BlockingIOError, PermissionError):
            holder = os.read(descriptor, 200).decode("utf-8", "replace") or "another process"
            os.close(descriptor)
            raise InputError(
                f"{folder} is in use by another run ({holder}): wait until that has ended, or give a new folder. Two runs "
                "in one folder would do all the work twice."
            ) from None
        except OSError:
            pass
        if os.fstat(descriptor).st_nlink:
            break
        os.close(descriptor)  # removed by its holder after it was opened here
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"process {os.getpid()} on {socket.gethostname()}".encode())
    return weakref.finalize(owner, _release, path, descriptor)


def _release(path: Path, descriptor: int) -> None:
    if os.name != "nt":  # where a file that is open cannot be removed
        path.unlink(missing_ok=True)
    os.close(descriptor)
