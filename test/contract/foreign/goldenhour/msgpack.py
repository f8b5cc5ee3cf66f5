"""The part of MessagePack that the protocol uses: nil, booleans, numbers, strings, arrays, maps [EN-5]."""

from __future__ import annotations

import struct
from typing import Any, List, Tuple


class Malformed(ValueError):
    """The bytes are not one value of the part of MessagePack that the protocol uses [EN-5]."""


def encode(value: Any) -> bytes:
    """The shortest form of the value; integers beyond 32 bits as 64-bit integers."""
    parts: List[bytes] = []
    _encode(value, parts)
    return b"".join(parts)


def decode(data: bytes) -> Any:
    """The one value of these bytes. Raises Malformed for anything else; a float that is an integer becomes one."""
    value, end = _decode(data, 0)
    if end != len(data):
        raise Malformed(f"{len(data) - end} bytes behind the value")
    return value


def _encode(value: Any, parts: List[bytes]) -> None:
    if value is None:
        parts.append(b"\xc0")
    elif isinstance(value, bool):
        parts.append(b"\xc3" if value else b"\xc2")
    elif isinstance(value, int):
        parts.append(_encode_integer(value))
    elif isinstance(value, float):
        parts.append(struct.pack(">Bd", 0xCB, value))
    elif isinstance(value, str):
        data = value.encode("utf-8")
        parts.append(_head(len(data), 0xA0, 31, 0xD9, 0xDA, 0xDB) + data)
    elif isinstance(value, (list, tuple)):
        parts.append(_head(len(value), 0x90, 15, None, 0xDC, 0xDD))
        for item in value:
            _encode(item, parts)
    elif isinstance(value, dict):
        parts.append(_head(len(value), 0x80, 15, None, 0xDE, 0xDF))
        for key, item in value.items():
            if not isinstance(key, str):
                raise TypeError(f"a map's keys are strings, and {key!r} is none")
            _encode(key, parts)
            _encode(item, parts)
    else:
        raise TypeError(f"the protocol has no value like {value!r}")


def _encode_integer(value: int) -> bytes:
    if -32 <= value < 128:
        return struct.pack("b" if value < 0 else "B", value)
    forms = (
        ((">BB", 0xCC, 2**8), (">BH", 0xCD, 2**16), (">BI", 0xCE, 2**32), (">BQ", 0xCF, 2**64))
        if value >= 0
        else ((">Bb", 0xD0, 2**7), (">Bh", 0xD1, 2**15), (">Bi", 0xD2, 2**31), (">Bq", 0xD3, 2**63))
    )
    for form, head, bound in forms:
        if (value < bound) if value >= 0 else (value >= -bound):
            return struct.pack(form, head, value)
    raise OverflowError(f"{value} does not fit into 64 bits")


def _head(length: int, fixed: int, fixed_max: int, head8: Any, head16: int, head32: int) -> bytes:
    if length <= fixed_max:
        return bytes([fixed | length])
    if head8 is not None and length < 2**8:
        return bytes([head8, length])
    if length < 2**16:
        return struct.pack(">BH", head16, length)
    return struct.pack(">BI", head32, length)


_NUMBERS = {
    0xCA: ">f", 0xCB: ">d",
    0xCC: ">B", 0xCD: ">H", 0xCE: ">I", 0xCF: ">Q",
    0xD0: ">b", 0xD1: ">h", 0xD2: ">i", 0xD3: ">q",
}  # fmt: skip
_LENGTHS = {0xD9: ">B", 0xDA: ">H", 0xDB: ">I", 0xDC: ">H", 0xDD: ">I", 0xDE: ">H", 0xDF: ">I"}


def _decode(data: bytes, at: int) -> Tuple[Any, int]:
    if at >= len(data):
        raise Malformed("the bytes end inside the value")
    head = data[at]
    at += 1
    if head < 0x80:
        return head, at
    if head >= 0xE0:
        return head - 0x100, at
    if head < 0x90:
        return _decode_map(data, at, head & 15)
    if head < 0xA0:
        return _decode_list(data, at, head & 15)
    if head < 0xC0:
        return _decode_string(data, at, head & 31)
    if head in (0xC0, 0xC2, 0xC3):
        return {0xC0: None, 0xC2: False, 0xC3: True}[head], at
    if head in _NUMBERS:
        number, at = _unpack(_NUMBERS[head], data, at)
        return (int(number) if isinstance(number, float) and number.is_integer() else number), at
    if head not in _LENGTHS:
        raise Malformed(f"a value that begins with {head:#x} is no part of the protocol")
    length, at = _unpack(_LENGTHS[head], data, at)
    if head <= 0xDB:
        return _decode_string(data, at, length)
    return _decode_list(data, at, length) if head <= 0xDD else _decode_map(data, at, length)


def _unpack(form: str, data: bytes, at: int) -> Tuple[Any, int]:
    end = at + struct.calcsize(form)
    if end > len(data):
        raise Malformed("the bytes end inside a number")
    return struct.unpack(form, data[at:end])[0], end


def _decode_string(data: bytes, at: int, length: int) -> Tuple[str, int]:
    if at + length > len(data):
        raise Malformed("the bytes end inside a string")
    try:
        return data[at : at + length].decode("utf-8"), at + length
    except UnicodeDecodeError as error:
        raise Malformed(f"a string is not UTF-8: {error}") from error


def _decode_list(data: bytes, at: int, length: int) -> Tuple[List[Any], int]:
    items = []
    for _ in range(length):
        item, at = _decode(data, at)
        items.append(item)
    return items, at


def _decode_map(data: bytes, at: int, length: int) -> Tuple[dict, int]:
    items = {}
    for _ in range(length):
        key, at = _decode(data, at)
        if not isinstance(key, str):
            raise Malformed(f"a map's keys are strings, and {key!r} is none")
        items[key], at = _decode(data, at)
    return items, at
