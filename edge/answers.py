"""What a box answers when the cloud asks: one command after the other, each once, the same one again in the same words.

Whoever has broken into the cloud can ask, too. So nothing that can be asked for changes more than the city has signed,
nobody waits for an answer but the link, and what all answers weigh together is bounded: a box whose allowance is spent
is silent until it has some again. A mode it takes then, too: people who read logs must not keep it from a storm.
"""

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Mapping

from edge.ports import Delivery, Now
from wire import command as commands
from wire.command import Command, Outcome, Reply, Verb
from wire.errors import EgretError, Mistake, WireError
from wire.topics import require_own

_log = logging.getLogger(__name__)
WAITING_MOST = 16
"""Commands that wait for their turn; more are let go, and come again."""
KEPT_MOST, KEPT_BYTES_MOST = 16, 2**20
"""Answers that are kept to be given again; at least the last one is."""
ALLOWANCE, ALLOWANCE_S = 2 * 2**20, 128 * 1024 / 3600
"""Bytes of answers at once after a quiet time, and what is added each second: 92 MB in a month at most (judgement)."""
SAMPLES_LEAST = 64 * 1024
"""Bytes that it weighs at least to be asked for samples, however few there are (judgement)."""
_NONSENSE = 16 * 1024
"""Bytes that it weighs to be told what is no command: each is a line of the log, which must not be flooded."""

Act = Callable[[Command], Awaitable[Reply]]
"""Carries out a command; `Reply` is what it says, as `done`. Raises EgretError for what the box refuses."""


class Unasked(EgretError):
    """A command that this box does not carry out."""


class Answers:
    """Of one box. `acts` are its verbs."""

    def __init__(self, box: str, now: Now, acts: Mapping[Verb, Act]) -> None:
        """Nobody has asked anything."""
        self._box, self._now, self._acts = box, now, acts
        self._waiting: deque[Delivery] = deque()
        self._has_news = asyncio.Event()
        self._given: OrderedDict[str, bytes] = OrderedDict()
        self._left, self._left_at = float(ALLOWANCE), 0.0
        self._is_silent = False

    def hear(self, delivery: Delivery) -> None:
        """A command has come."""
        if len(self._waiting) < WAITING_MOST:
            self._waiting.append(delivery)
            self._has_news.set()

    async def run(self, send: Callable[[bytes], Awaitable[None]]) -> None:
        """For ever: answer what was asked. Raises what `send` raises; then the same command is answered next time."""
        while True:
            while self._waiting:
                if answer := await self._answer(self._waiting[0]):
                    await send(answer)
                self._waiting.popleft()
            self._has_news.clear()
            await self._has_news.wait()

    async def _answer(self, delivery: Delivery) -> bytes | None:
        """None where there is nothing to say, or nothing may be said; a mode is chosen all the same."""
        may_speak = self._may_speak()
        try:
            command = commands.decode_command(delivery.payload)
            require_own(delivery.topic, command.box)
        except WireError as error:
            if may_speak:  # else nothing was said, and a flood would make the box silent for years
                self._left -= _NONSENSE
                _log.warning("%s: %s", delivery.topic, error)
            return None
        if not may_speak and command.verb != Verb.MODE:
            return None
        answer = self._given.get(command.id)
        if answer is None:
            reply = await self._carry_out(command)
            if command.verb == Verb.SAMPLES and reply.outcome is Outcome.DONE:
                self._left -= max(SAMPLES_LEAST, reply.held_bytes)
            answer = commands.encode(reply)
            self._given[command.id] = answer
            while len(self._given) > 1 and (len(self._given) > KEPT_MOST or self._weight() > KEPT_BYTES_MOST):
                self._given.popitem(last=False)
        if not may_speak:
            return None
        self._left -= len(answer)
        return answer

    async def _carry_out(self, command: Command) -> Reply:
        try:
            late_ns = self._now() - command.expires_ns
            if late_ns > 0:
                error = Mistake(
                    f"box {self._box}",
                    f"it had expired {late_ns // 10**9} s ago by this box's clock.",
                    "ask again, and see that the box's clock is right.",
                    "E-CMD-002",
                )
                return self._reply(command, Outcome.EXPIRED, error)
            said = await self._act(command.verb)(command)
        except EgretError as error:
            refused = Mistake(error.where or f"box {self._box}", error.what, error.fix, error.code)
            return self._reply(command, Outcome.REFUSED, refused)
        _log.debug("answered %s, as the cloud asked", command.verb)
        return said

    def _act(self, verb: str) -> Act:
        found = next((act for known, act in self._acts.items() if known == verb), None)
        if found is None:
            what = f"this box cannot be asked for {verb!r}."
            fix = f"ask for {' or '.join(self._acts) or 'nothing'}, or install a newer version on it."
            raise Unasked(what, fix=fix, code="E-CMD-001")
        return found

    def _reply(self, command: Command, outcome: Outcome, error: Mistake) -> Reply:
        return Reply(command.box, command.id, command.verb, self._now(), outcome, error)

    def _may_speak(self) -> bool:
        now_s = asyncio.get_running_loop().time()
        self._left = min(ALLOWANCE, self._left + (now_s - self._left_at) * ALLOWANCE_S)
        self._left_at = now_s
        is_silent = self._left <= 0
        if is_silent and not self._is_silent:
            _log.warning("the cloud has asked for more than this box answers in an hour: nothing is answered for now")
        self._is_silent = is_silent
        return not is_silent

    def _weight(self) -> int:
        return sum(map(len, self._given.values()))
