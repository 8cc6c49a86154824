"""Bluetooth adverts through bleak, on Bumble's virtual controllers and in virtual time: a minute takes milliseconds."""

import asyncio
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest
from air_rig import source, take, yaml
from bleak.exc import BleakBluetoothNotAvailableReason as Reason
from bleak.exc import BleakDBusError
from box_rig import city
from bumble_air import Air, in_the_air, now_ns

from edge.ble.radio import Radio
from wire.errors import SourceError
from wire.inventory import Inventory
from wire.profile_yaml import library_folder, load_library
from wire.quantities import rounded
from wire.values import quantities_of, values_of

RUUVI = load_library(library_folder())["ruuvi-ruuvitag"]
VALID = RUUVI.vectors[0].octets
ADDRESS, OTHER = "D4:AC:3F:00:11:22", "D4:AC:3F:00:33:44"
SENSOR = "XM-TA-0117-R1"


def tags(folder: Path, address: str = ADDRESS) -> Inventory:
    """A city with one RuuviTag."""
    sensors = f"{{R1: {{line: AIR-1/air, profile: ruuvi-ruuvitag, address: {address!r}}}}}"
    return city(folder, yaml("{source: ble_advert}", sensors))


def test_of_an_interval_one_advert_stands(tmp_path: Path) -> None:
    """Adverts ten times a second, a sample every ten: its values are those of the maker's vector; and its signal."""

    async def run(air: Air, radio: Radio) -> None:
        inventory = tags(tmp_path)
        await (await air.advertiser(ADDRESS, company=0x0499)).say(VALID)
        await (await air.advertiser(OTHER, company=0x0499)).say(RUUVI.vectors[1].octets)
        async with source(inventory, now_ns, radio) as opened:
            first, signal, second, _ = await take(opened, 4)
        values = values_of(inventory.sensors[SENSOR], first.block, first.reply)
        found = dict(quantities_of(RUUVI, values))
        assert (found["temperature"], found["humidity"], found["pressure"]) == (24.3, 53.5, 1.00044)
        assert found["battery_voltage"] == rounded("battery_voltage", 2.977)
        assert signal.values == (("radio_signal", -50.0),)
        assert 9 * 10**9 < second.time_ns - first.time_ns < 11 * 10**9

    in_the_air(run)


def test_by_its_name(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The first of two with one name is it; that there is another is said once."""

    async def run(air: Air, radio: Radio) -> None:
        first = await air.advertiser(ADDRESS, "Ruuvi", company=0x0499)
        other = await air.advertiser(OTHER, "Ruuvi", company=0x0499)
        await first.say()
        async with source(tags(tmp_path, "Ruuvi"), now_ns, radio) as opened:
            await asyncio.sleep(1)
            await first.say(VALID)
            await other.say()
            await asyncio.sleep(1)
            await other.say(RUUVI.vectors[1].octets)
            samples = [sample for sample in await take(opened, 4) if sample.block]
        assert {sample.reply for sample in samples} == {VALID}

    in_the_air(run)
    assert sum("E-BLE-010" in record.getMessage() for record in caplog.records) == 1


def test_a_tag_that_falls_silent(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """After the profile's minute its readings have no value, nor has its signal; one line in the log each way."""

    async def run(air: Air, radio: Radio) -> None:
        tag = await air.advertiser(ADDRESS, company=0x0499)
        await tag.say(VALID)
        async with source(tags(tmp_path), now_ns, radio) as opened:
            await take(opened, 2)
            await tag.hush()
            gone = await take(opened, 4)
            await tag.say(VALID)
            while (await take(opened, 1))[0].fault:
                pass
        silent, signal = gone[-2:]
        assert "[E-TALK-001]" in silent.fault
        assert "[E-TALK-001]" in signal.fault
        assert signal.values[0][0] == "radio_signal"

    in_the_air(run)
    said = [record.getMessage() for record in caplog.records if SENSOR in record.getMessage()]
    assert ["no message" in said[0], "is back" in said[1], len(said)] == [True, True, 2]


def test_one_scanner_for_all_lines(tmp_path: Path) -> None:
    """Two lines hear the same tag by one scanner, which ends with the second of them."""

    async def run(air: Air, radio: Radio) -> None:
        await (await air.advertiser(ADDRESS, company=0x0499)).say(VALID)
        inventory = tags(tmp_path)
        async with source(inventory, now_ns, radio) as one:
            async with source(inventory, now_ns, radio) as other:
                assert [(await take(opened, 1))[0].reply for opened in (one, other)] == [VALID, VALID]
            assert (await take(one, 2))[0].sensor == SENSOR
        assert air.scans == 1

    in_the_air(run)


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        (Reason.NO_BLUETOOTH, "E-BLE-001"),
        (Reason.NO_BLE_CENTRAL_ROLE, "E-BLE-001"),
        (Reason.POWERED_OFF, "E-BLE-002"),
        (Reason.DENIED_BY_SYSTEM, "E-BLE-003"),
        (Reason.UNKNOWN, "E-BLE-008"),
    ],
)
def test_an_adapter_that_cannot_be_used(tmp_path: Path, reason: Reason, code: str) -> None:
    """The line is lost as one whose port is, with what to do."""

    async def run(air: Air, radio: Radio) -> None:
        air.fault = reason
        with pytest.raises(SourceError, match=code):
            async with source(tags(tmp_path), now_ns, radio):
                pass

    in_the_air(run)


def test_without_bleak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A box that was installed without the extra says which."""
    monkeypatch.setitem(sys.modules, "bleak", None)

    async def run(_air: Air, radio: Radio) -> None:
        with pytest.raises(SourceError, match="E-BLE-006"):
            async with source(tags(tmp_path), now_ns, radio):
                pass

    in_the_air(run)


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("org.bluez.Error.NotReady", "E-BLE-002"),
        ("org.freedesktop.DBus.Error.AccessDenied", "E-BLE-003"),
        ("org.freedesktop.DBus.Error.ServiceUnknown", "E-BLE-004"),
        ("org.bluez.Error.InProgress", "E-BLE-005"),
        ("org.bluez.Error.Failed", "E-BLE-008"),
    ],
)
def test_what_bluez_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str, code: str) -> None:
    """Its errors have names on D-Bus, and those have something to do."""

    async def run(air: Air, radio: Radio) -> None:
        async def refuse(_self: object) -> None:
            raise BleakDBusError(word, [])

        monkeypatch.setattr(air.scanner, "start", refuse)
        with pytest.raises(SourceError, match=code):
            async with source(tags(tmp_path), now_ns, radio):
                pass

    in_the_air(run)


@pytest.mark.parametrize("hangs", ["start", "stop"])
def test_a_system_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hangs: str) -> None:
    """D-Bus waits for ever for a bluetoothd that hangs: the line is lost instead, and opened again when it can be."""

    async def run(air: Air, radio: Radio) -> None:
        done = getattr(air.scanner, hangs)

        async def hang(scanner: object) -> None:
            if hangs == "stop":
                await done(scanner)
            await asyncio.Event().wait()

        with monkeypatch.context() as hung:
            hung.setattr(air.scanner, hangs, hang)
            async with asyncio.timeout(600):
                with pytest.raises(SourceError, match="E-BLE-004") if hangs == "start" else nullcontext():
                    async with source(tags(tmp_path), now_ns, radio):
                        pass
        async with source(tags(tmp_path), now_ns, radio) as opened:
            await take(opened, 1)

    in_the_air(run)


def test_a_scanner_that_is_deaf(tmp_path: Path) -> None:
    """Where nobody at all is heard for a minute the scanner is started anew, and the line is lost when it cannot be."""

    async def run(air: Air, radio: Radio) -> None:
        async with source(tags(tmp_path), now_ns, radio) as opened:
            await take(opened, 6)
            assert air.scans >= 2
            air.fault = Reason.POWERED_OFF
            with pytest.raises(SourceError, match="E-BLE-002"):
                await take(opened, 100)
        air.fault = None
        async with source(tags(tmp_path), now_ns, radio):
            pass

    in_the_air(run)
