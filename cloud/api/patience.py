"""How long a client may take to say what it wants: uvicorn itself waits for ever.

Whoever opens a thousand connections and says one byte a minute on each would leave no file descriptor
for the boxes' alarms. Once a request is whole, its answer may take as long as it takes: event streams do.
"""

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_S = 20.0
"""Seconds for the line and the headers of a request, from the connection or its first byte."""
BODY_S = 330.0
"""For the body behind them. A photo has 300 s by its route, which answers in words; this is for everything else."""


class Impatient(H11Protocol):
    """HTTP/1.1, closing what does not come to an end."""

    _phase: object = None
    _due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """The client has HEAD_S from now."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """A request that has come one phase further gets the time of that phase."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is due any more."""
        self._forget()
        super().connection_lost(exc)

    def _watch(self) -> None:
        phase = self.conn.their_state
        if phase is self._phase and self._due is not None:
            return
        self._forget()
        self._phase = phase
        within_s = {h11.IDLE: HEAD_S, h11.SEND_BODY: BODY_S}.get(phase)
        if within_s is not None:
            self._due = self.loop.call_later(within_s, self.transport.abort)

    def _forget(self) -> None:
        if self._due is not None:
            self._due.cancel()
        self._due = None
