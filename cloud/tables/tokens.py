"""API tokens: how programs come in. Kept as SHA-256: a token is 32 random bytes and cannot be guessed slowly."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, Row, insert, select, update

from cloud.access.actor import Right, Role
from cloud.schema.access import api_tokens


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A program's permission. `expires_ns` None: until it is revoked. The token itself is nowhere."""

    name: str
    role: Role
    districts: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    scopes: tuple[Right, ...]
    created_by: str
    created_ns: int
    expires_ns: int | None = None
    revoked_ns: int | None = None


def everyone(connection: Connection) -> Sequence[Token]:
    """By name, those that are revoked too."""
    return [_token(row) for row in connection.execute(select(api_tokens).order_by(api_tokens.c.name))]


def find(connection: Connection, name: str) -> Token | None:
    """None for a name that no token has."""
    row = connection.execute(select(api_tokens).where(api_tokens.c.name == name)).one_or_none()
    return None if row is None else _token(row)


def of_hash(connection: Connection, digest: str) -> Token | None:
    """None for a secret that is nobody's."""
    row = connection.execute(select(api_tokens).where(api_tokens.c.hash == digest)).one_or_none()
    return None if row is None else _token(row)


def add(connection: Connection, token: Token, digest: str) -> None:
    """`digest` is the SHA-256 of the secret."""
    lists = {name: msgspec.json.encode(getattr(token, name)).decode() for name in ("districts", "units", "scopes")}
    columns = {**msgspec.structs.asdict(token), "role": token.role.value, **lists}
    connection.execute(insert(api_tokens).values(**columns, hash=digest))


def revoke(connection: Connection, name: str, now_ns: int) -> None:
    """From now on it opens nothing."""
    connection.execute(update(api_tokens).where(api_tokens.c.name == name).values(revoked_ns=now_ns))


def _token(row: Row[tuple[object, ...]]) -> Token:
    return Token(
        name=row.name,
        role=Role(row.role),
        districts=msgspec.json.decode(row.districts, type=tuple[str, ...]),
        units=msgspec.json.decode(row.units, type=tuple[str, ...]),
        scopes=msgspec.json.decode(row.scopes, type=tuple[Right, ...]),
        created_by=row.created_by,
        created_ns=row.created_ns,
        expires_ns=row.expires_ns,
        revoked_ns=row.revoked_ns,
    )
