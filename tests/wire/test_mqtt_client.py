"""What the MQTT client adds to aiomqtt's, where a test of a whole box or cloud cannot look."""

import gc

import pytest
from paho.mqtt.client import DisconnectFlags
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from wire.mqtt_client import MqttClient
from wire.patience import Patience

RESET = ReasonCode(PacketTypes.DISCONNECT, "Unspecified error")


async def test_a_reset_that_nobody_waits_for_is_no_error_of_the_program(caplog: pytest.LogCaptureFixture) -> None:
    """A box that is stopped in the moment its broker resets the connection logs no "never retrieved"."""
    client = MqttClient("127.0.0.1", patience=Patience(1.0), is_free=True)
    client._on_disconnect(client._client, None, DisconnectFlags(is_disconnect_packet_from_server=False), RESET)
    assert client._connected.done()
    del client
    gc.collect()
    assert caplog.text == ""
