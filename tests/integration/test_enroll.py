"""A box from its claim code to its readings: the command on both sides, a cloud, a mosquitto with TLS."""

import asyncio
import os
import shlex
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import servers
from box_rig import BOX, LOOK_S, PATIENCE_S, city_file, wired
from city_authority import CityAuthority
from fleet_rig import make_key
from guarded_broker import BROKER, CLOUD, HOST, Guarded, guarded

from wire import certificate


class Site:
    """A city with a broker, a cloud, an authority, and a box that has nothing yet."""

    def __init__(self, folder: Path, broker: Guarded, inventory: Path) -> None:
        self.folder, self.broker, self.inventory, self.port = folder, broker, inventory, servers.free_port()
        self.trust = make_key(folder)[1]
        tls = ", ".join(f"{name}: {broker.authority.folder / file}" for name, file in CLOUD_FILES.items())
        text = (
            f"schema: egret.cloud/1\nbroker: {broker.cloud_at}\nbroker_tls: {{{tls}}}\ndata: {folder}/cloud\n"
            f"http: {{port: {self.port}, login: none}}\n"
        )
        (folder / "cloud.yaml").write_text(text, encoding="utf-8")

    @property
    def api(self) -> tuple[str, str]:
        """Where the cloud answers."""
        return "--url", f"http://127.0.0.1:{self.port}/api/v1"

    async def cloud(self) -> Process:
        """Running, and its API answers."""
        process = await start(
            "cloud", "run", "--config", f"{self.folder}/cloud.yaml", "--inventory", str(self.inventory)
        )
        health = f"http://127.0.0.1:{self.port}/api/v1/health"
        await asyncio.to_thread(servers.wait_for, "the API", lambda: servers.answers(health))
        return process

    async def enrolled(self) -> list[str]:
        """The words that the box is started with."""
        maintainer = await start(
            *("fleet", "enroll", BOX, "--authority", str(self.broker.authority.folder), *self.api),
            *("--trust", str(self.trust), "--broker", str(self.broker.at)),
        )
        async with stopped(maintainer):
            assert maintainer.stdout
            code = (await maintainer.stdout.readline()).decode().strip()
            box = await start("fleet", "enroll", BOX, "--claim", code, "--out", f"{self.folder}/etc", *self.api)
            words = await said(box)
            assert (await said(maintainer)).startswith(f"{BOX}: enrolled from 127.0.0.1, until 20")
        return shlex.split(words)[1:]

    async def box(self, *words: str) -> Process:
        """Running."""
        data = ("--data", str(self.folder / "data"), "--root", str(self.folder), "--inventory", str(self.inventory))
        return await start(*words, *data)

    async def until(self, is_so: Callable[[dict[str, object]], bool]) -> dict[str, object]:
        """How the box stands then."""
        async with asyncio.timeout(PATIENCE_S), httpx.AsyncClient() as client:
            while True:
                [found] = (await client.get(f"http://127.0.0.1:{self.port}/api/v1/fleet")).json()
                if is_so(found):
                    return dict(found)
                await asyncio.sleep(LOOK_S)


CLOUD_FILES = {"ca": "ca.pem", "certificate": f"{CLOUD}.pem", "key": f"{CLOUD}.key"}


async def start(*words: str) -> Process:
    """The command, with the pass phrase of the test's authority."""
    environment = {**os.environ, "CA_PASS": "of a test"}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "wire", *words, env=environment, stdout=PIPE, stderr=DEVNULL
    )


async def said(process: Process) -> str:
    """What a command has said that did what it should."""
    text, _ = await process.communicate()
    assert process.returncode == 0
    return text.decode()


@asynccontextmanager
async def stopped(process: Process) -> AsyncIterator[Process]:
    """At the end, whatever happens."""
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            await process.wait()


@asynccontextmanager
async def site(folder: Path) -> AsyncIterator[Site]:
    """With its broker and its cloud running, and a sensor on the box's line."""
    authority = CityAuthority(folder)
    authority.issue(BROKER, names=f"DNS:{HOST}")
    authority.issue(CLOUD)
    inventory = city_file(folder)
    with guarded("mosquitto", authority, folder, "--inventory", str(inventory)) as broker:
        found = Site(folder, broker, inventory)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(stopped(await found.cloud()))
            await stack.enter_async_context(wired(folder))
            yield found


async def test_a_box_comes_in_and_renews_itself(tmp_path: Path) -> None:
    """Nothing but a code is carried to it; its first certificate ends in ten days, so it asks for the next at once.

    Once that is signed, the link begins anew with it; the box has shown it to the broker, and forgotten its request.
    """
    async with site(tmp_path) as city:
        kept = tmp_path / "data/identity"
        rules = city.broker.authority.folder / "ca.cnf"
        usual = rules.read_text(encoding="utf-8")
        rules.write_text(usual.replace("default_days = 730", "default_days = 10"), encoding="utf-8")
        words = await city.enrolled()
        rules.write_text(usual, encoding="utf-8")
        async with stopped(await city.box(*words)):
            await city.until(lambda box: box["is_online"] is True and box["renewal_ns"] != 0)
            renewing = await start("fleet", "enroll", "--renew", "--authority", str(rules.parent), *city.api)
            assert (await said(renewing)).startswith(f"{BOX}: renewed, until 20")
            await asyncio.to_thread(servers.wait_for, "the next certificate", (kept / "current.pem").exists)
    assert [path.name for path in kept.iterdir()] == ["current.pem"]
    before, after = (certificate.find(path)[0] for path in (tmp_path / f"etc/{BOX}.pem", kept / "current.pem"))
    assert (after.name, after.days_left(before.ends_ns)) == (BOX, 720)
