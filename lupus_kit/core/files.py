"""Files that are there whole or not at all, and the words for a place that cannot be written to."""

import errno
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PureWindowsPath
from secrets import token_hex
from typing import BinaryIO

from lupus_kit.core.errors import InputError

#: What the name of a file ends in while it is being written.
UNFINISHED = ".part"
#: A lock that is older than so many seconds was left behind by a process that died.
_STALE = 10.0
#: How often a lock may be refused, five milliseconds apart.
_REFUSALS = 100
#: Places that stand for a stream that is open already, which may be a file.
_STREAMS = ("/dev/std", "/dev/fd/", "/proc/")
#: Bytes of a file that tell of what kind it is.
_BEGINNING = 2000
#: Whether the system is Windows.
WINDOWS = os.name == "nt"
#: Names that Windows gives to a device, or to a stream within another file, or ends otherwise than they are written.
_RESERVED = re.compile(
    r"(?i)(?:con|prn|aux|nul|con(?:in|out)\$|(?:com|lpt)[1-9¹²³]) *(?:\..*)?|.*:.*|.*[^.].*(?<=[. ])"
)


def refuse_reserved(path: Path) -> None:
    """Refuse on Windows a place of which a part is no name of a file there (as ``os.path.isreserved`` of Python 3.13 does).

    What is written to ``LPT1.txt`` or ``NUL`` would be lost without a word.

    Raises
    ------
    InputError
        A part of the place is kept for a device, holds a colon, or ends in a dot or a space.
    """
    given = PureWindowsPath(path)
    if WINDOWS and any(map(_RESERVED.fullmatch, given.relative_to(given.anchor).parts)):
        why = "on Windows it names a device (CON, NUL, LPT1 ...), holds a colon, or ends in a dot or a space"
        raise InputError(f"cannot write {str(path)!r}: {why}. Give another name.")


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
    refuse_reserved(folder)
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

    What the user made of the place stays: a link still leads where it led, a device or a pipe is written to, the file
    keeps its owner, its mode and its attributes. A file with several names (hard links), or of another owner, is
    written in place: it cannot be exchanged without losing them.

    Parameters
    ----------
    path : pathlib.Path
        The file. Its folder must exist.
    content : bytes
        What goes in.

    Raises
    ------
    InputError
        If it cannot be written or is read-only; no half-written file stays behind.
    """
    try:
        _write(path, content)
    except OSError as error:
        raise cannot_write(path, error) from None


def _write(path: Path, content: bytes) -> None:
    refuse_reserved(path)
    there = None
    with suppress(FileNotFoundError, NotADirectoryError):
        there = path.stat()
    if there and stat.S_ISDIR(there.st_mode):
        raise InputError(f"cannot write {str(path)!r}: it is a folder. Name a file.")
    if there and (not stat.S_ISREG(there.st_mode) or str(path.absolute()).startswith(_STREAMS)):
        with path.open("ab") as stream:  # appending, since /dev/stdout may be a file that others write to
            stream.write(content)
        return
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise InputError(f"cannot write {str(path)!r}: there is no folder {str(path.parent)!r}. Make it first.")
    if there and not (there.st_mode & 0o222 and os.access(target, os.W_OK)):  # root may write to every file
        raise InputError(f"cannot write {str(path)!r}: it is read-only. Make it writable, or name another file.")
    # The beginning of the name is enough: the whole one may be as long as names can be.
    temporary = target.with_name(f".{target.name[:40]}.{token_hex(4)}{UNFINISHED}")
    mode = 0o600 if there else 0o666  # nobody else reads it before it has the mode of the file that it replaces
    try:
        with open(temporary, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as stream:
            stream.write(content)
        if there and (there.st_nlink > 1 or not _same_owner(temporary, there)):
            with target.open("r+b") as stream:
                stream.write(content)
                stream.truncate()
            return
        if there:
            shutil.copystat(target, temporary)
            os.utime(temporary)
        _patiently(lambda: os.replace(temporary, target))
    finally:  # also after Ctrl+C, which can come at any line
        temporary.unlink(missing_ok=True)


def _patiently(step: Callable[[], object]) -> None:
    """Do a step again for half a second while it is refused: Windows does so as long as somebody else reads the file."""
    for wait in (0.01, 0.05, 0.15, 0.3):
        try:
            step()
            return
        except PermissionError:
            time.sleep(wait)
    step()


def _same_owner(path: Path, wanted: os.stat_result) -> bool:
    """Give a file the owner and the group of another one; tell whether it has them."""
    made = path.stat()
    if (made.st_uid, made.st_gid) != (wanted.st_uid, wanted.st_gid):
        try:
            os.chown(path, wanted.st_uid, wanted.st_gid)
        except OSError:
            return False
    return True


def refuse_other_kind(path: Path, content: bytes) -> None:
    """Refuse to replace a file that does not begin as what is to be written does; digits may differ.

    Parameters
    ----------
    path : pathlib.Path
        The place.
    content : bytes
        What is to be written.

    Raises
    ------
    InputError
        A file is there that is no earlier result of this kind.
    """
    if not path.is_file() or not path.stat().st_size:
        return
    with path.open("rb") as stream:
        there = stream.read(_BEGINNING)
    if _opening(there) != _opening(content[:_BEGINNING]):
        raise InputError(
            f"{str(path)!r} is there already and no earlier result of this kind, so that it is not overwritten: "
            "give another name to --out, or add --force."
        )


def _opening(content: bytes) -> bytes:
    """Return the first lines, as many as make 8 characters, without digits."""
    opening = b""
    for line in content.splitlines():
        if len(opening) >= 8:
            break
        opening += re.sub(rb"[\d.]+", b"", line.strip())
    return opening


def read_bytes(path: Path, most: int, what: str) -> bytes:
    """Read a file that is no larger than such files are; a pipe or a device, which may have no end, is none.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    most : int
        Bytes that it may have.
    what : str
        What it should be, for the message: ``"a plan"``.

    Returns
    -------
    bytes
        The content.

    Raises
    ------
    InputError
        If it is a pipe or a device, or too large.
    OSError
        As the operating system says it; also for a name that cannot be one.

    Examples
    --------
    >>> read_bytes(Path(os.devnull), 10, "a plan")
    Traceback (most recent call last):
    lupus_kit.core.errors.InputError: /dev/null is a pipe or a device: a plan is read from a file, or with - from standard input.
    """
    require_file(path, what)
    with path.open("rb") as stream:
        return within(stream, most, f"{path}", what)


def read_text(read: Callable[[], bytes], name: str) -> str:
    """Read a text in UTF-8, or say what is wrong with the file of that name.

    Examples
    --------
    >>> read_text(lambda: b"p = 0.052", "paper.txt")
    'p = 0.052'
    >>> read_text(lambda: bytes([255]), "paper.txt")
    Traceback (most recent call last):
    lupus_kit.core.errors.InputError: paper.txt is not UTF-8 text (byte 0): save it as plain text in UTF-8.
    """
    try:
        return read().decode("utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{name} is missing: there is no such file.") from None
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror or error}.") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{name} is not UTF-8 text (byte {error.start}): save it as plain text in UTF-8.") from None


def require_file(path: Path, what: str) -> None:
    """Refuse a pipe or a device, which may have no end; raise OSError where there is nothing of that name."""
    if "\0" in str(path):
        raise OSError(errno.EINVAL, "a name holds no zero byte")
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise InputError(f"{path} is a pipe or a device: {what} is read from a file, or with - from standard input.")


def within(stream: BinaryIO, most: int, name: str, what: str) -> bytes:
    """Read a stream to its end, or say that it is too large.

    Examples
    --------
    >>> import io
    >>> within(io.BytesIO(b"abc"), 2, "standard input", "a plan")
    Traceback (most recent call last):
    lupus_kit.core.errors.InputError: standard input is larger than 2 bytes: that is not a plan.
    """
    content = stream.read(most + 1)
    if len(content) > most:
        size = f"{most // 1_000_000} MB" if most >= 1_000_000 else f"{most} bytes"
        raise InputError(f"{name} is larger than {size}: that is not {what}.")
    return content


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
    lock, refused = path.with_name(f".{path.name}.lock"), 0
    while True:
        try:
            lock.mkdir()
            break
        except (FileExistsError, PermissionError) as error:
            # Windows refuses a name that is just being removed; where nobody may write, the refusal lasts.
            refused += isinstance(error, PermissionError)
            if refused and (refused > _REFUSALS or not os.access(lock.parent, os.W_OK)):
                raise cannot_write(path, error) from None
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
    way = "Name a place you may write to."
    if isinstance(error, PermissionError) and path.is_file():
        way = "Close it where it is open (Windows: a spreadsheet keeps it), or name a place you may write to."
    return InputError(f"cannot write {str(path)!r}: {error.strerror or error}. {way}")
