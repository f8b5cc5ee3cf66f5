"""A crew's app under the conformance kit: what it needs to connect is in its environment."""

from __future__ import annotations

import os
import time
from typing import Any, Callable, TypeVar
from urllib.parse import urlsplit

from goldenhour import messages
from goldenhour.driver import Driver
from goldenhour.session import Server, wall_now_ms
from goldenhour.websocket import Closed

Result = TypeVar("Result")
PLACE = [1_747_633_000, -368_485_000]
SUPERSEDED = 4409


class App:
    """Goes on over losses: it comes back with its ticket, and what was not answered or stored is sent again."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.commands = 0

    def steadily(self, act: Callable[[], Result]) -> Result:
        while True:
            try:
                return act()
            except Closed as closed:
                if closed.code == SUPERSEDED:
                    raise
                time.sleep(0.2 + 0.3 * (self.commands % 3))
                self.driver.resume()

    def ask(self, name: str, *fields: Any) -> Any:
        self.commands += 1
        command_id = self.driver.new_id()
        try:
            self.driver.begin(name, *fields, command_id=command_id)
        except Closed:
            pass  # It is sent again after the resume, as it was not answered.
        return self.steadily(lambda: self.driver.finish(command_id))

    def move(self) -> None:
        """A fix, and a second in which to listen."""
        self.driver.fixes.add(PLACE[0], PLACE[1])
        PLACE[0] += 500
        self.steadily(self.send)

    def send(self) -> None:
        self.driver.send_fixes(wall_now_ms())
        self.driver.wait(1.0)

    def work(self) -> None:
        driver = self.driver
        driver.open()
        self.ask("sign-on", driver.clock.now())
        for _ in range(3):
            self.move()
        offer = self.steadily(lambda: driver.until("an offer", self.offer, within_s=60.0))
        trip_id = offer["tripId"]
        self.ask("accept-offer", offer["offerId"], driver.clock.now())
        for phase in ("en-route", "on-scene", "transporting", "at-destination"):
            self.ask("report-phase", trip_id, phase, driver.clock.now())
            for _ in range(4):
                self.move()
        self.ask("close-trip", trip_id, "transported", driver.clock.now())
        self.ask("sign-off", driver.clock.now())
        self.steadily(lambda: driver.until("the end", lambda: False, within_s=90.0))

    def offer(self) -> Any:
        return (self.driver.trip or {}).get("offer")


def main() -> None:
    env = os.environ
    address = urlsplit(env["GOLDENHOUR_URL"])
    subprotocol = messages.JSON if env.get("FORMAT") == "json" else messages.BINARY
    server = Server(address.hostname or "", address.port or 0, subprotocol)
    key = env["GOLDENHOUR_DEVICE_KEY"]
    app = App(Driver(server, env["GOLDENHOUR_REGION"], env["GOLDENHOUR_UNIT"], lambda: key))
    try:
        app.work()
    except Closed as closed:
        assert closed.code == SUPERSEDED, closed


if __name__ == "__main__":
    main()
