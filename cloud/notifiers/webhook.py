"""Notifier kind `webhook`: a signed POST to an address of another system, after Standard Webhooks.

    notifiers:
      - name: command-centre
        kind: webhook
        url: https://command.example/egret
        secret_env: EGRET_WEBHOOK_SECRET
        timeout: 10s

`secret_file: /etc/egret/webhook-secret` instead of `secret_env` reads the secret from a file. The
secret is the text `whsec_` and 24 to 64 random bytes in base64; the receiver has the same.

The body is JSON with `type` (`case.opened`, `case.escalated`, `case.closed`), `timestamp` and `data`
(the case). `webhook-id` is the same at every retry, so a receiver that has seen it answers 200 and
does nothing. Any 2xx answer means taken. Anything else, redirects too, is a failure; `Retry-After`
in seconds is kept to.
"""

import asyncio
import binascii
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

from cloud import secret
from cloud.ports import House, Notice, Notifier, Now
from wire.errors import ConfigError, Mistake, NotifyError

_ANSWER_MAX = 1_000
"""Bytes of an answer that are read, for the message to people."""


@dataclass(frozen=True, slots=True)
class Config:
    """Where it goes, and what it is signed with. `timeout_s` holds for the whole exchange."""

    url: str
    secret_env: str = ""
    secret_file: str = ""
    timeout_s: float = 10.0


def open_notifier(config: Config, house: House) -> Notifier:
    """The notifier; does no I/O but reading the secret. Raises ConfigError."""
    where = house.where
    url = _address(config.url, where)
    text = secret.read(env=config.secret_env, file=config.secret_file, where=where)
    try:
        signer = Webhook(text)
    except (binascii.Error, ValueError, EmptyWebhookSecretError) as error:
        fix = "put whsec_ and 32 random bytes in base64 there: `echo whsec_$(openssl rand -base64 32)`."
        raise ConfigError([Mistake(where, "the webhook's secret cannot be used.", fix, "E-HOOK-001")]) from error
    return _WebhookNotifier(url, config.timeout_s, signer, house.now)


def _address(url: str, where: str) -> httpx.URL:
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL:
        address = httpx.URL()
    if address.scheme not in {"http", "https"} or not address.host:
        what = f"{url!r} is no address of a webhook."
        raise ConfigError([Mistake(where, what, "write it as https://command.example/egret.", "E-HOOK-004")])
    return address


class _WebhookNotifier:
    """Connects anew for every notice: they are rare, and nothing has to be kept open or closed."""

    def __init__(self, url: httpx.URL, timeout_s: float, signer: Webhook, now: Now) -> None:
        self._url, self._timeout_s, self._signer, self._now = url, timeout_s, signer, now
        self._tls = ssl.create_default_context()

    async def send(self, notice: Notice) -> None:
        """Raises NotifyError."""
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._post(notice)
        except TimeoutError as error:
            raise self._failure(f"no answer within {self._timeout_s:g} s", code="E-HOOK-002") from error
        except httpx.HTTPError as error:
            raise self._failure(f"cannot be reached: {error!r}", code="E-HOOK-002") from error

    async def _post(self, notice: Notice) -> None:
        at = datetime.fromtimestamp(self._now() // 10**9, UTC)
        headers = {
            "content-type": "application/json",
            "user-agent": "egret",
            "webhook-id": notice.id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": self._signer.sign(notice.id, at, notice.body.decode()),
        }
        async with (
            httpx.AsyncClient(verify=self._tls, timeout=self._timeout_s, follow_redirects=False) as client,
            client.stream("POST", self._url, content=notice.body, headers=headers) as answer,
        ):
            if answer.is_success:
                return
            said = await _beginning(answer)
        raise self._failure(
            f"answered {answer.status_code} {said!r}", retry_after_s=_retry_after_s(answer), code="E-HOOK-003"
        )

    def _failure(self, what: str, *, retry_after_s: float | None = None, code: str) -> NotifyError:
        return NotifyError(
            f"the webhook {what}.",
            retry_after_s=retry_after_s,
            where=f"{self._url.scheme}://{self._url.netloc.decode()}{self._url.path}",  # without user, password, token
            fix="see that the receiver runs and knows the secret; notices are sent again for a day.",
            code=code,
        )


async def _beginning(answer: httpx.Response) -> str:
    """Of the body, as it is on the wire: never unpacked, never read to its end."""
    said = b""
    async for chunk in answer.aiter_raw(_ANSWER_MAX):
        said += chunk
        if len(said) >= _ANSWER_MAX:
            break
    return said[:_ANSWER_MAX].decode(errors="replace")


def _retry_after_s(answer: httpx.Response) -> float | None:
    """Only seconds are understood (RFC 9110 §10.2.3 allows a date, too)."""
    text = answer.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdigit() else None
