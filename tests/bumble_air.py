"""Bluetooth in one process: Bumble's virtual controllers, sensors of the device library on them, and bleak over one.

    air = Air()
    tag = await air.advertiser("D4:AC:3F:00:11:22", "Ruuvi 1122")
    async with BleakScanner(backend=air.scanner): ...

The product's own code runs against bleak's public classes; only what is below them is not BlueZ. As with a real
controller, a second connection while one is being made is refused.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDeviceNotFoundError,
    BleakError,
)
from bumble import hci
from bumble.controller import Controller
from bumble.core import AdvertisingData, BaseBumbleError
from bumble.device import Advertisement, Connection, Device, Peer
from bumble.gatt import Characteristic, CharacteristicValue, Service
from bumble.host import Host
from bumble.link import LocalLink
from bumble.transport.common import AsyncPipeSink

from edge.ble.radio import Radio
from edge.sim import virtual_time

INTERVAL_MS = 100.0
_PROPERTIES = {"read": 0x02, "write-without-response": 0x04, "write": 0x08, "notify": 0x10, "indicate": 0x20}


class Air:
    """What is within reach, and the adapter of the box in it."""

    def __init__(self, furnish: Callable[["Air"], Awaitable[None]] | None = None) -> None:
        """Nothing advertises yet; `furnish` puts devices into it when it is first used.

        `fault`: why the adapter cannot be used, None when it can.
        """
        self._furnish = furnish
        self._link = LocalLink()
        self._count = 0
        self.fault: BleakBluetoothNotAvailableReason | None = None
        self._adapter: Device | None = None
        self.scans = 0
        """How many scanners have been started."""
        self.signals_dbm: dict[str, int] = {}
        """How strongly an address is received, where that is not what Bumble says of all."""
        air = self

        class Scanner(_Scanner):
            _air = air

        class Client(_Client):
            _air = air

        self.scanner, self.client = Scanner, Client

    async def device(self, address: str) -> Device:
        """Another controller with its host, switched on."""
        self._count += 1
        controller = Controller(f"C{self._count}", link=self._link)
        host = Host(controller, AsyncPipeSink(controller))
        device = Device(address=hci.Address(address, hci.AddressType.RANDOM_DEVICE), host=host)
        await device.power_on()
        return device

    async def adapter(self) -> Device:
        """The box's own. Raises BleakBluetoothNotAvailableError."""
        if self.fault:
            raise BleakBluetoothNotAvailableError(self.fault.name.lower(), self.fault)
        if self._adapter is None:
            self._adapter = await self.device("F0:F0:F0:F0:F0:F0")
            if self._furnish:
                await self._furnish(self)
        return self._adapter

    async def advertiser(self, address: str, name: str = "", company: int = 0) -> "Advertiser":
        """A sensor that connects to nobody."""
        return Advertiser(await self.device(address), name, company)

    async def notifier(self, address: str, name: str, *uuids: str) -> "Notifier":
        """A sensor with one service; `uuids` of it, of what notifies, and of what is written."""
        notifier = Notifier(await self.device(address), name, *uuids)
        await notifier.advertise()
        return notifier


def in_the_air(run: Callable[[Air, Radio], Awaitable[None]]) -> None:
    """`run` in virtual time: a minute takes milliseconds."""

    async def main() -> None:
        air = Air()
        await run(air, Radio(air.scanner, air.client))

    virtual_time.run(main())


def now_ns() -> int:
    """Box time, which runs with the loop's."""
    return 1_795_000_000 * 10**9 + round(asyncio.get_running_loop().time() * 1000) * 10**6


def _data(name: str, company: int = 0, payload: bytes = b"") -> bytes:
    fields: list[tuple[int, bytes]] = [(AdvertisingData.FLAGS, b"\x06")]
    if payload:
        fields.append((AdvertisingData.MANUFACTURER_SPECIFIC_DATA, company.to_bytes(2, "little") + payload))
    elif name:
        fields.append((AdvertisingData.COMPLETE_LOCAL_NAME, name.encode()))
    return bytes(AdvertisingData(fields))


class Advertiser:
    """Says something in its adverts. Bumble's controllers answer no scan request: its name is an advert of its own."""

    def __init__(self, device: Device, name: str, company: int) -> None:
        self._device, self._name, self._company = device, name, company

    async def say(self, payload: bytes = b"") -> None:
        """From now on; nothing but its name for no payload."""
        await self.hush()
        await self._device.start_advertising(
            advertising_data=_data(self._name, self._company, payload),
            advertising_interval_min=INTERVAL_MS,
            advertising_interval_max=INTERVAL_MS,
        )

    async def hush(self) -> None:
        """Say nothing more."""
        if self._device.is_advertising:
            await self._device.stop_advertising()


class Notifier:
    """Notifies whoever is connected; keeps what is written to it."""

    def __init__(self, device: Device, name: str, service: str, notify: str, write: str = "") -> None:
        self._device, self._name = device, name
        self.written: list[bytes] = []
        self.connections = 0
        self._notify: Characteristic[bytes] = Characteristic(
            notify, Characteristic.Properties.NOTIFY, Characteristic.READABLE, b""
        )
        characteristics = [self._notify]
        if write:
            properties = Characteristic.Properties.WRITE_WITHOUT_RESPONSE
            take: CharacteristicValue[bytes] = CharacteristicValue(
                write=lambda _connection, value: self.written.append(value)
            )
            characteristics.append(Characteristic(write, properties, Characteristic.WRITEABLE, take))
        device.add_service(Service(service, characteristics))
        device.on("connection", self._connected)

    def _connected(self, _connection: Connection) -> None:
        self.connections += 1

    async def advertise(self) -> None:
        """Be found and connected to, also again after a loss."""
        await self._device.start_advertising(
            advertising_data=_data(self._name),
            auto_restart=True,
            advertising_interval_min=INTERVAL_MS,
            advertising_interval_max=INTERVAL_MS,
        )

    async def notify(self, payload: bytes) -> None:
        """To whoever has asked for it."""
        await self._device.notify_subscribers(self._notify, payload)

    async def go_away(self) -> None:
        """Be neither connected nor found, until it advertises again."""
        await self._device.stop_advertising()
        await self.hang_up()

    async def hang_up(self) -> None:
        """Drop its connection, as a sensor that is restarted does."""
        for connection in list(self._device.connections.values()):
            await connection.disconnect()


class _Scanner(BaseBleakScanner):
    """BaseBleakScanner over Bumble's adapter."""

    _air: Air

    def __init__(self, detection_callback: Any, service_uuids: Any, scanning_mode: str, **_options: Any) -> None:
        super().__init__(detection_callback, service_uuids)
        self._is_active = scanning_mode == "active"

    async def start(self) -> None:
        self._device = await self._air.adapter()
        self._air.scans += 1
        self.seen_devices = {}
        self._device.on("advertisement", self._hear)
        await self._device.start_scanning(active=self._is_active, legacy=True, filter_duplicates=False)

    async def stop(self) -> None:
        self._device.remove_listener("advertisement", self._hear)
        await self._device.stop_scanning(legacy=True)

    def _hear(self, heard: Advertisement) -> None:
        made = heard.data.get_all(AdvertisingData.MANUFACTURER_SPECIFIC_DATA)
        address = str(heard.address).partition("/")[0]
        name = heard.data.get(AdvertisingData.COMPLETE_LOCAL_NAME)
        before = self.seen_devices.get(address)
        data = AdvertisementData(
            local_name=name or (before[0].name if before else None),
            manufacturer_data=dict(made) or (before[1][1] if before else {}),
            service_data={},
            service_uuids=[],
            tx_power=None,
            rssi=self._air.signals_dbm.get(address, heard.rssi),
            platform_data=(),
        )
        device = self.create_or_update_device(address, address, data.local_name, heard.address, data)
        self.call_detection_callbacks(device, data)


class _Client(BaseBleakClient):
    """BaseBleakClient over Bumble's adapter."""

    _air: Air
    _connection: Connection | None = None

    def __init__(self, device: BLEDevice | str, **options: Any) -> None:
        super().__init__(device, disconnected_callback=options["disconnected_callback"], timeout=options["timeout"])

    @property
    def name(self) -> str:
        return self.address

    @property
    def mtu_size(self) -> int:
        return 23

    @property
    def is_connected(self) -> bool:
        return self._connection is not None

    async def connect(self, _pair: bool, **_options: Any) -> None:  # noqa: FBT001 - bleak's
        adapter = await self._air.adapter()
        address = hci.Address(self.address, hci.AddressType.RANDOM_DEVICE)
        try:
            connection = await adapter.connect(address, timeout=self._timeout)
        except (TimeoutError, asyncio.CancelledError) as error:
            raise BleakDeviceNotFoundError(self.address, "no such device") from error
        except BaseBumbleError as error:
            raise BleakError(str(error)) from error
        self._connection = connection
        connection.on("disconnection", self._lost)
        peer = self._peer = Peer(connection)
        self.services = BleakGATTServiceCollection()
        for found in await peer.discover_services():
            service = BleakGATTService(found, found.handle, str(found.uuid.to_hex_str("-")).lower())
            self.services.add_service(service)
            for one in await peer.discover_characteristics(service=found):
                properties = [word for word, bit in _PROPERTIES.items() if one.properties & bit]
                uuid = str(one.uuid.to_hex_str("-")).lower()
                characteristic = BleakGATTCharacteristic(one, one.handle, uuid, properties, lambda: 20, service)
                self.services.add_characteristic(characteristic)

    def _lost(self, _reason: int) -> None:
        self._connection = None
        if self._disconnected_callback:
            self._disconnected_callback()

    async def disconnect(self) -> None:
        if self._connection:
            await self._connection.disconnect()

    async def pair(self, *_args: Any, **_options: Any) -> None:
        raise NotImplementedError

    async def unpair(self) -> None:
        raise NotImplementedError

    async def read_gatt_char(self, characteristic: BleakGATTCharacteristic, **_options: Any) -> bytearray:
        return bytearray(await characteristic.obj.read_value())

    async def read_gatt_descriptor(self, descriptor: Any, **_options: Any) -> bytearray:
        raise NotImplementedError

    async def write_gatt_char(self, characteristic: BleakGATTCharacteristic, data: Any, response: bool) -> None:  # noqa: FBT001 - bleak's
        await characteristic.obj.write_value(bytes(data), with_response=response)

    async def write_gatt_descriptor(self, descriptor: Any, data: Any) -> None:
        raise NotImplementedError

    async def start_notify(
        self, characteristic: BleakGATTCharacteristic, callback: Callable[[bytearray], None], **_options: Any
    ) -> None:
        await characteristic.obj.subscribe(lambda value: callback(bytearray(value)))

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        await characteristic.obj.unsubscribe()
