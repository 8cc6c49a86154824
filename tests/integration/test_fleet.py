"""A configuration on its whole way: the command, the cloud, a real broker, the agent on an RS-485 line."""

import asyncio
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import servers
from box_rig import BOX, LOOK_S, PATIENCE_S, city_file, wired
from fleet_rig import make_key


class Site:
    """A cloud, a broker and a box, each a process; `said` is what the cloud knows of the box."""

    def __init__(self, folder: Path, broker: str) -> None:
        self.folder, self.broker, self.port = folder, broker, servers.free_port()
        self.inventory = city_file(folder)
        self.key, self.trust = make_key(folder)
        text = (
            f"schema: egret.cloud/1\nbroker: {broker}\nhttp: {{port: {self.port}, login: none}}\ndata: {folder}/cloud\n"
        )
        (folder / "cloud.yaml").write_text(text, encoding="utf-8")

    async def egret(self, *words: str) -> str:
        """What a command of the fleet says."""
        url = f"http://127.0.0.1:{self.port}/api/v1"
        done = await self._start("fleet", *words, "--url", url, stdout=asyncio.subprocess.PIPE)
        said, _ = await done.communicate()
        assert done.returncode == 0
        return said.decode()

    async def cloud(self) -> Process:
        """Running, and its API answers."""
        files = ("--config", str(self.folder / "cloud.yaml"), "--inventory", str(self.inventory))
        process = await self._start("cloud", "run", *files)
        health = f"http://127.0.0.1:{self.port}/api/v1/health"
        await asyncio.to_thread(servers.wait_for, "the API", lambda: servers.answers(health))
        return process

    async def box(self) -> Process:
        """Running; it has a file of its own only until it has kept another."""
        data = ("--data", str(self.folder / "data"), "--root", str(self.folder), "--inventory", str(self.inventory))
        return await self._start(
            "edge", "run", "--box", BOX, "--broker", self.broker, "--trust", str(self.trust), *data
        )

    async def until(self, is_so: Callable[[dict[str, object]], bool]) -> dict[str, object]:
        """How the box stands then."""
        async with asyncio.timeout(PATIENCE_S), httpx.AsyncClient() as client:
            while True:
                answer = await client.get(f"http://127.0.0.1:{self.port}/api/v1/fleet")
                assert answer.status_code == 200, answer.text
                [said] = answer.json()
                if is_so(said):
                    return dict(said)
                await asyncio.sleep(LOOK_S)

    @staticmethod
    async def _start(*words: str, stdout: int = DEVNULL) -> Process:
        return await asyncio.create_subprocess_exec(sys.executable, "-m", "wire", *words, stdout=stdout, stderr=DEVNULL)


@asynccontextmanager
async def stopped(*processes: Process) -> AsyncIterator[None]:
    """At the end, whatever happens."""
    try:
        yield
    finally:
        for process in processes:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
                await process.wait()


async def test_a_box_is_given_its_configuration(tmp_path: Path, nats_url: str) -> None:
    """Pushed to a box that runs its own file, it runs, also after a kill -9 and without that file."""
    site = Site(tmp_path, nats_url)
    async with wired(tmp_path) as board, stopped(await site.cloud()):
        box = await site.box()
        async with stopped(box):
            await site.until(lambda said: said["is_online"] is True and bool(said["version"]))
            text = site.inventory.read_text(encoding="utf-8")
            site.inventory.write_text(text.replace("every: 100ms", "every: 200ms"), encoding="utf-8")
            files = ("--inventory", str(site.inventory), "--key", str(site.key))
            assert f"{BOX}: pushed, 1 " in await site.egret("push", "--all", *files)
            said = await site.until(lambda said: said["standing"] == "trial")
            assert (said["running"], said["version"]) == (1, said["desired_version"])
            box.kill()
            await box.wait()
        site.inventory.unlink()
        before = board.served
        async with stopped(await site.box()):
            later = await site.until(lambda now: now["answered_ns"] != said["answered_ns"])
            assert (later["running"], later["standing"]) == (1, "trial")
            assert board.served > before
