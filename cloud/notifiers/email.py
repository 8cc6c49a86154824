"""Notifier kind `email`: a message to people through your mail server (SMTP).

    notifiers:
      - name: duty-mail
        kind: email
        host: mail.city.example
        sender: egret@city.example
        to: [duty@city.example, chief@city.example]
        user: egret
        password_env: EGRET_MAIL_PASSWORD

`security: starttls` (port 587) is the default; `security: tls` (port 465) speaks TLS from the first byte,
`security: none` none at all and therefore takes no password. `ca_file` names the certificate of an
authority of your own. `password_file` instead of `password_env` reads the password from a file.
`lang: en` puts English first. The mail server may stand in your own network.

Every message has text and HTML. Its `Message-ID` is made of the notice's id, the same at every retry,
so that a mail server or reader that has seen it can drop it. A recipient that the server refuses for
good while it takes others is named in the log. When all are refused for good (5xx), the notice is a
dead letter; a wrong password, a server that does not answer or asks to come again (4xx) is tried again
for a day.

Source: RFC 5321 §4.2.1 (4yz, 5yz), RFC 3207 (STARTTLS), RFC 5322 §3.6.4 (Message-ID), RFC 3834
(Auto-Submitted).
"""

import asyncio
import logging
import re
import smtplib
import ssl
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape
from typing import Literal
from urllib.parse import quote

from cloud import secret
from cloud.notices import notice_body
from cloud.notices.card import Card, Language, Link, card_of
from cloud.notices.mail_session import Login, Session
from cloud.ports import House, Notice, Notifier
from wire.blocking import OneAtATime
from wire.errors import ConfigError, Mistake, NotifyError, Undeliverable

_log = logging.getLogger(__name__)

_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_PORTS = {"starttls": 587, "tls": 465, "none": 25}
_HALF_SENT_MOST = 100
_LOGIN_CODES = {530, 534, 535, 538}
"""Authentication is missing, too weak or wrong: the operator's mistake. Source: RFC 4954 §6."""


@dataclass(frozen=True, slots=True)
class Config:
    """Which server, from whom, to whom. `port` 0 is the usual one; `timeout_s` holds for a whole delivery."""

    host: str
    sender: str
    to: tuple[str, ...]
    port: int = 0
    security: Literal["starttls", "tls", "none"] = "starttls"
    ca_file: str = ""
    user: str = ""
    password_env: str = ""
    password_file: str = ""
    lang: Language = "zh"
    timeout_s: float = 20.0


def open_notifier(config: Config, house: House) -> Notifier:
    """The notifier; does no I/O but reading password and certificate. Raises ConfigError."""
    password = secret.read(env=config.password_env, file=config.password_file, where=house.where)
    _check(config, password, house.where)
    login = Login(
        host=config.host,
        port=config.port or _PORTS[config.security],
        security=config.security,
        tls=_tls(config, house.where),
        user=config.user,
        password=password,
        timeout_s=config.timeout_s,
    )
    return _Email(config, house, login)


def _check(config: Config, password: str, where: str) -> None:
    mistakes = [
        Mistake(where, f"{address!r} is no mail address.", "write it as duty@city.example.", "E-MAIL-001")
        for address in (config.sender, *config.to)
        if not _ADDRESS.fullmatch(address)
    ]
    if not config.to:
        mistakes.append(Mistake(where, "nobody is to get the mail.", "write `to: [duty@city.example]`.", "E-MAIL-002"))
    if config.security == "none" and (config.user or password):
        fix = "set `security: starttls` or `tls`, or take user and password away."
        mistakes.append(Mistake(where, "a password is never sent without TLS.", fix, "E-MAIL-003"))
    if not (config.user + password).isascii():
        fix = "use one of ASCII characters: SMTP has no other."
        mistakes.append(Mistake(where, "user or password is not ASCII.", fix, "E-MAIL-005"))
    if not 0 <= config.port <= 65535:
        mistakes.append(Mistake(where, f"there is no port {config.port}.", "write 587, 465 or 25.", "E-MAIL-004"))
    if mistakes:
        raise ConfigError(mistakes)


def _tls(config: Config, where: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=config.ca_file or None)
    except OSError as error:  # ssl.SSLError is one.
        fix = "name a file with a certificate in PEM."
        raise ConfigError([Mistake(where, f"cannot read ca_file: {error}.", fix, "E-MAIL-012")]) from error


class _Email:
    """Remembers who of a half-delivered notice has got it, as long as this process lives."""

    def __init__(self, config: Config, house: House, login: Login) -> None:
        self._config, self._house, self._login = config, house, login
        self._off_loop = OneAtATime()
        self._reached: OrderedDict[str, frozenset[str]] = OrderedDict()

    async def send(self, notice: Notice) -> None:
        """Raises NotifyError."""
        reached = self._reached.get(notice.id, frozenset())
        waiting = [address for address in self._config.to if address not in reached]
        refused = await self._deliver(self._mail(notice), waiting)
        later = sorted(address for address, code in refused.items() if code < 500)
        never = sorted(address for address, code in refused.items() if code >= 500)
        if never:
            _log.warning("%s refuses %s for good: correct `to` in cloud.yaml", self._login.name, ", ".join(never))
        if later:
            self._remember(notice.id, frozenset(self._config.to) - frozenset(later))
            raise self._not_yet(", ".join(later))
        self._reached.pop(notice.id, None)

    def _remember(self, notice: str, reached: frozenset[str]) -> None:
        self._reached[notice] = reached
        while len(self._reached) > _HALF_SENT_MOST:
            self._reached.popitem(last=False)

    async def _deliver(self, mail: EmailMessage, to: Sequence[str]) -> dict[str, int]:
        session = Session(self._login)
        limit = asyncio.get_running_loop().call_later(self._login.timeout_s, session.abort)
        try:
            return await self._off_loop(session.deliver, mail, self._config.sender, to)
        except smtplib.SMTPRecipientsRefused as error:
            raise self._nobody(error, len(to)) from error
        except smtplib.SMTPResponseException as error:
            raise self._refused(error) from error
        except OSError as error:  # smtplib.SMTPException and ssl.SSLError are such.
            raise self._unreachable(error) from error
        finally:
            limit.cancel()

    def _nobody(self, error: smtplib.SMTPRecipientsRefused, asked: int) -> NotifyError:
        """A server that closes in between has refused only those it was asked about."""
        codes = {address: code for address, (code, _) in error.recipients.items()}
        named = ", ".join(sorted(codes))
        if len(codes) < asked or any(code < 500 for code in codes.values()):
            return self._not_yet(named)
        what = f"the mail server refuses every recipient for good ({named})."
        fix = "correct `to` in cloud.yaml, then send the dead letters again."
        return Undeliverable(what, where=self._login.name, fix=fix, code="E-MAIL-007")

    def _not_yet(self, named: str) -> NotifyError:
        what = f"the mail server does not take mail for {named} yet."
        fix = "nothing: it is sent again for a day, to those who have not got it."
        return NotifyError(what, where=self._login.name, fix=fix, code="E-MAIL-006")

    def _refused(self, error: smtplib.SMTPResponseException) -> NotifyError:
        what = f"the mail server answered {error.smtp_code} {self._shown(error.smtp_error)!r}."
        where = self._login.name
        if isinstance(error, smtplib.SMTPAuthenticationError) or error.smtp_code in _LOGIN_CODES:
            return NotifyError(what, where=where, fix="correct user and password of this notifier.", code="E-MAIL-008")
        is_about_the_mail = isinstance(error, smtplib.SMTPSenderRefused | smtplib.SMTPDataError)
        if is_about_the_mail and error.smtp_code >= 500:
            fix = "see what the server has against it (sender, size, content), then send the dead letters again."
            return Undeliverable(what, where=where, fix=fix, code="E-MAIL-009")
        return NotifyError(
            what, where=where, fix="see the server's log; it is sent again for a day.", code="E-MAIL-010"
        )

    def _unreachable(self, error: OSError) -> NotifyError:
        what = f"the mail server cannot be used: {self._shown(str(error))}."
        fix = "see that host, port, `security` and the server's certificate fit; it is sent again for a day."
        return NotifyError(what, where=self._login.name, fix=fix, code="E-MAIL-011")

    def _shown(self, said: bytes | str) -> str:
        text = said.decode(errors="replace") if isinstance(said, bytes) else said
        password = self._login.password
        return (text.replace(password, "…") if password else text)[:300]

    def _mail(self, notice: Notice) -> EmailMessage:
        house, config = self._house, self._config
        card = card_of(notice_body.decode(notice.body), config.lang, house)
        mail = EmailMessage(policy=SMTP)
        mail["Subject"] = card.headline
        mail["From"] = config.sender
        mail["To"] = ", ".join(config.to)
        mail["Date"] = format_datetime(datetime.fromtimestamp(notice.time_ns // 10**9, UTC))
        mail["Message-ID"] = f"<{quote(notice.id, safe='')}@{config.sender.rpartition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(text_of(card), cte="base64")
        mail.add_alternative(html_of(card), subtype="html", cte="base64")
        return mail


def text_of(card: Card) -> str:
    """For readers that show no HTML."""
    links = [f"{link.text}: {link.url}" for link in _links(card)]
    return "\n".join([card.headline, "", *(fact.line for fact in card.facts), *card.lines, "", *links, ""])


def html_of(card: Card) -> str:
    """Without pictures, scripts or styles from elsewhere."""
    rows = [f"<tr><th align=left>{escape(fact.label)}</th><td>{escape(fact.text)}</td></tr>" for fact in card.facts]
    lines = [f"<p>{escape(line)}</p>" for line in card.lines]
    links = [f'<a href="{escape(link.url)}">{escape(link.text)}</a>' for link in _links(card)]
    table = f"<table>{''.join(rows)}</table>" if rows else ""
    return f"<!doctype html><h3>{escape(card.headline)}</h3>{table}{''.join(lines)}<p>{' · '.join(links)}</p>\n"


def _links(card: Card) -> tuple[Link, ...]:
    return (*card.acts, card.map) if card.map else card.acts
