"""What the command asks of a running cloud: its HTTP API, with its problems as our errors.

Where people log in, the command needs a token of `egret cloud token create`, in the environment
variable EGRET_TOKEN.
"""

import os
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar
from unicodedata import east_asian_width
from urllib.parse import urlsplit

import click
import httpx
import msgspec

from cloud.reporting.report_text import TEXT_MAX, line
from wire.errors import EgretError, Unreachable

T = TypeVar("T")

URL = "http://127.0.0.1:8480/api/v1"
url_option = click.option("--url", default=URL, show_default=True, help="Where the cloud's API answers.")
json_option = click.option("--json", "as_json", is_flag=True, help="The data as one JSON value.")

_TIMEOUT_S = 30.0


class _Problem(msgspec.Struct, frozen=True):
    """`application/problem+json` as the API writes it; another server in its place may write anything."""

    what: str
    code: str
    where: str = ""
    fix: str = ""


class ApiClient:
    """One command's conversation with the API."""

    def __init__(self, url: str) -> None:
        """`url` ends with `/api/v1`."""
        self._url = url.rstrip("/")

    def get(self, path: str, kind: type[T], **query: str) -> T:
        """One thing. Raises Unreachable, and EgretError with the API's own words."""
        return self._read(self._ask("GET", path, query=query or None).content, kind)

    def get_all(self, path: str, kind: type[T], *, most: int = 1_000, **query: str) -> list[T]:
        """A list, page after page until there are `most`."""
        found: list[T] = []
        answer = self._ask("GET", path, query=query)
        while True:
            found += [self._read(item, kind) for item in self._read(answer.content, list[msgspec.Raw])]
            following = answer.links.get("next", {}).get("url", "")
            if not following or len(found) >= most:
                return found[:most]
            answer = self._ask("GET", path, query=dict(httpx.QueryParams(urlsplit(following).query)))

    def post(self, path: str, body: object, kind: type[T], *, seen: int | None = None) -> T:
        """What the API answers to an act, which is done once however often it is sent.

        `seen`: the version of the case that it is for, if that matters.
        """
        headers = {"idempotency-key": uuid.uuid4().hex} | ({} if seen is None else {"if-match": f'"{seen}"'})
        return self._read(self._ask("POST", path, body=msgspec.json.encode(body), headers=headers).content, kind)

    def send(self, path: str, data: bytes, media_type: str, kind: type[T]) -> T:
        """What the API answers to a file. Raises as `get`."""
        return self._read(self._ask("POST", path, body=data, headers={"content-type": media_type}).content, kind)

    def _ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        said = {**_token(), **({"content-type": "application/json"} if body else {}), **(headers or {})}
        try:
            answer = httpx.request(
                method,
                f"{self._url}/{path}",
                params=query,
                content=body,
                headers=said,
                timeout=_TIMEOUT_S,
                trust_env=False,
            )
        except (httpx.TransportError, httpx.InvalidURL) as error:
            fix = "start it with `egret cloud run` or `egret demo`, or name it with --url."
            raise Unreachable(
                f"the cloud does not answer: {error}", where=self._url, fix=fix, code="E-API-010"
            ) from error
        if answer.is_success:
            return answer
        raise self._refusal(answer)

    def _refusal(self, answer: httpx.Response) -> EgretError:
        try:
            problem = msgspec.json.decode(answer.content, type=_Problem)
        except msgspec.MsgspecError:
            problem = _Problem(f"the cloud answered {answer.status_code}.", "E-API-011", fix="see its log.")
        return EgretError(problem.what, where=problem.where or self._url, fix=problem.fix, code=problem.code)

    def _read(self, data: Any, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(data, type=kind)
        except msgspec.MsgspecError as error:
            what = f"the answer cannot be read: {error}."
            fix = "see that --url is the API of an egret of this version."
            raise EgretError(what, where=self._url, fix=fix, code="E-API-012") from error


def _token() -> dict[str, str]:
    """Of the environment, so that it stands in no list of processes and in no shell's history."""
    secret = os.environ.get("EGRET_TOKEN", "").strip()
    return {"authorization": f"Bearer {secret}"} if secret else {}


def moment(time_ns: int | None) -> str:
    """`2026-11-23 18:20:05` in this machine's time zone; empty for none."""
    if time_ns is None:
        return ""
    return datetime.fromtimestamp(time_ns // 10**9, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def show_json(value: object) -> None:
    """On stdout, for programs."""
    click.echo(msgspec.json.encode(value).decode())


def show_table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """On stdout, in columns as wide as a terminal shows their widest text; nothing for no rows."""
    if not rows:
        return
    # A row is one line, whatever a note holds: what people write can look like a row, or move the cursor.
    table = [tuple(line(cell, TEXT_MAX) for cell in row) for row in [head, *rows]]
    widths = [max(_width(row[column]) for row in table) for column in range(len(head))]
    for row in table:
        cells = (text + " " * (width - _width(text)) for text, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def _width(text: str) -> int:
    """Columns of a terminal: Chinese characters take two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)
