"""What the cloud has noticed that a maintainer should see, and nobody else need."""

from dataclasses import dataclass

from cloud.admission import Overruns
from cloud.certificate_watch import CertificateWatch


@dataclass(frozen=True, slots=True)
class Lookout:
    """Which boxes send more than they may, and when certificates end; None where nobody looks."""

    overruns: Overruns
    certificates: CertificateWatch | None = None
