"""GET /metrics: the cloud's own numbers, as Prometheus reads them.

Labels are words of ours and names of the configuration, never of sensors or people: their number is
bounded. The numbers are of the whole city, so nobody who sees only a part of it reads them.

    scrape_configs:
      - job_name: egret
        authorization: {credentials_file: egret-token}      # egret cloud token create, role viewer
        static_configs: [{targets: ["egret.city.example"]}]
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from litestar import Response, Router, get
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from cloud.access.actor import require_sight
from cloud.admission import METERED
from cloud.alarming.alarm_state import AlarmState
from cloud.api.desk import OnDesk
from cloud.api.doors import OnActor
from cloud.cases.case_flow import Stage
from cloud.lookout import Lookout
from cloud.tables import gauges
from cloud.tables.gauges import Gauges
from wire.alarm import Level

CONTENT_TYPE = "text/plain; version=0.0.4"


class Family(NamedTuple):
    """One metric: its name, what it is, its labels, and a number for each of their values."""

    name: str
    help: str
    labels: tuple[str, ...]
    samples: Iterable[tuple[tuple[str, ...], int]]


class Snapshot(Collector):
    """What a scrape is answered with."""

    def __init__(self, families: Sequence[Family]) -> None:
        """Does no I/O."""
        self._families = families

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """As the client library asks for it."""
        for family in self._families:
            metric = GaugeMetricFamily(family.name, family.help, labels=family.labels)
            for values, number in family.samples:
                metric.add_metric(values, number)
            yield metric


def router() -> Router:
    """The route, at the address where Prometheus looks."""
    return Router("/metrics", route_handlers=[metrics])


@get("/", media_type="text/plain", include_in_schema=False)
async def metrics(desk: OnDesk, actor: OnActor) -> Response[bytes]:
    """Alarms, open cases, notices that wait, boxes; answered without the store."""
    require_sight(actor, "")
    now_ns = desk.now()
    found = await desk.ledger.read(lambda connection: gauges.read(connection, now_ns))
    return Response(exposition(found, desk.lookout, now_ns), media_type=CONTENT_TYPE)


def exposition(found: Gauges, lookout: Lookout, now_ns: int) -> bytes:
    """The text format of Prometheus. What does not occur is 0, so that an alert on it finds a number."""
    registry = CollectorRegistry(auto_describe=False)
    of_the_ledger = (*_alarms(found), *_cases(found), *_notices(found), *_others(found))
    registry.register(Snapshot([*of_the_ledger, *_noticed(lookout, now_ns)]))
    return generate_latest(registry)


def _alarms(found: Gauges) -> Iterator[Family]:
    states = [state for state in AlarmState if state is not AlarmState.NORMAL]
    yield Family(
        "egret_alarms",
        "Alarms that are not normal, by ISA-18.2 state and level.",
        ("state", "level"),
        [((state, level), found.alarms[state, level]) for state in states for level in Level],
    )
    yield Family(
        "egret_alarms_raised_10m",
        "Alarms raised in the last ten minutes, by the clocks of their boxes.",
        ("level",),
        [((level,), found.raised[level]) for level in Level],
    )
    chatter = "Alarms raised three times within a minute, in the last ten minutes."
    yield Family("egret_alarms_chattering_10m", chatter, (), [((), found.chattering)])
    yield Family("egret_alarms_standing", "Alarms active for more than a day.", (), [((), found.standing)])


def _cases(found: Gauges) -> Iterator[Family]:
    stages = [stage for stage in Stage if stage is not Stage.CLOSED]
    yield Family(
        "egret_cases_open",
        "Open cases, by stage and level.",
        ("stage", "level"),
        [((stage, level), found.cases[stage, level]) for stage in stages for level in Level],
    )
    yield Family("egret_cases_overdue", "Open cases whose deadline has passed.", (), [((), found.overdue)])


def _notices(found: Gauges) -> Iterator[Family]:
    targets = sorted({*found.waiting, *found.dead})
    yield Family(
        "egret_outbox_waiting",
        "Notices that wait to be sent, by target.",
        ("target",),
        [((target,), found.waiting.get(target, 0)) for target in targets],
    )
    yield Family(
        "egret_outbox_dead_letters",
        "Notices that were given up, by target.",
        ("target",),
        [((target,), found.dead.get(target, 0)) for target in targets],
    )


def _others(found: Gauges) -> Iterator[Family]:
    yield Family(
        "egret_boxes",
        "Boxes, by what they last said.",
        ("state",),
        [(("online",), found.online), (("offline",), found.offline)],
    )
    yield Family("egret_ledger_last_event_id", "The id of the newest event.", (), [((), found.last_event_id)])


def _noticed(lookout: Lookout, now_ns: int) -> Iterator[Family]:
    let_go = Counter[str]()
    for overrun in lookout.overruns.all():
        let_go[overrun.what] += overrun.messages
    yield Family(
        "egret_messages_let_go",
        "Messages over their box's allowance since the cloud started, by lane; boxes send them again.",
        ("lane",),
        [((what,), let_go[what]) for what in METERED],
    )
    ends = [end for end in lookout.certificates.all() if not end.trouble] if lookout.certificates else []
    yield Family(
        "egret_certificate_days",
        "Whole days until the first certificate of this kind ends; below 0 when one has ended.",
        ("of",),
        [
            ((of,), min(end.days_left(now_ns) for end in ends if end.of == of))
            for of in sorted({end.of for end in ends})
        ],
    )
