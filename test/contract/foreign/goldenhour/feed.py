"""A feed: the fixes of many units over one connection, each unit a channel with a stream of its own."""

from __future__ import annotations

from typing import Any, Callable, Dict, List

from .fixes import FixBuffer
from .session import Reply, Server, Session


class Feed(Session):
    """A gateway that modems report to."""

    def __init__(self, server: Server, region: str, credential: Callable[[], str]) -> None:
        super().__init__(server, region, "feed", None, credential)
        self.channels: Dict[int, FixBuffer] = {}
        self.unit_of: Dict[int, str] = {}
        self.detached: List[List[Any]] = []
        #: Every mark as it was told: `[channel, durableSeq]`.
        self.marks_told: List[List[int]] = []

    def add(self, channel: int, unit_id: str) -> FixBuffer:
        self.unit_of[channel] = unit_id
        self.channels[channel] = FixBuffer()
        return self.channels[channel]

    def on_message(self, name: str, fields: List[Any]) -> bool:
        if name == "feed-marks":
            for channel, durable_seq in fields[0]:
                self.channels[channel].marked(durable_seq)
            self.marks_told += fields[0]
        elif name == "detached":
            self.detached.append(fields[:2])
        else:
            return False
        return True

    def attach(self) -> Reply:
        """Takes all units up and drops what is durable [FD-9]; those refused are forgotten."""
        reply = self.ask(
            "attach",
            [
                [channel, self.unit_of[channel], buffer.stream_id, buffer.clock, buffer.lowest_seq]
                for channel, buffer in self.channels.items()
            ],
        )
        for channel, durable_seq in reply.result["channels"]:
            self.channels[channel].resumed(durable_seq)
        for channel, _ in reply.result["refused"]:
            del self.channels[channel], self.unit_of[channel]
        return reply

    def send_fixes(self, wall_ms: int) -> int:
        """Sends what was not sent yet, all channels in common frames [FD-5]."""
        entries = [
            [channel, *fix.fields(wall_ms)] for channel, buffer in self.channels.items() for fix in buffer.unsent()
        ]
        self.send_in_frames("feed-fixes", [wall_ms - self.client_now_ms], entries)
        return len(entries)

    def flush(self) -> None:
        """Asks for every channel's mark and waits until nothing is held."""
        self.send("mark", None)
        self.until("feed-marks", lambda: all(buffer.held == 0 for buffer in self.channels.values()))
