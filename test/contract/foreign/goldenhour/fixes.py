"""A client buffer's run of fixes: numbered from 1 without holes, and kept until they are durable [FX-1] [FX-2]."""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional

from .session import new_stream_id, wall_now_ms


class Fix(NamedTuple):
    """A position as the receiver measured it; `fixed_wall_ms` by the receiver's clock."""

    seq: int
    fixed_wall_ms: int
    lon_e7: int
    lat_e7: int
    accuracy_dm: Optional[int] = 50
    speed_cmps: Optional[int] = None
    heading_dd: Optional[int] = None

    def fields(self, sent_wall_ms: int) -> List[Any]:
        """As the wire has it: aged by the moment of sending."""
        age_ms = sent_wall_ms - self.fixed_wall_ms
        return [self.seq, age_ms, self.lon_e7, self.lat_e7, self.accuracy_dm, self.speed_cmps, self.heading_dd]


class FixBuffer:
    """One stream. Every fix stays until a mark covers it."""

    def __init__(self, clock: str = "gnss") -> None:
        self.stream_id = new_stream_id()
        self.clock = clock
        self._held: Dict[int, Fix] = {}
        self._next_seq = 1
        #: The next one to send over the present connection.
        self._unsent_seq = 1
        self.durable_seq = 0
        #: Every fix that was ever taken, for the comparison with what was stored.
        self.taken: List[Fix] = []

    @property
    def lowest_seq(self) -> int:
        """The lowest that is still held, or the next one where none is [HS-5]."""
        return min(self._held, default=self._next_seq)

    @property
    def held(self) -> int:
        return len(self._held)

    def add(self, lon_e7: int, lat_e7: int, fixed_wall_ms: Optional[int] = None, **rest: Any) -> Fix:
        fix = Fix(self._next_seq, wall_now_ms() if fixed_wall_ms is None else fixed_wall_ms, lon_e7, lat_e7, **rest)
        self._next_seq += 1
        self._held[fix.seq] = fix
        self.taken.append(fix)
        return fix

    def lose(self, count: int) -> None:
        """Forgets the oldest that are held, as a client does whose memory is full."""
        for seq in sorted(self._held)[:count]:
            lost = self._held.pop(seq)
            self.taken.remove(lost)

    def unsent(self, at_most: Optional[int] = None) -> List[Fix]:
        """The next ones in order, all of them or a few; they count as sent from now on."""
        fixes = [self._held[seq] for seq in range(self._unsent_seq, self._next_seq) if seq in self._held][:at_most]
        if fixes:
            self._unsent_seq = fixes[-1].seq + 1
        return fixes

    def newest(self) -> Fix:
        return self._held[max(self._held)]

    def marked(self, durable_seq: int) -> None:
        """A mark: what it covers may be forgotten. A mark never goes back [FX-3]."""
        assert durable_seq >= self.durable_seq, (durable_seq, self.durable_seq)
        self.durable_seq = durable_seq
        for seq in [seq for seq in self._held if seq <= durable_seq]:
            del self._held[seq]

    def resumed(self, durable_seq: int) -> None:
        """A new connection: what is not durable is sent anew, from the mark on [FX-6]."""
        self.marked(durable_seq)
        self._unsent_seq = self.lowest_seq

    def go_to(self, expected_seq: int) -> None:
        """The server says where to go on [FX-5]."""
        self._unsent_seq = expected_seq

    def report(self, unit_id: str, at_region_ms: Any) -> Dict[str, Any]:
        """What must be found in the store of this stream."""
        return {
            "streamId": self.stream_id,
            "unitId": unit_id,
            "fixes": [[fix.seq, at_region_ms(fix.fixed_wall_ms), fix.lon_e7, fix.lat_e7] for fix in self.taken],
        }
