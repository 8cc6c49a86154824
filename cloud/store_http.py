"""HTTP to a time-series store: what an answer means, as the errors of `wire.errors`."""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

import httpx
import msgspec

from wire.errors import Rejected, Unavailable

_REFUSED = {400, 413, 422}


class _Answer(msgspec.Struct):
    """An error as InfluxDB 1 (`error`) and 2 (`message`) say it."""

    error: str = ""
    message: str = ""


def refusal(status: int, body: bytes, where: str) -> str:
    """Why a store refuses what was sent, from its answer.

    Raises Unavailable for every other failure: a 400 that is not in the store's own words comes
    from something between, and says nothing about the data.
    """
    text = body.decode(errors="replace").strip()[:300]
    try:
        answer = msgspec.json.decode(body, type=_Answer)
    except msgspec.MsgspecError:
        answer = _Answer()
    said = answer.error or answer.message
    if status == httpx.codes.REQUEST_ENTITY_TOO_LARGE or (status in _REFUSED and said):
        return said or f"HTTP {status}: {text}"
    what = f"the store says HTTP {status}: {said or text}"
    if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        fix = "check the user or token in cloud.yaml, and what it may do."
        raise Unavailable(what, where=where, fix=fix, code="E-STORE-005")
    raise Unavailable(what, where=where, fix="see the log of the store; what waits is kept.", code="E-STORE-004")


def unreachable(error: Exception, where: str) -> Unavailable:
    """Nobody answers, or not in time."""
    what = f"the store does not answer: {error or type(error).__name__}"
    return Unavailable(what, where=where, fix="check that it runs, and the url in cloud.yaml.", code="E-STORE-003")


class StoreHttp:
    """A connection to one store; after leaving, or a failure, it can be entered again."""

    def __init__(
        self,
        url: str,
        timeout_s: float,
        *,
        auth: tuple[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Does no I/O."""
        self.url = url
        self._timeout_s, self._auth, self._headers = timeout_s, auth, headers
        self._client: httpx.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        """Ready to send; connects at the first request. The proxy settings of the machine do not apply."""
        self._client = httpx.AsyncClient(
            base_url=self.url, auth=self._auth, headers=self._headers, timeout=self._timeout_s, trust_env=False
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect."""
        client, self._client = self._client, None  # before it is closed: nobody is to ask a closed one
        if client is not None:
            await client.aclose()

    async def post(
        self,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        form: Mapping[str, str | Sequence[str]] | None = None,
        content: bytes | None = None,
    ) -> httpx.Response:
        """The answer, whatever it says. Raises Unavailable."""
        if self._client is None:
            raise unreachable(RuntimeError("not connected"), self.url)
        try:
            return await self._client.post(path, params=params, data=form, content=content)
        except httpx.HTTPError as error:
            raise unreachable(error, self.url) from error

    async def query(
        self, path: str, form: Mapping[str, str | Sequence[str]], *, params: Mapping[str, str] | None = None
    ) -> bytes:
        """The body of a success. Raises Unavailable, and Rejected when the store says that the query is wrong."""
        reply = await self.post(path, params=params, form=form)
        if reply.is_success:
            return reply.content
        said = refusal(reply.status_code, reply.content, self.url)
        raise Rejected(f"the store refuses a query: {said}", where=self.url, code="E-STORE-006")

    def unreadable(self, error: Exception) -> Unavailable:
        """The body of a success is not what this store answers."""
        fix = "check the url in cloud.yaml, and `reads`: InfluxDB answers influxql, VictoriaMetrics metricsql."
        return Unavailable(f"this is no answer of the store: {error}", where=self.url, fix=fix, code="E-STORE-007")
