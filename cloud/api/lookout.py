"""GET /lookout: what a maintainer should see of the boxes' traffic."""

from collections.abc import Sequence

import msgspec
from litestar import get

from cloud.access.actor import Right
from cloud.admission import Overrun
from cloud.api.desk import OnDesk
from cloud.api.doors import needs


class Noticed(msgspec.Struct, frozen=True):
    """`overruns`: messages of boxes that were let go since the cloud started."""

    overruns: Sequence[Overrun]


@get("/lookout", tags=["city"], summary="What a maintainer should see", guards=[needs(Right.MAINTAIN)])
async def lookout(desk: OnDesk) -> Noticed:
    """Of the cloud that answers, not of others on the same ledger."""
    return Noticed(desk.lookout.overruns.all())
