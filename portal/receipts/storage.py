"""Keep receipt files: written whole or not at all, never overwritten."""

import os
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from portal.core import clock, settings
from portal.core.ids import new_id


def write(name: str, content: bytes) -> None:
    """Write a new file below `invoices/`: to a hidden name, flushed to the disk, then linked to its own name at once.

    A file of that name that holds the same bytes is left as it is, so writing twice changes nothing.

    Raises:
        FileExistsError: a file of that name holds other bytes.
        OSError: the disk is full or the folder cannot be written; nothing is left behind.
    """
    path = _path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{new_id()}.part")
    try:
        with draft.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        try:
            # A hard link refuses to replace what stands, where a rename would silently overwrite it.
            os.link(draft, path)
        except FileExistsError:
            if path.read_bytes() != content:
                raise
    finally:
        with suppress(FileNotFoundError):
            draft.unlink()
    _flush_folder(path.parent)


def read(name: str) -> bytes:
    """Give a file's bytes; raises FileNotFoundError where it is gone."""
    return _path(name).read_bytes()


def sweep_drafts(*, older_than: timedelta) -> int:
    """Remove the hidden drafts that a killed process left behind; tell how many."""
    root = settings.current().invoices_dir
    before = (clock.now() - older_than).timestamp()
    left = [path for path in root.glob("*/*/.*.part") if path.stat().st_mtime < before]
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)


def exists(name: str) -> bool:
    """Tell whether a file of that name stands below `invoices/`."""
    return _path(name).is_file()


def free_bytes() -> int:
    """Tell how much room is left where receipts are kept."""
    folder = settings.current().invoices_dir
    folder.mkdir(parents=True, exist_ok=True)
    room = os.statvfs(folder)
    return room.f_bavail * room.f_frsize


def _path(name: str) -> Path:
    root = settings.current().invoices_dir.resolve()
    path = (root / name).resolve()
    if not path.is_relative_to(root):
        raise ValueError("a receipt lies below invoices/")
    return path


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
