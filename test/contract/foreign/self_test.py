"""The client's own tests: codec and tables against the bytes of the protocol's pages, frames against RFC 6455 and a socket."""

from __future__ import annotations

import json
import os
import re
import socket
import struct
import sys
import threading
import unittest
from typing import Any, Callable, List, Tuple

from goldenhour import board, messages, msgpack, tiles, websocket
from goldenhour.fixes import FixBuffer

PAGE = ""
DATA = ""


def frames_of_the_page() -> List[Tuple[str, List[Any], bytes]]:
    """Every frame that the page shows in both forms: side, JSON, bytes."""
    pattern = re.compile(r"```json (client|server)\n(.+)\n```\n\n```hex\n([0-9a-f \n]+)\n```")
    return [(side, json.loads(text), bytes.fromhex(hexes)) for side, text, hexes in pattern.findall(PAGE)]


class Codec(unittest.TestCase):
    def test_every_frame_of_the_page_reads_as_its_json(self) -> None:
        frames = frames_of_the_page()
        self.assertGreater(len(frames), 40)
        for side, shown, data in frames:
            types = messages.CLIENT_TYPES if side == "client" else messages.SERVER_TYPES
            self.assertEqual(msgpack.decode(data), [types[shown[0]], *shown[1:]])

    def test_every_frame_of_the_page_without_a_moment_is_written_byte_for_byte(self) -> None:
        plain = [frame for frame in frames_of_the_page() if frame[0] == "client" and b"\xcb" not in frame[2]]
        self.assertGreater(len(plain), 10)
        for _, shown, data in plain:
            self.assertEqual(messages.write(messages.BINARY, shown[0], shown[1:]), data)

    def test_a_frame_of_one_live_fix_is_small(self) -> None:
        worst = [2**32 - 1, 2**16 - 1, 1_800_000_000, -900_000_000, 65535, 65535, 3600]
        self.assertEqual(len(messages.write(messages.BINARY, "fix", [7, 86_400_000, worst])), 36)

    def test_what_is_written_is_read_back(self) -> None:
        powers = [sign * 2**bits for bits in (0, 5, 7, 8, 15, 16, 31, 32, 50, 53, 62) for sign in (1, -1)]
        edges = [power + step for power in powers for step in (-1, 0, 1)]
        sizes = [0, 1, 15, 16, 31, 32, 255, 256, 65535, 65536]
        values: List[Any] = [None, True, False, 0.5, -1.25, "Ā\U0001f691", {"a": [1, {"b": None}]}, *edges]
        values += ["x" * size for size in sizes]
        values += [[1] * size for size in sizes]
        values += [{str(number): number for number in range(size)} for size in sizes]
        for value in values:
            self.assertEqual(msgpack.decode(msgpack.encode(value)), value)

    def test_each_integer_has_its_shortest_form(self) -> None:
        positive = ((127, 1), (128, 2), (255, 2), (256, 3), (65535, 3), (65536, 5), (2**32 - 1, 5), (2**32, 9))
        negative = ((-32, 1), (-33, 2), (-128, 2), (-129, 3), (-32769, 5), (-(2**31), 5), (-(2**31) - 1, 9))
        for value, size in (*positive, *negative):
            self.assertEqual(len(msgpack.encode(value)), size, value)

    def test_a_float_that_is_an_integer_counts_as_one(self) -> None:
        value = msgpack.decode(struct.pack(">Bd", 0xCB, 1767225600000.0))
        self.assertIs(type(value), int)
        self.assertEqual(value, 1767225600000)

    def test_what_the_protocol_has_not_is_malformed(self) -> None:
        cut = ("", "92 01", "a2 61", "cd 01", "81 a1 61")
        for data in (*cut, "c1", "c4 01 00", "d6 ff 00 00 00 00", "01 02", "a1 ff", "a3 ed a0 80", "81 01 02"):
            with self.assertRaises(msgpack.Malformed, msg=data):
                msgpack.decode(bytes.fromhex(data))

    def test_the_numbers_of_the_types_are_those_of_the_page(self) -> None:
        rows = re.findall(r"^\| (\d{1,2}) \| `([a-z-]+)` \|", PAGE, re.M)
        self.assertEqual(
            {name: int(code) for code, name in rows}, {**messages.CLIENT_TYPES, **messages.SERVER_TYPES}
        )

    def test_the_frames_of_the_files_are_one_message_in_both_forms(self) -> None:
        folder = DATA
        with open(os.path.join(folder, "good-frames.json"), encoding="utf-8") as file:
            frames = json.load(file)
        self.assertGreater(len(frames), 40)
        for frame in frames:
            types = messages.CLIENT_TYPES if frame["side"] == "client" else messages.SERVER_TYPES
            name, *fields = frame["json"]
            self.assertEqual(msgpack.decode(bytes.fromhex(frame["hex"])), [types[name], *fields])

    def test_the_events_that_change_a_board_are_those_of_the_page(self) -> None:
        table = PAGE.split("| event | trip | unit |")[1].split("\n\n")[0]
        named = {name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split(" | ")[0])}
        handled = {name[1:] for name in dir(board.Board) if re.match(r"_[A-Z]", name)}
        self.assertEqual(handled, named)


class Frames(unittest.TestCase):
    def test_the_examples_of_the_rfc(self) -> None:
        masked = bytes.fromhex("81 85 37 fa 21 3d 7f 9f 4d 51 58")
        self.assertEqual(websocket.frame(websocket.TEXT, b"Hello", key=bytes.fromhex("37fa213d")), masked)
        self.assertEqual(websocket.accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")

    def test_lengths_take_the_form_that_they_need(self) -> None:
        for length, size in ((125, 6), (126, 8), (65535, 8), (65536, 14)):
            self.assertEqual(len(websocket.frame(websocket.BINARY, b"x" * length)), length + size)

    def test_fragments_are_put_together_and_a_ping_between_them_is_answered(self) -> None:
        def serve(peer: socket.socket) -> None:
            for part in (b"\x01\x03Hel", b"\x89\x02hi", b"\x80\x02lo"):
                peer.sendall(part)

        client, peer = self.pair(serve)
        self.assertEqual(client.receive(2.0), "Hello")
        self.assertEqual(peer.recv(100)[:2], b"\x8a\x82")
        self.assertEqual(client.pings_answered, 1)

    def test_a_message_in_single_bytes_is_read(self) -> None:
        data = b"\x82\x7e\x00\xc8" + b"y" * 200

        def serve(peer: socket.socket) -> None:
            for byte in data:
                peer.sendall(bytes([byte]))

        client, _ = self.pair(serve)
        self.assertEqual(client.receive(2.0), b"y" * 200)

    def test_a_close_frame_is_answered_and_told(self) -> None:
        client, peer = self.pair(lambda peer: peer.sendall(b"\x88\x06" + struct.pack(">H", 4409) + b"over"))
        with self.assertRaises(websocket.Closed) as raised:
            client.receive(2.0)
        self.assertEqual((raised.exception.code, raised.exception.reason), (4409, "over"))
        answer = peer.recv(100)
        self.assertEqual(websocket.mask(answer[6:8], answer[2:6]), struct.pack(">H", 4409))

    def test_an_end_without_a_close_frame_is_1006(self) -> None:
        client, _ = self.pair(lambda peer: peer.shutdown(socket.SHUT_WR))
        with self.assertRaises(websocket.Closed) as raised:
            client.receive(2.0)
        self.assertEqual(raised.exception.code, 1006)

    def test_silence_is_no_message(self) -> None:
        client, _ = self.pair(lambda peer: None)
        self.assertIsNone(client.receive(0.01))

    def test_what_breaks_the_rfc_is_not_taken(self) -> None:
        for data in (b"\x81\x81\x00\x00\x00\x00a", b"\xc1\x01a", b"\x80\x01a", b"\x09\x01a", b"\x01\x01a\x81\x01b"):
            client, _ = self.pair(lambda peer, data=data: peer.sendall(data))
            with self.assertRaises(websocket.ProtocolError, msg=repr(data)):
                client.receive(2.0)

    def pair(self, serve: Callable[[socket.socket], None]) -> Tuple[websocket.WebSocket, socket.socket]:
        """A client whose server is this function."""
        ours, theirs = socket.socketpair()
        thread = threading.Thread(target=serve, args=(theirs,))
        thread.start()
        self.addCleanup(ours.close)
        self.addCleanup(theirs.close)
        self.addCleanup(thread.join)
        theirs.settimeout(2.0)
        return websocket.WebSocket(ours, "test"), theirs


class Keeping(unittest.TestCase):
    def test_a_fix_is_kept_until_a_mark_covers_it(self) -> None:
        buffer = FixBuffer()
        for east in range(5):
            buffer.add(east, 0, fixed_wall_ms=east)
        self.assertEqual([fix.seq for fix in buffer.unsent(3)], [1, 2, 3])
        buffer.marked(2)
        self.assertEqual((buffer.lowest_seq, buffer.held), (3, 3))
        buffer.resumed(3)
        self.assertEqual([fix.seq for fix in buffer.unsent(9)], [4, 5])
        buffer.go_to(4)
        self.assertEqual([fix.seq for fix in buffer.unsent(9)], [4, 5])
        buffer.marked(5)
        self.assertEqual((buffer.lowest_seq, buffer.held), (6, 0))

    def test_the_tile_of_the_page_s_example(self) -> None:
        self.assertEqual(tiles.tile_of(1747633000, -368485000, 12), "12/4036/2499")

    def test_a_tile_with_a_gap_waits_for_its_snapshot(self) -> None:
        tile = tiles.Tile("12/0/0")
        unit = ["A-7", 1, 2, 3, None, None, "available", "als"]
        tile.snapshot("s", 4, 0, [unit])
        self.assertTrue(tile.apply(5, 0, [], ["A-7"]))
        self.assertFalse(tile.apply(7, 0, [unit], []))
        self.assertEqual(tile.watched_from(), ["12/0/0", None, None])
        self.assertTrue(tile.apply(8, 0, [unit], []), "what is still on its way asks for no second snapshot")
        self.assertEqual(tile.units, {})
        tile.snapshot("s", 8, 0, [unit])
        self.assertEqual(list(tile.units), ["A-7"])


def main() -> None:
    global PAGE, DATA
    plan = json.load(sys.stdin)
    PAGE, DATA = plan["page"], plan["folder"]
    program = unittest.main(exit=False, argv=["self_test"])
    if not program.result.wasSuccessful():
        sys.exit(1)
    print(json.dumps({"run": program.result.testsRun}))


if __name__ == "__main__":
    main()
