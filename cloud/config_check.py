"""What `egret check` finds in cloud.yaml beside what reading it finds: names that sensors.yaml does not have."""

from pathlib import Path

from cloud import config as cloud_yaml
from cloud.city import routing
from cloud.config import HOOKS, NOTIFIERS, Chosen, CloudConfig
from cloud.ports import House
from wire.errors import ConfigError
from wire.inventory import Inventory
from wire.located import Mistakes

_SECRET_MISSING = "E-CLOUD-003"  # noqa: S105 - the code of a message; who checks a file need not have its secrets


def check(path: Path, inventory: Inventory | None, year: int) -> str:
    """What the file holds, in one line. Raises ConfigError with every mistake."""
    config = cloud_yaml.load(path)
    mistakes = Mistakes()
    if inventory is not None:
        found = routing.check(config.rules.organisation, config.rules.routing, inventory.districts, inventory.sites)
        mistakes.extend(found.sorted())
    for chosen in (*config.notifiers, *config.hooks):
        mistakes.extend(_opening(chosen, is_hook=chosen in config.hooks).sorted())
    mistakes.raise_any()
    return _summary(config, year)


def _opening(chosen: Chosen, *, is_hook: bool) -> Mistakes:
    """What a notifier or a hook says when it is opened: a template, an address, a map of words."""
    mistakes = Mistakes()
    try:
        if is_hook:
            chosen.module(HOOKS).open_hook(chosen.settings, chosen.where)
        else:
            chosen.module(NOTIFIERS).open_notifier(chosen.settings, House(lambda: 0, chosen.where, "", lambda *_: ""))
    except ConfigError as error:
        mistakes.extend(mistake for mistake in error.mistakes if mistake.code != _SECRET_MISSING)
    return mistakes


def _summary(config: CloudConfig, year: int) -> str:
    rules = config.rules
    parts = [
        f"store {config.store.kind}",
        f"{len(config.notifiers)} notifiers",
        f"{len(rules.organisation.units)} units",
        f"{len(rules.routing)} routing rules",
    ]
    remarks = [routing.gap(rules.routing)]
    if year not in rules.calendar.years_known:
        remarks.append(f"the holidays of {year} are not known: only weekdays count (calendar: holidays, years)")
    return "; ".join([", ".join(parts), *filter(None, remarks)])
