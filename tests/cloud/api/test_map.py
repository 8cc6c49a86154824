"""GET /map: the districts, when there is a map, and none when there is not."""

from pathlib import Path
from typing import Any

import guarded_town
import pytest
import small_map
from gatehouse import CONSOLE

from cloud.access.actor import Right, Role
from cloud.access.tokens import NewToken
from cloud.listening import Http
from cloud.mapping import map_file

NONE = {"source": "", "approval": "", "bounds": None, "districts": []}


async def test_without_a_map_there_are_no_districts(town: Any) -> None:
    """An answer like any other: the board draws hulls of the sites then."""
    answer = await town.client.get("api/v1/map")
    assert (answer.status_code, answer.json()) == (200, NONE)


async def test_the_map_as_the_board_draws_it(town: Any, tmp_path: Path) -> None:
    """Flat rings, bounds as west, south, east, north, and whose it is; what only we need is not in it."""
    map_file.write(tmp_path / "map.json", small_map.document())
    assert (await town.client.get("api/v1/map")).json() == {
        "source": "小城测绘",
        "approval": "审图号 000",
        "bounds": [118.05, 24.42, 118.20, 24.80],
        "districts": [
            {
                "id": "siming",
                "name": "思明区",
                "rings": [[118.05, 24.42, 118.20, 24.42, 118.20, 24.50, 118.05, 24.50, 118.05, 24.42]],
            },
            {
                "id": "tongan",
                "name": "同安区",
                "rings": [[118.10, 24.65, 118.20, 24.65, 118.20, 24.80, 118.10, 24.80, 118.10, 24.65]],
            },
        ],
    }


async def test_a_browser_fetches_it_once(town: Any, tmp_path: Path) -> None:
    """304 as long as it is the same; a map that is built meanwhile is sent, and so is that there is none any more."""
    path = tmp_path / "map.json"
    map_file.write(path, small_map.document())
    first = await town.client.get("api/v1/map")
    assert first.headers["cache-control"] == "private, no-cache"
    seen = {"If-None-Match": first.headers["etag"]}
    again = await town.client.get("api/v1/map", headers=seen)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    map_file.write(path, small_map.document(accuracy_m=9.0))
    assert (await town.client.get("api/v1/map", headers=seen)).status_code == 200
    path.unlink()
    gone = await town.client.get("api/v1/map", headers=seen)
    assert (gone.status_code, gone.json()) == (200, NONE)


@pytest.mark.parametrize("content", ["", "{", '{"schema": "egret.map/9"}', "[1]"])
async def test_a_broken_map_is_no_map(
    town: Any, tmp_path: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says so once; the board works."""
    (tmp_path / "map.json").write_text(content)
    for _ in range(2):
        answer = await town.client.get("api/v1/map")
        assert (answer.status_code, answer.json()) == (200, NONE)
    assert caplog.text.count("the board has no map") == 1


async def test_who_may_read_may_see_it(tmp_path: Path) -> None:
    """A viewer; not a stranger, and not a token that only reports."""
    async with guarded_town.opened(tmp_path, Http()) as town:
        assert (await town.client.get("api/v1/map")).status_code == 401
        asked = NewToken(name="hotline", role=Role.OPERATOR, scopes=(Right.POST_REPORTS,))
        issued = await town.gate.tokens.create(asked, CONSOLE)
        headers = {"Authorization": f"Bearer {issued.secret}"}
        assert (await town.client.get("api/v1/map", headers=headers)).status_code == 403
        await town.log_in("wu")
        assert (await town.client.get("api/v1/map")).json() == NONE
