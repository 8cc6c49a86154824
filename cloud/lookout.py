"""What the cloud has noticed that a maintainer should see, and nobody else need."""

from dataclasses import dataclass

from cloud.admission import Overruns
from cloud.certificate_watch import CertificateWatch
from cloud.lease_watch import LeaseWatch


@dataclass(frozen=True, slots=True)
class Lookout:
    """Which boxes send more than they may, when certificates end, and who does which share; None where nobody looks."""

    overruns: Overruns
    certificates: CertificateWatch | None = None
    leases: LeaseWatch | None = None
