"""What boxes and maintainers say to each other under a claim code, each once, with its line of the audit log.

The cloud is the shelf between them: it knows neither the code nor the authority's key, so it can lose what lies here,
and nothing worse. Whether a request deserves a certificate is for the maintainer's command to say.
"""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from sqlalchemy import Connection

from cloud.access import audit as acts
from cloud.access.actor import Actor, Role
from cloud.fleet.fleetbook import require_box
from cloud.ledger import Ledger
from cloud.ports import Now
from cloud.tables import audit, claims, renewals
from cloud.tables.claims import KeptClaim
from cloud.tables.renewals import KeptRenewal
from wire.bounded import Moment
from wire.certificate_request import REQUEST_MAX
from wire.claim import LASTS_MOST_S, SKEW_MOST_NS, Claim, ClaimAnswer, EnrolmentError, shelf_of
from wire.inventory import Inventory
from wire.renewal import Pem

_HEX = 64
"""Characters of a SHA-256."""
Digest = Annotated[str, msgspec.Meta(min_length=_HEX, max_length=_HEX, pattern="^[0-9a-f]+$")]


class NoSuchClaim(EnrolmentError):
    """Nobody gave out such a code, or another took its place."""


class ClaimOver(EnrolmentError):
    """The code opens nothing any more."""


class Offer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A code was made. `shelf` is where what is said under it shall lie."""

    shelf: Digest
    expires_ns: Moment


class Verdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What becomes of a claim: a welcome with its proof as in `wire.claim`, or the reason why it is over."""

    shelf: Digest
    welcome: Annotated[str, msgspec.Meta(max_length=16 * 1024)] = ""
    proof: Annotated[str, msgspec.Meta(max_length=_HEX)] = ""
    refusal: Annotated[str, msgspec.Meta(max_length=500)] = ""


class Signed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The answer to a request for renewal; both PEM."""

    request: Pem
    certificate: Pem


class ClaimState(msgspec.Struct, frozen=True):
    """What a maintainer hears: `claimed_ns` is 0 until a box has come, from `address`, with `request` and `proof`."""

    box: str
    actor: str
    expires_ns: int
    claimed_ns: int
    address: str
    request: str
    proof: str


class Claimbook:
    """Of an open ledger. Every method raises Unavailable, and EnrolmentError."""

    def __init__(self, ledger: Ledger, inventory: Inventory, now: Now) -> None:
        """`inventory` says which boxes there are."""
        self._ledger, self._inventory, self._now = ledger, inventory, now

    async def offer(self, box: str, offer: Offer, actor: Actor) -> ClaimState:
        """From now on the box may claim; a code it had before is void. Raises NoSuchBox."""
        require_box(self._inventory, box)
        now_ns = self._now()
        expires_ns = min(offer.expires_ns, now_ns + round(LASTS_MOST_S * 1e9))
        kept = KeptClaim(box=box, shelf=offer.shelf, actor=actor.name, made_ns=now_ns, expires_ns=expires_ns)

        def write(connection: Connection) -> None:
            claims.keep(connection, kept)
            until_s = (expires_ns - now_ns) // 10**9
            audit.add(connection, acts.line(actor, "fleet.enroll", f"box {box}", now_ns, detail=f"a code, {until_s} s"))

        await self._ledger.database.write(write)
        return _state(kept)

    async def standing(self, box: str, shelf: str) -> ClaimState:
        """Whether the box has come. Raises NoSuchClaim when the code was replaced."""
        return _state(await self._ledger.read(lambda connection: _of(connection, box, shelf)))

    async def decide(self, box: str, verdict: Verdict, actor: Actor) -> ClaimState:
        """The maintainer has looked at the request, or has gone. What was said first counts."""
        now_ns = self._now()

        def write(connection: Connection) -> KeptClaim:
            kept = _of(connection, box, verdict.shelf)
            if kept.welcome or kept.refusal:
                return kept
            if verdict.refusal:
                claims.end(connection, box, verdict.refusal)
                said = acts.line(actor, "fleet.enroll", f"box {box}", now_ns, outcome="refused", detail=verdict.refusal)
            else:
                done = msgspec.structs.replace(kept, welcome=verdict.welcome, welcome_proof=verdict.proof)
                claims.keep(connection, done)
                said = acts.line(actor, "fleet.enroll", f"box {box}", now_ns, detail="a certificate")
            audit.add(connection, said)
            return kept

        return _state(await self._ledger.database.write(write))

    async def renewals(self) -> Sequence[KeptRenewal]:
        """Of boxes that wait for another certificate."""
        return await self._ledger.read(renewals.waiting)

    async def renew(self, box: str, signed: Signed, actor: Actor) -> KeptRenewal:
        """A box is given another certificate. Raises NoSuchClaim when it does not ask for that one."""
        now_ns = self._now()

        def write(connection: Connection) -> KeptRenewal:
            kept = renewals.of(connection, box)
            if kept is None or kept.request != signed.request:
                fix = "look again: `egret fleet enroll --renew`."
                what = "the box does not ask for this certificate, or no more."
                raise NoSuchClaim(what, where=f"box {box[:64]}", fix=fix, code="E-ENROL-018")
            if kept.answer:
                return kept
            renewals.answer(connection, box, signed.certificate)
            audit.add(connection, acts.line(actor, "fleet.renew", f"box {box}", now_ns))
            return msgspec.structs.replace(kept, answer=signed.certificate)

        return await self._ledger.database.write(write)

    async def claim(self, claim: Claim, address: str) -> ClaimAnswer:
        """A box asks, again and again. The first request under a code is the only one."""
        found = await self._ledger.read(lambda connection: claims.on(connection, shelf_of(claim.door)))
        kept = self._open(claim, found)
        if not kept.request:
            kept = await self._ledger.database.write(lambda connection: self._first(connection, claim, address))
        if kept.request != claim.request:
            await self._ledger.database.write(lambda connection: self._second(connection, claim, address))
            what = f"a request from {kept.address} was there first, and a code is for one."
            fix = "tell the maintainer, who can see whose it was; a new code makes this one void."
            raise ClaimOver(what, where=f"box {claim.box}", fix=fix, code="E-ENROL-004")
        return ClaimAnswer("welcome" if kept.welcome else "waits", kept.welcome, kept.welcome_proof)

    def _first(self, connection: Connection, claim: Claim, address: str) -> KeptClaim:
        kept = self._open(claim, claims.on(connection, shelf_of(claim.door)))
        if kept.request:
            return kept  # somebody was quicker by a moment
        now_ns = self._now()
        claimed = msgspec.structs.replace(
            kept, claimed_ns=now_ns, address=address, request=claim.request, proof=claim.proof
        )
        claims.keep(connection, claimed)
        audit.add(connection, acts.line(_box(claim, address), "fleet.claim", f"box {claim.box}", now_ns))
        return claimed

    def _second(self, connection: Connection, claim: Claim, address: str) -> None:
        detail = "another request was there first [E-ENROL-004]"
        line = acts.line(
            _box(claim, address), "fleet.claim", f"box {claim.box}", self._now(), outcome="refused", detail=detail
        )
        audit.add(connection, line)

    def _open(self, claim: Claim, kept: KeptClaim | None) -> KeptClaim:
        """Raises NoSuchClaim, ClaimOver and EnrolmentError; nothing is used up by it."""
        where, now_ns = f"box {claim.box[:64]}", self._now()
        if kept is None:
            fix = "see that --url is this city's cloud; a code that was given out later voids the one before."
            raise NoSuchClaim("nobody gave out this code.", where=where, fix=fix, code="E-ENROL-002")
        if kept.refusal:
            raise ClaimOver(
                f"the claim is over: {kept.refusal}", where=where, fix="ask the maintainer.", code="E-ENROL-009"
            )
        if not kept.request and kept.expires_ns <= now_ns:
            fix = "ask for a new one: `egret fleet enroll BOX`."
            raise ClaimOver("this code has expired.", where=where, fix=fix, code="E-ENROL-003")
        if kept.box != claim.box:
            what = "this code was given out for another box."
            raise EnrolmentError(what, where=where, fix="ask for one for this box.", code="E-ENROL-005")
        if len(claim.request) > REQUEST_MAX or len(claim.proof) > _HEX:
            raise EnrolmentError("this is no claim.", where=where, fix="use `egret fleet enroll`.", code="E-ENROL-007")
        off_ns = claim.time_ns - now_ns
        if abs(off_ns) > SKEW_MOST_NS:
            what = f"the box's clock is {abs(off_ns) // 10**9} s {'ahead of' if off_ns > 0 else 'behind'} the cloud's."
            raise EnrolmentError(what, where=where, fix="set it, and claim again.", code="E-ENROL-006")
        return kept


def _of(connection: Connection, box: str, shelf: str) -> KeptClaim:
    kept = claims.of(connection, box)
    if kept is None or kept.shelf != shelf:
        fix = "somebody gave out another code for this box: see the audit log."
        raise NoSuchClaim("this code counts no more.", where=f"box {box}", fix=fix, code="E-ENROL-002")
    return kept


def _box(claim: Claim, address: str) -> Actor:
    return Actor(f"box {claim.box}", Role.VIEWER, "claim", address=address)


def _state(kept: KeptClaim) -> ClaimState:
    return ClaimState(kept.box, kept.actor, kept.expires_ns, kept.claimed_ns, kept.address, kept.request, kept.proof)
