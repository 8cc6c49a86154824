"""What the cloud has noticed that a maintainer should see, and nobody else need."""

from dataclasses import dataclass

from cloud.admission import Overruns


@dataclass(frozen=True, slots=True)
class Lookout:
    """Which boxes send more than they may."""

    overruns: Overruns
