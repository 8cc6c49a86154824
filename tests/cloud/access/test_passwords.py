"""Which passwords are taken, and how they are kept."""

import asyncio
import re
import secrets

import pytest

from cloud.access.passwords import RFC_9106, WAITING, BadPassword, Cost, Passwords, require_good
from wire.errors import Unavailable

CHEAP = Cost(time=1, memory_kib=8, lanes=1)


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("kort4Elf!00", "12 to 256"),
        ("x" * 11, "12 to 256"),
        ("ab" * 129, "12 to 256"),
        ("aaaabbbbcccc", "5 different"),
        ("123456789012", "commonest"),
        ("PasswordPassword", "commonest"),
        ("password20261124!", "commonest"),
        ("!!!!Admin123456", "commonest"),
        ("1qaz2wsx3edc", "commonest"),
        ("the-lin-family-1984", "user's name"),
        ("THE-LIN-FAMILY-1984", "user's name"),
    ],
)
def test_weak_passwords_are_refused(password: str, why: str) -> None:
    """Short ones, common ones, decorated or repeated, and one's own name, each with its reason."""
    with pytest.raises(BadPassword, match=rf"{why}.*E-ACCESS-005"):
        require_good(password, "lin")


@pytest.mark.parametrize("password", ["typhoon billboard egret pier", "白鹭洲公园的台风与广告牌要小心", "x9$Kq2!vLm4@"])
def test_good_passwords_are_taken(password: str) -> None:
    """Sentences in any script, and what a password manager makes; eleven characters of them are too few."""
    require_good(password, "lin")
    with pytest.raises(BadPassword, match=r"12 to 256.*E-ACCESS-005"):
        require_good(password[:11], "lin")


async def test_the_shipped_cost_is_that_of_the_standard() -> None:
    """64 MiB, three passes, four lanes (RFC 9106 §4, second option), a salt of 16 and a hash of 32 bytes."""
    passwords = Passwords(secrets.token_bytes)
    kept = await passwords.hash("typhoon billboard egret pier")
    assert re.fullmatch(r"\$argon2id\$v=19\$m=65536,t=3,p=4\$[\w+/]{22}\$[\w+/]{43}", kept)
    assert await passwords.is_right("typhoon billboard egret pier", kept)
    assert not await passwords.is_right("typhoon billboard egret pies", kept)
    assert (RFC_9106.time, RFC_9106.memory_kib, RFC_9106.lanes) == (3, 65_536, 4)


async def test_same_password_is_kept_differently() -> None:
    """Each has a salt of its own: who reads the table does not see who shares a password."""
    passwords = Passwords(secrets.token_bytes, CHEAP)
    assert await passwords.hash("typhoon billboard") != await passwords.hash("typhoon billboard")


async def test_composed_characters_are_the_same() -> None:
    """A ü typed as one character and one typed as u and dots open the same door (RFC 8265)."""
    passwords = Passwords(secrets.token_bytes, CHEAP)
    assert await passwords.is_right("bru\u0308cke am fluss", await passwords.hash("br\u00fccke am fluss"))


async def test_nobodys_hash_costs_the_same_and_opens_nothing() -> None:
    """A name that nobody has is verified at the same cost, whatever is typed."""
    passwords = Passwords(secrets.token_bytes, CHEAP)
    assert not passwords.is_outdated(passwords._nobody)
    for typed in ("", "typhoon billboard", "\x00"):
        assert not await passwords.is_right(typed, "")
    assert not await passwords.is_right("typhoon billboard", "no hash at all")


async def test_other_cost_is_outdated() -> None:
    """A hash of yesterday's parameters asks to be made again."""
    kept = await Passwords(secrets.token_bytes, CHEAP).hash("typhoon billboard")
    dearer = Passwords(secrets.token_bytes, Cost(time=2, memory_kib=16, lanes=1))
    assert dearer.is_outdated(kept)
    assert await dearer.is_right("typhoon billboard", kept)


async def test_queue_has_an_end() -> None:
    """With 32 logins waiting the next is told to come again; the loop is never blocked and memory stays bounded."""
    passwords = Passwords(secrets.token_bytes, CHEAP)
    kept = await passwords.hash("typhoon billboard")
    asked = [passwords.is_right("typhoon billboard", kept) for _ in range(WAITING + 3)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(answer is True for answer in answers) == WAITING
    assert [answer.code for answer in answers if isinstance(answer, Unavailable)] == ["E-ACCESS-004"] * 3
