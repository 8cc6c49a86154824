"""Logging in and out, and what guessing costs."""

import asyncio
from typing import Any

import pytest
from gatehouse import CHEAP, CONSOLE, PASSWORD

from cloud.access.accounts import NewUser
from cloud.access.actor import Role
from cloud.access.logins import IDLE_NS, LIFETIME_NS, LoginLocked, LoginRefused, wait_ns
from cloud.access.passwords import BadPassword, Cost, Passwords
from cloud.tables import sessions

HOME, STRANGER = "10.1.2.3", "203.0.113.9"


async def fail(gate: Any, name: str, address: str, times: int = 1) -> None:
    """Guess, wrongly."""
    for _ in range(times):
        with pytest.raises(LoginRefused, match="E-ACCESS-020"):
            await gate.logins.log_in(name, "wrong", address)


async def refused(gate: Any, name: str, address: str, password: str = PASSWORD) -> str:
    """What is said to an attempt that opens nothing."""
    with pytest.raises(LoginRefused) as caught:
        await gate.logins.log_in(name, password, address)
    return str(caught.value)


async def test_login_is_an_actor(gate: Any) -> None:
    """Name, role and reach of the user, through a session, from that address."""
    opened = await gate.logins.log_in("LIN", PASSWORD, HOME)
    login = await gate.logins.of_cookie(opened.cookie, STRANGER)
    actor = login.actor
    assert (actor.name, actor.role, actor.via, actor.districts) == ("lin", Role.OPERATOR, "session", {"tongan"})
    assert actor.address == STRANGER
    assert login.csrf == opened.login.csrf
    assert len({login.csrf, opened.cookie}) == 2


async def test_ledger_holds_no_cookie(gate: Any) -> None:
    """A copy of the database opens no session: only the SHA-256 of the cookie is kept."""
    opened = await gate.logins.log_in("lin", PASSWORD, HOME)
    data = b"".join(path.read_bytes() for path in gate.folder.iterdir())
    assert opened.cookie.encode() not in data
    assert PASSWORD.encode() not in data


async def test_stolen_cookie_ends_with_the_session(gate: Any) -> None:
    """After logging out the same cookie is worth nothing, wherever it was copied to."""
    opened = await gate.logins.log_in("lin", PASSWORD, HOME)
    await gate.logins.log_out(opened.cookie, opened.login.actor)
    assert await gate.logins.of_cookie(opened.cookie, STRANGER) is None


@pytest.mark.parametrize("cookie", ["", "x", "A" * 43, "\u2603", "'; DROP TABLE sessions; --"])
async def test_other_cookies_open_nothing(gate: Any, cookie: str) -> None:
    """Whatever is sent instead."""
    await gate.logins.log_in("lin", PASSWORD, HOME)
    assert await gate.logins.of_cookie(cookie, HOME) is None


async def test_session_ends_after_a_shift_without_use(gate: Any) -> None:
    """Used every 7 h it lives on; after 8 h of silence it is over."""
    opened = await gate.logins.log_in("lin", PASSWORD, HOME)
    for _ in range(3):
        gate.wait(7 * 3600)
        assert await gate.logins.of_cookie(opened.cookie, HOME)
    gate.wait(IDLE_NS / 1e9)
    assert await gate.logins.of_cookie(opened.cookie, HOME) is None


async def test_session_ends_after_a_week(gate: Any) -> None:
    """However busily it is used."""
    opened = await gate.logins.log_in("lin", PASSWORD, HOME)
    for _ in range(int(LIFETIME_NS / 1e9 / 3600 / 6)):
        assert await gate.logins.of_cookie(opened.cookie, HOME)
        gate.wait(6 * 3600)
    assert await gate.logins.of_cookie(opened.cookie, HOME) is None


async def test_sessions_of_a_user_are_bounded(gate: Any) -> None:
    """The 21st login makes the one that was quiet longest end."""
    opened = []
    for _ in range(sessions.MOST + 1):
        opened.append(await gate.logins.log_in("lin", PASSWORD, HOME))
        gate.wait(1)
    alive = [await gate.logins.of_cookie(one.cookie, HOME) is not None for one in opened]
    assert alive == [False] + [True] * sessions.MOST


async def test_logging_out_everywhere(gate: Any) -> None:
    """All sessions of one user, and nobody else's."""
    await gate.accounts.add(NewUser(name="wu", role=Role.VIEWER, password=PASSWORD), CONSOLE)
    lin = [await gate.logins.log_in("lin", PASSWORD, HOME) for _ in range(2)]
    wu = await gate.logins.log_in("wu", PASSWORD, HOME)
    await gate.logins.log_out_everywhere(lin[0].login.actor)
    assert [await gate.logins.of_cookie(one.cookie, HOME) for one in lin] == [None, None]
    assert await gate.logins.of_cookie(wu.cookie, HOME)


async def test_unknown_name_is_answered_like_a_wrong_password(gate: Any) -> None:
    """The same words and the same one run of argon2 for both; neither says whether the name exists."""
    answers = [await refused(gate, name, HOME, "wrong") for name in ("lin", "nobody-here", "<script>")]
    assert len(set(answers)) == 1
    assert len(gate.passwords.verified) == 3
    assert all(kept.startswith("$argon2id$v=19$m=8,t=1,p=1$") for kept in gate.passwords.verified)


@pytest.mark.parametrize("name", ["lin", "nobody-here"])
async def test_sixth_guess_has_to_wait(gate: Any, name: str) -> None:
    """After 5 failures nothing is heard for 15 s, then 30 s, for names that nobody has too."""
    await fail(gate, name, STRANGER, 5)
    runs = len(gate.passwords.verified)
    assert "heard in 15 s. fix: wait" in await refused(gate, name, STRANGER)
    assert len(gate.passwords.verified) == runs
    gate.wait(15)
    await fail(gate, name, STRANGER)
    assert "heard in 30 s" in await refused(gate, name, STRANGER)


def test_wait_doubles_to_a_quarter_of_an_hour() -> None:
    """15 s, 30 s, 1 min … and never more than 15 min, after any number of failures."""
    waits_s = [wait_ns(failures, 5) // 10**9 for failures in (4, 5, 6, 7, 10, 11, 12, 10_000)]
    assert waits_s == [0, 15, 30, 60, 480, 900, 900, 900]


async def test_knocking_does_not_lengthen_the_wait(gate: Any) -> None:
    """Fifty attempts while locked count for nothing, and are not looked at."""
    await fail(gate, "lin", STRANGER, 5)
    runs = len(gate.passwords.verified)
    for _ in range(50):
        await refused(gate, "lin", STRANGER)
    assert len(gate.passwords.verified) == runs
    gate.wait(15)
    assert (await gate.logins.log_in("lin", PASSWORD, STRANGER)).login.actor.name == "lin"


async def test_guesses_at_once_are_all_counted(gate: Any) -> None:
    """Thirty guesses in the same instant: five are looked at."""
    answers = await asyncio.gather(
        *(gate.logins.log_in("lin", f"guess {number}", STRANGER) for number in range(30)), return_exceptions=True
    )
    assert sum(isinstance(answer, LoginLocked) for answer in answers) == 25
    assert len(gate.passwords.verified) == 5


async def test_stranger_cannot_lock_a_user_out(gate: Any) -> None:
    """Lin logs in from where she has logged in before, while strangers guess her name."""
    await gate.logins.log_in("lin", PASSWORD, HOME)
    await fail(gate, "lin", STRANGER, 5)
    assert "heard in" in await refused(gate, "lin", "198.51.100.7")
    await gate.logins.log_in("lin", PASSWORD, HOME)


async def test_own_address_has_its_limit_too(gate: Any) -> None:
    """Nor is home a place to guess from: 20 failures of an address lock it, for every name."""
    await gate.logins.log_in("lin", PASSWORD, HOME)
    await fail(gate, "lin", HOME, 20)
    assert "heard in 15 s" in await refused(gate, "lin", HOME)
    assert "heard in 15 s" in await refused(gate, "wu", HOME)


async def test_one_ipv6_subscriber_is_one_address(gate: Any) -> None:
    """2^64 addresses of one network are no 2^64 attempts."""
    for number in range(20):
        await fail(gate, f"name-{number}", f"2001:db8:1:2::{number + 1:x}")
    assert "heard in 15 s" in await refused(gate, "lin", "2001:db8:1:2:ffff::1")
    await gate.logins.log_in("lin", PASSWORD, "2001:db8:1:3::1")


async def test_own_account_does_not_clean_an_address(gate: Any) -> None:
    """Who logs in with their own account between guesses still runs into the address's limit."""
    await gate.accounts.add(NewUser(name="wu", role=Role.VIEWER, password=PASSWORD), CONSOLE)
    for number in range(20):
        await fail(gate, f"victim-{number}", STRANGER)
        if number < 19:
            await gate.logins.log_in("wu", PASSWORD, STRANGER)
    assert "heard in" in await refused(gate, "wu", STRANGER)


async def test_failures_are_forgotten(gate: Any) -> None:
    """After an hour of quiet, and by logging in."""
    await fail(gate, "lin", HOME, 4)
    gate.wait(3600)
    await fail(gate, "lin", HOME, 4)
    await gate.logins.log_in("lin", PASSWORD, HOME)
    await fail(gate, "lin", HOME, 4)
    assert (await gate.logins.log_in("lin", PASSWORD, HOME)).login.actor.name == "lin"


async def test_hash_is_made_anew_at_a_new_cost(gate: Any) -> None:
    """When the cost was raised, logging in raises that of one's own hash, once."""
    gate.logins._passwords = Passwords(lambda size: b"s" * size, Cost(time=2, memory_kib=16, lanes=1))
    await gate.logins.log_in("lin", PASSWORD, HOME)
    gate.logins._passwords = gate.passwords
    await gate.logins.log_in("lin", PASSWORD, HOME)
    assert gate.passwords.verified[-1].startswith("$argon2id$v=19$m=16,t=2,p=1$")
    assert CHEAP.memory_kib == 8


async def test_own_password_needs_the_old_one(gate: Any) -> None:
    """Whoever has but the session cannot take the account; then all sessions end."""
    opened = await gate.logins.log_in("lin", PASSWORD, HOME)
    actor = opened.login.actor
    with pytest.raises(LoginRefused):
        await gate.logins.change_own_password(actor, "wrong", "four other quiet words")
    with pytest.raises(BadPassword):
        await gate.logins.change_own_password(actor, PASSWORD, "lin-and-three-words")
    await gate.logins.change_own_password(actor, PASSWORD, "four other quiet words")
    assert await gate.logins.of_cookie(opened.cookie, HOME) is None
    await gate.logins.log_in("lin", "four other quiet words", HOME)


async def test_a_maintainers_new_password_is_not_overwritten(gate: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who knows the old one begins to change it; while it is hashed a maintainer sets another, which holds."""
    opened = await gate.logins.log_in("lin", PASSWORD, HOME)
    hashed = gate.passwords.hash

    async def slowly(password: str) -> str:
        monkeypatch.setattr(gate.passwords, "hash", hashed)
        await gate.accounts.set_password("lin", "what the maintainer says", CONSOLE)
        return str(await hashed(password))

    monkeypatch.setattr(gate.passwords, "hash", slowly)
    with pytest.raises(LoginRefused):
        await gate.logins.change_own_password(opened.login.actor, PASSWORD, "four other quiet words")
    await gate.logins.log_in("lin", "what the maintainer says", HOME)


async def test_an_old_password_opens_nothing_while_it_is_replaced(gate: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is found right, and before the session is kept a maintainer has set another: nobody is logged in."""
    verified = gate.passwords.is_right

    async def slowly(password: str, kept: str) -> bool:
        found = await verified(password, kept)
        await gate.accounts.set_password("lin", "what the maintainer says", CONSOLE)
        return bool(found)

    monkeypatch.setattr(gate.passwords, "is_right", slowly)
    with pytest.raises(LoginRefused):
        await gate.logins.log_in("lin", PASSWORD, HOME)
    assert await gate.database.write(lambda connection: sessions.end_all(connection, "lin")) == 0


async def test_logins_are_in_the_log(gate: Any) -> None:
    """Done, failed, closed, with the address; what was typed as a name that nobody has is not, it may be a password."""
    await fail(gate, "lin", STRANGER)
    await fail(gate, "my secret pass phrase", STRANGER)
    opened = await gate.logins.log_in("lin", PASSWORD, HOME)
    await gate.logins.log_out(opened.cookie, opened.login.actor)
    lines = (await gate.lines())[1:]
    assert [(line.actor, line.address, line.act, line.outcome) for line in lines] == [
        ("lin", STRANGER, "session.open", "failed"),
        ("unknown", STRANGER, "session.open", "failed"),
        ("lin", HOME, "session.open", "done"),
        ("lin", HOME, "session.close", "done"),
    ]
    data = b"".join(path.read_bytes() for path in gate.folder.iterdir())
    assert b"my secret pass phrase" not in data
