"""Alarms: GET /alarms, POST /alarms/acts, POST /alarms/test."""

from collections.abc import Sequence

from litestar import get

from cloud.alarm_state import Alarm
from cloud.api.desk import OnDesk


@get("/alarms", tags=["alarms"], summary="Alarms")
async def alarms(desk: OnDesk) -> Sequence[Alarm]:
    """Every alarm that is not normal, the worst first: those that returned and nobody acknowledged, too."""
    return await desk.ledger.alarms()
