"""A sensors.yaml as `egret check` reads it, and as a box does before it runs one: also what reading cannot find."""

from collections.abc import Mapping
from pathlib import Path

from wire import kinds
from wire.errors import ConfigError
from wire.inventory import Inventory
from wire.limit_sets import FOLDER
from wire.located import Mistakes
from wire.profile import Profile
from wire.sensors_yaml import load


def load_checked(path: Path, profiles: Mapping[str, Profile], limits: Path = FOLDER) -> Inventory:
    """As `wire.sensors_yaml.load`. Raises ConfigError, also for kinds of sources and rules that do not exist."""
    inventory = load(path, profiles, limits)
    mistakes = Mistakes()
    for line in inventory.lines:
        try:
            source = kinds.find("edge.sources", line.source, where=line.where)
            if hasattr(source, "checked"):
                source.checked(line, mistakes)
            else:
                kinds.build(source.Config, line.options, mistakes, where=line.where)
        except ConfigError as error:
            mistakes.extend(error.mistakes)
    for kind in {rule.kind for sensor in inventory.sensors.values() for rule in sensor.rules}:
        try:
            kinds.find("edge.rules", kind, where=str(path))
        except ConfigError as error:
            mistakes.extend(error.mistakes)
    mistakes.raise_any()
    return inventory
