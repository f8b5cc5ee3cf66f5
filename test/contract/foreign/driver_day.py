"""A crew's day, in a region that orders and in one that offers: buttons right and wrong, and fixes through a tunnel."""

from __future__ import annotations

import json
import sys
from typing import Any, Dict, List

from checking import check, check_board, refuses
from goldenhour import messages
from goldenhour.dispatcher import Dispatcher
from goldenhour.driver import Driver
from goldenhour.rest import Http, Problem, SignIn
from goldenhour.session import Refused, Server, wall_now_ms
from goldenhour.websocket import HandshakeRefused, WebSocket


class Day:
    def __init__(self, plan: Dict[str, Any]) -> None:
        self.plan = plan
        self.server = Server(plan["host"], plan["port"], plan["subprotocol"])
        self.http = Http(plan["host"], plan["port"])
        self.trips: List[Dict[str, Any]] = []
        self.streams: List[Dict[str, Any]] = []

    # Doors.

    def sign_in(self, region: str) -> SignIn:
        driver = self.plan["driver"]
        return SignIn(self.http, driver["user"], driver["password"], region=region, unit=driver["unit"])

    def wrong_doors(self) -> None:
        driver = self.plan["driver"]
        try:
            SignIn(self.http, driver["user"], "not the password", unit=driver["unit"])
        except Problem as problem:
            check((problem.status, problem.code), (401, "credentials-wrong"), "a wrong password")
            assert "www-authenticate" in problem.headers, problem.headers
        else:
            raise AssertionError("a wrong password signs in")
        # Another's unit; a unit id that several regions have; no unit at all.
        for unit, code in (("A-8", "wrong-unit"), (driver["unit"], "invalid-field"), (None, "invalid-field")):
            try:
                SignIn(self.http, driver["user"], driver["password"], unit=unit)
            except Problem as problem:
                check(problem.code, code, f"a driver who signs in for {unit}")
            else:
                raise AssertionError(f"a driver signs in for {unit}")

    def subprotocols(self) -> None:
        """The server takes the first of the client's list that it knows, and refuses an upgrade without one [TR-1]."""
        host, port, ours = self.server
        both = [ours, *(name for name in (messages.BINARY, messages.JSON) if name != ours)]
        for offered in (both, ["goldenhour.v9", *both]):
            socket = WebSocket.connect(host, port, "/v1/ws", offered)
            check(socket.subprotocol, ours, f"the choice of {offered}")
            socket.close()
        for offered in ([], ["goldenhour.v9"]):
            try:
                WebSocket.connect(host, port, "/v1/ws", offered)
            except HandshakeRefused as refusal:
                check(refusal.status, 400, f"an upgrade with {offered}")
            else:
                raise AssertionError(f"an upgrade with {offered}")

    def refreshed(self, sign_in: SignIn) -> None:
        """The pair is renewed, and a lost answer is asked for again [AU-5] [AU-6]."""
        sign_in.refresh()
        successor = sign_in.refresh_tokens[-1]
        again = self.http.request("POST", "/v1/auth/refresh", {"refreshToken": sign_in.refresh_tokens[0]}).body
        check(again["refreshToken"], successor, "the refresh token of a repeated refresh")
        me = sign_in.get("/v1/auth/me").body
        check((me["role"], me["unit"]), ("driver", self.plan["driver"]["unit"]), "who the token speaks for")

    # The region that orders.

    def ordered(self, region: str) -> None:
        sign_in = self.sign_in(region)
        self.refreshed(sign_in)
        driver = Driver(self.server, region, self.plan["driver"]["unit"], lambda: sign_in.access_token)
        desk_sign_in = SignIn(self.http, self.plan["desk"]["user"], self.plan["desk"]["password"], region=region)
        desk = Dispatcher(self.server, region, lambda: desk_sign_in.access_token)
        desk.open()
        driver.open()
        check((driver.status, driver.trip), ("off-duty", None), "the situation before sign-on")
        self.before_sign_on(driver)

        on = driver.ask("sign-on", driver.clock.now(), command_id="on-1")
        check(on.result, {"unitId": driver.unit_id, "status": "available"}, "sign-on")
        name = self.plan["driver"]["user"]
        driver.until("the crew in unit-state", lambda: driver.view["unit"]["crew"] == name)
        self.wrong_frames(driver)

        place = [self.plan["lonE7"], self.plan["latE7"]]
        for _ in range(3):
            driver.fixes.add(place[0], place[1], speed_cmps=1390, heading_dd=2705)
            place[0] += 500
        driver.send_fixes(wall_now_ms())
        check(driver.flush(), 3, "the mark of the first fixes")

        trip_id = desk.ask("enter-call", self.call(needs=1)).result["tripIds"][0]
        offer = driver.await_offer(trip_id)
        trip = driver.trip
        assert trip is not None
        check((offer["mode"], trip["unitId"], trip["phase"]), ("ordered", driver.unit_id, "offered"), "the order")
        check(trip["details"]["callerName"], "the caller", "the details shown to the bound crew")
        refuses(driver, "not-declinable", "an order declined", "decline-offer", offer["offerId"], "too-far")
        refuses(driver, "unit-has-trip", "sign-off with an order", "sign-off", driver.clock.now())
        now = driver.clock.now()
        refuses(driver, "wrong-phase", "driving off unacknowledged", "report-phase", trip_id, "en-route", now)
        accepted_at = driver.clock.now()
        acknowledged = driver.accept(offer["offerId"], accepted_at)
        check(acknowledged.result, {"tripId": trip_id, "phase": "assigned"}, "the acknowledgement")
        refuses(driver, "unknown-offer", "acknowledging twice", "accept-offer", offer["offerId"], accepted_at)

        en_route_at = driver.clock.now()
        driver.report(trip_id, "en-route", en_route_at)
        again = driver.ask("report-phase", trip_id, "en-route", en_route_at)
        check(again.result, {"tripId": trip_id, "phase": "en-route"}, "en route twice")
        refuses(driver, "unit-has-trip", "a break while bound", "set-status", "unavailable", "break", en_route_at)
        refuses(driver, "unit-has-trip", "sign-off while bound", "sign-off", driver.clock.now())

        on_scene_at = self.tunnel(driver, desk, trip_id, place)

        # At the patient and transporting are pressed as one: the button in between is left out.
        transporting_at = driver.clock.now()
        driver.report(trip_id, "transporting", transporting_at)
        driver.until("the button", lambda: (driver.trip or {}).get("phase") == "transporting")
        trip = driver.trip or {}
        check((trip["missed"], trip["times"]["transporting"]), ([], transporting_at), "a phase that may be left out")
        at_destination_at = driver.clock.now()
        driver.report(trip_id, "at-destination", at_destination_at)
        refuses(driver, "invalid-field", "a phase without a button", "report-phase", trip_id, "closed", at_destination_at)
        closed_at = driver.clock.now()
        closed = driver.ask("close-trip", trip_id, "transported", closed_at)
        check(closed.result, {"tripId": trip_id, "phase": "closed"}, "the end of the trip")
        refuses(driver, "wrong-phase", "closing twice", "close-trip", trip_id, "transported", closed_at)
        driver.until("the free unit", lambda: driver.trip is None and driver.status == "available")
        self.tell(
            driver,
            trip_id,
            ["assigned", accepted_at],
            ["en-route", en_route_at],
            ["on-scene", on_scene_at],
            ["transporting", transporting_at],
            ["at-destination", at_destination_at],
            ["closed", closed_at],
        )
        self.after_the_trip(driver)
        self.superseded(region, driver)
        self.streams.append({"region": region, **driver.fixes.report(driver.unit_id or "", driver.clock.at)})
        desk.close()

    def before_sign_on(self, driver: Driver) -> None:
        now = driver.clock.now()
        refuses(driver, "unit-off-duty", "sign-off without a crew", "sign-off", now)
        refuses(driver, "unit-off-duty", "a break without a crew", "set-status", "unavailable", "break", now)
        nothing = f"{driver.region}.{'x' * 21}"
        refuses(driver, "unknown-offer", "an offer that never was", "accept-offer", nothing, now)
        refuses(driver, "unknown-trip", "a trip that never was", "report-phase", nothing, "en-route", now)
        # A moment in seconds is none that anybody can mean, and refuses nothing.
        refuses(driver, "unit-off-duty", "a moment in seconds", "sign-off", now // 1000)

    def wrong_frames(self, driver: Driver) -> None:
        again = driver.ask("sign-on", driver.clock.now())
        check(again.result["status"], "available", "the crew signs on again")
        refuses(driver, "wrong-role", "what is the desk's", "cancel-trip", f"{driver.region}.{'x' * 21}", "other")
        binary = self.server.subprotocol == messages.BINARY
        driver.connection.send("[]" if binary else b"\x90")
        driver.complaint("malformed-frame")
        driver.connection.send(b"\x92\x78\xa3m-2" if binary else '["teleport","m-2"]')
        check(driver.answer_to_raw("m-2").code, "unknown-type", "a type that does not exist")
        token = driver.welcome["ticket"]
        hello = ["m-3", token, driver.region, "driver", driver.unit_id, wall_now_ms(), driver.streams()]
        driver.connection.send(messages.write(self.server.subprotocol, "hello", hello))
        check(driver.answer_to_raw("m-3").code, "hello-first", "a second hello")
        driver.send("fix", 3, 0, [1, 0, 0, 0, None, None, None])
        check(driver.complaint("unknown-stream").details, {"streamIndex": 3}, "a stream that was not named")
        driver.connection.send("x" * 20_000 if not binary else b"\xdb" + b"x" * 20_000)
        largest = driver.welcome["limits"]["frameBytes"]
        check(driver.complaint("frame-too-large").details, {"maxBytes": largest}, "a frame beyond its limit")
        driver.connection.ping(b"are you there?")
        driver.send("mark", 3)
        check(driver.complaint("unknown-stream").details, {"streamIndex": 3}, "its mark")
        check(driver.flush(), 0, "a mark before the first fix")
        check(driver.connection.pongs, [b"are you there?"], "the answer to a ping")

    def tunnel(self, driver: Driver, desk: Dispatcher, trip_id: str, place: List[int]) -> int:
        """The connection is lost with a button on its way; fixes gather; everything comes once, in order."""
        for _ in range(2):
            driver.fixes.add(place[0], place[1])
            place[0] += 500
        driver.send_fixes(wall_now_ms())
        on_scene_at = driver.clock.now()
        driver.begin("report-phase", trip_id, "on-scene", on_scene_at, command_id="on-scene-1")
        driver.cut()
        # More than fit into one frame, and an hour old, as after a night in the garage.
        began = wall_now_ms() - 3_600_000
        for number in range(600):
            driver.fixes.add(place[0], place[1], began + number * 5_000, speed_cmps=12_345, heading_dd=2_705)
            place[0] += 5
        ticket = driver.ticket
        driver.resume()
        driver.cut()
        driver.ticket = ticket  # It is good more than once.
        welcome = driver.resume()
        check(welcome["driver"]["trip"]["tripId"], trip_id, "the situation after the tunnel")
        check(driver.finish("on-scene-1").result, {"tripId": trip_id, "phase": "on-scene"}, "the button that was lost")
        # The newest goes ahead, and the map is right at once.
        newest = driver.fixes.add(place[0], place[1])
        driver.send_hint(newest, wall_now_ms())
        desk.ask("watch-unit", driver.unit_id)
        desk.until("the hint's place", lambda: self.place_of(desk, driver)[0] == newest.lon_e7)
        batch = driver.fixes.unsent(4)
        now = wall_now_ms()
        driver.send("fix", 0, driver.since_hello_ms(now), *[fix.fields(now) for fix in batch])
        # Two are left out, so the server tells where to go on.
        driver.fixes.unsent(2)
        hole = batch[-1].seq + 1
        jumped = driver.fixes.unsent(1)
        driver.send("fix", 0, driver.since_hello_ms(now), *[fix.fields(now) for fix in jumped])
        gap = driver.complaint("fix-gap")
        check(gap.details, {"streamIndex": 0, "expectedSeq": hole}, "the gap")
        driver.fixes.go_to(gap.details["expectedSeq"])
        driver.send_fixes(wall_now_ms())
        # What was received before is a duplicate, and covered by the mark [FX-4].
        driver.send("fix", 0, driver.since_hello_ms(now), *[fix.fields(now) for fix in batch])
        check(driver.flush(), 606, "the mark after the tunnel")
        check(self.place_of(desk, driver), [newest.lon_e7, newest.lat_e7], "the place after the backlog")
        again = driver.ask("report-phase", trip_id, "on-scene", on_scene_at, command_id="on-scene-1")
        check(again.result["phase"], "on-scene", "the same id again")
        conflict = driver.refused("report-phase", trip_id, "on-scene", on_scene_at + 1, command_id="on-scene-1")
        check(conflict.code, "conflict", "the same id with another moment")
        return on_scene_at

    def place_of(self, desk: Dispatcher, driver: Driver) -> List[Any]:
        """Where a console that watches the unit sees it."""
        fix = desk.units.get(driver.unit_id or "", [0, {"fix": None}])[1]["fix"]
        return [None, None] if fix is None else [fix["lonE7"], fix["latE7"]]

    def after_the_trip(self, driver: Driver) -> None:
        now = driver.clock.now()
        refuses(driver, "invalid-field", "unavailable without a reason", "set-status", "unavailable", None, now)
        refuses(driver, "invalid-field", "available with a reason", "set-status", "available", "break", now)
        cleaning = driver.ask("set-status", "unavailable", "decontamination", driver.clock.now())
        check(cleaning.result["status"], "unavailable", "cleaning")
        driver.until("the reason", lambda: driver.view["unit"]["unavailableReason"] == "decontamination")
        check(driver.ask("set-status", "available", None, driver.clock.now()).result["status"], "available", "clean")
        # After eight fixes a mark comes without being asked for.
        for number in range(8):
            driver.fixes.add(self.plan["lonE7"] + number, self.plan["latE7"])
        driver.send_fixes(wall_now_ms())
        driver.until("a mark that nobody asked for", lambda: driver.fixes.held == 0)

    def superseded(self, region: str, first: Driver) -> None:
        """The same unit signs in on another tablet: the first is closed, the second has the situation [HS-8]."""
        sign_in = self.sign_in(region)
        second = Driver(self.server, region, first.unit_id or "", lambda: sign_in.access_token)
        second.open()
        check(second.status, "available", "the situation on the second tablet")
        check(first.until_closed(), 4409, "how the first tablet's session ends")
        check(second.sign_off().result["status"], "off-duty", "sign-off")
        refuses(second, "unit-off-duty", "sign-off twice", "sign-off", second.clock.now())
        check(sign_in.post("/v1/auth/logout").status, 204, "logout")
        check(second.until_closed(), 4401, "how a session ends whose sign-in was ended")
        try:
            second.resume()
        except Refused as refusal:
            check(refusal.code, "token-invalid", "the ticket of a sign-in that was ended")
            check(second.until_closed(), 4401, "how a refused hello is closed")
        else:
            raise AssertionError("a sign-in that was ended goes on")

    # The region that offers.

    def offered(self, region: str) -> None:
        sign_in = self.sign_in(region)
        driver = Driver(self.server, region, self.plan["driver"]["unit"], lambda: sign_in.access_token)
        other = Driver(self.server, region, "A-8", lambda: self.plan["driverKeys"][region]["A-8"])
        desk_sign_in = SignIn(self.http, self.plan["desk"]["user"], self.plan["desk"]["password"], region=region)
        desk = Dispatcher(self.server, region, lambda: desk_sign_in.access_token)
        for session in (driver, other, desk):
            session.open()
        desk.watch_board()
        for session, east in ((driver, 0), (other, 50_000)):
            session.sign_on()
            session.fixes.add(self.plan["lonE7"] + east, self.plan["latE7"])
            session.send_fixes(wall_now_ms())
            session.flush()

        declined = desk.ask("enter-call", self.call(needs=1)).result["tripIds"][0]
        offer = driver.await_offer(declined)
        trip = driver.trip
        assert trip is not None
        check((offer["mode"], trip["unitId"]), ("offered", None), "an offer binds nobody")
        check(trip.get("details"), None, "what the crew sees before it is bound")
        check(driver.ask("decline-offer", offer["offerId"], "too-far").result["status"], "available", "declined")
        refuses(driver, "unknown-offer", "too late", "accept-offer", offer["offerId"], driver.clock.now())
        next_offer = other.await_offer(declined)
        assert next_offer["offerId"] != offer["offerId"]
        other_accepted_at = other.clock.now()
        other.accept(next_offer["offerId"], other_accepted_at)
        other.until("the details of the bound crew", lambda: bool((other.trip or {}).get("details")))
        foreign = driver.refused("report-phase", declined, "en-route", driver.clock.now())
        check(foreign.code, "not-your-trip", "a button for another unit's trip")
        check_board(desk)
        reported = []
        for phase in ("at-patient", "transporting", "transferred"):
            reported.append([phase, other.clock.now()])
            other.report(declined, phase, reported[-1][1])
            check_board(desk)
        other_closed_at = other.clock.now()
        other.ask("close-trip", declined, "cancelled-on-scene", other_closed_at)
        self.tell(other, declined, ["assigned", other_accepted_at], *reported, ["closed", other_closed_at])

        taken = desk.ask("enter-call", self.call(needs=1)).result["tripIds"][0]
        offer = driver.await_offer(taken)
        accepted_at = driver.clock.now()
        check(driver.accept(offer["offerId"], accepted_at).result["phase"], "assigned", "the offer is taken")
        en_route_at = driver.clock.now()
        driver.report(taken, "en-route", en_route_at)
        cancelled = desk.ask("cancel-trip", taken, "caller-cancelled")
        check(cancelled.result, {"tripId": taken, "phase": "cancelled"}, "the desk cancels")
        driver.until("the free unit", lambda: driver.trip is None and driver.status == "available")
        refuses(driver, "wrong-phase", "a cancelled trip", "report-phase", taken, "on-scene", driver.clock.now())
        self.tell(driver, taken, ["assigned", accepted_at], ["en-route", en_route_at], ["cancelled", None])
        # Cancelled while the unit is only asked, and given back by a crew that takes a break.
        asked = desk.ask("enter-call", self.call(needs=1)).result["tripIds"][0]
        driver.await_offer(asked)
        check_board(desk)
        desk.ask("cancel-trip", asked, "entered-in-error")
        check_board(desk)
        back = desk.ask("enter-call", self.call(needs=1)).result["tripIds"][0]
        driver.await_offer(back)
        driver.ask("set-status", "unavailable", "meal", driver.clock.now())
        other.await_offer(back)
        check_board(desk)
        desk.ask("cancel-trip", back, "diverted")

        for session in (driver, other):
            check(session.sign_off().result["status"], "off-duty", "sign-off")
            self.streams.append({"region": region, **session.fixes.report(session.unit_id or "", session.clock.at)})
        for closing in (driver, other, desk):
            closing.close()

    def tell(self, driver: Driver, trip_id: str, *phases: List[Any]) -> None:
        course = [[phase, driver.unit_id, moment] for phase, moment in phases]
        self.trips.append({"region": driver.region, "tripId": trip_id, "phases": course})

    def call(self, needs: int) -> Dict[str, Any]:
        return {
            "lonE7": self.plan["lonE7"] + 10_000,
            "latE7": self.plan["latE7"],
            "priority": 1,
            "problem": "09E01",
            "needs": [{"levelOfCare": "als"}] * needs,
            "details": {"callerName": "the caller", "phone": "+64 21 000 000"},
        }


def main() -> None:
    day = Day(json.load(sys.stdin))
    day.subprotocols()
    day.wrong_doors()
    day.ordered(day.plan["regions"][0])
    day.offered(day.plan["regions"][1])
    print(json.dumps({"trips": day.trips, "streams": day.streams, "holes": []}))


if __name__ == "__main__":
    main()
