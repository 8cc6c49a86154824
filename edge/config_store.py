"""The configurations that a box was given, on its disk, so that it comes up on a whole one whenever it dies.

    config/
      state.json      which is good, which is on trial, and the highest counter there ever was
      7/  8/          the files of a document, by its counter

A folder is complete before its number is written down, and state.json is replaced in one step.
"""

import logging
import re
import shutil
from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path

import msgspec

from wire import config_folder, whole_file
from wire.bounded import UNDECODABLE
from wire.desired import Desired, Refusal
from wire.errors import ConfigError, Mistake
from wire.inventory import Box, Inventory
from wire.located import nearest
from wire.overlay import NORMAL, Allowed, Chosen, Lease

_log = logging.getLogger(__name__)
NAME = "config"
_STATE = "state.json"
_TEXT_MAX = 500
"""Characters of each part of a mistake that is reported: all of them fit into a message."""


class State(msgspec.Struct, frozen=True):
    """`good` and `trial` are counters of documents; 0 is the file that the box was installed with, and none.

    `seen` is the highest counter of a document that was proven, and `digest` that document's. `starts`: how often
    the box has started while this trial was on. `trial_s` is how long it lasts. `chosen` is the cloud's mode.
    """

    seen: int = 0
    digest: str = ""
    good: int = 0
    trial: int = 0
    trial_s: float = 0.0
    starts: int = 0
    refusal: Refusal | None = None
    chosen: Chosen = NORMAL

    @property
    def running(self) -> int:
        """The counter of the configuration that the box is to run."""
        return self.trial or self.good


class ConfigStore:
    """The folder of one box. Every method may raise OSError: the disk refuses."""

    def __init__(self, data: Path) -> None:
        """`data` is where the box keeps its spool; nothing is read yet."""
        self._folder = data / NAME

    def state(self) -> State:
        """As it was last saved. Where that cannot be read, the newest document that is here counts as good."""
        try:
            return msgspec.json.decode((self._folder / _STATE).read_bytes(), type=State)
        except FileNotFoundError:
            return State()
        except (OSError, *UNDECODABLE) as error:
            _log.warning("%s cannot be read: %s. The newest that is here runs", self._folder / _STATE, error)
            newest = max((int(path.name) for path in self._folder.iterdir() if path.name.isdecimal()), default=0)
            return State(seen=newest, good=newest)

    def remember(self, state: State) -> None:
        """As `save`; where the disk refuses, the box goes on with what it knows, and says so."""
        try:
            self.save(state)
        except OSError as error:
            _log.warning("what runs cannot be written down: %s", disk_mistake(error))

    def save(self, state: State) -> None:
        """In one step, and on the disk when this returns; documents that it does not name are dropped."""
        self._folder.mkdir(parents=True, exist_ok=True)
        whole_file.write_whole(self._folder / _STATE, msgspec.json.encode(state), 0o666)
        self._drop_others({_STATE, str(state.good), str(state.trial)})

    def keep(self, document: Desired, now_ns: int, chosen: Chosen = NORMAL) -> tuple[Inventory, Lease | None]:
        """As `read`; its files are on the disk when this returns."""
        folder, beside = self.place(document.counter), self._folder / f"{document.counter}.new"
        for old in (folder, beside):
            shutil.rmtree(old, ignore_errors=True)
        config_folder.keep(beside, document)
        found = config_folder.read(beside, now_ns, chosen)
        beside.replace(folder)
        whole_file.sync_folder(self._folder)
        return found

    def place(self, counter: int) -> Path:
        """The folder of one document."""
        return self._folder / str(counter)

    def read(self, counter: int, now_ns: int, chosen: Chosen = NORMAL) -> tuple[Inventory, Lease | None]:
        """The configuration of one document, and the lease that it is under now. Raises ConfigError."""
        return config_folder.read(self.place(counter), now_ns, chosen)

    def allowed(self, counter: int) -> tuple[Allowed, ...]:
        """The modes that may be chosen under one document; none under the file of the installation."""
        return config_folder.allowed(self.place(counter))

    def placed(self, mistakes: Sequence[Mistake]) -> tuple[Mistake, ...]:
        """With the places that the document has for them, `sensors.yaml:12`, wherever it lies on this disk."""
        return tuple(Mistake(*(self._named(text)[:_TEXT_MAX] for text in astuple(one))) for one in mistakes)

    def _named(self, text: str) -> str:
        return re.sub(rf"{re.escape(str(self._folder))}/\d+(\.new)?/", "", text)

    def _drop_others(self, wanted: set[str]) -> None:
        for path in self._folder.iterdir():
            if path.is_dir() and path.name not in wanted:
                shutil.rmtree(path, ignore_errors=True)


def disk_mistake(error: OSError) -> Mistake:
    """The disk refuses."""
    what = f"the box cannot keep it: {error.strerror}."
    return Mistake(str(error.filename or ""), what, "make room on the box's disk, or see its mount.", "E-FLEET-012")


def box_of(city: Inventory, name: str, file: str) -> Box:
    """The box called `name`. Raises ConfigError; `file` is where it was looked for."""
    if name not in city.boxes:
        what = f"there is no box {name!r}."
        raise ConfigError([Mistake(file, what, nearest(name, city.boxes), "E-EDGE-001")])
    return city.boxes[name]
