"""One table of rights, and whose a thing is."""

import pytest

from cloud.access.actor import (
    DEMO,
    RIGHTS,
    Actor,
    Grant,
    NotAllowed,
    Right,
    Role,
    may,
    may_see,
    require,
    require_giving,
    require_sight,
)


@pytest.mark.parametrize(
    ("role", "right", "is_given"),
    [
        (Role.VIEWER, Right.READ, True),
        (Role.VIEWER, Right.ACT_ON_ALARMS, False),
        (Role.HANDLER, Right.HANDLE, True),
        (Role.HANDLER, Right.CLOSE, False),
        (Role.HANDLER, Right.DISPATCH, False),
        (Role.OPERATOR, Right.DISPATCH, True),
        (Role.OPERATOR, Right.SWITCH_MODE, True),
        (Role.OPERATOR, Right.HANDLE, True),
        (Role.OPERATOR, Right.MANAGE_USERS, False),
        (Role.OPERATOR, Right.READ_AUDIT, False),
        (Role.MAINTAINER, Right.READ_AUDIT, True),
    ],
)
def test_table_of_rights(role: Role, right: Right, *, is_given: bool) -> None:
    """Who handles does not verify or close their own work; who dispatches does not read the audit log."""
    assert may(Actor("x", role, "session"), right) is is_given


def test_every_role_reads_and_every_right_is_somebodys() -> None:
    """No role is empty, and no right is out of everybody's reach."""
    assert all(Right.READ in rights for rights in RIGHTS.values())
    assert frozenset[Right]().union(*RIGHTS.values()) == frozenset(Right) == DEMO.rights


def test_refusal_says_who_could() -> None:
    """A viewer who closes a case is told what is missing and who has it."""
    with pytest.raises(NotAllowed, match=r"case 20261124-00001: chen may not.*close.*operator or maintainer.*001"):
        require(Actor("chen", Role.VIEWER, "session"), Right.CLOSE, "case 20261124-00001")


def test_scopes_narrow_a_token() -> None:
    """A token of a maintainer that may only post reports reads no audit log, and its fix is another scope."""
    camera = Actor("token camera", Role.MAINTAINER, "token", scopes=frozenset({Right.POST_REPORTS}))
    require(camera, Right.POST_REPORTS)
    with pytest.raises(NotAllowed, match="scope read_audit"):
        require(camera, Right.READ_AUDIT)


@pytest.mark.parametrize(
    ("districts", "units", "is_seen"),
    [
        ((), (), True),
        (("tongan",), (), True),
        (("siming",), (), False),
        ((), ("tongan-ads",), True),
        ((), ("siming-ads",), False),
        (("tongan",), ("siming-ads",), False),
        (("siming", "tongan"), ("tongan-ads", "siming-ads"), True),
    ],
)
def test_reach(districts: tuple[str, ...], units: tuple[str, ...], *, is_seen: bool) -> None:
    """A case of Tong'an that Tong'an's billboard section has is seen by those of both, or of the whole city."""
    actor = Actor("lin", Role.OPERATOR, "session", frozenset(districts), frozenset(units))
    assert may_see(actor, "tongan", "tongan-ads") is is_seen


def test_thing_of_nobody_is_hidden_from_the_confined() -> None:
    """A case without a unit or a district belongs to the command centre."""
    confined = Actor("lin", Role.HANDLER, "session", units=frozenset({"tongan-ads"}))
    assert may_see(confined, "tongan", "") is False
    assert may_see(Actor("wu", Role.OPERATOR, "session", frozenset({"tongan"})), "", "") is False
    with pytest.raises(NotAllowed, match=r"case 7: .*lin.*E-ACCESS-002"):
        require_sight(confined, "tongan", "siming-ads", "case 7")


@pytest.mark.parametrize(
    ("actor", "grant"),
    [
        (Actor("a", Role.OPERATOR, "session"), Grant(Role.VIEWER)),
        (Actor("a", Role.MAINTAINER, "session", frozenset({"tongan"})), Grant(Role.VIEWER)),
        (Actor("a", Role.MAINTAINER, "session", frozenset({"tongan"})), Grant(Role.VIEWER, frozenset({"siming"}))),
        (Actor("a", Role.MAINTAINER, "session", units=frozenset({"u"})), Grant(Role.VIEWER, frozenset({"tongan"}))),
        (Actor("a", Role.MAINTAINER, "token", scopes=frozenset({Right.MANAGE_USERS})), Grant(Role.VIEWER)),
    ],
)
def test_nobody_gives_more_than_they_have(actor: Actor, grant: Grant) -> None:
    """Neither a wider reach nor a right of their own lack: an account is no ladder."""
    with pytest.raises(NotAllowed):
        require_giving(actor, grant)


@pytest.mark.parametrize("reach", [{"districts": frozenset({"tongan"})}, {"units": frozenset({"tongan-ads"})}])
@pytest.mark.parametrize("right", [Right.MAINTAIN, Right.MANAGE_USERS, Right.READ_AUDIT])
def test_the_confined_keep_nothing_of_the_whole_city(reach: dict[str, frozenset[str]], right: Right) -> None:
    """Accounts, audit log and dead letters speak of every district, so Tong'an's maintainer has only its cases."""
    actor = Actor("a", Role.MAINTAINER, "session", **reach)
    require(actor, Right.CLOSE)
    with pytest.raises(NotAllowed, match=r"maintainer of the whole city.*E-ACCESS-001"):
        require(actor, right)
