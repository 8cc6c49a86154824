"""A mail server: aiosmtpd on this event loop, which keeps what it takes and refuses whom it is told to."""

# ruff: noqa: ARG002 - aiosmtpd calls its hooks with more than is needed here

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

USER, PASSWORD = "egret", "a-password-of-a-mailbox"


@dataclass(frozen=True)
class Mail:
    """One mail as it was taken: the envelope, and the message."""

    sender: str
    to: tuple[str, ...]
    message: EmailMessage

    def part(self, kind: str) -> str:
        """Its text (`plain`) or `html`."""
        body = self.message.get_body((kind,))
        assert body is not None
        return str(body.get_content())


@dataclass
class MailServer:
    """`refuse` maps an address to the reply at RCPT; `reply` is said to the mail itself, if not empty.

    `heard`: the lines of one that is scripted.
    """

    port: int = 0
    taken: list[Mail] = field(default_factory=list)
    refuse: dict[str, str] = field(default_factory=dict)
    reply: str = ""
    logins: list[bool] = field(default_factory=list)
    heard: list[bytes] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - the hook's name in aiosmtpd
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Who may get it."""
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """The mail itself."""
        if self.reply:
            return self.reply
        content = envelope.content
        assert isinstance(content, bytes)
        message = message_from_bytes(content, policy=default)
        assert isinstance(message, EmailMessage)
        self.taken.append(Mail(str(envelope.mail_from), tuple(map(str, envelope.rcpt_tos)), message))
        return "250 OK"

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        """One user, one password."""
        is_right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        self.logins.append(is_right)
        return AuthResult(success=is_right, handled=False)


@asynccontextmanager
async def mail_server(
    *, starttls: ssl.SSLContext | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[MailServer]:
    """On a free port of 127.0.0.1; with `starttls` it insists on TLS and on the password."""
    keeper = MailServer()
    loop = asyncio.get_running_loop()

    def speak() -> SMTP:
        options: dict[str, Any] = {"loop": loop, "hostname": "mail.example", "ident": "stand-in"}
        if starttls:
            options |= {"tls_context": starttls, "require_starttls": True, "auth_required": True}
            options |= {"authenticator": keeper.authenticate}
        return SMTP(keeper, **options)

    server = await loop.create_server(speak, "127.0.0.1", 0, ssl=tls)
    keeper.port = server.sockets[0].getsockname()[1]
    async with server:
        yield keeper
