"""The HTTP API and the board, as one ASGI application.

Times are UTC in whole nanoseconds, as JSON integers: exact for programs. JavaScript reads them to
256 ns, which is finer than the millisecond a reading is stamped to; the board divides them at its
door and never sends one back.
"""

from collections.abc import Sequence

from litestar import Litestar, Router
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.utils.sync import ensure_async_callable

from cloud.admission import Overruns
from cloud.api import (
    alarm_load,
    alarms,
    audit,
    board,
    cases,
    city,
    duty,
    evaluation,
    fleet,
    installations,
    lookout,
    metrics,
    modes,
    outbox,
    problems,
    ranking,
    readings,
    session,
    sites,
    state,
    stream,
    users,
)
from cloud.api.desk import Desk
from cloud.api.documented import Documented, allowance
from cloud.api.doors import DEMONSTRATION, SECURITY, Doors, provide_actor
from cloud.api.map import city_map
from cloud.ledger import Ledger
from cloud.live import Live
from cloud.lookout import Lookout
from cloud.mapping.map_file import MapFile
from cloud.ports import Now, Store
from wire.inventory import Inventory

BODY_MAX = 256 * 1024
"""Bytes of JSON: 500 alarms in one act have 70 000. Photos and hooks have limits of their own."""

ROUTES = (
    city_map,
    state.state,
    state.health,
    readings.readings,
    readings.series,
    readings.count,
    readings.values,
    readings.unregistered,
    readings.gaps,
    lookout.lookout,
    sites.site_file,
    alarms.alarms,
    alarms.alarm_events,
    alarms.explanation,
    alarms.act_on_alarms,
    alarms.test_alarm,
    cases.cases,
    cases.counts,
    cases.case,
    cases.file_case,
    cases.act_on_case,
    modes.modes,
    modes.rules,
    modes.switch,
    ranking.ranked_sites,
    duty.duty,
)


def create_app(  # noqa: PLR0913, PLR0917 - one parameter a part of the cloud
    ledger: Ledger,
    store: Store,
    live: Live,
    inventory: Inventory,
    now: Now,
    more: Sequence[Router] = (),
    doors: Doors = DEMONSTRATION,
    map_file: MapFile | None = None,
    grafana: str = "",
    noticed: Lookout | None = None,
) -> Litestar:
    """Serve it with `cloud.api.server.serving`. Without `doors` there is no login, and it is for this machine only.

    `more`: routes that are answered from other parts. `grafana`: where people reach the city's, or empty.
    """
    desk = Desk(ledger, store, live, inventory, now, map_file or MapFile(), noticed or Lookout(Overruns(now)))

    app = Litestar(
        route_handlers=[
            Router("/api/v1", route_handlers=ROUTES),
            city.router(inventory, grafana),
            stream.router(),
            session.router(),
            users.router(),
            audit.router(),
            alarm_load.router(),
            metrics.router(),
            installations.router(),
            outbox.router(),
            evaluation.router(),
            fleet.router(),
            board.router(),
            *more,
        ],
        dependencies={
            "desk": Provide(lambda: desk, sync_to_thread=False),
            "doors": Provide(lambda: doors, sync_to_thread=False),
            "actor": Provide(provide_actor, sync_to_thread=False),
        },
        guards=[doors.enter],
        after_exception=[doors.note],
        before_send=[board.confinement(is_https=doors.http.is_https)],
        plugins=[problems.plugin()],
        request_max_body_size=BODY_MAX,
        openapi_config=_document(),
        logging_config=None,
    )
    app.before_send.append(ensure_async_callable(allowance(app)))
    return app


def _document() -> OpenAPIConfig:
    """OpenAPI 3.1, and no page that loads anything from elsewhere."""
    return OpenAPIConfig(
        title="Egret",
        version="1",
        path="/api/v1/openapi.json",
        render_plugins=[Documented(path="/")],
        use_handler_docstrings=True,
        components=SECURITY,
        security=[{"session": []}, {"token": []}],
    )
