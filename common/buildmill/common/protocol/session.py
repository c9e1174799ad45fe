"""One connection's bookkeeping, without I/O: numbers, answers that are awaited, answers that are owed.

Order of messages on a connection (M master, W worker; every request is answered, answers come in any order):

    1  M>W print "attached"
    2  M>W get_worker_info          the answer may offer extensions in `worker_commands`
    3  M>W set_worker_settings      `buildmill_output: 1` here switches the byte output extension on
    4  M>W start_command            housekeeping (listdir, stat, rmdir, mkdir), then builds' commands
    5  W>M update ...               any number, may come before the answer to 4
    6  W>M update_upload_..., update_read_...   blocks of a transfer, each sent when the former is answered
    7  W>M complete                 the last message about its command
    *  M>W interrupt_command, print, keepalive   at any time; shutdown ends the worker's program

The same list with every key: docs/internals/worker-protocol.md.
"""

from __future__ import annotations

from buildmill.common.errors import InvalidInput, ProtocolError
from buildmill.common.protocol import codec
from buildmill.common.protocol.limits import DEFAULT_LIMITS, Limits
from buildmill.common.protocol.messages import ALL_OPS, Request

# An error's text tells a person what happened; nobody needs the listing of a directory in it.
_LONGEST_ERROR = 2000


class Session:
    """Turns requests and answers into payloads and received payloads into what they mean.

    Attributes:
        owed: requests of the peer that we have not answered yet.
    """

    def __init__(self, limits: Limits = DEFAULT_LIMITS, accepted: frozenset[str] = ALL_OPS) -> None:
        self._limits = limits
        self._accepted = accepted
        self._next = 0
        self._awaited: set[int] = set()
        self.owed = 0

    @property
    def outstanding(self) -> int:
        """How many requests of ours have no answer yet."""
        return len(self._awaited)

    @property
    def may_send(self) -> bool:
        """Whether one more request of ours stays within the limit."""
        return len(self._awaited) < self._limits.unanswered

    @property
    def owes_too_much(self) -> bool:
        """Whether the peer has more requests under way than the limit says: stop reading."""
        return self.owed > self._limits.unanswered

    def request(self, message: Request) -> tuple[int, bytes]:
        """Number a request of ours.

        Returns:
            Its number and the payload to send.

        Raises:
            InvalidInput: it cannot be sent (a value the wire has no form for, or too long); nothing is awaited.
        """
        number = self._next
        payload = codec.encode_request(number, message)
        self._refuse_long(payload)
        self._next += 1
        self._awaited.add(number)
        return number, payload

    def receive(self, payload: bytes) -> codec.Received:
        """Understand what the peer sent and keep the books.

        Raises:
            ProtocolError: the connection must be closed.
        """
        received = codec.decode(payload, self._limits, self._accepted)
        if type(received) is codec.Response:
            if received.seq_number not in self._awaited:
                raise ProtocolError(f"answer to request {received.seq_number}, which awaits none")
            self._awaited.remove(received.seq_number)
        elif type(received) is not codec.Dropped:
            self.owed += 1
        return received

    def answer(self, number: int, result: object) -> bytes:
        """The payload that answers the peer's request `number`.

        Raises:
            InvalidInput: the result cannot be sent; the request is still owed an answer.
        """
        payload = codec.encode_response(number, result)
        self._refuse_long(payload)
        self.owed -= 1
        return payload

    def refuse(self, number: int, text: str) -> bytes:
        """The payload that answers the peer's request `number` with an error."""
        self.owed -= 1
        return codec.encode_error(number, text[:_LONGEST_ERROR])

    def _refuse_long(self, payload: bytes) -> None:
        if len(payload) > self._limits.message_bytes:
            raise InvalidInput(
                "message", f"of {len(payload)} bytes is too long, the limit is {self._limits.message_bytes}"
            )
