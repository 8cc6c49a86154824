"""All that one cloud process answers over HTTP, from its parts.

To import and build it takes half a second of processor: where it is needed, it is imported when the lanes are open.
"""

import secrets
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from cloud.access import gate
from cloud.api import handovers, hooks, links, photos
from cloud.api.app import create_app
from cloud.api.doors import open_doors
from cloud.api.quarantine import router as quarantine_routes
from cloud.api.server import serving
from cloud.config import CloudConfig
from cloud.duties import Duties
from cloud.lookout import Lookout
from cloud.mapping.map_file import MapFile
from cloud.notices.action_links import ActionLinks
from cloud.photos import PhotoFolder
from cloud.replay import Replay
from cloud.reporting.hook_door import HookDoor


@dataclass(frozen=True, slots=True)
class Parts:
    """Of a cloud whose ledger is open."""

    config: CloudConfig
    duties: Duties
    links: ActionLinks
    hooks: dict[str, HookDoor]
    lookout: Lookout


def whole(parts: Parts) -> AbstractAsyncContextManager[str]:
    """The API and the board, to be entered; as `cloud.api.server.serving`."""
    config, duties = parts.config, parts.duties
    ledger, now = duties.ledger, duties.now
    replay = Replay(duties.quarantine, lambda: duties.readings_lane(ledger), duties.alarms_lane(ledger))
    folder = PhotoFolder(config.data / "photos")
    more = [
        quarantine_routes(duties.quarantine, replay),
        photos.router(folder),
        *handovers.routers(folder),
        links.router(parts.links, folder),
        links.pages(),
        hooks.router(parts.hooks, duties.changed),
    ]
    doors = open_doors(config.http, gate.on(ledger.database, now, secrets.token_bytes))
    map_file = MapFile(config.map)
    app = create_app(
        ledger, duties.store, duties.live, duties.inventory, now, more, doors, map_file, config.grafana, parts.lookout
    )
    http = config.http
    return serving(
        app,
        host=http.host,
        port=http.port,
        certificate=http.certificate,
        key=http.key,
        behind_proxy=http.behind_proxy,
    )
