"""The same gate on PostgreSQL, with two processes writing to one audit log."""

import asyncio
import secrets

import pytest
from gatehouse import CHEAP, CONSOLE, PASSWORD, START_NS

from cloud.access import audit as acts
from cloud.access import gate
from cloud.access.accounts import NewUser
from cloud.access.actor import Right, Role
from cloud.access.logins import LoginRefused
from cloud.access.passwords import Passwords
from cloud.access.tokens import NewToken
from cloud.database import Database
from cloud.tables import audit


async def test_login_tokens_and_audit(postgresql_url: str) -> None:
    """Users, failures, sessions and tokens, and a chain that 40 acts of two processes at once do not fork."""
    async with Database(postgresql_url) as one, Database(postgresql_url) as other:
        found = gate.on(one, lambda: START_NS, secrets.token_bytes, Passwords(secrets.token_bytes, CHEAP))
        await found.accounts.add(NewUser(name="lin", role=Role.OPERATOR, units=("a",), password=PASSWORD), CONSOLE)
        with pytest.raises(LoginRefused):
            await found.logins.log_in("lin", "wrong", "10.1.2.3")
        opened = await found.logins.log_in("lin", PASSWORD, "10.1.2.3")
        assert await found.logins.of_cookie(opened.cookie, "10.1.2.3")
        issued = await found.tokens.create(NewToken(name="t", role=Role.VIEWER), CONSOLE)
        actor = await found.tokens.of_secret(issued.secret, "")
        assert actor is not None
        assert actor.rights == {Right.READ}
        line = acts.line(CONSOLE, "case.close", "case 1", START_NS)
        await asyncio.gather(
            *(database.write(lambda connection: audit.add(connection, line)) for database in (one, other) * 20)
        )
        verdict = await one.read(audit.verify)
        assert (verdict.lines, verdict.broken_id) == (44, 0)
