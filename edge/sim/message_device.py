"""A simulated device of frames or lines: it sends them by itself, or when it is asked with the bytes of its profile."""

from edge.serial_port import SerialSettings
from edge.sim.device_memory import DeviceMemory
from edge.sim.faults import DeviceFaults
from edge.sim.modbus_device import Values
from wire.message_encoding import encode_message
from wire.messages import TlvShape
from wire.profile import LinkKind, Profile


class MessageDevice:
    """One device on a line; `faults` may be changed while it runs."""

    def __init__(self, profile: Profile, unit: int, values: Values) -> None:
        """`unit` is the address in requests that carry one; `values` what it measures now, by point."""
        self.profile = profile
        self.memory = DeviceMemory(profile, unit)
        self.faults = DeviceFaults()
        self._values = values
        read = {point.block for point in profile.points}
        self._spoken = [name for name in profile.messages if name in read]

    @property
    def unit(self) -> int:
        """The address in requests that carry one."""
        return self.memory.unit

    @property
    def settings(self) -> SerialSettings:
        """How its bytes look on the line."""
        return self.memory.settings

    @property
    def speaks(self) -> bool:
        """Does it send by itself?"""
        return self.profile.link.kind is LinkKind.SERIAL_STREAM

    def answer(self, frame: bytes, faults: DeviceFaults | None = None) -> bytes:
        """The message that `frame` asks for; empty when it asks for none, or the device is silent."""
        if (faults or self.faults).is_silent:
            return b""
        for name, shape in self.profile.messages.items():
            ask = None if isinstance(shape, TlvShape) else shape.ask
            if ask and ask.render(unit=self.unit) == frame:
                return encode_message(self.profile, name, self._values())
        return b""

    def unasked(self) -> bytes:
        """All its messages, one after the other."""
        values = self._values()
        return b"".join(encode_message(self.profile, name, values) for name in self._spoken)
