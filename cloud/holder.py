"""Under which name a process holds its leases: the same after a restart, so that it need not wait for itself.

The name is in a file that the process has locked as long as it lives. Who gets the lock knows that the process which
had this name before is dead.
"""

import fcntl
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cloud.share import Role


@contextmanager
def holder_name(folder: Path, role: Role) -> Iterator[str]:
    """While the block runs. A second process with the same role in this folder has a name for once.

    Raises OSError when the folder cannot be written.
    """
    share, parts = role.share, "-".join(sorted(role.parts))
    with (folder / f"holder-{share.number}of{share.of}-{parts}").open("a+", encoding="utf-8") as file:
        anew = f"{socket.gethostname()}-{secrets.token_hex(8)}"
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield anew
            return
        file.seek(0)
        name = file.read()
        if name.rpartition("-")[0] != socket.gethostname():  # new, or the folder's copy on another machine
            name = anew
            file.truncate(0)
            file.write(name)
            file.flush()
        yield name
