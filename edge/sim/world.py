"""The simulated city's weather and structures: what there is to measure, at any moment.

Everything is a function of the seed, the time and what was commanded, so two runs with one seed
measure the same, and no state has to be carried from sample to sample. The magnitudes are chosen to
be plausible, not taken from measurements: in calm weather nothing comes near a default limit, in a
typhoon a billboard swings by up to a quarter of a degree and comes back.
"""

import math
from dataclasses import dataclass
from hashlib import blake2b
from random import Random

SECOND_NS = 1_000_000_000
DAY_S = 86_400
LOCAL_TIME_S = 8 * 3600
"""Xiamen's clocks are 8 hours ahead of UTC."""

_NOISE_DEG = 0.01
_SWING_MAX_DEG = 0.25
_SWING_MAX_WIND = 45.0
_SUN_BEND_DEG = 0.02


@dataclass(frozen=True, slots=True)
class Wind:
    """Mean and gust amplitude in m/s."""

    mean: float
    gust: float


CALM = Wind(mean=2.5, gust=1.5)
TYPHOON = Wind(mean=36.0, gust=9.0)
"""12 Beaufort."""


@dataclass(frozen=True, slots=True)
class Character:
    """What makes a site differ from its neighbours. `lean_direction` and `phase` in radians."""

    number: int
    lean_direction: float
    natural_hz: float
    phase: float


class World:
    """Wind and sun for all, and per site a lean, gas, water and vibration."""

    def __init__(self, seed: int) -> None:
        """Calm, and every billboard upright."""
        self._seed = seed
        self._wind = CALM
        self._leans: dict[str, float] = {}
        self._characters: dict[str, Character] = {}

    def typhoon(self) -> None:
        """From now on the wind blows with typhoon strength."""
        self._wind = TYPHOON

    def calm(self) -> None:
        """From now on it does not."""
        self._wind = CALM

    def lean(self, site: str, degrees: float) -> None:
        """From now on `site` leans this much from where it stood when it was commissioned."""
        self._leans[site] = degrees

    def lean_of(self, site: str) -> float:
        """The commanded lean in degrees."""
        return self._leans.get(site, 0.0)

    def wind_m_s(self, time_ns: int) -> float:
        """Wind speed, gusts of some ten seconds included."""
        seconds = time_ns / SECOND_NS
        gust = 0.6 * math.sin(math.tau * seconds / 11.3) + 0.4 * math.sin(math.tau * seconds / 4.7)
        return self._wind.mean + self._wind.gust * gust

    def temperature_c(self, site: str, time_ns: int) -> float:
        """What a sensor in the sun of Xiamen feels: 20 to 32 °C, warmest at three in the afternoon."""
        return 26.0 + 6.0 * math.sin(self._day_angle(time_ns) - 0.75 * math.pi) + 0.05 * self._noise(site, time_ns)[0]

    def tilt_deg(self, site: str, time_ns: int, exposure: float) -> tuple[float, float]:
        """Tilt from the commissioned position, across and along the wind: lean, sun, gusts, noise.

        `exposure` to wind and sun is 1 for a billboard on its mast, 0 for a thing in the ground.
        """
        character, seconds = self._character(site), time_ns / SECOND_NS
        noise = self._noise(site, time_ns)
        lean, day = self.lean_of(site), self._day_angle(time_ns)
        strength = min(1.0, self.wind_m_s(time_ns) / _SWING_MAX_WIND) ** 2
        beat = math.sin(math.tau * character.natural_hz * seconds + character.phase)
        swing, bend = exposure * _SWING_MAX_DEG * strength * beat, exposure * _SUN_BEND_DEG
        return (
            lean * math.cos(character.lean_direction) + bend * math.cos(day) + 0.2 * swing + noise[0],
            lean * math.sin(character.lean_direction) + bend * math.sin(day) + 0.97 * swing + noise[1],
        )

    def gas_lel(self, site: str, time_ns: int) -> float:
        """Combustible gas in %LEL: the traces that a healthy detector shows."""
        return max(0.0, 0.4 + 10 * self._noise(site, time_ns)[0])

    def water_level_m(self, site: str, time_ns: int) -> float:
        """Water over the site's datum: a trickle that breathes with the half hours."""
        slow = math.sin(math.tau * time_ns / SECOND_NS / 1800 + self._character(site).phase)
        return 0.03 + 0.01 * slow + 0.1 * self._noise(site, time_ns)[0]

    def acceleration_m_s2(self, site: str, time_ns: int) -> tuple[float, float, float]:
        """Vibration of a bridge deck without gravity: traffic now and then, and its first mode."""
        character, seconds = self._character(site), time_ns / SECOND_NS
        traffic = max(0.0, math.sin(math.tau * seconds / 23 + character.phase)) ** 8
        vertical = 0.12 * traffic * math.sin(math.tau * 2.5 * character.natural_hz * seconds)
        noise = self._noise(site, time_ns)
        return noise[0], noise[1], vertical + noise[2]

    def _character(self, site: str) -> Character:
        if site not in self._characters:
            rng = Random(f"{self._seed} {site}")
            self._characters[site] = Character(
                number=rng.getrandbits(63),
                lean_direction=rng.uniform(0, math.tau),
                natural_hz=rng.uniform(0.8, 1.4),
                phase=rng.uniform(0, math.tau),
            )
        return self._characters[site]

    def _noise(self, site: str, time_ns: int) -> tuple[float, float, float]:
        """Three nearly Gaussian numbers, standard deviation 0.01, always the same for one site and time."""
        seed = self._character(site).number.to_bytes(8) + time_ns.to_bytes(12)
        octets = blake2b(seed, digest_size=12).digest()
        return _gaussian(octets[0:4]), _gaussian(octets[4:8]), _gaussian(octets[8:12])

    @staticmethod
    def _day_angle(time_ns: int) -> float:
        """0 at local midnight, 2π a day later."""
        return math.tau * ((time_ns / SECOND_NS + LOCAL_TIME_S) % DAY_S) / DAY_S


def _gaussian(octets: bytes) -> float:
    """Four even bytes add up to nearly a bell: mean 510, standard deviation 147.8 (the root of (256² - 1) / 3)."""
    return _NOISE_DEG * (sum(octets) - 510) / 147.8
