"""What is done at the pole, step by step, each kept when it is done. Verbs and screen of `egret site` use it."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import msgspec
import yaml

from edge import machine_clock
from edge.ble.radio import Radio
from edge.bus import opened
from edge.clock import BoxClock
from edge.field import city_entry, city_line, link_cut, reporting, selftest, undo
from edge.field import zero as zeroing
from edge.field.device import Device, names_in
from edge.field.link_cut import CUT_S, LinkCut, Way
from edge.field.moving import Mover, Place
from edge.field.reach import reached
from edge.field.record import NAME, Cabinet, Found, Plan
from edge.field.selftest import POLLS, Check, Outcome, SelfTest
from edge.field.walk import Ask, Tell
from edge.field.zero import TILT_STILL_S, ZERO_S, KnownTilt, Zero
from edge.serial_port import SerialSettings
from edge.uplink import OpenLink
from wire.city_check import load_checked
from wire.errors import ConfigError, Mistake, Unsafe
from wire.inventory import Box, Inventory
from wire.profile import LinkKind, Profile
from wire.profile_acts import UNIT_SETTING
from wire.sensors_yaml import load


@dataclass(frozen=True, slots=True)
class Trial:
    """How the self-test tries things. `open_link`: to the city's broker, None without a network."""

    polls: int = POLLS
    cut_s: float = CUT_S
    open_link: OpenLink | None = None


class Commissioner:
    """Of one sensor. `record` is as it is on the disk."""

    def __init__(
        self,
        cabinet: Cabinet,
        library: Mapping[str, Profile],
        now: Callable[[], int],
        version: str,
        open_radio: Callable[[], Radio] = Radio,
    ) -> None:
        """Goes on with what the cabinet holds. `now`: UTC in ns.

        Raises ConfigError for a record that is none, or of a model that this library does not have.

        `open_radio`: the Bluetooth adapter of this machine, anew for each step, as a port is opened for each.
        """
        self._cabinet, self.library, self._now, self.open_radio = cabinet, library, now, open_radio
        self.record = cabinet.load(self._time(), version)
        found = self.record.found
        if found and found.model not in library:
            what = f"there is no model {found.model!r} in this library."
            fix = "name the folder of its profile: --devices."
            raise ConfigError([Mistake(str(cabinet.folder / NAME), what, fix, "E-FIELD-053")])

    @property
    def folder(self) -> Path:
        """Where everything of it is."""
        return self._cabinet.folder

    @property
    def plan(self) -> Plan:
        """What people say of it."""
        return self.record.plan

    @property
    def found(self) -> Found:
        """The chosen device. Raises Unsafe before there is one."""
        if self.record.found is None:
            raise Unsafe("no device is chosen yet.", fix="scan the line first.", code="E-FIELD-021")
        return self.record.found

    @property
    def profile(self) -> Profile:
        """Of the chosen device."""
        return self.library[self.found.model]

    def keep(self, **changes: object) -> None:
        """On the disk when it returns. Raises OSError."""
        self.record = msgspec.structs.replace(self.record, **changes)
        self._cabinet.save(self.record)

    def plan_for(self, **changes: object) -> None:
        """Other words of people; another one of the same is no change."""
        plan = msgspec.structs.replace(self.record.plan, **changes)
        if plan != self.record.plan:
            self.keep(plan=plan)

    @property
    def lacks(self) -> Mapping[str, str]:
        """The steps that the chosen device does not have, each with a key of the catalogue that says why."""
        return _lacking(self.found, self.profile) if self.record.found else {}

    def choose(self, found: Found) -> None:
        """This device; at another address or of another model than before it is a new beginning.

        Then what was measured of the other one is gone. What its registers said (`seen`) may be another temperature.
        """
        is_same = found.is_as(self.record.found)
        fresh: dict[str, object] = {} if is_same else {"zero": None, "known_tilt": None, "selftest": None, "undo": ()}
        self.keep(found=found, lacks=_lacking(found, self.library[found.model]), **fresh)

    @asynccontextmanager
    async def device(self) -> AsyncIterator[Device]:
        """The chosen one, on its open line. Raises PortBusy, SourceError."""
        async with reached(self.found, self.profile, self.plan.constants, self.open_radio()) as device:
            if self.record.zero:
                device.zeroed(self.record.zero.baseline)
            yield device

    async def set_address(self, unit: int) -> None:
        """Moves it to another unit identifier, as `egret bus set-address --yes` does. Raises Unsafe, SourceError."""
        found, setting = self.found, self.profile.settings.get(UNIT_SETTING)
        if setting is None or setting.register is None:
            raise Unsafe(
                f"how {self.profile.title} is given another address is not known.",
                where=f"profile {self.profile.name}",
                fix="set it by its switches: its README in firmware-configs says how, and scan again.",
                code="E-FIELD-022",
            )
        with opened(Path(found.port), SerialSettings(found.baud, found.frame)) as bus:
            mover = Mover(bus, self.profile, Place(bus.port.settings, found.unit))
            await mover.must_be_alone()
            await mover.prove(may_be_unproven=True)
            change = mover.change(setting, await mover.raw(setting), unit)
            await mover.must_be_free(change.target)
            self.folder.mkdir(parents=True, exist_ok=True)
            file = self.folder / undo.FILE
            command = undo.record(file, Path(found.port), self.profile, change, self._time())
            await mover.apply(change)
        self.keep(found=msgspec.structs.replace(found, unit=unit), undo=(*self.record.undo, command))

    def add_photo(self, path: Path) -> None:
        """Of how it is mounted; the zero that was taken so names it. Raises PhotoRefused, ConfigError."""
        photo = reporting.take_photo(self.folder, path)
        zero = self.record.zero
        self.keep(photo=photo, zero=msgspec.structs.replace(zero, photo=photo.sha256) if zero else None)

    async def take_zero(self, tell: Tell, *, for_s: float = ZERO_S) -> Zero:
        """Raises CheckFailed where it moved, and what `edge.field.zero.take_zero` raises."""
        photo = self.record.photo.sha256 if self.record.photo else ""
        async with self.device() as device:
            zero = await zeroing.take_zero(device, tell, for_s=for_s, time=self._time(), person=self.plan.person)
        self.keep(zero=msgspec.structs.replace(zero, photo=photo))
        return zero

    async def show_known_tilt(self, ask: Ask, tell: Tell, *, still_s: float = TILT_STILL_S) -> KnownTilt:
        """Raises CheckFailed where it does not measure what a person shows it."""
        async with self.device() as device:
            who = {"time": self._time(), "person": self.plan.person}
            shown = await zeroing.show_known_tilt(device, ask, tell, still_s=still_s, **who)
        self.keep(known_tilt=shown)
        return shown

    async def test(self, tell: Tell, trial: Trial, next_phase: Callable[[str], None]) -> SelfTest:
        """All checks; what failed is in it, and raises nothing. `next_phase`: look, link. Raises SourceError."""
        next_phase("look")
        async with self.device() as device:
            look = await selftest.look_at(device, trial.polls, tell)
            checks = selftest.of_the_sensor(device, look)
        checks.append(selftest.of_the_clock(machine_clock.kept()))
        next_phase("link")
        cut = await self._cut(trial.open_link, trial.cut_s)
        if cut.linked_s is None and trial.open_link:
            cut = await self._cut(None, trial.cut_s)
        checks += selftest.of_the_link(cut, has_broker=trial.open_link is not None)
        checks = [*checks, *self._shown()]
        tested = SelfTest(self._time(), self.plan.person, tuple(checks), look, cut)
        self.keep(selftest=tested)
        return tested

    def _shown(self) -> list[Check]:
        """The known tilt is part of what is proven, where the profile has one."""
        if not zeroing.has_known_tilt(self.profile):
            return []
        outcome = Outcome.PASSED if self.record.known_tilt else Outcome.SKIPPED
        return [Check("known_tilt", outcome, note="" if self.record.known_tilt else "not_shown")]

    async def _cut(self, open_link: OpenLink | None, cut_s: float) -> LinkCut:
        inventory, box = self._as_if_run()
        clock, rng = BoxClock.trusted(self._now), Random(self._now())  # noqa: S311 - jitter
        way = Way(box.id, open_link, clock, rng)
        with TemporaryDirectory(prefix="egret-selftest-") as folder:
            sample = link_cut.of_lines(inventory, box, clock, rng, self.open_radio())
            return await link_cut.cut_link(sample, self.plan.sensor, way, Path(folder), cut_s=cut_s)

    def _as_if_run(self) -> tuple[Inventory, Box]:
        """A city of this sensor alone, on the port that is open here; as fast as it can be, and without limits.

        Raises Unsafe where a number of the site is missing.
        """
        missing = [name for name in names_in(self.profile, "site.") if name not in self.plan.constants]
        if missing:
            fix = f"--constant {missing[0]}=…, or step 2 of `egret site commission`; its README says what it is."
            raise Unsafe(f"its profile needs {', '.join(missing)} of the site.", fix=fix, code="E-FIELD-051")
        port = self.found.port
        port = str(Path(port).absolute()) if self.found.baud else port
        known = {"name": "here", "kind": "billboard", "district": "here", "box": self.plan.box or "box", "port": port}
        plan = msgspec.structs.replace(self.plan, **known)
        record = msgspec.structs.replace(self.record, plan=plan)
        text = city_entry.with_sensor(city_entry.new_city(plan, self.profile), record, self.profile, self._time()[:10])
        with TemporaryDirectory(prefix="egret-selftest-") as folder:
            path = Path(folder, "sensors.yaml")
            path.write_text(text, encoding="utf-8")
            inventory = load(path, self.library)
        every_s = self.profile.timing.min_poll_s
        sensors = {name: replace(one, rules=(), every_s=every_s) for name, one in inventory.sensors.items()}
        return replace(inventory, sensors=sensors), inventory.boxes[plan.box]

    def offered(self, path: Path) -> Plan:
        """The plan, with what sensors.yaml knows where nobody has said it. Raises ConfigError for one that is wrong."""
        return city_entry.offered(self.record, load_checked(path, self.library)) if path.exists() else self.plan

    def write_city(self, path: Path) -> Inventory:
        """Into sensors.yaml, which need not be there yet. Raises ConfigError as `egret check`, and Unsafe."""
        day = self._day()
        known = load_checked(path, self.library) if path.exists() else None
        before = city_entry.read(path)
        city = before or city_entry.new_city(self.plan, self.profile)
        with _as_it_is_written(path):
            city = city_line.up_to_date(city, known, self.record, self.profile) if known else city
            text = city_entry.with_sensor(city, self.record, self.profile, f"{day:%Y-%m-%d}")
        inventory = city_entry.write(path, before, text, self.library, f"{day:%Y%m%dT%H%M%S}")
        self.keep(written=f"{path.absolute()} {inventory.version}")
        return inventory

    def write_zero(self, path: Path) -> Inventory:
        """Only the zero, of a sensor that stands in sensors.yaml; where it does not, raises ConfigError."""
        assert self.record.zero is not None
        load_checked(path, self.library)
        before = city_entry.read(path)
        with _as_it_is_written(path):
            text = city_entry.with_zero(before, self.plan, self.record.zero, str(path))
        return city_entry.write(path, before, text, self.library, f"{self._day():%Y%m%dT%H%M%S}")

    def _day(self) -> datetime:
        return datetime.fromtimestamp(self._now() / 1e9).astimezone()

    def _time(self) -> str:
        return datetime.fromtimestamp(self._now() // 1_000_000_000, UTC).isoformat(timespec="seconds")


def _lacking(found: Found, profile: Profile) -> Mapping[str, str]:
    why = {}
    if found.source != LinkKind.MODBUS_RTU:
        why["address"] = f"lacks.{found.source}"
    if not zeroing.has_zero(profile):
        why["zero"] = "lacks.zero"
    if not zeroing.has_known_tilt(profile):
        why["known_tilt"] = "lacks.known_tilt"
    return why


@contextmanager
def _as_it_is_written(path: Path) -> Iterator[None]:
    """A right file may still be written in a way into which nothing can be put: that is said, and it stays."""
    try:
        yield
    except (yaml.YAMLError, KeyError) as error:
        what, fix = (
            f"the sensor cannot be put into this file: {error}.",
            "write it by hand: docs/operate/sensors-yaml.md.",
        )
        raise ConfigError([Mistake(str(path), what, fix, "E-FIELD-047")]) from error
