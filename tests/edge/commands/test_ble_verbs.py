"""The verbs of `egret ble`, with virtual sensors within reach: what is heard, what it says, and what goes wrong."""

import asyncio
import json
from pathlib import Path

import pytest
from bleak.exc import BleakBluetoothNotAvailableReason as Reason
from bumble_air import Air
from click.testing import CliRunner, Result

from edge.ble import radio
from edge.ble.radio import Radio
from edge.commands import ble_live, ble_scan, site_options, site_selftest, site_zero
from edge.field.record import Cabinet
from wire.errors import CheckFailed, SourceError
from wire.message_encoding import encode_message
from wire.profile import BleLink
from wire.profile_yaml import library_folder, load_library

LIBRARY = load_library(library_folder())
WITMOTION, RUUVI = LIBRARY["witmotion-bwt901ble"], LIBRARY["ruuvi-ruuvitag"]
TAG, WALL, STRANGER = "D4:AC:3F:00:11:22", "D4:AC:3F:00:00:01", "D4:AC:3F:00:00:02"


async def furnish(air: Air) -> None:
    """A RuuviTag, a WitMotion that speaks once somebody is connected, and a stranger."""
    link = WITMOTION.link.ble or BleLink()
    await (await air.advertiser(TAG, company=0x0499)).say(RUUVI.vectors[0].octets)
    await (await air.advertiser(STRANGER, "Someone's watch", company=0x004C)).say()
    wall = await air.notifier(WALL, "WT901BLE68", link.service, link.notify, link.write)

    async def speak() -> None:
        while True:
            await wall.notify(encode_message(WITMOTION, "motion", {"acc_z": 1.0, "roll": 1.5}))
            await asyncio.sleep(0.02)

    air.speaking = asyncio.create_task(speak())  # type: ignore[attr-defined]


def run(monkeypatch: pytest.MonkeyPatch, command: object, *words: str, fault: Reason | None = None) -> Result:
    """As `egret ble …` runs it, with that in the air."""

    def opened() -> Radio:
        """Of its own event loop each time, as a verb may have more than one."""
        air = Air(furnish)
        air.fault = fault
        return Radio(air.scanner, air.client)

    for module in (ble_scan, ble_live, site_options):
        monkeypatch.setattr(module, "Radio", opened)
    return CliRunner().invoke(command, words)  # type: ignore[arg-type]


def test_a_scan_says_who_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each once, with its signal; a known model's adverts in values, a sensor with a connection by its name."""
    shown = run(monkeypatch, ble_scan.scan, "--for", "0.25", "--json")
    rows = {row["address"]: row for row in map(json.loads, shown.stdout.splitlines())}
    assert {address: row["model"] for address, row in rows.items()} == {
        TAG: "ruuvi-ruuvitag",
        WALL: "witmotion-bwt901ble",
        STRANGER: None,
    }
    assert rows[TAG]["values"]["temp"] == pytest.approx(24.3)
    assert (rows[STRANGER]["name"], rows[WALL]["signal_dbm"]) == ("Someone's watch", -50)
    table = run(monkeypatch, ble_scan.scan, "--for", "0.25").stdout
    assert "witmotion-bwt901ble (possible)" in table
    assert "temp 24.3 Cel  moist 53.49 %" in table


@pytest.mark.parametrize(
    ("fault", "code"),
    [(Reason.NO_BLUETOOTH, "E-BLE-001"), (Reason.POWERED_OFF, "E-BLE-002"), (Reason.DENIED_BY_SYSTEM, "E-BLE-003")],
)
def test_no_adapter(monkeypatch: pytest.MonkeyPatch, fault: Reason, code: str) -> None:
    """Exit code 3, with what to do."""
    shown = run(monkeypatch, ble_scan.scan, fault=fault)
    assert isinstance(shown.exception, SourceError)
    assert (shown.exception.code, shown.exception.exit_code) == (code, 3)
    assert shown.exception.fix


@pytest.mark.parametrize(("address", "name", "value"), [(TAG.lower(), "temp", 24.3), ("WT901BLE68", "roll", 1.5)])
def test_live(monkeypatch: pytest.MonkeyPatch, address: str, name: str, value: float) -> None:
    """Adverts are listened to, notifications connected for; last, mean and deviation of each value."""
    shown = run(monkeypatch, ble_live.live, "--address", address, "--for", "0.35", "--json")
    last = json.loads(shown.stdout.splitlines()[-1])
    assert last["messages"] > 1
    assert last["values"][name]["mean"] == pytest.approx(value, abs=0.01)


def test_live_of_what_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device of no model is exit code 5, one that is not heard 3."""
    monkeypatch.setattr(radio, "FIND_S", 0.2)
    stranger = run(monkeypatch, ble_live.live, "--address", STRANGER).exception
    absent = run(monkeypatch, ble_live.live, "--address", "Nobody").exception
    assert isinstance(stranger, CheckFailed)
    assert isinstance(absent, SourceError)
    assert (stranger.code, stranger.exit_code, absent.code, absent.exit_code) == ("E-BLE-011", 5, "E-BLE-009", 3)
    wrong = run(monkeypatch, ble_live.live, "--address", TAG, "--profile", "keller-36xw")
    assert (wrong.exit_code, "speaks no Bluetooth" in wrong.output) == (2, True)


def test_a_zero_of_a_sensor_in_the_air(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Named by its address, in whatever case: kept with its model, and written where sensors.yaml has it."""
    who = ("--sensor", "XM-TA-0901-T1", "--folder", str(tmp_path), "--address", WALL.lower())
    shown = run(monkeypatch, site_zero.zero, *who, "--for", "1s", "--lang", "en")
    assert shown.exit_code == 0, shown.output
    assert shown.stdout == "zero: {roll: 1.4996, pitch: 0}\n"
    found = Cabinet(tmp_path / "XM-TA-0901-T1").load("", "").found
    assert found
    assert (found.source, found.known_by, found.model) == ("ble_notify", WALL, WITMOTION.name)
    none = run(
        monkeypatch, site_selftest.selftest, *who[:4], "--address", TAG, "--profile", "ruuvi-ruuvitag", "--unit", "3"
    )
    assert (none.exit_code, "no unit identifier" in none.output) == (2, True)
