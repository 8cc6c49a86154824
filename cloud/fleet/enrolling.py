"""The maintainer's side of enrolling a box: a code is given out, the box's request is judged, and signed here.

The authority's key is where the maintainer is. What comes by way of the cloud is believed when it is proven with
the code that this process made, and has told nobody but the person in front of it.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

import msgspec

from cloud.api_client import ApiClient
from cloud.fleet.authority import Authority
from cloud.fleet.claimbook import ClaimState, Offer, Signed, Verdict
from cloud.tables.renewals import KeptRenewal
from wire import certificate
from wire.claim import Code, EnrolmentError, Welcome, said_by_box, said_by_maintainer
from wire.errors import EgretError
from wire.renewal import Renewal, require_signed

POLL_S = 2.0


class Enrolled(msgspec.Struct, frozen=True, tag_field="schema", tag="egret.enrolled/1"):
    """The box has a certificate until `ends_ns`. `address` is where it claimed from; empty for a renewal."""

    box: str
    address: str
    ends_ns: int


@dataclass(frozen=True, slots=True)
class Enrolling:
    """`trust` are the public keys of those who configure boxes (PEM), `broker` is where boxes connect to."""

    client: ApiClient
    authority: Authority
    trust: tuple[str, ...]
    broker: str
    now: Callable[[], int]
    sleep: Callable[[float], None] = time.sleep

    def enroll(self, box: str, code: Code, lasts_s: float, show: Callable[[], None]) -> Enrolled:
        """Give the code out, wait for the box, sign. Raises EgretError; then the code is void.

        `show` is called when the cloud knows of the code, so that nobody types it too early.
        """
        offer = Offer(code.shelf, self.now() + round(lasts_s * 1e9))
        made = self.client.post(f"fleet/{box}/claims", offer, ClaimState)
        reason = "the maintainer's command has ended."
        try:
            show()
            claimed = self._claimed(box, code, made.expires_ns)
            signed = self._signed(box, code, claimed)
        except EgretError as error:
            reason = f"{error.what} [{error.code}]"[:500]
            raise
        finally:
            with suppress(EgretError):  # what was said first counts: after a welcome this changes nothing
                self._decide(box, Verdict(code.shelf, refusal=reason))
        return Enrolled(box, claimed.address, certificate.of_pem(signed).ends_ns)

    def renew(self, box: str = "") -> Iterator[Enrolled | EgretError]:
        """Sign what boxes ask for with the certificate they have, all or one; an error for each that gets none."""
        asked = [one for one in self.client.get("fleet/renewals", list[KeptRenewal]) if box in {"", one.box}]
        for one in asked:
            try:
                yield self._renewed(one)
            except EgretError as error:
                yield error

    def _renewed(self, asked: KeptRenewal) -> Enrolled:
        self.authority.require_current(asked.certificate, asked.box, self.now())
        require_signed(Renewal(asked.request, asked.certificate, asked.signature), asked.box)
        signed = self.authority.sign(asked.request, asked.box)
        self.client.post(f"fleet/{asked.box}/certificate", Signed(asked.request, signed), KeptRenewal)
        return Enrolled(asked.box, "", certificate.of_pem(signed).ends_ns)

    def _claimed(self, box: str, code: Code, expires_ns: int) -> ClaimState:
        while True:
            found = self.client.get(f"fleet/{box}/claims", ClaimState, shelf=code.shelf)
            if found.claimed_ns:
                return found
            if self.now() > expires_ns:
                what = "the code has expired, and no box has come with it."
                raise EnrolmentError(what, where=f"box {box}", fix="give out another.", code="E-ENROL-003")
            self.sleep(POLL_S)

    def _signed(self, box: str, code: Code, claimed: ClaimState) -> str:
        request = claimed.request
        if not code.is_proven(claimed.proof, *said_by_box(box, request)):
            what = f"the request that came from {claimed.address} was not made by whoever has the code."
            fix = "find out whose it is; then give out another code."
            raise EnrolmentError(what, where=f"box {box}", fix=fix, code="E-ENROL-008")
        signed = self.authority.sign(request, box)
        said = msgspec.json.encode(Welcome(box, signed, self.authority.pem, self.trust, self.broker)).decode()
        self._decide(box, Verdict(code.shelf, said, code.proof(*said_by_maintainer(request, said))))
        return signed

    def _decide(self, box: str, verdict: Verdict) -> None:
        self.client.post(f"fleet/{box}/claims/verdict", verdict, ClaimState)
