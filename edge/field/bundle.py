"""Everything of a commissioning in one file, for whoever takes it on later."""

import hashlib
import io
import zipfile
from pathlib import Path

from edge.field.record import NAME, Record
from edge.field.undo import FILE
from wire.errors import Unsafe
from wire.whole_file import write_whole

MANIFEST = "SHA256SUMS"
_WORN = (NAME, "report.json", "report.html", "report.pdf", "label.svg", str(FILE))
"""What a folder holds that is worth keeping; other files in it are somebody else's."""


def pack(folder: Path, record: Record, target: Path, city: Path | None) -> list[str]:
    """The names in it, with a list of their hashes as `sha256sum -c` reads it. Raises Unsafe, OSError.

    `city`: the sensors.yaml that the sensor was written into, None to leave it out.
    """
    names = [*_WORN, *([record.photo.file] if record.photo else [])]
    files = {name: (folder / name).read_bytes() for name in names if (folder / name).is_file()}
    if "report.json" not in files:
        raise Unsafe(
            "there is no signed report yet.",
            where=str(folder),
            fix=f"egret site report {folder}",
            code="E-FIELD-044",
        )
    if city and city.is_file():
        files["sensors.yaml"] = city.read_bytes()
    sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in files.items())
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, data in {**files, MANIFEST: sums.encode()}.items():
            bundle.writestr(f"{record.plan.sensor}/{name}", data)
    write_whole(target, packed.getvalue(), 0o644)
    return [*files]
