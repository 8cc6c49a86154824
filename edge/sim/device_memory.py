"""What a simulated device keeps besides what it measures: its settings, whether they may be written, and what lasts.

A device whose `apply` procedure begins with a write to a fixed register is unlocked by it for a while, and one that
writes to a fixed register after the setting saves by it, as WitMotion's do. An address or a rate acts after the reply,
and what was not saved is gone when the supply fails.
"""

from edge.serial_port import SerialSettings
from wire.profile import Profile
from wire.profile_acts import APPLY, BAUD_SETTING, UNIT_SETTING, Effect, Hole, Setting, Write

UNLOCKED_S = 10.0
"""How long a device stays unlocked. Source: WitMotion, "Modbus Communication Protocol"."""


class DeviceMemory:
    """Of one device. All times are loop times in seconds."""

    def __init__(self, profile: Profile, unit: int) -> None:
        """As it left the factory, but for the unit identifier."""
        self.profile = profile
        self.writes: list[tuple[int, int]] = []
        """Everything that was ever written to it, in order."""
        self._unlock, self._save = _locks(profile)
        self._begin(unit)

    def _begin(self, unit: int) -> None:
        self.unit = unit
        self.baud, self.frame = self.profile.link.baud, self.profile.link.frame
        self.registers: dict[int, int] = {}
        """What was written and holds, by register."""
        self.coils: dict[int, int] = {}
        """Those that were switched, by address: 0 or 1."""
        self._keep()
        self._unlocked_until = 0.0

    @property
    def settings(self) -> SerialSettings:
        """How its bytes look on the line."""
        return SerialSettings(self.baud, self.frame)

    def configure(self, baud: int, frame: str) -> None:
        """Somebody has set it to this rate and frame, and saved that."""
        self.baud, self.frame = baud, frame
        self._keep()

    def factory_reset(self) -> None:
        """As it left the factory, unit identifier included."""
        self._begin(self.profile.link.unit)

    def power_cycle(self) -> None:
        """What was saved is still there."""
        self.unit, self.baud, saved = self._saved
        self.registers = dict(saved)
        self._unlocked_until = 0.0

    def held(self) -> dict[int, int]:
        """Settings as registers: what was written, and where nothing was, what holds."""
        found: dict[int, int] = {}
        for setting in self.profile.settings.values():
            if setting.register is not None:
                found[setting.register] = self._raw(setting)
        return found | self.registers

    def write(self, register: int, value: int, now: float) -> bool:
        """Is there such a register? A locked setting confirms the write and keeps what it was."""
        self.writes.append((register, value))
        if self._unlock and (register, value) == (self._unlock.register, self._unlock.value):
            self._unlocked_until = now + UNLOCKED_S
            return True
        if self._save and (register, value) == (self._save.register, self._save.value):
            self._keep()
            return True
        setting = next((found for found in self.profile.settings.values() if found.register == register), None)
        if setting is None:
            return False
        if self._unlock is None or now < self._unlocked_until:
            self.registers[register] = value
            if self._save is None:
                self._keep()
        return True

    def settle(self) -> None:
        """After the reply: an address or a rate that was written begins to hold."""
        for name in (UNIT_SETTING, BAUD_SETTING):
            setting = self.profile.settings.get(name)
            if setting is None or setting.register not in self.registers or setting.effect is not Effect.IMMEDIATE:
                continue
            said = setting.said(self.registers[setting.register])
            if name == UNIT_SETTING:
                self.unit = int(float(said))
            else:
                self.baud = int(float(said))

    def _keep(self) -> None:
        self._saved = (self.unit, self.baud, dict(self.registers))

    def _raw(self, setting: Setting) -> int:
        now = {UNIT_SETTING: str(self.unit), BAUD_SETTING: str(self.baud)}.get(setting.name)
        try:
            return setting.raw(now) if now else min([*setting.codes, setting.span[0]])
        except ValueError:
            return 0


def _locks(profile: Profile) -> tuple[Write | None, Write | None]:
    """The write that unlocks, and the one that saves; None where the device has none."""
    procedure = profile.procedures.get(APPLY)
    writes = [step for step in procedure.steps if isinstance(step, Write)] if procedure else []
    at = next((place for place, step in enumerate(writes) if step.register is Hole.REGISTER), None)
    fixed_before = writes[:at] if at else []
    fixed_after = writes[at + 1 :] if at is not None else []
    unlock = fixed_before[0] if fixed_before else None
    save = next((step for step in reversed(fixed_after) if step != unlock), None)
    return unlock, save
