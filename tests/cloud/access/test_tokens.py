"""API tokens: shown once, narrow, and over when they are over."""

from typing import Any

import pytest
from gatehouse import CONSOLE, START_NS

from cloud.access.accounts import AccountError, NoSuchAccount
from cloud.access.actor import Actor, NotAllowed, Right, Role
from cloud.access.tokens import NewToken

HOUR_NS = 3_600 * 10**9
HOTLINE = NewToken(name="hotline-12345", role=Role.OPERATOR, scopes=(Right.POST_REPORTS,), districts=("tongan",))


async def test_token_is_an_actor(gate: Any) -> None:
    """With its scopes and reach, under a name that no user can have."""
    issued = await gate.tokens.create(HOTLINE, CONSOLE)
    assert issued.secret.startswith("egret_")
    assert len(issued.secret) == 6 + 43
    actor = await gate.tokens.of_secret(issued.secret, "10.1.2.3")
    assert (actor.name, actor.via, actor.rights) == ("token hotline-12345", "token", {Right.POST_REPORTS})
    assert (actor.districts, actor.address) == ({"tongan"}, "10.1.2.3")


async def test_secret_is_shown_once(gate: Any) -> None:
    """It is neither in the list nor anywhere in the database's files."""
    issued = await gate.tokens.create(HOTLINE, CONSOLE)
    assert [token.name for token in await gate.tokens.tokens()] == ["hotline-12345"]
    data = b"".join(path.read_bytes() for path in gate.folder.iterdir())
    assert issued.secret.encode() not in data
    assert issued.secret.removeprefix("egret_").encode() not in data


async def test_expired_token_opens_nothing(gate: Any) -> None:
    """From its last nanosecond on."""
    asked = NewToken(name="visit", role=Role.VIEWER, expires_ns=START_NS + HOUR_NS)
    issued = await gate.tokens.create(asked, CONSOLE)
    gate.wait(3_599)
    assert await gate.tokens.of_secret(issued.secret, "")
    gate.wait(1)
    assert await gate.tokens.of_secret(issued.secret, "") is None


async def test_revoked_token_opens_nothing(gate: Any) -> None:
    """At once, and revoking it again changes nothing."""
    issued = await gate.tokens.create(HOTLINE, CONSOLE)
    revoked = await gate.tokens.revoke("hotline-12345", CONSOLE)
    assert await gate.tokens.of_secret(issued.secret, "") is None
    gate.wait(60)
    assert await gate.tokens.revoke("hotline-12345", CONSOLE) == revoked
    with pytest.raises(AccountError, match="there was such a token"):
        await gate.tokens.create(HOTLINE, CONSOLE)


@pytest.mark.parametrize("secret", ["", "egret_", "egret_" + "A" * 43, "\u2603"])
async def test_other_secrets_open_nothing(gate: Any, secret: str) -> None:
    """Whatever is sent instead."""
    await gate.tokens.create(HOTLINE, CONSOLE)
    assert await gate.tokens.of_secret(secret, "") is None


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (NewToken(name="a b", role=Role.VIEWER), "no name for a token"),
        (NewToken(name="x\r\ny", role=Role.VIEWER), "no name for a token"),
        (NewToken(name="x", role=Role.VIEWER, scopes=(Right.CLOSE,)), "has not the scope close"),
        (NewToken(name="x", role=Role.VIEWER, expires_ns=START_NS), "over already"),
    ],
)
async def test_tokens_that_cannot_be(gate: Any, asked: NewToken, why: str) -> None:
    """Names that break lines, scopes that the role has not, and an end in the past."""
    with pytest.raises(AccountError, match=f"{why}.*E-ACCESS-010"):
        await gate.tokens.create(asked, CONSOLE)


async def test_token_is_no_ladder(gate: Any) -> None:
    """A token that may only manage users makes no token, and revokes none, that may do more."""
    await gate.tokens.create(HOTLINE, CONSOLE)
    manager = Actor("token m", Role.MAINTAINER, "token", scopes=frozenset({Right.MANAGE_USERS}))
    with pytest.raises(NotAllowed, match="E-ACCESS-003"):
        await gate.tokens.create(NewToken(name="more", role=Role.MAINTAINER), manager)
    with pytest.raises(NotAllowed, match="E-ACCESS-003"):
        await gate.tokens.revoke("hotline-12345", manager)


async def test_unknown_token_is_named(gate: Any) -> None:
    """A slip of the pen is told apart from a refusal."""
    with pytest.raises(NoSuchAccount, match=r"token hotline: .*E-ACCESS-012"):
        await gate.tokens.revoke("hotline", CONSOLE)


async def test_tokens_are_in_the_log(gate: Any) -> None:
    """Made and revoked, with what they open and without the secret."""
    issued = await gate.tokens.create(HOTLINE, CONSOLE)
    await gate.tokens.revoke("hotline-12345", CONSOLE)
    made, revoked = await gate.lines(object="token hotline-12345")
    assert (made.act, revoked.act) == ("token.create", "token.revoke")
    assert '"scopes":["post_reports"]' in made.detail
    assert issued.secret not in made.detail
