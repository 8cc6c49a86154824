"""Notifier kind `webhook`: a signed POST to an address of another system, after Standard Webhooks.

    notifiers:
      - name: command-centre
        kind: webhook
        url: https://command.example/egret
        secret_env: EGRET_WEBHOOK_SECRET
        timeout: 10s

`secret_file: /etc/egret/webhook-secret` instead of `secret_env` reads the secret from a file. The
secret is the text `whsec_` and 24 to 64 random bytes in base64; the receiver has the same.

To change the secret without losing a notice, write the new one before the old one, with a space or a
line end between them, and start the cloud again: every notice is signed with both, and the receiver
takes the new one when it likes. Then take the old one away.

The body is JSON with `type` (`case.opened` and the other kinds of `cloud/notices/notice_route.py`), `timestamp`
and `data`: the case, the alarm of a test, or for `case.digest` `cases` and `notices`. `webhook-id` is
the same at every retry, so a receiver that has seen it answers 200 and does nothing. Any 2xx answer
means taken. 410 means that the receiver wants no more notices: what is due becomes a dead letter at
once. Anything else, redirects too, is a failure and sent again for a day; `Retry-After` in seconds is
kept to.

The receiver must have a public address. `allow_private: true` lets notices go into your own network
(10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, fc00::/7, this machine).
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from standardwebhooks.webhooks import Webhook

from cloud import secret
from cloud.notices.outbound import Target, check_url, expect_success, post
from cloud.ports import House, Notice, Notifier, Now
from wire.errors import ConfigError, Mistake

_KEY_MIN, _KEY_MAX = 24, 64
"""Bytes. Source: Standard Webhooks 1.0.0, Signature scheme."""


@dataclass(frozen=True, slots=True)
class Config:
    """Where it goes, and what it is signed with. `timeout_s` holds for the whole exchange."""

    url: str
    secret_env: str = ""
    secret_file: str = ""
    timeout_s: float = 10.0
    allow_private: bool = False


def open_notifier(config: Config, house: House) -> Notifier:
    """The notifier; does no I/O but reading the secret. Raises ConfigError."""
    check_url(config.url, allow_private=config.allow_private, where=house.where)
    secrets = secret.read(env=config.secret_env, file=config.secret_file, where=house.where).split() or [""]
    signers = [_signer(text, index + 1, house.where) for index, text in enumerate(secrets)]
    target = Target(config.url, config.timeout_s, config.allow_private)
    return _WebhookNotifier(target, signers, house.now)


def _signer(text: str, number: int, where: str) -> Webhook:
    """Strict, because the library leaves out what is not base64 and signs with the rest."""
    digits = text.removeprefix("whsec_").rstrip("=")
    try:
        key = base64.b64decode(digits + "=" * (-len(digits) % 4), validate=True)
    except ValueError:
        key = b""
    if _KEY_MIN <= len(key) <= _KEY_MAX:
        return Webhook(key)
    what = f"the webhook's secret cannot be used (number {number} of those written there)."
    fix = "put whsec_ and 32 random bytes in base64 there: `echo whsec_$(openssl rand -base64 32)`."
    raise ConfigError([Mistake(where, what, fix, "E-HOOK-001")])


class _WebhookNotifier:
    """Connects anew for every notice: they are rare, and nothing has to be kept open or closed."""

    def __init__(self, target: Target, signers: Sequence[Webhook], now: Now) -> None:
        self._target, self._signers, self._now = target, signers, now

    async def send(self, notice: Notice) -> None:
        """Raises NotifyError."""
        at = datetime.fromtimestamp(self._now() // 10**9, UTC)
        body = notice.body.decode()
        headers = {
            "content-type": "application/json",
            "webhook-id": notice.id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": " ".join(signer.sign(notice.id, at, body) for signer in self._signers),
        }
        expect_success(self._target, await post(self._target, notice.body, headers))
