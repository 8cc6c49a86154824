"""What other systems call our cases, and how those stand there."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, select

from cloud.cases.elsewhere import Ref
from cloud.database import built, upsert
from cloud.schema.cases import case_refs


def find(connection: Connection, system: str, key: str) -> Ref | None:
    """None for a report never heard of."""
    wanted = select(case_refs).where(case_refs.c.system == system, case_refs.c.key == key)
    row = connection.execute(wanted).mappings().one_or_none()
    return None if row is None else built(Ref, row)


def of(connection: Connection, number: str) -> Sequence[Ref]:
    """All that other systems say of a case of ours."""
    wanted = select(case_refs).where(case_refs.c.case == number).order_by(case_refs.c.system, case_refs.c.key)
    return [built(Ref, row) for row in connection.execute(wanted).mappings()]


def put(connection: Connection, ref: Ref) -> None:
    """As it is now."""
    upsert(connection, case_refs, [msgspec.structs.asdict(ref)])
