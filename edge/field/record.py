"""A commissioning as it is kept: what was planned, found, measured and shown, step by step, in a folder of its own.

Every step is on the disk when it is done: what was interrupted goes on from there.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec

from edge.field.identify import Match
from edge.field.selftest import SelfTest
from edge.field.zero import KnownTilt, Zero
from wire.bounded import UNDECODABLE
from wire.errors import ConfigError, EgretError, Mistake
from wire.profile import LinkKind
from wire.whole_file import write_whole

FOLDER = Path("commissioning")
"""Where the folders are, in the folder in which the command runs."""
NAME = "record.json"
MODBUS_TCP = "modbus_tcp"
"""The word of such a line in sensors.yaml; those of the others are `LinkKind`."""


class Plan(msgspec.Struct, frozen=True):
    """What people say of the place and the sensor. `at`: latitude and longitude, WGS-84, None when not known.

    `port` is the line's in sensors.yaml, on the box; `board` the address of the city's board, for the label.
    """

    site: str = ""
    key: str = "T1"
    name: str = ""
    kind: str = ""
    district: str = ""
    at: tuple[float, float] | None = None
    street: str = ""
    owner: str = ""
    box: str = ""
    line: str = "a"
    port: str = ""
    serial: str = ""
    person: str = ""
    board: str = ""
    constants: Mapping[str, float] = {}

    @property
    def sensor(self) -> str:
        """Its id."""
        return f"{self.site}-{self.key}"

    @property
    def link(self) -> str:
        """What the label's QR code opens: the site's page on the board, or the sensor's id where none is named."""
        return f"{self.board.rstrip('/')}/#/sites/{self.site}" if self.board else f"egret:{self.sensor}"


class Found(msgspec.Struct, frozen=True):
    """The device as it answers. `proof` is proven or possible; `seen` what shows it.

    `source` is the kind of its line, in the word of sensors.yaml. `port` is a serial port, or host and port of a
    network; without a serial line `baud` is 0 and `frame` empty. `unit` is 0 where there are no unit identifiers.
    `known_by`: the Bluetooth address, or the name, by which it was chosen; such a device has no port, and was received
    at `signal_dbm`.
    """

    port: str = ""
    unit: int = 0
    baud: int = 0
    frame: str = ""
    model: str = ""
    title: str = ""
    proof: Annotated[str, msgspec.Meta(pattern="^(proven|possible)$")] = "possible"
    seen: tuple[str, ...] = ()
    source: str = LinkKind.MODBUS_RTU
    known_by: str = ""
    signal_dbm: int | None = None

    @property
    def address(self) -> str:
        """On its line, in no language: `0x51 = 81, 9600 8N1`; in the air what it is known by."""
        unit = f"0x{self.unit:02X} = {self.unit}" if self.unit else self.known_by
        return ", ".join(part for part in (unit, f"{self.baud} {self.frame}".strip() if self.baud else "") if part)

    @property
    def place(self) -> str:
        """As `address`, with the line where that is no port of the laptop."""
        return self.address if self.baud else f"{self.address}, {self.port}".strip(", ")

    def of(self, match: Match) -> "Found":
        """This place, with the model that answers there."""
        profile = match.profile
        named = {"model": profile.name, "title": profile.title, "proof": match.proof, "seen": match.seen}
        return msgspec.structs.replace(self, **named)

    def is_as(self, other: "Found | None") -> bool:
        """May it be the same device? The port is that of the laptop: the same one may be found at another."""
        return other is not None and all(
            getattr(self, name) == getattr(other, name) for name in ("source", "unit", "known_by", "model")
        )


class Photo(msgspec.Struct, frozen=True):
    """A picture in the folder, bounded in size. `at`: where it says it was taken, WGS-84."""

    file: Annotated[str, msgspec.Meta(pattern=r"^\w[\w.-]*$")]
    sha256: str
    width: int
    height: int
    at: tuple[float, float] | None = None
    taken: str = ""


class Record(msgspec.Struct, frozen=True, tag_field="schema", tag="egret.commissioning/1"):
    """All of it. `begun` is UTC (ISO 8601), `undo` the commands that undo what was written to the device.

    `written`: the file and the version of the city that the sensor stands in, or empty. `lacks`: the steps that such a
    device does not have, each with a key of the catalogue that says why.
    """

    begun: str
    version: str = ""
    plan: Plan = Plan()
    found: Found | None = None
    undo: tuple[str, ...] = ()
    zero: Zero | None = None
    known_tilt: KnownTilt | None = None
    selftest: SelfTest | None = None
    photo: Photo | None = None
    written: str = ""
    lacks: Mapping[str, str] = {}


class Cabinet:
    """One commissioning's folder."""

    def __init__(self, folder: Path) -> None:
        """It need not be there yet."""
        self.folder = folder

    def load(self, begun: str, version: str) -> Record:
        """What is kept, or an empty record that begins now. Raises ConfigError for a file that is none."""
        path = self.folder / NAME
        if not path.exists():
            return Record(begun, version)
        try:
            return msgspec.json.decode(path.read_bytes(), type=Record)
        except (*UNDECODABLE, OSError) as error:
            what = f"this is no record of a commissioning: {error}."
            fix = "move it away, and commission anew."
            raise ConfigError([Mistake(str(path), what, fix, "E-FIELD-020")]) from error

    def save(self, record: Record) -> None:
        """On disk when it returns. Raises OSError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_whole(self.folder / NAME, encoded(record) + b"\n", 0o644)


def refused(error: OSError) -> EgretError:
    """What the disk, or a port that is gone, says."""
    return EgretError(f"{error}.", fix="see that the disk and the port are there.", code="E-FIELD-029")


def encoded(record: Record) -> bytes:
    """As JSON, for people too."""
    return msgspec.json.format(msgspec.json.encode(record), indent=1)
