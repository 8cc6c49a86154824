"""What a signed link shows and does: one case, for one unit, without a login.

The holder of a link is the unit that it was sent to, and no more: a link for a case that was given to
another unit since then opens nothing. Each act works once; notes and photos a few times.
"""

import hashlib
from collections.abc import Collection
from typing import TypeAlias

import msgspec

from cloud.access.actor import Actor, NotAllowed, Role
from cloud.cases.case_act import Act, word
from cloud.cases.case_acts import BY_LINK, Accept, Arrive, FeedBack, Note, allowed
from cloud.cases.case_flow import Case, Stage
from cloud.cases.practice import Practice
from cloud.notices.action_links import ActionGrant
from cloud.tables.links import OFTEN_MOST, UsedLink
from wire.alarm import Level
from wire.errors import BadAct

NOTES_MOST = PHOTOS_MOST = OFTEN_MOST
"""Of one link each."""
NAME = "{unit} (link)"
"""How the logs call whoever holds a link of this unit."""
_PHOTO, _NOTE = "photo", word(Note)
_ONCE = tuple(word(kind) for kind in BY_LINK if kind is not Note)

LinkAct: TypeAlias = Accept | Arrive | FeedBack | Note


class LinkView(msgspec.Struct, frozen=True, kw_only=True):
    """What a phone needs to know of a case, and no more.

    `place`, `district` and `unit_name` are names for people. Coordinates are WGS-84 degrees. `can`: what
    this link can do now (`photo` too); `done`: what it did. `photos` are the hashes of those it brought.
    """

    number: str
    title: str
    title_en: str
    level: Level
    stage: Stage
    is_drill: bool
    is_suspended: bool
    place: str
    place_en: str
    district: str
    street: str
    longitude: float | None
    latitude: float | None
    unit: str
    unit_name: str
    opened_ns: int
    due_ns: int | None
    expires_ns: int
    can: tuple[str, ...]
    done: tuple[str, ...]
    photos: tuple[str, ...]


def actor_of(grant: ActionGrant, address: str) -> Actor:
    """Whoever holds the link."""
    name = NAME.format(unit=grant.recipient)
    return Actor(name, Role.HANDLER, "link", units=frozenset({grant.recipient}), address=address)


def require_own(grant: ActionGrant, case: Case) -> None:
    """Raises NotAllowed when the case is another unit's by now; one that has climbed was not given to another."""
    if grant.recipient not in (case.unit, case.dispatched_to):
        fix = "nothing is left to do for you; ask the command centre if you think otherwise."
        what = "this case is in the hands of another unit now."
        raise NotAllowed(what, where=f"case {case.number}", fix=fix, code="E-LINKS-007")


def view(grant: ActionGrant, case: Case, used: Collection[str], practice: Practice) -> LinkView:
    """The case as this link shows it."""
    site = practice.inventory.sites.get(case.site)
    unit = practice.rules.organisation.units.get(case.unit)
    return LinkView(
        number=case.number,
        title=case.title,
        title_en=case.title_en,
        level=case.level,
        stage=case.stage,
        is_drill=case.is_drill,
        is_suspended=case.suspended_ns is not None,
        place=site.name if site else case.site,
        place_en=site.name_en if site else "",
        district=practice.inventory.districts.get(case.district, case.district),
        street=case.street,
        longitude=case.longitude,
        latitude=case.latitude,
        unit=case.unit,
        unit_name=unit.name if unit else case.unit,
        opened_ns=case.opened_ns,
        due_ns=case.due_ns,
        expires_ns=grant.expires_ns,
        can=_can(case, used),
        done=_done(used),
        photos=tuple(sorted(act.partition(" ")[2] for act in used if act.startswith(f"{_PHOTO} "))),
    )


def use_for_act(grant: ActionGrant, act: Act, used: Collection[str], actor: Actor, now_ns: int) -> UsedLink:
    """What the ledger keeps of an act. The same note again is the same act. Raises BadAct for too many notes."""
    kept = word(type(act))
    if isinstance(act, Note):
        _require_few(grant, _NOTE, used, NOTES_MOST)
        kept = f"{kept} {hashlib.sha256(msgspec.json.encode(act)).hexdigest()[:16]}"
    return UsedLink(grant.nonce.hex(), kept, grant.number, actor.name, now_ns)


def use_for_photo(grant: ActionGrant, photo: str, actor: Actor, now_ns: int) -> UsedLink:
    """What the ledger keeps of a photo with this hash."""
    return UsedLink(grant.nonce.hex(), f"{_PHOTO} {photo}", grant.number, actor.name, now_ns)


def require_few_photos(grant: ActionGrant, used: Collection[str]) -> None:
    """Raises BadAct when this link has brought all it may."""
    _require_few(grant, _PHOTO, used, PHOTOS_MOST)


def _require_few(grant: ActionGrant, kind: str, used: Collection[str], most: int) -> None:
    if _count(kind, used) >= most:
        fix = "tell the rest to the command centre."
        what = f"a link takes at most {most} of these: {kind}."
        raise BadAct(what, where=f"case {grant.number}", fix=fix, code="E-LINKS-009")


def _can(case: Case, used: Collection[str]) -> tuple[str, ...]:
    now = allowed(case)
    once = [kind for kind in _ONCE if kind in now and kind not in used]
    often = {_PHOTO: PHOTOS_MOST, _NOTE: NOTES_MOST} if _NOTE in now else {}
    return (*once, *(kind for kind, most in often.items() if _count(kind, used) < most))


def _done(used: Collection[str]) -> tuple[str, ...]:
    return tuple(kind for kind in (*_ONCE, _PHOTO, _NOTE) if kind in used or _count(kind, used))


def _count(kind: str, used: Collection[str]) -> int:
    return sum(act.startswith(f"{kind} ") for act in used)
