"""InfluxDB 1.x, and every server that takes its `/write`, such as an openGemini cluster.

    store:
      kind: influxdb_v1
      url: http://127.0.0.1:8086
      database: egret
      username: egret
      password_env: EGRET_STORE_PASSWORD
      timeout: 30s

`password_file: /etc/egret/store-password` instead of `password_env` reads it from a file. Without a
username nothing is sent to authenticate. The database is created when it is not there and the user
may. See docs/operate/stores.md.
"""

from dataclasses import dataclass
from types import TracebackType
from typing import Self

import httpx

from cloud import secret
from cloud.influxql import InfluxQL, identifier
from cloud.line_store import LineStore
from cloud.ports import Store
from cloud.store_http import StoreHttp, refusal
from wire.errors import Unavailable


@dataclass(frozen=True, slots=True)
class Config:
    """Where it answers, and as whom we come."""

    url: str = "http://127.0.0.1:8086"
    database: str = "egret"
    username: str = ""
    password_env: str = ""
    password_file: str = ""
    timeout_s: float = 30.0


def open_store(config: Config) -> Store:
    """The store; does no I/O but reading the password. Raises ConfigError."""
    password = secret.read(env=config.password_env, file=config.password_file, where="cloud.yaml: store")
    auth = (config.username, password) if config.username else None
    http = StoreHttp(config.url, config.timeout_s, auth=auth)
    return LineStore(_Write(http, config.database), InfluxQL(http, config.database))


class _Write:
    """The `/write` of one database."""

    def __init__(self, http: StoreHttp, database: str) -> None:
        self._http, self._database = http, database

    async def __aenter__(self) -> Self:
        """Create the database. A user who may not is trusted to have one."""
        async with self._http:
            reply = await self._http.post("query", form={"q": f"CREATE DATABASE {identifier(self._database)}"})
        if not reply.is_success and reply.status_code != httpx.codes.FORBIDDEN:
            said = refusal(reply.status_code, reply.content, self._http.url)
            raise Unavailable(f"cannot create the database: {said}", where=self._http.url, code="E-STORE-004")
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.__aexit__(kind, error, trace)

    async def post(self, lines: bytes) -> str:
        """As `cloud.line_store.Poster`."""
        reply = await self._http.post("write", params={"db": self._database, "precision": "ns"}, content=lines)
        return "" if reply.is_success else refusal(reply.status_code, reply.content, self._http.url)
