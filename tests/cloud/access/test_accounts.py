"""Users: made, changed, sent away."""

from typing import Any

import msgspec
import pytest
from gatehouse import CONSOLE, PASSWORD

from cloud.access.accounts import AccountError, AccountExists, FullName, NewUser, NoSuchAccount, UserChange
from cloud.access.actor import Actor, NotAllowed, Role
from cloud.access.logins import LoginRefused
from cloud.access.passwords import BadPassword


def new(name: str, role: Role = Role.VIEWER, **more: Any) -> NewUser:
    """Somebody with a good password."""
    return NewUser(name=name, role=role, password="typhoon billboard egret pier", **more)


async def test_user_comes_with_reach(gate: Any) -> None:
    """Districts and units are kept, the password is nowhere to be seen."""
    await gate.accounts.add(new("chen.w", Role.HANDLER, units=("tongan-ads",), full_name="陈 <b>工</b>"), CONSOLE)
    chen, lin = await gate.accounts.users()
    assert (chen.name, chen.full_name, chen.units, chen.districts) == ("chen.w", "陈 <b>工</b>", ("tongan-ads",), ())
    assert (lin.name, lin.role, lin.districts) == ("lin", Role.OPERATOR, ("tongan",))
    assert b"argon2" not in msgspec.json.encode([chen, lin])


@pytest.mark.parametrize("name", ["", "a b", "lin\r\nSet-Cookie: x=1", "<b>", "egret", "DEMO", "../x", "x" * 65, "-x"])
async def test_names_that_nobody_may_have(gate: Any, name: str) -> None:
    """Line ends, markup, and the names under which the cloud itself stands in the logs."""
    with pytest.raises(AccountError, match="E-ACCESS-010"):
        await gate.accounts.add(new(name), CONSOLE)


@pytest.mark.parametrize("text", ["a\nb", "ab\n", "a\x00b", "\u202egnp.exe"])
def test_full_names_are_one_printable_line(text: str) -> None:
    """No line end, not even the last, and no mark that turns the writing round."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(text, FullName)


@pytest.mark.parametrize("name", ["lin", "LIN", "\uff4c\uff49\uff4e"])
async def test_one_name_is_one_user(gate: Any, name: str) -> None:
    """Capitals and full-width letters make no second Lin."""
    with pytest.raises(AccountExists, match=r"user lin: .*E-ACCESS-011"):
        await gate.accounts.add(new(name), CONSOLE)


async def test_weak_password_makes_no_user(gate: Any) -> None:
    """Nothing is kept of it."""
    with pytest.raises(BadPassword):
        await gate.accounts.add(NewUser(name="wu", role=Role.VIEWER, password="short"), CONSOLE)
    assert len(await gate.accounts.users()) == 1


async def test_who_is_sent_away_is_out_at_once(gate: Any) -> None:
    """Not active: the open session ends, and the right password opens nothing; the answer is that of a wrong one."""
    opened = await gate.logins.log_in("lin", PASSWORD, "10.1.2.3")
    await gate.accounts.change("lin", UserChange(is_active=False), CONSOLE)
    assert await gate.logins.of_cookie(opened.cookie, "10.1.2.3") is None
    with pytest.raises(LoginRefused, match=r"name or password is wrong.*E-ACCESS-020"):
        await gate.logins.log_in("lin", PASSWORD, "10.1.2.3")
    await gate.accounts.change("lin", UserChange(is_active=True), CONSOLE)
    assert await gate.logins.of_cookie(opened.cookie, "10.1.2.3") is None


async def test_new_role_holds_in_open_sessions(gate: Any) -> None:
    """Lin becomes a viewer of Siming while logged in, and the next request is a viewer's."""
    opened = await gate.logins.log_in("lin", PASSWORD, "10.1.2.3")
    await gate.accounts.change("Lin", UserChange(role=Role.VIEWER, districts=("siming",)), CONSOLE)
    login = await gate.logins.of_cookie(opened.cookie, "10.1.2.3")
    assert (login.actor.role, login.actor.districts) == (Role.VIEWER, {"siming"})


async def test_new_password_logs_out_everywhere(gate: Any) -> None:
    """The thief's session and the owner's end, the old password opens nothing, and a lock is lifted."""
    opened = [await gate.logins.log_in("lin", PASSWORD, address) for address in ("10.1.2.3", "203.0.113.9")]
    for _ in range(5):
        with pytest.raises(LoginRefused):
            await gate.logins.log_in("lin", "wrong", "203.0.113.10")
    await gate.accounts.set_password("lin", "four other quiet words", CONSOLE)
    assert [await gate.logins.of_cookie(one.cookie, "10.1.2.3") for one in opened] == [None, None]
    await gate.logins.log_in("lin", "four other quiet words", "10.9.9.9")
    with pytest.raises(LoginRefused):
        await gate.logins.log_in("lin", PASSWORD, "10.9.9.9")


async def test_nobody_changes_their_own_role(gate: Any) -> None:
    """The last maintainer cannot shut everybody out; a full name is theirs to change."""
    await gate.accounts.add(new("zhao", Role.MAINTAINER), CONSOLE)
    zhao = Actor("zhao", Role.MAINTAINER, "session")
    for change in (UserChange(role=Role.VIEWER), UserChange(is_active=False), UserChange(districts=("tongan",))):
        with pytest.raises(NotAllowed, match="E-ACCESS-013"):
            await gate.accounts.change("zhao", change, zhao)
    assert (await gate.accounts.change("zhao", UserChange(full_name="赵"), zhao)).full_name == "赵"


async def test_a_maintainer_of_a_district_manages_nobody(gate: Any) -> None:
    """Neither Siming's own people, nor Lin of Tong'an, nor anybody of the whole city."""
    siming = Actor("he", Role.MAINTAINER, "session", frozenset({"siming"}))
    await gate.accounts.add(new("zhao", Role.MAINTAINER), CONSOLE)
    for name in ("lin", "zhao"):
        with pytest.raises(NotAllowed, match="E-ACCESS-001"):
            await gate.accounts.set_password(name, "four other quiet words", siming)
        with pytest.raises(NotAllowed, match="E-ACCESS-001"):
            await gate.accounts.change(name, UserChange(districts=("siming",)), siming)


async def test_an_own_password_needs_the_old_one(gate: Any) -> None:
    """Whoever finds zhao's browser open does not keep the account: that way is for other people's passwords."""
    await gate.accounts.add(new("zhao", Role.MAINTAINER), CONSOLE)
    zhao = Actor("zhao", Role.MAINTAINER, "session")
    with pytest.raises(NotAllowed, match=r"session/password.*E-ACCESS-013"):
        await gate.accounts.set_password("Zhao", "four other quiet words", zhao)
    await gate.accounts.set_password("lin", "four other quiet words", zhao)


async def test_unknown_user_is_named(gate: Any) -> None:
    """A slip of the pen is told apart from a refusal."""
    with pytest.raises(NoSuchAccount, match=r"user limm: there is no such user.*E-ACCESS-012"):
        await gate.accounts.change("limm", UserChange(full_name="x"), CONSOLE)


async def test_every_change_is_in_the_log(gate: Any) -> None:
    """Who, what, to whom, without a word of the password."""
    await gate.accounts.change("lin", UserChange(role=Role.VIEWER), CONSOLE)
    await gate.accounts.set_password("lin", "four other quiet words", CONSOLE)
    lines = await gate.lines(object="user lin")
    assert [(line.actor, line.via, line.act) for line in lines] == [
        ("root", "console", "user.add"),
        ("root", "console", "user.change"),
        ("root", "console", "user.password"),
    ]
    assert lines[1].detail == '{"role":"viewer"}'
    assert not any("typhoon" in line.detail or "quiet" in line.detail for line in lines)
