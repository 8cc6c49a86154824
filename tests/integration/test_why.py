"""Why is this red? Asked of the running demonstration: the bytes were on a wire, and they give the value."""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
from pymodbus.framer import FramerRTU

from edge.demo import town
from edge.demo.control import Order
from edge.demo.demonstration import Demonstration, Options
from wire.quantities import rounded
from wire.registers import decode_block

PATIENCE_S = 60.0


def is_whole(frame: bytes) -> bool:
    """By another implementation of the CRC."""
    return FramerRTU.check_CRC(frame[:-2], int.from_bytes(frame[-2:], "big"))


async def explained(client: httpx.AsyncClient, alarm: str) -> Any:
    """As soon as there is such an alarm."""
    async with asyncio.timeout(PATIENCE_S):
        while (answer := await client.get("alarms/explanation", params={"alarm": alarm})).status_code == 404:
            await asyncio.sleep(0.1)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_lean_is_explained_from_the_bytes_to_the_case(tmp_path: Path) -> None:
    """Device, line, box, broker and ledger are real: both CRCs are right, and the registers give what was judged."""
    path = tmp_path / "sensors.yaml"
    town.write_city(town.shipped_city(), 2, path)
    async with Demonstration(Options(tmp_path, path), lambda _: None) as running:
        sensor = next(one for one in running.inventory.sensors.values() if one.profile.kind == "tilt")
        alarm, api = f"{sensor.id}/lean", f"{running.url}/api/v1"
        await running.obey(Order("tilt", sensor.site, degrees=2.0))
        async with httpx.AsyncClient(base_url=api, timeout=30, trust_env=False) as client:
            why = await explained(client, alarm)
        request, reply = bytes.fromhex(why["frame"]["request"]), bytes.fromhex(why["frame"]["reply"])
        assert (is_whole(request), is_whole(reply), why["frame"]["crc_ok"]) == (True, True, True)
        assert request[0] == reply[0] == why["frame"]["unit"] == sensor.unit
        registers = tuple(int.from_bytes(reply[at : at + 2], "big") for at in range(3, len(reply) - 2, 2))
        assert [one["value"] for one in why["registers"]] == list(registers)
        points = decode_block(sensor.profile, why["frame"]["block"], registers)
        lean = sensor.profile.derived[0].expression({**points, "zero.roll": 0.0, "zero.pitch": 0.0})
        assert isinstance(lean, float)
        assert why["event"]["value"] == why["steps"][-1]["value"] == rounded("tilt", lean) >= why["event"]["limit"]
        assert (why["event"]["is_current_config"], why["doubt"]) == (True, "")
        assert len(why["evidence"]) > 0
        command = [sys.executable, "-m", "wire", "alarm", "why", alarm, "--url", api]
        said = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True)
        assert f"answered {reply.hex(' ').upper()}" in said.stdout
        assert why["case"] in said.stdout
