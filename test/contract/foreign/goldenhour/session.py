"""One signed-in connection: hello, commands under ids of their own, answers, and the resume after a loss."""

from __future__ import annotations

import os
import random
import time
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple, TypeVar

from . import messages
from .rest import RETRYABLE
from .websocket import Closed, WebSocket

#: How long anything that should come is waited for.
PATIENCE_S = 6.0

Found = TypeVar("Found")


class Refused(Exception):
    """An `error` message: the code for programs, the sentence for people."""

    def __init__(self, code: str, sentence: str, details: Optional[Dict[str, Any]]) -> None:
        super().__init__(f"{code}: {sentence} {details}")
        self.code, self.sentence, self.details = code, sentence, details or {}


class Reply(NamedTuple):
    position: int
    result: Dict[str, Any]


class Server(NamedTuple):
    host: str
    port: int
    subprotocol: str


class Clock:
    """Region time, as `welcome.clock` tells it [TM-1]."""

    def __init__(self, view: Dict[str, Any]) -> None:
        self.rate = view["rate"]
        self._region, self._wall = view["anchorRegionMs"], view["anchorWallMs"]

    def at(self, wall_ms: int) -> int:
        return round(self._region + (wall_ms - self._wall) * self.rate)

    def now(self) -> int:
        return self.at(wall_now_ms())


def wall_now_ms() -> int:
    return int(time.time() * 1000)


class Session:
    """A client of one region in one role. Subclasses take the messages that come without being asked for."""

    def __init__(
        self, server: Server, region: str, role: str, unit_id: Optional[str], credential: Callable[[], str]
    ) -> None:
        self.server, self.region, self.role, self.unit_id = server, region, role, unit_id
        self.credential = credential
        self._socket: Optional[WebSocket] = None
        self._ids = random.Random()
        #: Opens this session again in place of the credential [AU-21].
        self.ticket: Optional[str] = None
        #: Commands without an answer yet, by id, in the order in which they were first sent.
        self._unanswered: Dict[str, Tuple[str, List[Any]]] = {}
        self._answers: Dict[str, Any] = {}
        #: Errors with null id: about fixes and marks, and frames that could not be read.
        self.complaints: List[Refused] = []
        #: Errors under ids that nothing was asked by; only where frames are sent past `ask` on purpose.
        self.strays: List[Refused] = []
        self.expect_any = False
        self.unknown: List[str] = []
        self.welcome: Dict[str, Any] = {}
        self.client_now_ms = 0
        self.clock: Clock = Clock({"rate": 1, "anchorRegionMs": 0, "anchorWallMs": 0})
        self.going_away: Optional[Tuple[int, int]] = None
        #: Whether commands, and fixes, can be stored now: told to every session, whenever a store is slow [CM-9].
        self.writes = ("flowing", "flowing")
        self.closed: Optional[Closed] = None

    # What a subclass adds.

    def streams(self) -> List[List[Any]]:
        """What `hello` declares [HS-5]."""
        return []

    def on_welcome(self) -> None:
        """After each welcome, before anything else is sent."""

    def on_message(self, name: str, fields: List[Any]) -> bool:
        """Takes a message that is no answer; false for one that it does not know."""
        return False

    # The connection.

    def open(self, with_ticket: bool = False) -> Dict[str, Any]:
        """Connects and says hello. Raises Refused when the hello is refused."""
        server = self.server
        self._socket = WebSocket.connect(server.host, server.port, "/v1/ws", [server.subprotocol])
        self.closed = None
        self.client_now_ms = wall_now_ms()
        hello_id = self.new_id("h")
        token = self.ticket if with_ticket and self.ticket is not None else self.credential()
        self.send("hello", hello_id, token, self.region, self.role, self.unit_id, self.client_now_ms, self.streams())
        self._answers[hello_id] = None
        answer = self.until("welcome", lambda: self._answers[hello_id])
        del self._answers[hello_id]
        if isinstance(answer, Refused):
            raise answer
        self.welcome = answer
        self.clock = Clock(answer["clock"])
        self.ticket = answer["ticket"]
        self.on_welcome()
        for command_id, (name, fields) in list(self._unanswered.items()):
            self.send(name, command_id, *fields)
        return answer

    def resume(self) -> Dict[str, Any]:
        """Reconnects with the ticket after a loss [HS-9]; with the credential when the ticket is refused [AU-21]."""
        try:
            return self.open(with_ticket=True)
        except Refused as refusal:
            if refusal.code not in ("token-invalid", "token-expired"):
                raise
            return self.open()

    def cut(self) -> None:
        """Loses the connection without a word."""
        self.connection.cut()
        self._socket = None

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    @property
    def connection(self) -> WebSocket:
        if self._socket is None:
            raise Closed(1006, "not connected")
        return self._socket

    # Asking.

    def new_id(self, prefix: str = "c") -> str:
        return f"{prefix}-{self._ids.getrandbits(60):x}"

    def send(self, name: str, *fields: Any, fragment_bytes: Optional[int] = None) -> None:
        self.connection.send(messages.write(self.server.subprotocol, name, list(fields)), fragment_bytes)

    def send_in_frames(self, name: str, head: List[Any], entries: List[List[Any]]) -> None:
        """Sends a long list at the end of a message, in frames that keep to both limits of `welcome`."""
        limits = self.welcome["limits"]

        def size_of(value: Any) -> int:
            return len(messages.encode(self.server.subprotocol, value)) + 1

        frame: List[List[Any]] = []
        size = head_size = size_of([name, *head]) + 8
        for entry in entries:
            size += size_of(entry)
            if frame and (size > limits["frameBytes"] or len(frame) == limits["fixesPerFrame"]):
                self.send(name, *head, *frame)
                frame, size = [], head_size + size_of(entry)
            frame.append(entry)
        if frame:
            self.send(name, *head, *frame)

    def begin(
        self, name: str, *fields: Any, command_id: Optional[str] = None, fragment_bytes: Optional[int] = None
    ) -> str:
        """Sends a command or query without waiting for its answer; it is sent again after a resume."""
        command_id = command_id or self.new_id()
        self._unanswered[command_id] = (name, list(fields))
        self._answers[command_id] = None
        self.send(name, command_id, *fields, fragment_bytes=fragment_bytes)
        return command_id

    def finish(self, command_id: str) -> Reply:
        """The answer to what `begin` sent. Raises Refused, after repeating what may be repeated [CM-7]."""
        for attempt in range(1, 8):
            answer = self.until(f"the answer to {command_id}", lambda: self._answers[command_id])
            if not (isinstance(answer, Refused) and answer.code in RETRYABLE and attempt < 7):
                break
            self.wait(answer.details.get("retryAfterMs", 100 * attempt) / 1000)
            name, fields = self._unanswered[command_id]
            self._answers[command_id] = None
            self.send(name, command_id, *fields)
        del self._answers[command_id], self._unanswered[command_id]
        if isinstance(answer, Refused):
            raise answer
        return answer

    def ask(
        self, name: str, *fields: Any, command_id: Optional[str] = None, fragment_bytes: Optional[int] = None
    ) -> Reply:
        """Sends and waits for the answer. Raises Refused."""
        return self.finish(self.begin(name, *fields, command_id=command_id, fragment_bytes=fragment_bytes))

    def refused(self, name: str, *fields: Any, command_id: Optional[str] = None) -> Refused:
        """Asks for what must be refused."""
        try:
            reply = self.ask(name, *fields, command_id=command_id)
        except Refused as refusal:
            return refusal
        raise AssertionError(f"{name} {fields} was not refused but answered {reply}")

    def answer_to_raw(self, command_id: str) -> Any:
        """The answer to a message that was written past `ask`, refusals included."""
        self._answers[command_id] = None
        answer = self.until(f"the answer to {command_id}", lambda: self._answers[command_id])
        del self._answers[command_id]
        return answer

    # Listening.

    def until(self, what: str, ask: Callable[[], Found], within_s: float = PATIENCE_S) -> Found:
        """Takes messages until the question has an answer that counts as true."""
        deadline = time.monotonic() + within_s
        while True:
            found = ask()
            if found:
                return found
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise AssertionError(f"waited {within_s} s in vain for {what} ({self.role} {self.unit_id or ''})")
            self._take(remaining)

    def wait(self, seconds: float) -> None:
        """Goes on taking messages for this long."""
        deadline = time.monotonic() + seconds
        while True:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return
            self._take(remaining)

    def until_closed(self) -> int:
        """The code with which the server ends this connection."""
        try:
            self.until("the end of the connection", lambda: False)
        except Closed as closed:
            return closed.code
        raise AssertionError("unreachable")

    def complaint(self, code: str) -> Refused:
        """The next error with null id, which must have this code."""
        self.until(f"the error {code}", lambda: bool(self.complaints))
        refusal = self.complaints.pop(0)
        assert refusal.code == code, refusal
        return refusal

    def _take(self, timeout_s: float) -> None:
        try:
            data = self.connection.receive(timeout_s)
        except Closed as closed:
            self.closed, self._socket = closed, None
            raise
        if data is None:
            return
        name, fields = messages.read(self.server.subprotocol, data)
        if name == "welcome":
            self._answers[fields[0]] = fields[1]
        elif name == "reply":
            self._answer(fields[0], Reply(fields[1], fields[2]))
        elif name == "error":
            refusal = Refused(fields[1], fields[2], fields[3])
            if fields[0] is None:
                self.complaints.append(refusal)
            elif self.expect_any and fields[0] not in self._answers:
                self.strays.append(refusal)
            else:
                self._answer(fields[0], refusal)
        elif name == "going-away":
            self.going_away = (fields[0], fields[1])
        elif name == "writes":
            self.writes = (fields[0], fields[1])
        elif not self.on_message(name, fields):
            self.unknown.append(name)

    def _answer(self, command_id: str, answer: Any) -> None:
        assert command_id in self._answers, f"an answer to {command_id}, which was not asked: {answer}"
        self._answers[command_id] = answer


def new_stream_id() -> str:
    """A stream id is never used again for other fixes [FX-1]."""
    return f"py-{os.urandom(9).hex()}"
