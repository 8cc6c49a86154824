"""Signed links that were used: each act of a link is done once, notes and photos a few times."""

import msgspec
from sqlalchemy import Connection, insert, select

from cloud.schema.access import used_links
from wire.errors import BadAct, CaseError

OFTEN_MOST = 20
"""Acts of one kind by one link, where each has its own word: `note 5f2c…`, `photo 9ab0…`."""


class LinkUsed(CaseError):
    """The act of a signed link was done before."""


class UsedLink(msgspec.Struct, frozen=True):
    """The link's `nonce` (hexadecimal), the act's word, the case, who, and when."""

    nonce: str
    act: str
    case: str
    actor: str
    used_ns: int


def use(connection: Connection, link: UsedLink) -> None:
    """Raises LinkUsed when the act was done by this link before, BadAct when its kind was done too often.

    Counted here, in the transaction of the act: a hundred notes at once are counted as a hundred.
    """
    is_it = (used_links.c.nonce == link.nonce) & (used_links.c.act == link.act)
    row = connection.execute(select(used_links).where(is_it)).one_or_none()
    if row is not None:
        raise LinkUsed(
            f"{link.act} was done by this link before.",
            where=f"case {link.case}",
            fix="nothing is left to do; a new notice brings a new link.",
            code="E-LINKS-006",
        )
    kind, is_often, _ = link.act.partition(" ")
    if is_often and sum(act.startswith(f"{kind} ") for act in used(connection, link.nonce)) >= OFTEN_MOST:
        what, fix = f"a link takes at most {OFTEN_MOST} of these: {kind}.", "tell the rest to the command centre."
        raise BadAct(what, where=f"case {link.case}", fix=fix, code="E-LINKS-009")
    connection.execute(insert(used_links).values(**msgspec.structs.asdict(link)))


def used(connection: Connection, nonce: str) -> frozenset[str]:
    """The acts that were done by this link."""
    return frozenset(connection.execute(select(used_links.c.act).where(used_links.c.nonce == nonce)).scalars())
