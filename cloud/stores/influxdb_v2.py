"""InfluxDB 2 and 3 through the official client, and VictoriaMetrics.

    store:
      kind: influxdb_v2
      url: http://127.0.0.1:8086
      org: city
      bucket: egret
      token_env: EGRET_STORE_TOKEN
      reads: influxql
      timeout: 30s

`token_file: /etc/egret/store-token` instead of `token_env` reads it from a file. The bucket must be
there. VictoriaMetrics takes the same writes and is read by `reads: metricsql`. See
docs/operate/stores.md.
"""

from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

from urllib3.exceptions import HTTPError

from cloud import secret
from cloud.influxql import InfluxQL
from cloud.line_store import LineStore
from cloud.metricsql import MetricsQL
from cloud.ports import Store
from cloud.store_http import StoreHttp, refusal, unreachable
from wire.blocking import OneAtATime

if TYPE_CHECKING:
    from influxdb_client.client.influxdb_client import InfluxDBClient


@dataclass(frozen=True, slots=True)
class Config:
    """Where it answers, whose bucket, and which language reads it back."""

    url: str = "http://127.0.0.1:8086"
    org: str = "egret"
    bucket: str = "egret"
    token_env: str = ""
    token_file: str = ""
    reads: Literal["influxql", "metricsql"] = "influxql"
    timeout_s: float = 30.0


def open_store(config: Config) -> Store:
    """The store; does no I/O but reading the token. Raises ConfigError."""
    token = secret.read(env=config.token_env, file=config.token_file, where="cloud.yaml: store")
    http = StoreHttp(config.url, config.timeout_s, headers={"Authorization": f"Token {token}"} if token else None)
    reader = InfluxQL(http, config.bucket) if config.reads == "influxql" else MetricsQL(http)
    return LineStore(_Write(config, token, http), reader)


class _Write:
    """The official client, whose calls block, for writing; `http` is kept open for the queries."""

    def __init__(self, config: Config, token: str, http: StoreHttp) -> None:
        self._config, self._token, self._http = config, token, http
        self._off_loop = OneAtATime()
        self._client: InfluxDBClient | None = None

    async def __aenter__(self) -> Self:
        """Import the client (0.3 s, 28 MiB); an empty write shows whether the bucket is there and ours."""
        config = self._config
        async with self._http:
            bucket = {"org": config.org, "bucket": config.bucket, "precision": "ns"}
            reply = await self._http.post("api/v2/write", params=bucket, content=b"")
        if not reply.is_success:
            refusal(reply.status_code, reply.content, config.url)
        await self._http.__aenter__()
        self._client = await self._off_loop(self._connect)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._client is not None:
            await self._off_loop(self._client.close)
        await self._http.__aexit__(kind, error, trace)

    def _connect(self) -> "InfluxDBClient":
        from influxdb_client.client.influxdb_client import InfluxDBClient  # noqa: PLC0415 see __aenter__

        config = self._config
        timeout_ms = int(config.timeout_s * 1000)
        return InfluxDBClient(url=config.url, token=self._token, org=config.org, timeout=timeout_ms)

    async def post(self, lines: bytes) -> str:
        """As `cloud.line_store.Poster`."""
        return await self._off_loop(self._post, lines)

    def _post(self, lines: bytes) -> str:
        from influxdb_client.client.exceptions import InfluxDBError  # noqa: PLC0415 see __aenter__
        from influxdb_client.client.write_api import SYNCHRONOUS  # noqa: PLC0415

        if self._client is None:
            raise unreachable(RuntimeError("not connected"), self._config.url)
        try:
            with self._client.write_api(write_options=SYNCHRONOUS) as api:
                api.write(bucket=self._config.bucket, record=lines, write_precision="ns")
        except InfluxDBError as error:
            if error.response is None:
                raise unreachable(error, self._config.url) from error
            return refusal(error.response.status, str(error.response.data).encode(), self._config.url)
        except HTTPError as error:
            raise unreachable(error, self._config.url) from error
        return ""
