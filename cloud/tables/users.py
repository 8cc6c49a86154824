"""Users, and how often somebody failed to be one."""

import hashlib
from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, Row, delete, insert, select, update

from cloud.access.actor import Role
from cloud.database import upsert
from cloud.schema.access import login_failures, users


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A person with an account. Empty `districts` or `units`: all of them. The password is not here."""

    name: str
    full_name: str
    role: Role
    districts: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    is_active: bool = True
    created_ns: int
    changed_ns: int


class Failures(msgspec.Struct, frozen=True):
    """Of a user or an address: how many in a row, the last, and until when nobody is let in."""

    count: int = 0
    last_ns: int = 0
    until_ns: int = 0


def everyone(connection: Connection) -> Sequence[User]:
    """By name."""
    return [_user(row) for row in connection.execute(select(users).order_by(users.c.name))]


def find(connection: Connection, name: str) -> User | None:
    """None for a name that nobody has."""
    row = connection.execute(select(users).where(users.c.name == name)).one_or_none()
    return None if row is None else _user(row)


def password(connection: Connection, name: str) -> str:
    """The hash, or empty for a name that nobody active has."""
    wanted = select(users.c.password).where(users.c.name == name, users.c.is_active)
    return connection.execute(wanted).scalar() or ""


def add(connection: Connection, user: User, kept: str) -> None:
    """`kept` is the password's hash."""
    connection.execute(insert(users).values(**_columns(user), password=kept))


def put(connection: Connection, user: User) -> None:
    """A known user as they are now."""
    connection.execute(update(users).where(users.c.name == user.name).values(**_columns(user)))


def put_password(connection: Connection, name: str, kept: str, now_ns: int) -> None:
    """`kept` is the hash of the new one."""
    connection.execute(update(users).where(users.c.name == name).values(password=kept, changed_ns=now_ns))


def tried(name: str) -> str:
    """The key of somebody's failures. Not the name itself: people type passwords where it belongs."""
    return "user " + hashlib.sha256(name.encode()).hexdigest()[:32]


def failures(connection: Connection, who: str) -> Failures:
    """None at all for whom nobody has tried."""
    row = connection.execute(select(login_failures).where(login_failures.c.who == who)).one_or_none()
    return Failures() if row is None else Failures(row.failures, row.last_ns, row.until_ns)


def put_failures(connection: Connection, who: str, found: Failures) -> None:
    """As they are now; none are no row."""
    if found.count:
        row = {"who": who, "failures": found.count, "last_ns": found.last_ns, "until_ns": found.until_ns}
        upsert(connection, login_failures, [row])
    else:
        connection.execute(delete(login_failures).where(login_failures.c.who == who))


def forget_failures(connection: Connection, before_ns: int) -> None:
    """Those whose last was before."""
    connection.execute(delete(login_failures).where(login_failures.c.last_ns < before_ns))


def _columns(user: User) -> dict[str, object]:
    lists = {name: msgspec.json.encode(getattr(user, name)).decode() for name in ("districts", "units")}
    return {**msgspec.structs.asdict(user), "role": user.role.value, **lists}


def _user(row: Row[tuple[object, ...]]) -> User:
    return User(
        name=row.name,
        full_name=row.full_name,
        role=Role(row.role),
        districts=msgspec.json.decode(row.districts, type=tuple[str, ...]),
        units=msgspec.json.decode(row.units, type=tuple[str, ...]),
        is_active=row.is_active,
        created_ns=row.created_ns,
        changed_ns=row.changed_ns,
    )
