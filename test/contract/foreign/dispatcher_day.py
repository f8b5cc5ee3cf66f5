"""A dispatcher's day: calls entered, amended and cancelled, units overruled, a board that outlives a loss, the map."""

from __future__ import annotations

import json
import sys
from typing import Any, Dict, List

from checking import check, check_board, refuses
from goldenhour.dispatcher import Dispatcher
from goldenhour.driver import Driver
from goldenhour.rest import Http, Problem, SignIn
from goldenhour.session import Server, wall_now_ms
from goldenhour.tiles import tile_of


class Day:
    def __init__(self, plan: Dict[str, Any]) -> None:
        self.plan = plan
        [self.region] = plan["regions"]
        server = Server(plan["host"], plan["port"], plan["subprotocol"])
        self.sign_in = SignIn(Http(plan["host"], plan["port"]), plan["desk"]["user"], plan["desk"]["password"])
        self.desk = Dispatcher(server, self.region, lambda: self.sign_in.access_token)
        self.crews = {unit: self.crew(server, unit) for unit in ("A-7", "A-8")}
        self.courses: Dict[str, List[List[Any]]] = {}

    def crew(self, server: Server, unit: str) -> Driver:
        key = self.plan["driverKeys"][self.region][unit]
        return Driver(server, self.region, unit, lambda: key)

    def run(self) -> None:
        self.desk.open()
        for number, crew in enumerate(self.crews.values()):
            crew.open()
            crew.sign_on()
            self.move(crew, number * 30_000)
        self.board_and_nearest()
        self.map()
        trip_id = self.a_call_overruled()
        self.a_loss(trip_id)
        self.two_needs()
        self.over_http()
        self.end()

    # One thing after the other.

    def board_and_nearest(self) -> None:
        desk = self.desk
        reply = desk.watch_board()
        check(reply.result, {"mode": "snapshot", "position": desk.board.position}, "the first watch")
        check([unit["status"] for unit in desk.board.units.values()], ["available", "available"], "units of the board")
        assert all(unit["fix"]["freshness"] == "fresh" for unit in desk.board.units.values()), desk.board.units
        near = desk.ask("nearest", self.plan["lonE7"], self.plan["latE7"], 5, "bls")
        check([unit["unitId"] for unit in near.result["units"]], ["A-7", "A-8"], "nearest first")
        better = desk.ask("nearest", self.plan["lonE7"], self.plan["latE7"], 5, "cct")
        check(better.result["units"], [], "nobody of that level")
        over_http = self.sign_in.get(
            f"/v1/units/nearest?region={self.region}&lon={self.plan['lonE7'] / 1e7}&lat={self.plan['latE7'] / 1e7}&k=1"
        ).body
        check([unit["unitId"] for unit in over_http["units"]], ["A-7"], "nearest over HTTP")
        refuses(desk, "position-ahead", "a board from the future", "watch-board", 1_000_000)

    def map(self) -> None:
        desk, crew = self.desk, self.crews["A-7"]
        here = tile_of(self.plan["lonE7"], self.plan["latE7"], 12)
        far = [self.plan["lonE7"] + 900_000, self.plan["latE7"]]
        there = tile_of(far[0], far[1], 12)
        assert here != there
        check(desk.watch_tiles([here, there]).result, {"tiles": 2}, "watch-tiles")
        desk.until("both snapshots", lambda: all(tile.snapshots == 1 for tile in desk.tiles.values()))
        check(sorted(desk.tiles[here].units), ["A-7", "A-8"], "the units of a tile")
        self.move(crew, 1_000)
        at = self.plan["lonE7"] + 1_000
        desk.until("the move", lambda: desk.tiles[here].units["A-7"][1] == at)
        # Over the edge: gone from one tile, on the other.
        # So far that nobody drives there in this time: the third that says so is believed [PS-2].
        for _ in range(3):
            self.move(crew, 900_000)
        desk.until("the unit on its new tile", lambda: desk.on_tile("A-7") == [there])
        # A frame that is lost on its way is noticed by the number of the next.
        self.move(crew, 901_000)
        desk.until("the move", lambda: desk.tiles[there].units["A-7"][1] == self.plan["lonE7"] + 901_000)
        desk.lose_next_moves.append(there)
        self.move(crew, 902_000)
        desk.until("the frame that is lost", lambda: not desk.lose_next_moves)
        self.move(crew, 903_000)
        desk.until("the gap", lambda: desk.tile_gaps == 1)
        desk.until("the new snapshot", lambda: desk.tiles[there].snapshots == 2)
        desk.until("the move", lambda: desk.tiles[there].units["A-7"][1] == self.plan["lonE7"] + 903_000)
        for _ in range(3):
            self.move(crew, 0)
        desk.until("the unit back", lambda: desk.on_tile("A-7") == [here])

        check(desk.ask("watch-unit", "A-7").result, {}, "watch-unit")
        desk.until("the unit", lambda: "A-7" in desk.units)
        check(desk.units["A-7"][1]["fix"]["lonE7"], self.plan["lonE7"], "its place")
        refuses(desk, "unknown-unit", "a unit that is not there", "watch-unit", "Z-9")

    def a_call_overruled(self) -> str:
        """Entered, repeated, amended, given to another unit, and taken from that one."""
        desk, first, second = self.desk, self.crews["A-7"], self.crews["A-8"]
        call = self.call(1)
        entered = desk.ask("enter-call", call, command_id="call-1")
        call_id, [trip_id] = entered.result["callId"], entered.result["tripIds"]
        check(desk.ask("enter-call", call, command_id="call-1"), entered, "the same id and body")
        shuffled = dict(reversed(list(call.items())), problem=None, receivedAtMs=None, later="unknown")
        shuffled["needs"] = [{"capabilities": [], "levelOfCare": "als"}]
        check(desk.ask("enter-call", shuffled, command_id="call-1"), entered, "the same body in another order")
        other = desk.refused("enter-call", dict(call, priority=2), command_id="call-1")
        check(other.code, "conflict", "the same id with another body")
        desk.until_position(entered.position)
        check(desk.board.trips[trip_id]["phase"], "offered", "the trip on the board")
        first.await_offer(trip_id)

        amended = desk.ask("amend-call", call_id, {"priority": 2, "details": {"notes": "second floor"}})
        check(amended.result, {"callId": call_id}, "amend-call")
        first.until("the new priority", lambda: (first.trip or {}).get("priority") == 2)
        replaced = {"callerName": None, "phone": None, "address": None, "notes": "second floor"}
        check(first.view["trip"]["details"], replaced, "the new details, as a whole")
        refuses(desk, "invalid-field", "an amendment of nothing", "amend-call", call_id, {})

        override = desk.ask("assign-unit", trip_id, "A-8", "better-suited")
        check((override.result["unitId"], override.result["phase"]), ("A-8", "offered"), "the order to the named unit")
        offer = second.await_offer(trip_id)
        check(offer["offerId"], override.result["offerId"], "the named unit's order")
        first.until("the first unit free", lambda: first.trip is None and first.status == "available")
        accepted_at = second.clock.now()
        second.accept(offer["offerId"], accepted_at)
        # The crew calls in: the desk presses its button for it.
        en_route_at = desk.clock.now()
        reported = desk.ask("report-phase", trip_id, "en-route", en_route_at)
        check(reported.result["phase"], "en-route", "the desk's button")

        withdrawn = desk.ask("withdraw-unit", trip_id, "vehicle-fault")
        # Both units were asked in this round, so it waits for the next one.
        check(withdrawn.result, {"tripId": trip_id, "unitId": "A-8", "phase": "pending"}, "the unit that was withdrawn")
        second.until("the second unit out", lambda: second.trip is None and second.status == "unavailable")
        check(second.view["unit"]["unavailableReason"], "vehicle-fault", "why the second unit is out")
        # Older clients say it with a word of their own.
        broken = desk.ask("set-unit-status", "A-8", "unavailable", "breakdown", desk.clock.now())
        check(broken.result, {"unitId": "A-8", "status": "unavailable"}, "the broken unit")
        why = desk.ask("explain-trip", trip_id, "A-8").result
        check((why["eligible"], why["excluded"]), (0, {"asked-this-round": 1, "unavailable": 1}), "why nobody goes")
        check([unit["unitId"] for unit in why["passedOver"]], ["A-7", "A-8"], "the nearest that do not go")
        check((why["unit"]["reason"], why["unit"]["why"][:4]), ("unavailable", "A-8 "), "why the named unit does not")
        unfit = desk.refused("assign-unit", trip_id, "A-8", "other")
        check((unfit.code, unfit.details["status"]), ("unit-not-fit", "unavailable"), "an unavailable unit")
        self.courses[trip_id] = [
            ["overridden", "A-8", None],
            ["assigned", "A-8", accepted_at],
            ["en-route", "A-8", en_route_at],
            ["withdrawn", "A-8", None],
        ]
        desk.until_position(broken.position)
        trip = self.sign_in.get(f"/v1/trips/{trip_id}").body
        waiting = (trip["phase"], trip["unitId"], trip["alarms"], list(trip["times"]))
        check(waiting, ("pending", None, ["round-exhausted"], ["pending"]), "the trip that waits")
        return trip_id

    def a_loss(self, trip_id: str) -> None:
        """The console loses its connection; the world goes on; it resumes its board and its tiles where it was."""
        desk, first = self.desk, self.crews["A-7"]
        desk.cut()
        behind = desk.board.position
        assert behind is not None
        other = Dispatcher(desk.server, self.region, lambda: self.sign_in.access_token)
        other.open()
        other.ask("assign-unit", trip_id, "A-7", "other")
        other.close()
        self.courses[trip_id].append(["overridden", "A-7", None])
        offer = first.await_offer(trip_id)
        accepted_at = first.clock.now()
        first.accept(offer["offerId"], accepted_at)
        on_scene_at = first.clock.now()
        first.report(trip_id, "on-scene", on_scene_at)
        self.courses[trip_id] += [["assigned", "A-7", accepted_at], ["on-scene", "A-7", on_scene_at]]
        self.move(first, 2_000)

        desk.resume()
        reply = desk.watch_board(behind)
        check(reply.result["mode"], "events", "the board goes on")
        check(desk.board.snapshots, 1, "snapshots so far")
        check(desk.board.trips[trip_id]["phase"], "on-scene", "the trip on the resumed board")
        desk.watch_tiles(list(desk.tiles))
        here = tile_of(self.plan["lonE7"], self.plan["latE7"], 12)
        desk.until("the unit on its tile", lambda: desk.tiles[here].units["A-7"][6] == "on-scene")
        # The crew sent its fix by another connection, which may be behind this one.
        desk.until("where it stands", lambda: desk.tiles[here].units["A-7"][1] == self.plan["lonE7"] + 2_000)
        check(desk.stray_tiles, [], "frames of tiles that are not watched")
        check_board(desk)
        cancelled = desk.ask("cancel-trip", trip_id, "handled-elsewhere")
        check(cancelled.result, {"tripId": trip_id, "phase": "cancelled"}, "cancel-trip")
        refuses(desk, "wrong-phase", "cancelled twice", "cancel-trip", trip_id, "other")
        self.courses[trip_id].append(["cancelled", "A-7", None])
        first.until("the unit stands down", lambda: first.status == "standing-down")
        first.ask("set-status", "available", None, first.clock.now())

    def two_needs(self) -> None:
        """A call for two units, one trip cancelled by itself and the call afterwards."""
        desk = self.desk
        result = desk.ask("enter-call", self.call(2), fragment_bytes=16).result
        one, two = result["tripIds"]
        desk.ask("cancel-trip", one, "duplicate-call")
        cancelled = desk.ask("cancel-call", result["callId"], "caller-cancelled")
        check(cancelled.result, {"callId": result["callId"], "state": "cancelled", "tripIds": [two]}, "cancel-call")
        refuses(desk, "wrong-phase", "cancelled twice", "cancel-call", result["callId"], "other")
        refuses(desk, "wrong-phase", "amended too late", "amend-call", result["callId"], {"priority": 3})
        nothing = f"{self.region}.{'x' * 21}"
        refuses(desk, "unknown-call", "no such call", "cancel-call", nothing, "other")
        refuses(desk, "unknown-trip", "no such trip", "cancel-trip", nothing, "other")
        refuses(desk, "wrong-role", "what is the crew's", "sign-on", desk.clock.now())

    def over_http(self) -> None:
        """A call over HTTP, and the very same command over the WebSocket [HT-4] [CM-4]."""
        desk, sign_in = self.desk, self.sign_in
        call = self.call(1)
        posted = {key: value for key, value in call.items() if key not in ("lonE7", "latE7")}
        posted.update(lonDeg=call["lonE7"] / 1e7, latDeg=call["latE7"] / 1e7)
        path = f"/v1/calls?region={self.region}"
        answer = sign_in.post(path, posted, key="call-http")
        check(answer.status, 201, "the call over HTTP")
        body = answer.body
        repeated = sign_in.post(path, posted, key="call-http")
        check((repeated.status, repeated.body), (201, body), "the same request")
        again = desk.ask("enter-call", call, command_id="call-http")
        check(again.result, {key: value for key, value in body.items() if key != "position"}, "the same command")
        found = sign_in.get(f"/v1/incidents/{body['incidentNo']}?region={self.region}").body
        check((found["callId"], found["incidentNo"]), (body["callId"], body["incidentNo"]), "the call by its number [NB-4]")
        check(again.position, body["position"], "its position")
        self.problem("conflict", 409, path, dict(posted, priority=5), "call-http")
        self.problem("invalid-field", 400, path, dict(posted, needs=[]), "call-http-2")
        read = sign_in.get(f"/v1/calls/{body['callId']}").body
        check((read["state"], read["lonE7"]), ("open", call["lonE7"]), "the call")
        check(read["needs"], [{"levelOfCare": "als", "transport": True, "capabilities": []}], "its needs")
        trip_id = body["tripIds"][0]
        trip = sign_in.get(f"/v1/trips/{trip_id}").body
        check((trip["phase"], trip["unitId"]), ("offered", "A-7"), "the trip")
        [decided] = sign_in.get(f"/v1/trips/{trip_id}/decisions").body["items"]
        check((decided["unitId"], decided["chosenBy"], decided["position"]), ("A-7", None, body["position"]), "why A-7")
        assert decided["why"].startswith("The desk chose A-7, "), decided
        unit = sign_in.get(f"/v1/units/A-7/state?region={self.region}").body
        asked = (unit["status"], unit["tripId"], unit["offerId"])
        check(asked, ("offered", trip_id, trip["offer"]["offerId"]), "the unit")
        closed_at = desk.clock.now()
        closed = desk.ask("close-trip", trip_id, "refused", closed_at)
        check(closed.result["phase"], "closed", "the desk closes for the crew")
        course = sign_in.get(f"/v1/trips/{trip_id}").body
        check((course["missed"], course["times"]["closed"]), (["en-route", "on-scene", "at-patient"], closed_at), "its course")
        self.courses[trip_id] = [["assigned", "A-7", closed_at], ["closed", "A-7", closed_at]]
        check(sign_in.get(f"/v1/calls/{body['callId']}").body["state"], "closed", "the call afterwards")

    def end(self) -> None:
        desk = self.desk
        check_board(desk)
        reply = desk.ask("unwatch-board")
        check(reply.result, {}, "unwatch-board")
        check(desk.watch_tiles([]).result, {"tiles": 0}, "no tiles")
        check(desk.ask("unwatch-unit", "A-7").result, {}, "unwatch-unit")
        off = desk.ask("set-unit-status", "A-8", "off-duty", None, desk.clock.now())
        check(off.result["status"], "off-duty", "signed off by the desk")
        self.crews["A-7"].sign_off()
        for session in (desk, *self.crews.values()):
            check((session.unknown, session.complaints), ([], []), "what was never expected")
            session.close()

    # What it is made of.

    def move(self, crew: Driver, east_e7: int) -> None:
        crew.fixes.add(self.plan["lonE7"] + east_e7, self.plan["latE7"], speed_cmps=1000)
        crew.send_fixes(wall_now_ms())

    def problem(self, code: str, status: int, path: str, body: Dict[str, Any], key: str) -> None:
        try:
            self.sign_in.post(path, body, key=key)
        except Problem as problem:
            check((problem.code, problem.status), (code, status), "the problem")
            check(problem.document["type"], f"urn:goldenhour:error:{code}", "its type")
        else:
            raise AssertionError(f"no {code}")

    def call(self, needs: int) -> Dict[str, Any]:
        return {
            "lonE7": self.plan["lonE7"] + 5_000,
            "latE7": self.plan["latE7"],
            "priority": 1,
            "needs": [{"levelOfCare": "als"}] * needs,
            "details": {"callerName": "the caller", "phone": "+64 21 000 000"},
        }


def main() -> None:
    day = Day(json.load(sys.stdin))
    day.run()
    trips = [{"region": day.region, "tripId": trip_id, "phases": course} for trip_id, course in day.courses.items()]
    streams = [
        {"region": day.region, **crew.fixes.report(crew.unit_id or "", crew.clock.at)} for crew in day.crews.values()
    ]
    print(json.dumps({"trips": trips, "streams": streams, "holes": []}))


if __name__ == "__main__":
    main()
