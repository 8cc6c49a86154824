"""The box's Bluetooth adapter: one scanner for all its lines, one connection made at a time.

A controller refuses a second connection while one is being made, and two scanners in one process hear less than one.
bleak is imported with the first use: a box without Bluetooth does not pay for it (docs/decisions/0027).
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wire.errors import PortBusy, SourceError, SourceTimeout

if TYPE_CHECKING:
    from bleak import BleakClient, BleakScanner

DEAF_S = 60.0
"""A scanner that has heard nobody for so long is started anew: it is deaf when the system's Bluetooth was restarted."""
CONNECT_S = 15.0
"""What the system or a device is asked is answered within this time, or not at all: D-Bus itself waits for ever."""
FIND_S = 30.0
"""How long it is listened for one device before it counts as not heard."""
_WHERE = "Bluetooth"


@dataclass(frozen=True, slots=True)
class Advert:
    """What was heard of one device. `data` by the number of its maker; `device` is what a connection is made to."""

    address: str
    name: str
    rssi_dbm: int
    data: Mapping[int, bytes]
    services: tuple[str, ...]
    device: Any


Hears = Callable[[Advert], None]


class Radio:
    """Shared by the lines of one box. It does nothing until somebody listens."""

    def __init__(self, scanner: Any = None, client: Any = None) -> None:
        """Backends for bleak: its own for this system, unless others are given."""
        self._scanner_backend, self._client_backend = scanner, client
        self._ears: list[Hears] = []
        self._scanner: BleakScanner | None = None
        self._changing, self._connecting = asyncio.Lock(), asyncio.Lock()
        self._heard_at = 0.0

    @asynccontextmanager
    async def listening(self, hears: Hears) -> AsyncIterator[None]:
        """Every advert goes to `hears` as it comes. Raises SourceError when the adapter cannot be used."""
        async with self._changing:
            if self._scanner is None:
                await self._start()
            self._ears.append(hears)
        try:
            yield
        finally:
            self._ears.remove(hears)
            async with self._changing:
                if not self._ears:
                    await self._stop()

    async def keep_hearing(self) -> None:
        """Called by listeners now and then. Raises SourceError when the adapter cannot be used any more."""
        async with self._changing:
            now = asyncio.get_running_loop().time()
            if self._scanner is None or now - self._heard_at > DEAF_S:
                await self._stop()
                await self._start()

    async def find(self, is_meant: Callable[[Advert], bool], where: str) -> Advert:
        """The first advert that is meant. Raises SourceTimeout when it is not heard, SourceError as `listening`."""
        heard: asyncio.Future[Advert] = asyncio.get_running_loop().create_future()

        def hear(advert: Advert) -> None:
            if not heard.done() and is_meant(advert):
                heard.set_result(advert)

        async with self.listening(hear):
            try:
                async with asyncio.timeout(FIND_S):
                    return await heard
            except TimeoutError as error:
                await self.keep_hearing()
                fix = "go nearer, charge it, see that no phone is connected to it; `egret ble scan` shows who is heard."
                raise SourceTimeout("it is not heard.", where=where, fix=fix, code="E-BLE-009") from error

    @asynccontextmanager
    async def connected(self, found: Advert, lost: Callable[[], None]) -> AsyncIterator["BleakClient"]:
        """A connection to a device; `lost` is called when it ends by itself. Raises SourceError."""
        with _Errors(f"{_WHERE} {found.address}"):
            from bleak import BleakClient  # noqa: PLC0415 - see the module's docstring

            client = BleakClient(found.device, lambda _client: lost(), timeout=CONNECT_S, backend=self._client_backend)
            async with self._connecting, asyncio.timeout(2 * CONNECT_S):  # bleak's own limit, and its clearing up
                await client.connect()
            try:
                yield client
            finally:
                await _answered(client.disconnect())

    async def _start(self) -> None:
        with _Errors(_WHERE):
            from bleak import BleakScanner  # noqa: PLC0415 - see the module's docstring

            scanner = BleakScanner(self._hear, backend=self._scanner_backend)
            await _answered(scanner.start())
        self._scanner, self._heard_at = scanner, asyncio.get_running_loop().time()

    async def _stop(self) -> None:
        scanner, self._scanner = self._scanner, None
        if scanner:
            try:
                with _Errors(_WHERE):
                    await _answered(scanner.stop())
            except SourceError:
                return  # the adapter is gone, and its scanner with it

    def _hear(self, device: Any, said: Any) -> None:
        self._heard_at = asyncio.get_running_loop().time()
        advert = Advert(
            device.address.upper(),
            said.local_name or device.name or "",
            said.rssi,
            said.manufacturer_data,
            tuple(said.service_uuids),
            device,
        )
        for hears in tuple(self._ears):
            hears(advert)


class _Errors:
    """Inside it, what bleak and the system complain of becomes a SourceError with what to do."""

    def __init__(self, where: str) -> None:
        self._where = where

    def __enter__(self) -> None:
        """Nothing."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        """Raises SourceError from what is expected."""
        if isinstance(error, ImportError | OSError | TimeoutError | EOFError):
            raise _of_the_system(error, self._where) from error
        if kind is not None and kind.__module__.startswith("bleak"):
            raise _of_bleak(error, self._where) from error


def _of_the_system(error: BaseException, where: str) -> SourceError:
    if isinstance(error, ImportError):
        fix = "pip install 'egret-city[ble]'"
        return PortBusy("bleak is not installed.", where=where, fix=fix, code="E-BLE-006")
    if isinstance(error, TimeoutError):
        fix = "go nearer, and see that nobody else is connected to it."
        return SourceError("no answer in time.", where=where, fix=fix, code="E-BLE-007")
    if isinstance(error, PermissionError):
        return _denied(where, str(error))
    fix = "apt install bluez, then systemctl restart bluetooth"
    return PortBusy(f"the system's Bluetooth does not run: {error}.", where=where, fix=fix, code="E-BLE-004")


def _denied(where: str, why: str) -> SourceError:
    fix = "sudo usermod -aG bluetooth $USER, log in again; for a service: SupplementaryGroups=bluetooth"
    return PortBusy(f"no permission to use Bluetooth: {why}.", where=where, fix=fix, code="E-BLE-003")


_ABSENT = ("there is no Bluetooth adapter.", "plug one in; `bluetoothctl list` shows it.", "E-BLE-001")
_OFF = (
    "the Bluetooth adapter is switched off.",
    "rfkill unblock bluetooth, then bluetoothctl power on",
    "E-BLE-002",
)
_BUSY = ("another program uses the adapter in a way that excludes us.", "stop it, and start again.", "E-BLE-005")
_NO_SERVICE = (
    "the system's Bluetooth does not run.",
    "apt install bluez, then systemctl restart bluetooth",
    "E-BLE-004",
)
_BY_WORD = {
    "NO_BLUETOOTH": _ABSENT,
    "NO_BLE_CENTRAL_ROLE": _ABSENT,
    "POWERED_OFF": _OFF,
    "org.bluez.Error.NotReady": _OFF,
    "org.bluez.Error.InProgress": _BUSY,
    "org.freedesktop.DBus.Error.ServiceUnknown": _NO_SERVICE,
    "org.freedesktop.DBus.Error.NameHasNoOwner": _NO_SERVICE,
}
_DENIED = {
    "DENIED_BY_USER",
    "DENIED_BY_SYSTEM",
    "DENIED_BY_UNKNOWN",
    "org.freedesktop.DBus.Error.AccessDenied",
    "org.bluez.Error.NotPermitted",
}


def _of_bleak(error: BaseException | None, where: str) -> SourceError:
    """By the word that it gives as its reason, or that D-Bus gave."""
    reason = getattr(error, "reason", None)
    word = reason.name if reason is not None else str(getattr(error, "dbus_error", ""))
    if word in _DENIED:
        return _denied(where, str(error))
    if word in _BY_WORD:
        what, fix, code = _BY_WORD[word]
        return PortBusy(what, where=where, fix=fix, code=code)
    fix = "go nearer, and see that nobody else is connected to it."
    return SourceError(f"{error}.", where=where, fix=fix, code="E-BLE-008")


async def _answered(asked: Coroutine[Any, Any, None]) -> None:
    """Raises OSError when the system's Bluetooth hangs."""
    try:
        async with asyncio.timeout(CONNECT_S):
            await asked
    except TimeoutError as error:
        raise OSError(f"no answer for {CONNECT_S:g} s") from error


async def news_or(due: float, news: asyncio.Event) -> None:
    """Wait until there is news, or until this time of the event loop."""
    try:
        async with asyncio.timeout_at(due):
            await news.wait()
    except TimeoutError:
        return
