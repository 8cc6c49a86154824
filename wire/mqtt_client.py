"""The MQTT client that boxes and cloud connect with: aiomqtt's, which notices that a broker hangs up or is silent.

`said_no` is what its complaints mean; the library's own log says each of them at every attempt, and is not kept.
"""

import asyncio
import logging
import math
import ssl
from collections.abc import Awaitable
from typing import Any, Self, TypeVar

import aiomqtt
from aiomqtt.exceptions import MqttConnectError
from paho.mqtt.client import Client as PahoClient
from paho.mqtt.client import DisconnectFlags
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from wire.broker import Broker, link_error, tls_error
from wire.errors import LinkError
from wire.patience import Patience, Silence

T = TypeVar("T")

_library_log = logging.getLogger("wire.mqtt_client.library")
_library_log.setLevel(logging.CRITICAL)
_LOOK_S = 0.25


class TlsFailed(aiomqtt.MqttError):
    """No secure connection: `error` says why, in the broker's words or in those of our own library."""

    def __init__(self, error: ssl.SSLError) -> None:
        """What `ssl` raised."""
        super().__init__(str(error))
        self.error = error


def tls_of(broker: Broker) -> aiomqtt.TLSParameters | None:
    """What a client needs for mqtts; files that are not named are the system's."""
    if not broker.is_tls:
        return None
    return aiomqtt.TLSParameters(broker.ca or None, broker.certificate or None, broker.key or None)


def said_no(broker: Broker, client: str, error: aiomqtt.MqttError) -> LinkError:
    """Only a CONNACK and TLS carry the broker's own answer; other codes are paho's, for a connection that is lost."""
    if isinstance(error, TlsFailed):
        return tls_error(broker, client, error.error)
    code = error.rc if isinstance(error, MqttConnectError) else None
    return link_error(broker, client, code.value if isinstance(code, ReasonCode) else code, str(error))


class MqttClient(aiomqtt.Client):
    """aiomqtt 2.5.1 waits for the answer of a connection that has been reset until its timeout.

    The answer may be a CONNACK, a SUBACK or a PUBACK. It looks for nobody who is silent; `patience` does.
    """

    def __init__(self, *args: Any, patience: Patience, is_free: bool, **kwargs: Any) -> None:
        """Nothing is connected yet. `is_free`: a ping costs nothing, and one is sent when all is quiet, too."""
        super().__init__(*args, logger=_library_log, **kwargs)
        self._patience, self._is_free = patience, is_free
        self._silence, self._heard_s = Silence(), 0.0
        self._sizes: list[int] = []
        self._tls_error: ssl.SSLError | None = None
        self._receive = self._client._sock_recv  # noqa: SLF001 - paho 2 logs what TLS says, and tells nobody
        self._client._sock_recv = self._received  # type: ignore[method-assign]  # noqa: SLF001

    async def __aenter__(self) -> Self:
        """Connect; how long that takes tells how far away the broker is."""
        began_s, self._tls_error = self._loop.time(), None
        try:
            await super().__aenter__()
        except aiomqtt.MqttError as error:
            failed = self._tls_error or error.__context__  # aiomqtt hides the latter, which a handshake raises
            if isinstance(failed, ssl.SSLError) and not isinstance(failed, ssl.SSLEOFError):
                raise TlsFailed(failed) from error
            raise
        self._patience.answered(self._loop.time() - began_s)
        return self

    @property
    def is_lost(self) -> bool:
        """Has the connection ended?"""
        return self._disconnected.done()

    async def deliver(self, topic: str, payload: bytes, *, retain: bool, timeout_s: float) -> None:
        """Publish at QoS 1; returns at the PUBACK. Raises MqttError."""
        began_s, size = self._loop.time(), len(payload)
        self._sizes.append(size)
        try:
            await self.publish(topic, payload, qos=1, retain=retain, timeout=timeout_s)
        finally:
            self._sizes.remove(size)
        self._patience.answered(self._loop.time() - began_s, size)

    def _received(self, bufsize: int) -> bytes:
        """By TLS 1.3 a broker refuses a certificate when the client has connected already (RFC 8446, §4.4.2.4)."""
        try:
            return self._receive(bufsize)
        except ssl.SSLError as error:
            self._tls_error = error
            raise

    async def _misc_loop(self) -> None:
        while self._client.loop_misc() == MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._look()
            await asyncio.sleep(_LOOK_S)

    def _look(self) -> None:
        """Ask a broker that is silent although an answer is due; give it up when it does not say that it is there.

        CONNACK and SUBACK have limits of their own: nats-server is silent while it makes the queues of 250 boxes.
        """
        paho, now_s = self._client, self._loop.time()
        heard_s, is_asked = paho._last_bytes_received, paho._ping_t > 0  # noqa: SLF001 - paho 2 tells neither
        is_news, self._heard_s = heard_s != self._heard_s, heard_s
        is_ready = self._connected.done() and not self._pending_subscribes
        is_due = is_ready and (self._is_free or is_asked or bool(self._sizes))
        self._silence.look(now_s, 2 * _LOOK_S, is_due=is_due, is_news=is_news)
        most_s = self._patience.lasts_s(now_s, max(self._sizes, default=0))
        if self._silence.seconds >= most_s:
            self._patience.end(now_s)
            if not self._disconnected.done():
                self._disconnected.set_exception(aiomqtt.MqttError(f"nothing was heard for {most_s:.1f} s"))
            paho._loop_rc_handle(MQTTErrorCode.MQTT_ERR_KEEPALIVE)  # noqa: SLF001 - as paho ends one itself
        elif self._silence.seconds >= most_s / 2 and not is_asked:
            paho._send_pingreq()  # noqa: SLF001 - paho 2 offers no ping

    async def _wait_for(self, fut: Awaitable[T], timeout: float | None) -> T:  # noqa: ASYNC109 - aiomqtt's
        answer, lost = asyncio.ensure_future(fut), self._disconnected
        either: set[asyncio.Future[Any]] = {answer, lost}
        limit_s = self.timeout if timeout is None else timeout
        end_s = None if limit_s == math.inf else limit_s
        try:
            await asyncio.wait(either, timeout=end_s, return_when=asyncio.FIRST_COMPLETED)
            if answer.done():
                return answer.result()
        finally:
            answer.cancel()
        if lost.done():
            why = f": {lost.exception()}" if lost.exception() else ""
            raise aiomqtt.MqttError(f"the connection was lost before an answer{why}") from lost.exception()
        raise aiomqtt.MqttError("Operation timed out")

    def _on_disconnect(
        self,
        client: PahoClient,
        userdata: object,
        flags: DisconnectFlags,
        reason_code: ReasonCode,
        properties: Properties | None = None,
    ) -> None:
        super()._on_disconnect(client, userdata, flags, reason_code, properties)
        if not self._connected.done():
            self._connected.set_exception(aiomqtt.MqttError("the connection was reset before its CONNACK"))
            self._connected.exception()  # who waited for it may have been cancelled: nobody is left to hear it
