"""Who acts, and what each role may do: one table, asked everywhere.

Two questions are asked of every act, and both must be answered with yes. *May this role do it?*
(`may`) and *is it theirs?* (`may_see`): an operator of one district and a handler of one unit neither
see nor touch what belongs to others, whatever number they write into an address.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from wire.errors import EgretError

Via = Literal["session", "token", "link", "claim", "demo", "console", "egret"]
"""How somebody came in. `console`: at the machine itself, with the database's own permissions; `egret`: the cloud.

`claim`: a box with the code of `egret fleet enroll`.
"""


class Right(StrEnum):
    """What somebody may do."""

    READ = "read"
    ACT_ON_ALARMS = "act_on_alarms"
    """Acknowledge, shelve, take out of service, test."""
    FILE_CASES = "file_cases"
    """上报、立案."""
    DISPATCH = "dispatch"
    """派遣: give a case to a unit, merge, split, suspend, decide a dispute."""
    HANDLE = "handle"
    """处置: accept, arrive, photos, done, dispute."""
    VERIFY = "verify"
    """核查."""
    CLOSE = "close"
    """结案."""
    EVALUATE = "evaluate"
    """考核评价: the figures of every unit."""
    SWITCH_MODE = "switch_mode"
    """平战结合."""
    POST_REPORTS = "post_reports"
    """For another system that files and follows its own cases here."""
    MAINTAIN = "maintain"
    """Quarantine, dead letters, what belongs to the machine."""
    MANAGE_USERS = "manage_users"
    READ_AUDIT = "read_audit"


class Role(StrEnum):
    """What somebody is."""

    VIEWER = "viewer"
    HANDLER = "handler"
    """A person of a responsible unit."""
    OPERATOR = "operator"
    """A person of the command centre."""
    MAINTAINER = "maintainer"
    """Keeps the installation, and does everybody's work where there is nobody else. The audit log says who it was."""


RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.VIEWER: frozenset({Right.READ}),
    Role.HANDLER: frozenset({Right.READ, Right.FILE_CASES, Right.HANDLE}),
    Role.OPERATOR: frozenset(Right) - {Right.MAINTAIN, Right.MANAGE_USERS, Right.READ_AUDIT},
    Role.MAINTAINER: frozenset(Right),
}
"""The one table."""
OF_THE_CITY = frozenset({Right.MAINTAIN, Right.MANAGE_USERS, Right.READ_AUDIT})
"""What cannot be done to one district: whoever is confined to some, or to units, has none of these."""


class NotAllowed(EgretError):
    """Somebody who is known may not do this. The refusal becomes a line of the audit log."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever acts. `name` stands in logs; empty `districts` or `units`: all of them.

    `scopes` narrow what the role may do, for tokens. `address` is where the request came from.
    """

    name: str
    role: Role
    via: Via
    districts: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()
    scopes: frozenset[Right] = frozenset(Right)
    address: str = ""

    @property
    def rights(self) -> frozenset[Right]:
        """What is left of the role's rights."""
        found = RIGHTS[self.role] & self.scopes
        return found - OF_THE_CITY if self.is_confined else found

    @property
    def is_confined(self) -> bool:
        """Do they see only a part of the city?"""
        return bool(self.districts or self.units)


EGRET = Actor("egret", Role.MAINTAINER, "egret")
"""The cloud itself: what time and sensors do."""
DEMO = Actor("demo", Role.MAINTAINER, "demo")
"""Whoever sits at the machine of a demonstration, where nobody logs in."""
RESERVED = frozenset({EGRET.name, DEMO.name, "nobody", "console"})
"""Names that stand in logs for something else than a user."""


def may(actor: Actor, right: Right) -> bool:
    """Has the actor this right?"""
    return right in actor.rights


def may_see(actor: Actor, district: str, unit: str = "") -> bool:
    """Is a thing of this district and unit the actor's?

    What has no district (a sensor that nobody registered) or no unit (a case that nobody was given
    yet) belongs to those alone who are not confined to some.
    """
    return (not actor.districts or district in actor.districts) and (not actor.units or unit in actor.units)


def require(actor: Actor, right: Right, where: str = "") -> None:
    """Raises NotAllowed when the actor has not this right; `where` names the thing that was to be touched."""
    if may(actor, right):
        return
    roles = [role.value for role in Role if right in RIGHTS[role]]
    if right in OF_THE_CITY and actor.is_confined:
        fix = "ask a maintainer of the whole city."
    elif right in RIGHTS[actor.role]:
        fix = f"make a token with the scope {right.value}."
    else:
        fix = f"ask a user with the role {' or '.join(roles)}."
    raise NotAllowed(f"{actor.name} may not do this ({right.value}).", where=where, fix=fix, code="E-ACCESS-001")


def require_sight(actor: Actor, district: str, unit: str = "", where: str = "") -> None:
    """Raises NotAllowed when a thing of this district and unit is not the actor's."""
    if not may_see(actor, district, unit):
        fix = "ask somebody of that district or unit, or of the command centre."
        raise NotAllowed(f"this is not in the hands of {actor.name}.", where=where, fix=fix, code="E-ACCESS-002")


@dataclass(frozen=True, slots=True)
class Grant:
    """What an account or a token is given; as in Actor."""

    role: Role
    districts: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()
    scopes: frozenset[Right] = frozenset(Right)


def require_giving(actor: Actor, grant: Grant, where: str = "") -> None:
    """Raises NotAllowed when the actor would give, or take, a right that they have not themselves.

    Of reach nobody has less to give: who manages users is confined to nothing.
    """
    require(actor, Right.MANAGE_USERS, where)
    if not actor.rights >= RIGHTS[grant.role] & grant.scopes:
        what = f"{actor.name} has less than that, and nobody gives or changes more than they have."
        raise NotAllowed(what, where=where, fix="ask a maintainer of the whole city.", code="E-ACCESS-003")
