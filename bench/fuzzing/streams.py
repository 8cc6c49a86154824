"""What devices that speak no Modbus send, bent, against every profile that reads such messages."""

import math
from random import Random

from bench.fuzzing.bending import damaged
from bench.fuzzing.targets import require
from wire.errors import SourceError
from wire.fields import decode_message, messages_in
from wire.profile_yaml import library_folder, load_library

_PROFILES = tuple(profile for profile in load_library(library_folder()).values() if profile.messages)
_SEEDS = tuple(vector.octets for profile in _PROFILES for vector in profile.vectors)


def bent_stream(rng: Random) -> bytes:
    """Two messages of any devices, one after the other, and often damaged."""
    stream = rng.choice(_SEEDS) + rng.choice(_SEEDS)
    return damaged(rng, stream) if rng.random() < 0.85 else stream


def read_stream(payload: bytes) -> bool:
    """Does any profile find a message in it? What it finds decodes to finite numbers, or is another model's."""
    found = 0
    for profile in _PROFILES:
        for message in messages_in(profile, payload):
            found += 1
            require(message.octets in payload, "a message of bytes that came")
            try:
                values = decode_message(profile, message.name, message.octets)
            except SourceError:
                continue
            require(all(math.isfinite(one) for one in values.values() if isinstance(one, float)), "finite numbers")
    return bool(found)
