"""A box's page of health: what `egret doctor` looks at on any machine, and what only the agent on it knows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from edge import health
from edge.identity import Identity
from wire import checkup
from wire.broker import Broker
from wire.finding import Finding, State
from wire.quantities import QUANTITIES
from wire.receipt import BoxStatus

_SILENT_S = 600.0
"""A line that has brought nothing for so long wants a person's eye (judgement)."""
_BACKLOG = 100_000
"""Readings and events that wait: a box of ten sensors at 1 Hz that was cut off for three hours (judgement)."""


@dataclass(frozen=True, slots=True)
class Places:
    """What belongs to the agent on its machine. `inventory`: the file that it was installed with.

    `identity` says which certificate counts, where the agent has one.
    """

    data: Path
    root: Path
    inventory: Path
    broker: Broker
    identity: Identity | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What the agent knows of itself. `heard_s`: seconds since each line last brought a measurement, None for never.

    `silences_s`: how long a line may bring none while all is well, where that is longer than usual.
    """

    status: BoxStatus
    running_s: float
    heard_s: Mapping[str, float | None]
    silences_s: Mapping[str, float] = field(default_factory=dict)


def look(places: Places, facts: Facts, now_ns: int) -> tuple[Finding, ...]:
    """Blocks: the broker's door may take 5 s."""
    broker = places.broker
    certificate, key = places.identity.counting() if places.identity else (None, broker.key)
    return (
        checkup.versions(facts.status.version),
        checkup.clock(datetime.fromtimestamp(now_ns / 1e9, UTC)),
        checkup.disk(places.data),
        *_machine(places),
        *(
            _line(key, heard_s, facts.running_s, max(_SILENT_S, facts.silences_s.get(key, 0.0)))
            for key, heard_s in sorted(facts.heard_s.items())
        ),
        *_agent(facts),
        *checkup.secret_files([Path(key)] if key else []),
        *checkup.certificates([certificate] if certificate else [], (), now_ns),
        *(checkup.secrets_in(places.inventory) if places.inventory.exists() else ()),
        *(checkup.door(node) for node in broker.nodes()),
    )


def _machine(places: Places) -> Iterator[Finding]:
    """What the machine tells of itself; readings of the same names have its history."""
    measured = health.measure(places.root, places.data, "")
    if measured:
        said = ", ".join(
            f"{name} {value:.{QUANTITIES[name].decimals}f} {QUANTITIES[name].symbol}".rstrip()
            for name, value in measured
        )
        yield Finding(State.OK, "machine", said)


def _line(key: str, heard_s: float | None, running_s: float, most_s: float) -> Finding:
    subject = f"line {key}"
    silent_s = running_s if heard_s is None else heard_s
    if silent_s > most_s:
        since = "since the agent started" if heard_s is None else f"for {heard_s:.0f} s"
        fix = "see its wiring and power, and its lines of the log."
        return Finding(State.WARNING, subject, f"no sensor on it has brought a measurement {since}.", fix)
    said = "nothing yet" if heard_s is None else f"the last measurement {heard_s:.0f} s ago"
    return Finding(State.OK, subject, said)


def _agent(facts: Facts) -> Iterator[Finding]:
    status = facts.status
    yield Finding(State.OK, "agent", f"runs for {facts.running_s:.0f} s, configuration {status.config_version}")
    waits = f"{status.waiting:,} readings and events wait for their receipts"
    if status.waiting > _BACKLOG:
        yield Finding(State.WARNING, "spool", f"{waits}.", "see the link, and what the cloud's log says of this box.")
    else:
        yield Finding(State.OK, "spool", waits)
    if status.data_budget_mb:
        used = f"{status.data_used_mb} of {status.data_budget_mb} MB are used this month"
        spares = f"{used}: readings give way to keep the budget."
        yield (
            Finding(State.WARNING, "data", spares, "give it more, or report less: docs/operate/sensors-yaml.md.")
            if status.is_sparing
            else Finding(State.OK, "data", used)
        )
