"""A report that is signed: who changes a word of it afterwards is found out.

What is signed is the document's text, byte for byte, behind `_PURPOSE`. A signature shows that nothing was changed;
whose key it is, only a list of trusted keys shows.
"""

import base64

import msgspec

from wire.errors import CheckFailed, DesiredRefused
from wire.signing import Keys, Signer, public_key

_PURPOSE = b"egret.report/1\n"


class SignedReport(msgspec.Struct, frozen=True, tag_field="schema", tag="egret.report/1"):
    """`document` is a commissioning as JSON, `signature` its Ed25519 in base64, `public` the key in hexadecimal."""

    key: str
    public: str
    signature: str
    document: str


def signed(document: str, signer: Signer) -> SignedReport:
    """With the public half, so that it can be proven by itself."""
    signature = base64.b64encode(signer.sign(_PURPOSE + document.encode())).decode()
    return SignedReport(signer.key, signer.public_hex, signature, document)


def prove(report: SignedReport, trusted: Keys | None, *, where: str) -> None:
    """Raises CheckFailed where a word was changed, or the key is none of these, and ValueError for no key."""
    signature, data = base64.b64decode(report.signature, validate=True), _PURPOSE + report.document.encode()
    try:
        public_key(report.public).prove(report.key, signature, data)
    except DesiredRefused:
        raise changed("its signature is not of this text", where) from None
    if trusted is None:
        return
    try:
        trusted.prove(report.key, signature, data)
    except DesiredRefused:
        fix = "ask whose key it is, and name its public half among those that are trusted."
        what = f"it is signed with the key {report.key}, which is none of those that are trusted."
        raise CheckFailed(what, where=where, fix=fix, code="E-FIELD-042") from None


def changed(why: str, where: str) -> CheckFailed:
    """A report that is not as it was signed."""
    return CheckFailed(
        f"it was changed after it was signed: {why}.",
        where=where,
        fix="take the copy of whoever signed it, or sign the record anew: `egret site report --sign`.",
        code="E-FIELD-041",
    )
