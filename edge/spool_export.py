"""Samples as a recording, the CSV that `edge.recording` reads: what a box still knows, in a file for people."""

import csv
import gzip
from collections.abc import Iterable
from pathlib import Path

from edge.recording import COLUMNS, QUALITY
from wire.errors import EgretError
from wire.quantities import STATISTICS
from wire.reading import Reading


def write(file: Path, readings: Iterable[Reading]) -> int:
    """One row a reading, without statistics; how many. A half-written file is not left. Raises EgretError."""
    begun = file.with_name(f"{file.name}.part")
    opener = gzip.open if file.suffix == ".gz" else open
    count = 0
    try:
        with opener(begun, "wt", encoding="utf-8", newline="") as opened:
            rows = csv.writer(opened)
            rows.writerow([*COLUMNS, QUALITY])
            for one in readings:
                if one.quantity not in STATISTICS:
                    value = "" if one.value is None else repr(one.value)
                    rows.writerow([one.time_ns, one.sensor, one.quantity, value, one.quality])
                    count += 1
        begun.replace(file)
    except OSError as error:
        fix = "check its folder, its permissions and the room on its disk."
        raise EgretError(f"cannot write it: {error.strerror}.", where=str(file), fix=fix, code="E-SPOOL-006") from error
    finally:
        begun.unlink(missing_ok=True)
    return count
