"""A crew's app: one unit, its situation as the server last told it, and a stream of fixes that survives tunnels."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional

from .fixes import Fix, FixBuffer
from .session import Reply, Server, Session


class Driver(Session):
    """The session of a unit's crew."""

    def __init__(self, server: Server, region: str, unit_id: str, credential: Callable[[], str]) -> None:
        super().__init__(server, region, "driver", unit_id, credential)
        self.fixes = FixBuffer()
        #: The latest `DriverView`, and the position that it was taken at [OF-10].
        self.view: Dict[str, Any] = {}
        self.position = 0
        self.phases_seen: List[str] = []
        self._marks_told = 0

    def streams(self) -> List[List[Any]]:
        return [[self.fixes.stream_id, self.fixes.clock, self.fixes.lowest_seq]]

    def on_welcome(self) -> None:
        [[stream_id, durable_seq]] = self.welcome["streams"]
        assert stream_id == self.fixes.stream_id
        self.fixes.resumed(durable_seq)
        self._see(self.welcome["position"], self.welcome["driver"])

    def on_message(self, name: str, fields: List[Any]) -> bool:
        if name == "unit-state":
            self._see(fields[0], fields[1])
        elif name == "marks":
            assert fields[0] == 0, fields
            self.fixes.marked(fields[1])
            self._marks_told += 1
        else:
            return False
        return True

    def _see(self, position: int, view: Dict[str, Any]) -> None:
        if position < self.position:
            return
        self.position, self.view = position, view
        trip = view["trip"]
        if trip is not None and self.phases_seen[-1:] != [trip["phase"]]:
            self.phases_seen.append(trip["phase"])

    @property
    def status(self) -> str:
        return self.view["unit"]["status"]

    @property
    def trip(self) -> Optional[Dict[str, Any]]:
        return self.view["trip"]

    # Fixes.

    def since_hello_ms(self, wall_ms: int) -> int:
        """`sentAtMs` of this wall clock [HS-4]."""
        return wall_ms - self.client_now_ms

    def send_fixes(self, wall_ms: int) -> int:
        """Sends what was not sent yet over this connection; returns how many those were."""
        fixes = [fix.fields(wall_ms) for fix in self.fixes.unsent()]
        self.send_in_frames("fix", [0, self.since_hello_ms(wall_ms)], fixes)
        return len(fixes)

    def send_hint(self, fix: Fix, wall_ms: int) -> None:
        self.send("hint", 0, self.since_hello_ms(wall_ms), fix.fields(wall_ms))

    def flush(self) -> int:
        """Asks whether everything is stored and waits for the mark [FX-3]; returns the mark."""
        told = self._marks_told
        self.send("mark", 0)
        self.until("marks", lambda: self._marks_told > told and self.fixes.held == 0)
        return self.fixes.durable_seq

    # Buttons.

    def sign_on(self) -> Reply:
        return self.ask("sign-on", self.clock.now())

    def sign_off(self) -> Reply:
        return self.ask("sign-off", self.clock.now())

    def await_offer(self, trip_id: str) -> Dict[str, Any]:
        """The open offer of this trip, once the server has told it [OF-4]."""

        def offered() -> Optional[Dict[str, Any]]:
            trip = self.trip
            return trip["offer"] if trip is not None and trip["tripId"] == trip_id else None

        return self.until(f"the offer of {trip_id}", offered)  # type: ignore[return-value]

    def accept(self, offer_id: str, happened_at_ms: Optional[int] = None) -> Reply:
        return self.ask("accept-offer", offer_id, self.clock.now() if happened_at_ms is None else happened_at_ms)

    def report(self, trip_id: str, phase: str, happened_at_ms: int) -> Reply:
        return self.ask("report-phase", trip_id, phase, happened_at_ms)
