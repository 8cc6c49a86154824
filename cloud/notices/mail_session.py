"""One delivery to a mail server: blocking, so it runs off the loop, and the loop can end it.

`smtplib` limits how long one read may take, but not the whole: a server that says one byte a second
could hold a notifier for ever. `abort` ends the conversation from outside, and a server may say only so
many lines.
"""

import smtplib
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import BinaryIO, Literal

_LINES_MOST = 1_000
"""Of at most 8 192 bytes each, in one conversation."""


@dataclass(frozen=True, slots=True)
class Login:
    """How to reach a mail server, and as whom. `timeout_s` holds for a whole delivery."""

    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    tls: ssl.SSLContext
    user: str
    password: str = field(repr=False)
    timeout_s: float

    @property
    def name(self) -> str:
        """For messages."""
        return f"smtp://{self.host}:{self.port}"


class Session:
    """`deliver` is called once, off the loop; `abort` may be called meanwhile, on the loop."""

    def __init__(self, login: Login) -> None:
        """Nothing is opened."""
        self._login = login
        self._handle: socket.socket | None = None
        self._is_aborted = False

    def deliver(self, mail: EmailMessage, sender: str, to: Sequence[str]) -> dict[str, int]:
        """Who of those was refused, with the code (4xx or 5xx), when the server has taken it for the others.

        Raises OSError, of which smtplib.SMTPException is one.
        """
        try:
            return self._deliver(mail, sender, to)
        except (OSError, ValueError) as error:  # a socket closed under a reader is a ValueError
            if self._is_aborted:
                raise TimeoutError(f"no answer within {self._login.timeout_s:g} s") from error
            raise
        finally:
            if self._handle is not None:
                self._handle.close()

    def abort(self) -> None:
        """What waits for the server gets an error at once."""
        self._is_aborted = True
        if self._handle is not None:
            with suppress(OSError):
                self._handle.shutdown(socket.SHUT_RDWR)

    def _deliver(self, mail: EmailMessage, sender: str, to: Sequence[str]) -> dict[str, int]:
        login = self._login
        server = _Server(self, login)
        try:
            if login.security == "starttls":
                server.starttls(context=login.tls)
            if login.user:
                server.login(login.user, login.password)
            refused = server.send_message(mail, sender, to)
            with suppress(OSError):  # It has the mail: how it says good-bye changes nothing.
                server.quit()
        finally:
            server.close()
        return {address: code for address, (code, _) in refused.items()}

    def connected(self, connection: socket.socket) -> None:
        """A second handle on the connection, good for `abort` also while TLS begins on it."""
        self._handle = connection.dup()
        if self._is_aborted:
            raise TimeoutError("aborted")


class _Server(smtplib.SMTP):
    """A mail server, connected and greeted."""

    def __init__(self, session: Session, login: Login) -> None:
        self._session, self._login = session, login
        super().__init__(login.host, login.port, timeout=login.timeout_s)

    def connect(self, host: str = "", port: int = 0, source_address: object = None) -> tuple[int, bytes]:  # noqa: ARG002 - smtplib's
        """Called by the constructor."""
        connection = socket.create_connection((host, port), self._login.timeout_s)
        try:
            self._session.connected(connection)
            if self._login.security == "tls":
                connection = self._login.tls.wrap_socket(connection, server_hostname=host)
        except OSError:
            connection.close()
            raise
        self.sock, self.file = connection, None
        return self.getreply()

    def getreply(self) -> tuple[int, bytes]:
        """As smtplib, from a server that may say only so much."""
        if self.file is None and self.sock is not None:
            self.file = _Patience(self.sock.makefile("rb"))
        return super().getreply()


class _Patience:
    """Lines of a server, at most `_LINES_MOST`."""

    def __init__(self, lines: BinaryIO) -> None:
        self._lines, self._read = lines, 0

    def readline(self, most: int) -> bytes:
        """Raises OSError when the server does not come to an end."""
        self._read += 1
        if self._read > _LINES_MOST:
            raise OSError(f"the server has said more than {_LINES_MOST} lines")
        return self._lines.readline(most)

    def close(self) -> None:
        """With the connection."""
        self._lines.close()
