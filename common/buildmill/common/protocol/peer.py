"""A session with a way to send and somebody who handles requests: what both programs hold per connection."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, cast

from twisted.internet.defer import Deferred, fail, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from buildmill.common.errors import BuildmillError, ConnectionLost, InvalidInput, ProtocolError, RemoteError
from buildmill.common.protocol import codec
from buildmill.common.protocol.limits import DEFAULT_LIMITS, Limits
from buildmill.common.protocol.messages import ALL_OPS, Request
from buildmill.common.protocol.session import Session

Handler = Callable[[Request], object | Awaitable[object]]


def _nothing() -> None:
    """For transports that cannot pause."""


class Peer:
    """Calls the other side and answers its calls. Not aware of websockets: the glue feeds `received` and `lost`.

    Args:
        send: writes one payload as one binary message; must not raise.
        handler: called for each request in the order of arrival. A plain result is answered at once, an awaitable
            when it is done. `BuildmillError` becomes an error answer with its text; so does any other exception, but
            that one is logged as a bug. A `ProtocolError` raised before anything is awaited passes through `received`.
        accepted: the operations that the handler knows.
        pause, resume: stop and go on reading from the socket, called when the peer has too much under way. Messages
            that were read already may still be fed in; none is ever dropped.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        send: Callable[[bytes], None],
        handler: Handler,
        limits: Limits = DEFAULT_LIMITS,
        pause: Callable[[], None] = _nothing,
        resume: Callable[[], None] = _nothing,
        accepted: frozenset[str] = ALL_OPS,
    ) -> None:
        self._session = Session(limits, accepted)
        self._send = send
        self._handler = handler
        self._pause = pause
        self._resume = resume
        self._is_paused = False
        self._calls: dict[int, Deferred[object]] = {}
        self._drained: list[Deferred[None]] = []
        self._lost: str | None = None

    @property
    def outstanding(self) -> int:
        """Requests of ours that have no answer yet."""
        return self._session.outstanding

    @property
    def is_lost(self) -> bool:
        """Whether the connection has ended."""
        return self._lost is not None

    @property
    def is_paused(self) -> bool:
        """Whether we do not read, because we owe too many answers: the other side may speak without being heard."""
        return self._is_paused

    def call(self, message: Request) -> Deferred[object]:
        """Send a request.

        Returns:
            Fires with the result. Fails with `RemoteError` (the peer refused; its text), `ConnectionLost`, or
            `InvalidInput` (cannot be sent, nothing was). Cancelling gives up waiting; the request stays sent.
        """
        if self._lost is not None:
            return fail(ConnectionLost(self._lost))
        try:
            number, payload = self._session.request(message)
        except InvalidInput as error:
            return fail(error)
        answered: Deferred[object] = Deferred()
        self._calls[number] = answered
        self._send(payload)
        return answered

    def drained(self) -> Deferred[None]:
        """Wait until one more request of ours stays within the limit.

        Returns:
            Fires at once if it does already, also when the connection is lost (the next `call` then says so). All
            who wait are woken together: ask again in a loop where several send.
        """
        if self._session.may_send or self._lost is not None:
            return succeed(None)
        waiting: Deferred[None] = Deferred()
        self._drained.append(waiting)
        return waiting

    def received(self, payload: bytes) -> None:
        """Take one message from the peer.

        Raises:
            ProtocolError: close this connection with the error's code. Nothing more may be fed in.
        """
        if self._lost is not None:
            return
        received = self._session.receive(payload)
        if type(received) is codec.IncomingRequest:
            self._handle(received.seq_number, received.message)
            if self._session.owes_too_much and not self._is_paused:
                self._is_paused = True
                self._pause()
        elif type(received) is codec.Response:
            self._answered(received)
        elif type(received) is codec.BadRequest:
            self._refuse(received.seq_number, received.error_text)
        else:
            self._log.warn("ignored a message: {reason}", reason=cast("codec.Dropped", received).reason)

    def lost(self, reason: str) -> None:
        """The connection has ended: every waiting call fails, nothing is sent any more. May be called again."""
        if self._lost is not None:
            return
        self._lost = reason
        calls, self._calls = self._calls, {}
        for answered in calls.values():
            if not answered.called:
                answered.errback(ConnectionLost(reason))
        self._wake()

    def _answered(self, response: codec.Response) -> None:
        answered = self._calls.pop(response.seq_number)
        if answered.called:
            pass  # its caller gave up
        elif response.is_exception:
            answered.errback(RemoteError(response.result))
        else:
            answered.callback(response.result)
        if self._drained and self._session.may_send:
            self._wake()

    def _wake(self) -> None:
        waiting, self._drained = self._drained, []
        for deferred in waiting:
            if not deferred.called:
                deferred.callback(None)

    def _handle(self, number: int, message: Request) -> None:
        try:
            result = self._handler(message)
        except ProtocolError:
            raise
        except Exception:
            self._failed(number, message, Failure())
            return
        if result is None or not isinstance(result, Awaitable):
            self._answer(number, message, result)
            return
        if isinstance(result, Deferred):
            done = result
        else:
            done = Deferred.fromCoroutine(cast("Coroutine[Deferred[Any], Any, object]", result))
        done.addCallbacks(
            lambda value: self._answer(number, message, value),
            lambda failure: self._failed(number, message, failure),
        )

    def _answer(self, number: int, message: Request, result: object) -> None:
        if self._lost is not None:
            return
        try:
            payload = self._session.answer(number, result)
        except InvalidInput:
            self._failed(number, message, Failure())
            return
        self._send(payload)
        self._resume_when_answered()

    def _failed(self, number: int, message: Request, failure: Failure) -> None:
        if failure.check(BuildmillError) is None:
            self._log.failure("handling {op} failed", failure=failure, op=message.op)
        self._refuse(number, failure.getErrorMessage())

    def _refuse(self, number: int, text: str) -> None:
        if self._lost is not None:
            return
        self._send(self._session.refuse(number, text))
        self._resume_when_answered()

    def _resume_when_answered(self) -> None:
        if self._is_paused and not self._session.owes_too_much:
            self._is_paused = False
            self._resume()
