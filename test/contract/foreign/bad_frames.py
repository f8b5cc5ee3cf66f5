"""Each frame of bad-frames.json, sent to an engine: the code and the path that the file tells come back [ER-4]."""

from __future__ import annotations

import json
import os
import sys
from typing import Any, Dict, List

from checking import check
from goldenhour import messages
from goldenhour.driver import Driver
from goldenhour.session import Server


def read(folder: str, name: str) -> Any:
    with open(os.path.join(folder, name), encoding="utf-8") as file:
        return json.load(file)


class BadFrames:
    def __init__(self, plan: Dict[str, Any]) -> None:
        self.server = Server(plan["host"], plan["port"], plan["subprotocol"])
        [self.region] = plan["regions"]
        self.key = plan["driverKeys"][self.region]["A-7"]
        self.limit = read(plan["folder"], "catalogue.json")["defaultLimits"]["badFrames"]
        own = "binary" if self.server.subprotocol == messages.BINARY else "json"
        self.frames = [frame for frame in read(plan["folder"], "bad-frames.json") if frame["format"] == own]

    def connect(self) -> Driver:
        driver = Driver(self.server, self.region, "A-7", lambda: self.key)
        driver.open()
        return driver

    def bytes_of(self, frame: Dict[str, Any]) -> Any:
        return bytes.fromhex(frame["frame"]) if frame["format"] == "binary" else frame["frame"]

    def each_is_answered(self) -> int:
        """One after the other: an error that says what the file says, and a connection that goes on."""
        driver = self.connect()
        sent = 0
        for frame in self.frames:
            if sent == self.limit - 1:
                driver.close()
                driver, sent = self.connect(), 0
            driver.expect_any = True
            driver.connection.send(self.bytes_of(frame))
            sent += 1
            refusal = self.answer_to(driver)
            check((refusal.code, refusal.details.get("path")), (frame["code"], frame["path"]), frame["why"])
            driver.flush()
        driver.close()
        return len(self.frames)

    def answer_to(self, driver: Driver) -> Any:
        """The next error, whichever id it has [ER-3]."""
        driver.until("the error", lambda: bool(driver.complaints) or bool(driver.strays))
        return (driver.complaints or driver.strays).pop(0)

    def too_many_end_it(self) -> int:
        """The last one that is allowed is answered, and the connection is closed [ER-4]."""
        driver = self.connect()
        driver.expect_any = True
        frame = self.bytes_of(self.frames[0])
        for _ in range(self.limit):
            driver.connection.send(frame)
        code = driver.until_closed()
        check(code, 4400, f"the end after {self.limit} bad frames")
        check(len(driver.complaints), self.limit, "each is answered before")
        return code


def main() -> None:
    bad = BadFrames(json.load(sys.stdin))
    told: List[int] = [bad.each_is_answered(), bad.too_many_end_it()]
    print(json.dumps({"frames": told[0], "closedWith": told[1]}))


if __name__ == "__main__":
    main()
