"""Our folder, data source, dashboards and contact point into a Grafana that runs; nothing else there is touched.

First everything is looked up and a plan is made; where something of a uid of ours is not ours, nothing is done at all.
Applying again what is there already sends nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from cloud.grafana.api import Folder, GrafanaApi, Stored
from cloud.grafana.dashboards import FOLDER_TITLE, FOLDER_UID
from cloud.grafana.draft import SOURCE
from cloud.grafana.model import Dashboard, Json
from cloud.grafana.provisioning import POINT_NAME, POINT_UID, Influx, contact_point, data_source, source_secrets
from wire.errors import EgretError

HMAC_SINCE = 12
"""The first Grafana whose webhooks are signed."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What there should be. `influx` and `secret` are None where the data source, the contact point is left alone."""

    dashboards: Sequence[Dashboard]
    board: str
    influx: Influx | None
    hook: str
    secret: str | None
    message: str
    takes_over: bool = False


class Step(msgspec.Struct, frozen=True):
    """One thing: `action` is create, update, keep, missing or refuse; `why` says more."""

    what: str
    uid: str
    action: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What `apply` would do, in this order."""

    version: str
    steps: Sequence[tuple[Step, Callable[[], None]]]

    @property
    def refusals(self) -> Sequence[Step]:
        """What stands in the way."""
        return [step for step, _ in self.steps if step.action == "refuse"]


class NotOurs(EgretError):
    """Something in Grafana has a uid of ours and is not ours: nothing was done."""

    exit_code = 6


def plan(api: GrafanaApi, wanted: Wanted) -> Plan:
    """Looks everything up and changes nothing. Raises Unreachable, NotAuthorised, EgretError."""
    version = api.health().version
    steps = [_folder(api)]
    steps.append(_source(api, wanted.influx) if wanted.influx else _no_source(api))
    steps += [_dashboard(api, one, wanted) for one in wanted.dashboards]
    if wanted.secret is not None:
        steps.append(_point(api, wanted, wanted.secret, version))
    return Plan(version, steps)


def carry_out(found: Plan) -> None:
    """All of it, or nothing: raises NotOurs when something stands in the way."""
    if found.refusals:
        what = "; ".join(f"{step.what} {step.uid}: {step.why}" for step in found.refusals)
        fix = "rename or move what is there, or say --take-over for dashboards."
        raise NotOurs(f"nothing was done. {what}", fix=fix, code="E-GRAF-024")
    for _, act in found.steps:
        act()


def _nothing() -> None:
    """For what stays as it is."""


def _folder(api: GrafanaApi) -> tuple[Step, Callable[[], None]]:
    wanted = Folder(FOLDER_UID, FOLDER_TITLE)
    if api.folder(FOLDER_UID):
        return Step("folder", FOLDER_UID, "keep"), _nothing
    return Step("folder", FOLDER_UID, "create"), lambda: api.create_folder(wanted)


def _source(api: GrafanaApi, influx: Influx) -> tuple[Step, Callable[[], None]]:
    """Secrets cannot be compared: where there are some, the data source is written again."""
    wanted, secrets = data_source(influx), source_secrets(influx)
    whole = {**wanted, "secureJsonData": secrets} if secrets else wanted
    found = api.data_source(SOURCE.uid)
    step = Step("data source", SOURCE.uid, "update", "its secret is written again" if secrets else "it differs")
    if found is None:
        return msgspec.structs.replace(step, action="create", why=""), lambda: api.create_data_source(whole)
    if found.get("type") != SOURCE.type:
        why = f"there is a data source of type {found.get('type')} with this uid"
        return msgspec.structs.replace(step, action="refuse", why=why), _nothing
    if not secrets and _has_all(found, wanted):
        return msgspec.structs.replace(step, action="keep", why=""), _nothing
    if found.get("readOnly"):
        why = "it comes from a provisioning file and differs: change it there, or leave out --influx"
        return msgspec.structs.replace(step, action="refuse", why=why), _nothing
    return step, lambda: api.update_data_source(SOURCE.uid, whole)


def _no_source(api: GrafanaApi) -> tuple[Step, Callable[[], None]]:
    """Left alone; but where there is none, every panel will be empty, and that is said."""
    found = api.data_source(SOURCE.uid)
    why = "" if found else "there is none, and the panels stay empty until --influx names the store"
    return Step("data source", SOURCE.uid, "keep" if found else "missing", why), _nothing


def _dashboard(api: GrafanaApi, dashboard: Dashboard, wanted: Wanted) -> tuple[Step, Callable[[], None]]:
    document: dict[str, Json] = msgspec.json.decode(msgspec.json.encode(dashboard))
    stored = api.dashboard(dashboard.uid)
    action, why = _of_dashboard(stored, document, takes_over=wanted.takes_over)
    step = Step("dashboard", dashboard.uid, action, why)
    if action in ("keep", "refuse"):
        return step, _nothing
    return step, lambda: api.save_dashboard(document, FOLDER_UID, wanted.message)


def _of_dashboard(stored: Stored | None, document: Mapping[str, Json], *, takes_over: bool) -> tuple[str, str]:
    if stored is None:
        return "create", ""
    meta = stored.meta
    if meta.provisioned:
        return "refuse", "it comes from a file that Grafana reads: use files, or the API, not both"
    if meta.folder_uid != FOLDER_UID:
        place = f"it lies in the folder {meta.folder_title or 'General'!r}, which is not ours"
        return ("update", f"{place}; it is taken over") if takes_over else ("refuse", place)
    return ("keep", "") if _has_all(stored.dashboard, document) else ("update", "it differs")


def _point(api: GrafanaApi, wanted: Wanted, secret: str, version: str) -> tuple[Step, Callable[[], None]]:
    """Its secret cannot be compared, so it is written again every time."""
    step = Step("contact point", POINT_UID, "update", "its secret is written again")
    major = version.partition(".")[0]
    if major.isdigit() and int(major) < HMAC_SINCE:
        why = f"Grafana {version} does not sign its webhooks, which our hook asks for; {HMAC_SINCE}.0 does"
        return msgspec.structs.replace(step, action="refuse", why=why), _nothing
    whole = contact_point(wanted.board, wanted.hook, secret)
    points = api.contact_points()
    found = next((point for point in points if point.get("uid") == POINT_UID), None)
    if found is None:
        if any(point.get("name") == POINT_NAME for point in points):
            why = f"there is another contact point called {POINT_NAME!r}"
            return msgspec.structs.replace(step, action="refuse", why=why), _nothing
        return msgspec.structs.replace(step, action="create", why=""), lambda: api.create_contact_point(whole)
    if found.get("type") != "webhook":
        why = f"there is a contact point of type {found.get('type')} with this uid"
        return msgspec.structs.replace(step, action="refuse", why=why), _nothing
    if found.get("provenance") == "file":
        why = "it comes from a provisioning file: change it there, or leave out --hook-secret-env"
        return msgspec.structs.replace(step, action="refuse", why=why), _nothing
    return step, lambda: api.update_contact_point(POINT_UID, whole)


def _has_all(found: Json, wanted: Json) -> bool:
    """Is everything that we want as we want it? What Grafana has added does not matter."""
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and all(_has_all(found.get(key), value) for key, value in wanted.items())
    if isinstance(wanted, list):
        return (
            isinstance(found, list)
            and len(found) == len(wanted)
            and all(_has_all(one, other) for one, other in zip(found, wanted, strict=True))
        )
    return found == wanted and isinstance(found, bool) == isinstance(wanted, bool)
