"""GET /lookout: what a maintainer should see and nobody else need."""

from collections.abc import Sequence

import msgspec
from litestar import get

from cloud.access.actor import Right
from cloud.admission import Overrun
from cloud.api.desk import OnDesk
from cloud.api.doors import needs
from cloud.certificate_watch import CertificateEnd
from cloud.lease_watch import LeaseSeen


class Noticed(msgspec.Struct, frozen=True):
    """`overruns`: messages of boxes that were let go since the cloud started. `certificates`: due to be renewed.

    `leases`: which process does which share of each lane, of all clouds on the ledger.
    """

    overruns: Sequence[Overrun]
    certificates: Sequence[CertificateEnd]
    leases: Sequence[LeaseSeen]


@get("/lookout", tags=["city"], summary="What a maintainer should see", guards=[needs(Right.MAINTAIN)])
async def lookout(desk: OnDesk) -> Noticed:
    """Of the cloud that answers, not of others on the same ledger, but for their leases."""
    watch, leases = desk.lookout.certificates, desk.lookout.leases
    return Noticed(desk.lookout.overruns.all(), watch.due() if watch else (), leases.seen() if leases else ())
