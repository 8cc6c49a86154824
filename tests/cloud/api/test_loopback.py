"""Nobody but this machine, and no page but our own, gets at an API without a login."""

from typing import Any

import pytest

from cloud.api.server import serving
from wire.errors import EgretError


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.20", "::", "example.org", ""])
async def test_refuses_to_listen_to_the_network(town: Any, host: str) -> None:
    """An address that other machines reach is refused before anything is opened, with what to do instead."""
    with pytest.raises(EgretError, match=r"no login.*fix: listen on 127\.0\.0\.1.*E-API-001"):
        await serving(town.app, host=host).__aenter__()


async def test_taken_port_is_named(town: Any) -> None:
    """A port that another program uses is one clear message."""
    with pytest.raises(EgretError, match=rf"127\.0\.0\.1:{town.client.base_url.port}.*E-API-009"):
        await serving(town.app, port=town.client.base_url.port or 0).__aenter__()


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "10.0.0.1"])
@pytest.mark.parametrize("path", ["", "api/v1/state", "words.json"])
async def test_foreign_host_name_is_refused(town: Any, host: str, path: str) -> None:
    """A foreign name that was pointed at our address (DNS rebinding) reads nothing, not even the page."""
    answer = await town.client.get(path, headers={"Host": host})
    assert (answer.status_code, answer.json()["code"]) == (421, "E-API-002")


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost", "localhost:1", "[::1]:8080"])
async def test_own_names_are_served(town: Any, host: str) -> None:
    """Whatever name and port (a tunnel) this machine is reached by."""
    assert (await town.client.get("api/v1/health", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "application/json", "Origin": "http://evil.example"}, 403),
        ({"Content-Type": "application/json", "Origin": "null"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({}, 415),
    ],
)
async def test_foreign_page_changes_nothing(town: Any, headers: dict[str, str], status: int) -> None:
    """A page of another site can neither close a case nor send what a plain form can send."""
    answer = await town.client.post("api/v1/cases/1/acts", content=b'{"actor":"x"}', headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, "E-API-003")


async def test_page_is_confined(town: Any) -> None:
    """The page may load from and send to this server only, whatever is injected into it."""
    policy = (await town.client.get("")).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "connect-src 'self'" in policy
    assert "unsafe" not in policy
