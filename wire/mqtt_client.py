"""The MQTT client that boxes and cloud connect with: aiomqtt's, which notices at once that a broker hangs up."""

import asyncio
import math
from collections.abc import Awaitable
from typing import Any, TypeVar

import aiomqtt
from paho.mqtt.client import Client as PahoClient
from paho.mqtt.client import DisconnectFlags
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

T = TypeVar("T")


class MqttClient(aiomqtt.Client):
    """aiomqtt 2.5.1 waits for the answer of a connection that has been reset until its timeout.

    The answer may be a CONNACK, a SUBACK or a PUBACK.
    """

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
            raise aiomqtt.MqttError("the connection was lost before an answer") from lost.exception()
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
