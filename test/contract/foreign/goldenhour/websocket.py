"""A WebSocket client (RFC 6455) over one blocking socket: handshake, masking, fragments, ping and pong, close."""

from __future__ import annotations

import base64
import hashlib
import os
import socket
import struct
import time
from typing import Dict, List, Optional, Sequence, Tuple, Union

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
Message = Union[str, bytes]


class HandshakeRefused(Exception):
    """The upgrade was answered with something else than 101."""

    def __init__(self, status: int, headers: Dict[str, str], body: bytes) -> None:
        super().__init__(f"the upgrade was answered {status}: {body[:300]!r}")
        self.status, self.headers, self.body = status, headers, body


class Closed(Exception):
    """The connection has ended; 1006 when there was no close frame."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(f"closed with {code} {reason}".rstrip())
        self.code, self.reason = code, reason


class ProtocolError(Exception):
    """The server broke RFC 6455."""


def mask(data: bytes, key: bytes) -> bytes:
    """The payload under its masking key; the same again takes the mask off."""
    if not data:
        return data
    repeated = (key * (len(data) // 4 + 1))[: len(data)]
    return (int.from_bytes(data, "big") ^ int.from_bytes(repeated, "big")).to_bytes(len(data), "big")


def frame(opcode: int, payload: bytes, final: bool = True, key: Optional[bytes] = None) -> bytes:
    """One masked frame, as a client has to send it."""
    key = os.urandom(4) if key is None else key
    length = len(payload)
    if length < 126:
        size = struct.pack("B", 0x80 | length)
    elif length < 2**16:
        size = struct.pack(">BH", 0x80 | 126, length)
    else:
        size = struct.pack(">BQ", 0x80 | 127, length)
    return bytes([(0x80 if final else 0) | opcode]) + size + key + mask(payload, key)


def accept_key(key: str) -> str:
    """What the server must answer to this Sec-WebSocket-Key."""
    return base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()


class WebSocket:
    """A connection; `receive` answers pings by itself and raises Closed when it has ended."""

    def __init__(self, stream: socket.socket, subprotocol: str, early: bytes = b"") -> None:
        self.subprotocol = subprotocol
        self._socket = stream
        self._buffer = bytearray(early)
        self._fragments: List[bytes] = []
        self._fragments_opcode: Optional[int] = None
        self.pongs: List[bytes] = []
        self.pings_answered = 0

    @classmethod
    def connect(
        cls, host: str, port: int, path: str, subprotocols: Sequence[str], timeout_s: float = 5.0
    ) -> "WebSocket":
        stream = socket.create_connection((host, port), timeout=timeout_s)
        try:
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            key = base64.b64encode(os.urandom(16)).decode()
            lines = [
                f"GET {path} HTTP/1.1",
                f"Host: {host}:{port}",
                "Upgrade: websocket",
                "Connection: Upgrade",
                f"Sec-WebSocket-Key: {key}",
                "Sec-WebSocket-Version: 13",
            ]
            if subprotocols:
                lines.append("Sec-WebSocket-Protocol: " + ", ".join(subprotocols))
            stream.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("ascii"))
            status, headers, rest = _read_head(stream)
            if status != 101:
                raise HandshakeRefused(status, headers, _read_body(stream, headers, rest))
            upgrade, connection = headers.get("upgrade", "").lower(), headers.get("connection", "").lower()
            if upgrade != "websocket" or "upgrade" not in connection:
                raise ProtocolError(f"no upgrade in {headers}")
            if headers.get("sec-websocket-accept") != accept_key(key):
                raise ProtocolError("Sec-WebSocket-Accept does not fit the key")
            chosen = headers.get("sec-websocket-protocol", "")
            if chosen not in subprotocols:
                raise ProtocolError(f"the server chose {chosen!r}, which was not offered")
            return cls(stream, chosen, rest)
        except BaseException:
            stream.close()
            raise

    def send(self, message: Message, fragment_bytes: Optional[int] = None) -> None:
        """Sends one message, in fragments of this many bytes where asked for."""
        opcode = TEXT if isinstance(message, str) else BINARY
        data = message.encode("utf-8") if isinstance(message, str) else message
        step = fragment_bytes or max(1, len(data))
        pieces = [data[at : at + step] for at in range(0, len(data), step)] or [b""]
        frames = [
            frame(opcode if number == 0 else CONTINUATION, piece, number == len(pieces) - 1)
            for number, piece in enumerate(pieces)
        ]
        self._send(b"".join(frames))

    def ping(self, payload: bytes = b"") -> None:
        """Sends a ping; its pong is found in `pongs` by a later `receive`."""
        self._send(frame(PING, payload))

    def receive(self, timeout_s: float) -> Optional[Message]:
        """The next whole message; None when none came in time. Raises Closed when the connection has ended."""
        deadline = time.monotonic() + timeout_s
        while True:
            received = self._next_frame(deadline)
            if received is None:
                return None
            message = self._take(*received)
            if message is not None:
                return message

    def close(self, code: int = 1000) -> None:
        """Ends the connection in order: close frame, the server's close frame, end of the socket."""
        try:
            self._send(frame(CLOSE, struct.pack(">H", code)))
            while self.receive(2.0) is not None:
                pass
        except Closed as closed:
            if closed.code not in (code, 1005):
                raise
        self._socket.close()

    def cut(self) -> None:
        """Ends the connection as a tunnel does: no close frame, nothing is read any more."""
        # A reset, so that what the server has still to send is not waited for.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def _take(self, final: bool, opcode: int, payload: bytes) -> Optional[Message]:
        if opcode >= CLOSE:
            if not final or len(payload) > 125:
                raise ProtocolError("a control frame is whole and has at most 125 bytes")
            self._control(opcode, payload)
            return None
        if (opcode == CONTINUATION) != (self._fragments_opcode is not None):
            raise ProtocolError("a fragment without a beginning, or a beginning inside a message")
        if opcode != CONTINUATION:
            self._fragments_opcode = opcode
        self._fragments.append(payload)
        if not final:
            return None
        data, opcode = b"".join(self._fragments), self._fragments_opcode or BINARY
        self._fragments, self._fragments_opcode = [], None
        return data.decode("utf-8") if opcode == TEXT else data

    def _control(self, opcode: int, payload: bytes) -> None:
        if opcode == PING:
            self._send(frame(PONG, payload))
            self.pings_answered += 1
        elif opcode == PONG:
            self.pongs.append(payload)
        elif opcode == CLOSE:
            code = struct.unpack(">H", payload[:2])[0] if len(payload) >= 2 else 1005
            try:
                self._socket.sendall(frame(CLOSE, payload[:2]))
            except OSError:
                pass
            self._socket.close()
            raise Closed(code, payload[2:].decode("utf-8", "replace"))
        else:
            raise ProtocolError(f"no such opcode: {opcode}")

    def _next_frame(self, deadline: float) -> Optional[Tuple[bool, int, bytes]]:
        while True:
            parsed = self._parse()
            if parsed is not None:
                return parsed
            remaining = deadline - time.monotonic()
            try:
                # Even when the time is up, what has already arrived is looked at once.
                self._socket.settimeout(max(remaining, 0.001))
                data = self._socket.recv(65536)
            except socket.timeout:
                return None
            except OSError as error:
                raise Closed(1006, str(error)) from error
            if not data:
                raise Closed(1006, "the socket ended")
            self._buffer += data

    def _parse(self) -> Optional[Tuple[bool, int, bytes]]:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        if buffer[0] & 0x70:
            raise ProtocolError("a reserved bit is set, and no extension was agreed on")
        if buffer[1] & 0x80:
            raise ProtocolError("a server does not mask")
        length, at = buffer[1] & 0x7F, 2
        if length >= 126:
            form = ">H" if length == 126 else ">Q"
            at += struct.calcsize(form)
            if len(buffer) < at:
                return None
            length = struct.unpack(form, bytes(buffer[2:at]))[0]
        if len(buffer) < at + length:
            return None
        final, opcode, payload = bool(buffer[0] & 0x80), buffer[0] & 0x0F, bytes(buffer[at : at + length])
        del buffer[: at + length]
        return final, opcode, payload

    def _send(self, data: bytes) -> None:
        try:
            self._socket.settimeout(5.0)
            self._socket.sendall(data)
        except OSError as error:
            raise Closed(1006, str(error)) from error


def _read_head(stream: socket.socket) -> Tuple[int, Dict[str, str], bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        more = stream.recv(4096)
        if not more:
            raise Closed(1006, "the socket ended inside the handshake")
        data += more
    head, rest = data.split(b"\r\n\r\n", 1)
    lines = head.decode("iso-8859-1").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    return int(lines[0].split(" ")[1]), headers, rest


def _read_body(stream: socket.socket, headers: Dict[str, str], rest: bytes) -> bytes:
    length = int(headers.get("content-length", "0"))
    while len(rest) < length:
        more = stream.recv(4096)
        if not more:
            break
        rest += more
    return rest
