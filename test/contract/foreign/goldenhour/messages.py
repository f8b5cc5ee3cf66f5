"""Messages as both subprotocols have them, `[type, …fields]`: by name in JSON, by number in MessagePack [EN-1]."""

from __future__ import annotations

import json
from typing import Any, List, Tuple, Union

from . import msgpack

BINARY = "goldenhour.v1"
JSON = "goldenhour.v1.json"

CLIENT_TYPES = {
    "hello": 1,
    "fix": 2,
    "hint": 3,
    "mark": 4,
    "feed-fixes": 5,
    "sign-on": 10,
    "sign-off": 11,
    "set-status": 12,
    "accept-offer": 13,
    "decline-offer": 14,
    "report-phase": 15,
    "close-trip": 16,
    "acknowledge-stand-down": 17,
    "enter-call": 20,
    "cancel-trip": 21,
    "nearest": 22,
    "watch-board": 23,
    "unwatch-board": 24,
    "watch-tiles": 25,
    "watch-unit": 26,
    "unwatch-unit": 27,
    "explain-trip": 28,
    "amend-call": 30,
    "cancel-call": 31,
    "assign-unit": 32,
    "withdraw-unit": 33,
    "set-unit-status": 34,
    "acknowledge-alarm": 35,
    "shelve-alarm": 36,
    "hold-trip": 37,
    "resume-trip": 38,
    "confirm-order": 47,
    "name-receiver": 48,
    "name-destination": 59,
    "call-emergency": 60,
    "end-emergency": 61,
    "close-roads": 49,
    "reopen-roads": 51,
    "watch-etas": 52,
    "unwatch-etas": 53,
    "find-place": 54,
    "best-destinations": 55,
    "reach": 56,
    "coverage": 57,
    "trip-route": 58,
    "divert-unit": 39,
    "add-need": 29,
    "attach": 40,
    "detach": 41,
    "add-note": 45,
    "read-notes": 46,
    "correct-time": 50,
}

SERVER_TYPES = {
    "welcome": 64,
    "reply": 65,
    "error": 66,
    "marks": 67,
    "unit-state": 68,
    "board": 69,
    "board-events": 70,
    "going-away": 71,
    "tile": 72,
    "tile-moves": 73,
    "unit": 74,
    "feed-marks": 75,
    "detached": 76,
    "clock": 77,
    "writes": 78,
    "come-back": 79,
    "etas": 80,
    "freshness": 82,
}

_SERVER_NAMES = {code: name for name, code in SERVER_TYPES.items()}


def write(subprotocol: str, name: str, fields: List[Any]) -> Union[str, bytes]:
    """One client message as it goes over the wire."""
    return encode(subprotocol, [CLIENT_TYPES[name] if subprotocol == BINARY else name, *fields])


def encode(subprotocol: str, value: Any) -> Union[str, bytes]:
    """Any value as this subprotocol writes it."""
    if subprotocol == BINARY:
        return msgpack.encode(value)
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def read(subprotocol: str, data: Union[str, bytes]) -> Tuple[str, List[Any]]:
    """Name and fields of a server message; the name of an unknown type is `?` and its number or name [VN-2]."""
    if isinstance(data, str) != (subprotocol == JSON):
        raise ValueError(f"a {type(data).__name__} frame on {subprotocol} [TR-2]")
    message = json.loads(data) if isinstance(data, str) else msgpack.decode(data)
    kind = message[0]
    known = _SERVER_NAMES.get(kind) if subprotocol == BINARY else (kind if kind in SERVER_TYPES else None)
    return known or f"?{kind}", message[1:]
