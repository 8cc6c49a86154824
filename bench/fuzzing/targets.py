"""Who reads what was bent, and what they may answer: a value within the contract, or an error of theirs."""

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import TypeVar

import msgspec
import zstandard

from bench.fuzzing.bending import bent, damaged, miswritten
from cloud import alarms, ingest, line_protocol
from cloud import config as cloud_yaml
from cloud.ports import Column
from wire import alarm_message, batch, command, receipt
from wire.errors import ConfigError, Rejected, WireError
from wire.inventory import UNREGISTERED, Tags
from wire.profile_yaml import library_folder, load_library, load_profile
from wire.sensors_yaml import load

T = TypeVar("T")
BOX, SPOOL, SENSOR = "XM-TA-01", "k3v9q2ma", "XM-TA-0117-T1"
START_NS = 1_795_480_000_000_000_000
_UP, _ALARMS = f"egret/v1/{BOX}/readings", f"egret/v1/{BOX}/alarms"

FRAME: list[object] = [
    *(1, BOX, SPOOL, 41, 40),
    [[START_NS, 1_000_000, [1000, 0, 0]], [START_NS, 1, [7, -1, 0]]],
    [
        [SENSOR, "tilt", 0, 3, [31, 1, 0, -1], []],
        [SENSOR, "temperature", 1, -1, [21.5, None, 21.25, -0.0], [0, 1, 4, 1, 0, 2]],
    ],
    [[21, 40, START_NS - 9_000_000_000, START_NS - 1_000_000_000, "size", {SENSOR: 20}]],
]
ALARM: dict[str, object] = {
    "schema": "egret.alarms/1",
    "box": BOX,
    "spool_id": SPOOL,
    "trimmed_through": 6,
    "events": [
        {
            "alarm": f"{SENSOR}/{rule}",
            "sensor": SENSOR,
            "rule": rule,
            "quantity": "tilt",
            "sequence": sequence,
            "change": "raised",
            "level": "red",
            "value": 2.005,
            "limit": 1.5,
            "time_ns": START_NS,
            "reason": "tilt 2.005 deg is over 1.5 deg",
            "config_version": "9f2c",
            "evidence": [[START_NS - 1_000_000_000, 0.031, 0], [START_NS, None, 4]],
            "frame": {"block": "attitude", "request": "50030034000dc840", "reply": "50031a"},
        }
        for sequence, rule in ((7, "lean"), (8, "fault"))
    ],
}
STATUS: dict[str, object] = {
    "schema": "egret.status/1",
    "box": BOX,
    "online": True,
    "time_ns": START_NS,
    "boot": "b7e1",
    "version": "0.1.0",
    "spool_id": SPOOL,
    "waiting": 12,
    "config_version": "9f2c",
}
RECEIPT: dict[str, object] = {
    "schema": "egret.receipt/1",
    "box": BOX,
    "spool_id": SPOOL,
    "lane": "readings",
    "stored_through": 40960,
}
COMMAND: dict[str, object] = {
    "schema": "egret.command/1",
    "box": BOX,
    "id": "5b1e7c0a9d2f",
    "verb": "mode",
    "expires_ns": START_NS,
    "lines": 200,
    "since_s": 7200.0,
    "mode": "typhoon",
    "ends_ns": START_NS,
}
REPLY: dict[str, object] = {
    "schema": "egret.reply/1",
    "box": BOX,
    "id": "5b1e7c0a9d2f",
    "verb": "logs",
    "time_ns": START_NS,
    "outcome": "done",
    "error": {"where": "box", "what": "no.", "fix": "", "code": "E-CMD-001"},
    "log": [{"time_ns": START_NS, "level": "INFO", "logger": "edge", "text": "a line"}],
    "is_cut": True,
    "findings": [{"state": "ok", "subject": "clock", "what": "right", "fix": ""}],
}
LAST = {"batch": 48, "alarms": 8}
"""The sequence that the valid message ends at."""
CITY = """\
schema: egret.sensors/1
crs: WGS-84
city: {name: 小城, name_en: Small City, demonstration: true}
districts: {tongan: 同安区}
limits:
  mine:
    from: billboard
    rules:
      hot:
        kind: limit
        quantity: temperature
        deadband: 1
        off_delay: 60 s
        levels: {red: {limit: 80, on_delay: 10 s, source: judgement}}
kinds:
  billboard:
    profile: witmotion-wt901c-485
    limits: billboard
boxes:
  XM-TA-01:
    name: 同安 1 号箱
    spool: {most: 512 MiB, keep_free: 64 MiB}
    lines:
      a: {source: modbus_rtu, port: /dev/ttyS1}
sites:
  XM-TA-0117:
    name: 环城西路南段落地电子屏
    kind: billboard
    district: tongan
    at: [24.7272, 118.1422]
    height: 12.5
    exposure: B
    inspected: 2026-03-14
    sensors:
      T1: {line: XM-TA-01/a, unit: 0x50}
"""
CLOUD = """\
schema: egret.cloud/1
broker: mqtts://broker-1.city.example:8884
broker_tls: {ca: ca.pem, certificate: egret-cloud.pem, key: egret-cloud.key}
http: {host: 127.0.0.1, port: 8480, hosts: [egret.city.example]}
data: var/cloud
store:
  kind: influxdb_v1
  url: http://127.0.0.1:8086
notifiers:
  - name: city-desk
    kind: webhook
    url: https://desk.example.org/egret
    secret_env: EGRET_WEBHOOK_SECRET
hooks:
  - name: hotline
    kind: generic
    secret_env: EGRET_HOTLINE_SECRET
"""
_squeeze = zstandard.ZstdCompressor(level=1).compress


def packed(rng: Random) -> bytes:
    """A batch whose frame, its bytes inside, or its envelope is bent."""
    frame = bent(rng, FRAME) if rng.random() < 0.8 else FRAME
    inside = msgspec.msgpack.encode(frame)
    if rng.random() < 0.25:
        inside = damaged(rng, inside)
    payload = _squeeze(inside)
    if rng.random() < 0.03:
        payload = _squeeze(bytes(1 << rng.randrange(16, 25)))  # up to 32 MiB of nothing
    return damaged(rng, payload) if rng.random() < 0.15 else payload


def written(rng: Random, document: dict[str, object]) -> bytes:
    """A JSON document, bent or damaged."""
    payload = msgspec.json.encode(bent(rng, document) if rng.random() < 0.85 else document)
    return damaged(rng, payload) if rng.random() < 0.25 else payload


def valid_batch(spool_id: str) -> bytes:
    """As it is, of another spool."""
    return _squeeze(msgspec.msgpack.encode([*FRAME[:2], spool_id, *FRAME[3:]]))


def valid_alarms(spool_id: str) -> bytes:
    """As it is, of another spool."""
    return msgspec.json.encode({**ALARM, "spool_id": spool_id})


def read_batch(payload: bytes) -> bool:
    """Was it taken? Then it says the same when it is encoded again, and its lines are one a reading, or refused."""
    try:
        found = ingest.read(_UP, payload)
    except WireError:
        return False
    require((0 if found.gaps else 1) <= found.count <= batch.VALUES_MAX, "a batch within its bounds")
    require(batch.decode(batch.encode(found)) == found, "a batch that comes back")
    for series in found.series:
        tags = Tags(UNREGISTERED, series.sensor, found.box, "unknown", "unknown")
        try:
            lines = line_protocol.encode(
                Column(tags, series.quantity, series.times_ns, series.values, series.qualities)
            )
        except Rejected:
            continue
        require(lines.count(b"\n") == len(series.values), "a line a reading")
    return True


def read_alarms(payload: bytes) -> bool:
    """As a box's, by the cloud."""
    try:
        found = alarms.read(_ALARMS, payload)
    except WireError:
        return False
    require(alarm_message.decode(alarm_message.encode(found)) == found, "a message that comes back")
    return True


def read_status(payload: bytes) -> bool:
    """By the cloud."""
    return _read(receipt.decode_status, receipt.encode, payload)


def read_receipt(payload: bytes) -> bool:
    """By a box."""
    return _read(receipt.decode_receipt, receipt.encode, payload)


def read_command(payload: bytes) -> bool:
    """By a box."""
    return _read(command.decode_command, command.encode, payload)


def read_reply(payload: bytes) -> bool:
    """By the cloud."""
    return _read(command.decode_reply, command.encode, payload)


def _read(decode: Callable[[bytes], T], encode: Callable[[T], bytes], payload: bytes) -> bool:
    try:
        found = decode(payload)
    except WireError:
        return False
    require(decode(encode(found)) == found, "a document that comes back")
    return True


class Files:
    """Readers of configuration, which read from a folder; seeds are a small city, a cloud, the shipped profiles."""

    def __init__(self, folder: Path) -> None:
        """`folder` is the bench's own."""
        self._library = load_library(library_folder())
        seeds = {folder / "sensors.yaml": CITY, folder / "cloud.yaml": CLOUD}
        for path in sorted(library_folder().glob("*/profile.yaml")):
            seeds[folder / path.parent.name / path.name] = path.read_text(encoding="utf-8")
        for path, text in seeds.items():
            path.parent.mkdir(exist_ok=True)
            require(self.read(path, text), f"{path.name} before it is bent")
        self._seeds = list(seeds.items())

    def write(self, rng: Random) -> tuple[Path, str]:
        """A file, and its bent text."""
        path, seed = rng.choice((*self._seeds[:2] * 2, *self._seeds[2:]))
        return path, miswritten(rng, seed)

    def read(self, path: Path, text: str) -> bool:
        """Was it taken?"""
        path.write_text(text, encoding="utf-8")
        try:
            if path.name == "sensors.yaml":
                load(path, self._library)
            elif path.name == "cloud.yaml":
                cloud_yaml.load(path)
            else:
                load_profile(path.parent)
        except ConfigError:
            return False
        return True


def require(holds: bool, what: str) -> None:  # noqa: FBT001 - reads as a sentence
    """Raises AssertionError: the bench counts it."""
    if not holds:
        raise AssertionError(f"{what} was expected")
