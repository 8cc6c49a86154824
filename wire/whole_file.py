"""A file that is there as a whole, or as it was before, whenever the power goes."""

import os
from pathlib import Path


def write_whole(path: Path, data: bytes, mode: int) -> None:
    """With this mode from its first byte on, and before whatever is written after it. Raises OSError."""
    partial = path.with_name(f"{path.name}.part")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """What was created and renamed in it is on the disk when this returns. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
