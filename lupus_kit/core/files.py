"""Files that are there whole or not at all, and the words for a place that cannot be written to."""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lupus_kit.core.errors import InputError

#: What the name of a file ends in while it is being written.
UNFINISHED = ".part"
#: A lock that is older than so many seconds was left behind by a process that died.
_STALE = 10.0


def make_folder(folder: Path) -> None:
    """Make a folder and its parents, and make sure that one may write there.

    Parameters
    ----------
    folder : pathlib.Path
        The folder.

    Raises
    ------
    InputError
        If it cannot be made or written to, or is a file.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (FileExistsError, NotADirectoryError):
        raise InputError(f"cannot use {str(folder)!r} as a folder: a file is in the way. Name another one.") from None
    except OSError as error:
        raise cannot_write(folder, error) from None


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all.

    Parameters
    ----------
    path : pathlib.Path
        The file. Its folder must exist.
    content : bytes
        What goes in.

    Raises
    ------
    InputError
        If it cannot be written; no half-written file stays behind.
    """
    if path.is_dir():
        raise InputError(f"cannot write {str(path)!r}: it is a folder. Name a file.")
    if not path.parent.is_dir():
        raise InputError(f"cannot write {str(path)!r}: there is no folder {str(path.parent)!r}. Make it first.")
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=UNFINISHED)
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        os.chmod(temporary, 0o666 & ~_umask())  # mkstemp makes files for the owner only
        os.replace(temporary, path)
        temporary = ""
    except OSError as error:
        raise cannot_write(path, error) from None
    finally:
        # Also after Ctrl+C, which can come at any line.
        if temporary:
            Path(temporary).unlink(missing_ok=True)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep other processes from changing a file between reading and writing it.

    The lock is a folder beside the file: making one succeeds for exactly one process on every file system, also where
    the system's own locks do nothing (network drives).

    Parameters
    ----------
    path : pathlib.Path
        The file. Its folder must exist.

    Raises
    ------
    InputError
        If nothing can be written there.
    """
    lock = path.with_name(f".{path.name}.lock")
    while True:
        try:
            lock.mkdir()
            break
        except FileExistsError:
            with suppress(OSError):  # another process may have removed it meanwhile
                if time.time() - lock.stat().st_mtime > _STALE:
                    # Renaming succeeds for one of those who wait, so that nobody removes the next one's lock.
                    dead = lock.with_name(f"{lock.name}.{os.getpid()}")
                    lock.rename(dead)
                    dead.rmdir()
            time.sleep(0.005)
        except OSError as error:
            raise cannot_write(path, error) from None
    try:
        yield
    finally:
        with suppress(OSError):
            lock.rmdir()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def cannot_write(path: Path, error: OSError) -> InputError:
    """Make the error for a place that cannot be written to.

    Parameters
    ----------
    path : pathlib.Path
        The place.
    error : OSError
        What the operating system said.

    Returns
    -------
    InputError
        Ready to raise.

    Examples
    --------
    >>> print(cannot_write(Path("x.md"), PermissionError(13, "Permission denied")))
    cannot write 'x.md': Permission denied. Name a place you may write to.
    """
    return InputError(f"cannot write {str(path)!r}: {error.strerror or error}. Name a place you may write to.")
