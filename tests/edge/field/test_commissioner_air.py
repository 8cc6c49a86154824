"""Bluetooth sensors commissioned, on Bumble's virtual controllers and in virtual time, from the air to sensors.yaml."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from bumble_air import Air, Notifier, in_the_air, now_ns
from commissioned import PLAN, RECORD, TILT, TIME

from edge.ble.radio import Radio
from edge.field.city_entry import new_city, with_sensor
from edge.field.commissioner import Commissioner, Trial
from edge.field.finder import Finder, Unclear
from edge.field.record import Cabinet, Found, Plan
from edge.field.selftest import Outcome, SelfTest
from wire.errors import CheckFailed, SourceError, SourceTimeout
from wire.message_encoding import encode_message
from wire.profile import BleLink
from wire.profile_yaml import library_folder, load_library
from wire.sensors_yaml import load

LIBRARY = load_library(library_folder())
WITMOTION, RUUVI = LIBRARY["witmotion-bwt901ble"], LIBRARY["ruuvi-ruuvitag"]
LINK = WITMOTION.link.ble or BleLink()
WALL, OTHER, TAG, STRANGER = (f"D4:AC:3F:00:00:0{at}" for at in range(1, 5))


class Wall:
    """An inclinometer that says how it stands, ten times a second, to whoever is connected."""

    def __init__(self, notifier: Notifier) -> None:
        """It stands nearly upright."""
        self.notifier, self.roll = notifier, 0.42
        self.speaking = asyncio.create_task(self._speak())

    async def _speak(self) -> None:
        while True:
            await self.notifier.notify(encode_message(WITMOTION, "motion", {"acc_z": 1.0, "roll": self.roll}))
            await asyncio.sleep(0.1)


async def wall(air: Air, address: str = WALL, signal_dbm: int = -50) -> Wall:
    """One within reach."""
    air.signals_dbm[address] = signal_dbm
    return Wall(await air.notifier(address, "WT901BLE68", LINK.service, LINK.notify, LINK.write))


async def tag(air: Air, signal_dbm: int = -50) -> None:
    """A RuuviTag within reach."""
    air.signals_dbm[TAG] = signal_dbm
    await (await air.advertiser(TAG, company=RUUVI.link.ble.company if RUUVI.link.ble else 0)).say(
        RUUVI.vectors[0].octets
    )


async def found(radio: Radio) -> list[Found | Unclear]:
    """All that a scan brings, as it comes."""
    return [one async for one in Finder(LIBRARY, 0.05).in_the_air(radio)]


async def chosen(folder: Path, air: Air, known_by: str) -> Commissioner:
    """The commissioning of the sensor that a scan has found under this address."""
    work = Commissioner(
        Cabinet(folder / "XM-TA-0901-T1"), LIBRARY, now_ns, "0.1.0", lambda: Radio(air.scanner, air.client)
    )
    work.keep(plan=PLAN)
    work.choose(
        next(one for one in await found(work.open_radio()) if isinstance(one, Found) and one.known_by == known_by)
    )
    return work


async def self_tested(work: Commissioner, trial: Trial) -> SelfTest:
    """Without a network."""
    return await work.test(lambda _: None, trial, lambda _: None)


def outcomes(test: SelfTest, names: Sequence[str]) -> list[str]:
    """Of those checks."""
    return [str(one.outcome) for name in names for one in test.checks if one.name == name]


def test_the_nearest_is_offered_first() -> None:
    """Each with its signal and what shows its model; those whom the library does not know are counted, not named."""

    async def run(air: Air, radio: Radio) -> None:
        await wall(air, WALL, -81)
        await wall(air, OTHER, -47)
        await tag(air, -60)
        await (await air.advertiser(STRANGER, "Someone's watch")).say()
        *sensors, strangers = await found(radio)
        last = [one for one in sensors if isinstance(one, Found)][-3:]
        assert [(one.known_by, one.signal_dbm, one.proof) for one in last] == [
            (OTHER, -47, "possible"),
            (TAG, -60, "possible"),
            (WALL, -81, "possible"),
        ]
        assert [one.source for one in last] == ["ble_notify", "ble_advert", "ble_notify"]
        assert last[0].seen == ("WT901BLE68", "-47 dBm")
        assert "temp 24.3 Cel" in last[1].seen
        assert strangers == Unclear("Bluetooth", "screen.strangers", {"count": 1})

    in_the_air(run)


def test_an_inclinometer_from_the_air_to_sensors_yaml(tmp_path: Path) -> None:
    """Zero of a minute, known tilt, self-test and link cut: all as on a wire, but for its address."""

    async def run(air: Air, _radio: Radio) -> None:
        sensor = await wall(air)
        work = await chosen(tmp_path, air, WALL)
        assert work.lacks == {"address": "lacks.ble_notify"}
        zero = await work.take_zero(lambda _: None, for_s=20)
        assert zero.baseline == {"roll": pytest.approx(0.42, abs=0.01), "pitch": 0}
        assert zero.polls > 180

        async def turn(sentence: str) -> None:
            sensor.roll = 0.42 if "back" in sentence else 10.4

        assert len((await work.show_known_tilt(turn, lambda _: None)).poses) == 2
        test = await self_tested(work, Trial(polls=30, cut_s=8))
        assert outcomes(test, ("loss", "signal", "noise", "span", "known_tilt", "link_cut")) == ["passed"] * 7
        assert test.cut
        assert test.cut.during > 60
        inventory = work.write_city(tmp_path / "sensors.yaml")
        assert inventory.sensors["XM-TA-0901-T1"].address == WALL

    in_the_air(run)
    text = (tmp_path / "sensors.yaml").read_text(encoding="utf-8")
    assert "a: {source: ble_notify}" in text
    assert f'T1: {{line: XM-TA-09/a, address: "{WALL}", zero: {{roll: 0.4175, pitch: 0}}' in text
    assert load(tmp_path / "sensors.yaml", LIBRARY).lines[0].source == "ble_notify"


def test_a_tag_that_is_only_heard(tmp_path: Path) -> None:
    """No zero and no tilt; lost adverts cannot be counted, which is said and no pass; a weak signal fails."""

    async def run(air: Air, _radio: Radio) -> None:
        await tag(air, -88)
        work = await chosen(tmp_path, air, TAG)
        assert work.lacks == {"address": "lacks.ble_advert", "zero": "lacks.zero", "known_tilt": "lacks.known_tilt"}
        test = await self_tested(work, Trial(polls=12, cut_s=4))
        assert outcomes(test, ("loss", "signal", "span", "link_cut")) == ["skipped", "failed", "passed", "passed"]
        loss, signal = test.checks[:2]
        assert (loss.note, signal.measured, test.outcome) == ("adverts", -88, Outcome.FAILED)

    in_the_air(run)


def test_what_goes_wrong_is_said_and_nothing_kept(tmp_path: Path) -> None:
    """One that hangs up, falls silent, is shaken or is out of reach: each with its code."""

    async def run(air: Air, _radio: Radio) -> None:
        sensor = await wall(air)
        work = await chosen(tmp_path, air, WALL)
        loop = asyncio.get_running_loop()
        loop.call_later(20, lambda: asyncio.ensure_future(sensor.notifier.hang_up()))
        with pytest.raises(SourceError) as lost:
            await work.take_zero(lambda _: None)
        loop.call_later(20, sensor.speaking.cancel)
        with pytest.raises(CheckFailed) as silent:
            await work.take_zero(lambda _: None)
        await sensor.notifier.go_away()
        with pytest.raises(SourceTimeout) as away:
            await work.take_zero(lambda _: None)
        assert [one.value.code for one in (lost, silent, away)] == ["E-BLE-008", "E-FIELD-012", "E-BLE-009"]
        assert WALL in away.value.where
        assert work.record.zero is None

    in_the_air(run)


def test_another_sensor_of_its_model_is_a_new_beginning(tmp_path: Path) -> None:
    """What was measured of the one is not taken for the other, which is known by its address alone."""
    work = Commissioner(Cabinet(tmp_path), LIBRARY, lambda: 0, "0.1.0")
    place = Found(source="ble_notify", model=WITMOTION.name, known_by=WALL, signal_dbm=-50)
    work.choose(place)
    work.keep(selftest=SelfTest(TIME, "陈工", (), look=None))  # type: ignore[arg-type]
    work.choose(Found(source="ble_notify", model=WITMOTION.name, known_by=WALL, signal_dbm=-70))
    assert work.record.selftest
    work.choose(Found(source="ble_notify", model=WITMOTION.name, known_by=OTHER, signal_dbm=-50))
    assert work.record.selftest is None


def test_a_box_that_has_a_line_on_a_wire(tmp_path: Path) -> None:
    """The line that is offered is another one; the next sensor of its kind is offered that."""
    path = tmp_path / "sensors.yaml"
    path.write_text(with_sensor(new_city(PLAN, TILT), RECORD, TILT, "2026-11-26"), encoding="utf-8")
    for key, address in (("T2", WALL), ("T3", OTHER)):
        work = Commissioner(Cabinet(tmp_path / key), LIBRARY, lambda: 0, "0.1.0")
        work.keep(plan=Plan(site=PLAN.site, key=key))
        work.choose(Found(source="ble_notify", model=WITMOTION.name, known_by=address))
        work.keep(plan=work.offered(path))
        assert (work.plan.box, work.plan.line) == (PLAN.box, "ble_notify")
        inventory = work.write_city(path)
    assert [(line.key, len(line.sensors)) for line in inventory.lines] == [("a", 1), ("ble_notify", 2)]
