"""Is this document the city's word to this box, and no older one? The first gates that a configuration goes through."""

from collections.abc import Sequence
from pathlib import Path

from wire import desired, signing
from wire.desired import Desired
from wire.errors import DesiredRefused


def proven(payload: bytes, trust: Sequence[Path], box: str, seen: int, now_ns: int) -> Desired:
    """The document. `seen` is the highest counter that this box has proven. Raises DesiredRefused, and ConfigError."""
    form = desired.unseal(payload)
    signing.load_keys(trust).prove(form.key, form.signature_bytes, form.signed)
    document = desired.document_of(form)
    if document.box != box:
        what = f"it is for box {document.box[:64]!r}, and this one is {box}."
        raise DesiredRefused(what, fix="push each box its own.", code="E-FLEET-005")
    if document.counter <= seen:
        what = f"it is number {document.counter}, and this box has had number {seen}."
        fix = "an older one comes back with `egret fleet rollback`, under a new number."
        raise DesiredRefused(what, fix=fix, code="E-FLEET-006")
    if now_ns > document.expires_ns:
        late_s = (now_ns - document.expires_ns) // 10**9
        what = f"it expired {late_s} s ago by this box's clock."
        raise DesiredRefused(what, fix="push it again, and see that the box's clock is right.", code="E-FLEET-010")
    return document
