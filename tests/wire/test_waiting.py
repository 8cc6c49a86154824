"""Waiting politely: back-off with jitter, blocking calls one at a time, and where the broker is."""

import asyncio
import threading
import time
from collections import Counter
from itertools import accumulate, islice
from random import Random

import pytest

from wire import broker
from wire.backoff import delays
from wire.blocking import OneAtATime
from wire.broker import Broker
from wire.errors import ConfigError


def test_delays_double_to_a_cap() -> None:
    """1, 2, 4, 8, 8 … s, each between half and the whole."""
    for most, delay in zip((1, 2, 4, 8, 8, 8), islice(delays(1, 8, Random(3)), 6), strict=True):
        assert most / 2 <= delay <= most


def test_a_thousand_boxes_do_not_come_at_once() -> None:
    """All lost their broker together and knock at most 2 s apart: when it is back, no 0.1 s has 150 of them."""
    comes: Counter[int] = Counter()
    for seed in range(1000):
        at_s = next(at_s for at_s in accumulate(delays(0.5, 2.0, Random(seed))) if at_s > 60)
        comes[int(10 * (at_s - 60))] += 1
    assert max(comes) < 20
    assert max(comes.values()) < 150


async def test_blocking_calls_take_turns() -> None:
    """Two calls on one resource never overlap, and neither runs on the loop's own thread."""
    inside, seen = 0, []

    def call() -> int:
        nonlocal inside
        inside += 1
        seen.append((inside, threading.current_thread() is threading.main_thread()))
        time.sleep(0.02)
        inside -= 1
        return 42

    turn = OneAtATime()
    assert await asyncio.gather(turn(call), turn(call)) == [42, 42]
    assert seen == [(1, False), (1, False)]


async def test_a_cancelled_caller_waits_for_its_call() -> None:
    """When the caller is cancelled, the call has ended before anybody else gets the turn."""
    ended = threading.Event()

    def call() -> None:
        time.sleep(0.05)
        ended.set()

    turn = OneAtATime()
    task = asyncio.create_task(turn(call))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


def test_broker_addresses() -> None:
    """The usual ports are filled in; what is no address is said so, with where it was written."""
    assert broker.parse("mqtt://10.0.0.7") == Broker("10.0.0.7", 1883)
    assert broker.parse("mqtts://broker.city") == Broker("broker.city", 8883, is_tls=True)
    assert str(broker.parse("mqtt://h:99")) == "mqtt://h:99"
    for wrong in ("broker", "http://x", "mqtt://", "mqtt://h:port"):
        with pytest.raises(ConfigError, match=r"cloud.yaml:3: .* is not a broker's address"):
            broker.parse(wrong, where="cloud.yaml:3")
