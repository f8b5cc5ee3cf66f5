"""A console's board: begun from a snapshot, carried on by events, one position after the other [BD-2] [BD-3]."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence

#: Which status a unit has while its trip is in this phase, where the words differ.
STATUS_OF_PHASE = {"at-patient": "on-scene", "transferred": "at-destination"}


#: What a crew has done or said, itself or by the desk.
SIGNS = {
    "CrewSignedOn", "CrewSignedOff", "UnitBecameAvailable", "UnitBecameUnavailable", "UnitCleared", "UnitContacted",
    "OfferAccepted", "OfferDeclined", "TripPhaseReached", "TripTimeNoted", "TripClosed",
    "StandDownAcknowledged",
}
#: The alarms of a unit that does not come: its next step ends them.
OF_THE_WAY = ("no-movement", "standing", "turned-away", "past-eta")
# What shows that a crew knows of the trip that was taken from it.
KNOWS = {
    "StandDownAcknowledged",
    "CrewSignedOn",
    "CrewSignedOff",
    "UnitBecameAvailable",
    "UnitCleared",
    "OfferAccepted",
}


def severity_of(kind: str, priority: int) -> int:
    """How much harm an unanswered alarm can do [AL-2]."""
    if kind == "crew-relieved" or priority > 3:
        return 3
    return 2 if priority == 3 else 1


class Board:
    """What every console shows of trips, units and alarms; only the part of the views that events carry."""

    def __init__(self) -> None:
        self.position: Optional[int] = None
        self.recorded_at_ms = 0
        self.trips: Dict[str, Dict[str, Any]] = {}
        self.units: Dict[str, Dict[str, Any]] = {}
        self.alarms: Dict[str, Dict[str, Any]] = {}
        self.zones: Dict[str, Dict[str, Any]] = {}
        #: Positions of the events that were taken, in their order.
        self.followed: List[int] = []
        self.snapshots = 0
        self._parts: List[List[Any]] = []

    def part(
        self, position: int, part: int, parts: int, trips: List[Any], units: List[Any], alarms: List[Any], zones: List[Any] = []
    ) -> None:
        """One part of a snapshot; the last one replaces everything."""
        assert part == len(self._parts) and part < parts, (part, parts)
        self._parts.append([trips, units, alarms, zones])
        if part + 1 < parts:
            return
        self.trips = {trip["tripId"]: trip for trips, _, _, _ in self._parts for trip in trips}
        self.units = {unit["unitId"]: unit for _, units, _, _ in self._parts for unit in units}
        self.alarms = {alarm["alarmId"]: alarm for _, _, alarms, _ in self._parts for alarm in alarms}
        self.zones = {zone["zoneId"]: zone for _, _, _, zones in self._parts for zone in zones}
        self._parts = []
        self.position = position
        self.snapshots += 1

    def events(self, position: int, recorded_at_ms: int, events: List[Dict[str, Any]]) -> None:
        """The events of one record. A position that was seen is left aside, and none is ever left out."""
        assert self.position is not None, "events before a snapshot"
        if position <= self.position:
            return
        assert position == self.position + 1, f"position {position} follows {self.position}"
        self.position = position
        self.followed.append(position)
        for event in events:
            self._evolve(event, recorded_at_ms)

    def summary(self) -> Dict[str, Any]:
        """What two boards have in common that stand at one position."""
        return {
            "trips": {
                key: [trip["phase"], trip["unitId"], trip["onHold"], trip["priority"], trip["lonE7"], trip["latE7"], trip["alarms"]]
                + [trip.get("responseNo"), trip.get("incidentNo")]
                + [trip["helps"], trip["helpedBy"], trip["loss"], trip["destination"]]
                for key, trip in sorted(self.trips.items())
            },
            "units": {
                key: [unit["status"], unit["crew"], unit["offerId"], unit["tripId"], unit["noContact"], unit["takenTripId"], unit["emergencySinceMs"]]
                for key, unit in sorted(self.units.items())
            },
            "alarms": {
                key: [alarm["severity"], alarm["unitId"], alarm["goneAtMs"] is None, alarm["acknowledgedBy"]]
                for key, alarm in sorted(self.alarms.items())
            },
            "zones": {key: [zone["slowPercent"], zone["untilAtMs"]] for key, zone in sorted(self.zones.items())},
        }

    def _evolve(self, event: Dict[str, Any], recorded_at_ms: int) -> None:
        self.recorded_at_ms = recorded_at_ms
        if event["type"] in KNOWS:
            self._gone("driver/" + event["unitId"], ["stand-down"])
            if event["unitId"] in self.units:
                self.units[event["unitId"]]["takenTripId"] = None
        if event["type"] in SIGNS and event.get("cause") != "geofence":
            self._gone("driver/" + event["unitId"], ["no-contact"])
            if event["unitId"] in self.units:
                self.units[event["unitId"]]["noContact"] = False
        step = getattr(self, "_" + event["type"], None)
        if step is not None:
            step(event)

    def _UnitRegistered(self, event: Dict[str, Any]) -> None:
        fresh = {"status": "off-duty", "crew": None, "offerId": None, "tripId": None, "noContact": False, "takenTripId": None}
        unit = self.units.setdefault(event["unitId"], fresh)
        unit.update({key: event[key] for key in ("unitId", "callSign", "levelOfCare", "capabilities")})

    def _UnitRetired(self, event: Dict[str, Any]) -> None:
        self.units.pop(event["unitId"], None)

    def _UnitReleased(self, event: Dict[str, Any]) -> None:
        self._UnitRegistered(event)
        for alarm in self._alarms_of("driver/" + event["unitId"]):
            del self.alarms[alarm["alarmId"]]
        self.units[event["unitId"]].update(
            status="off-duty", crew=None, offerId=None, tripId=None, noContact=False, takenTripId=None, emergencySinceMs=None
        )

    def _of_the_log_alone(self, event: Dict[str, Any]) -> None:
        """What changes nothing that a console shows."""

    _AlarmShelved = _AlarmEscalated = _UnitNotified = _TripTimeNoted = _TripTimeCorrected = _of_the_log_alone
    _StandDownAcknowledged = _of_the_log_alone
    _NeedAdded = _CallEntered = _CallReleased = _CallCancelled = _CallClosed = _FixHoleRecorded = _UnitContacted = _of_the_log_alone

    def _CrewSignedOn(self, event: Dict[str, Any]) -> None:
        unit = self.units[event["unitId"]]
        unit["crew"] = event["principal"]
        if unit["status"] == "off-duty":
            unit["status"] = "available"

    def _CrewSignedOff(self, event: Dict[str, Any]) -> None:
        unit = self.units[event["unitId"]]
        unit.update(crew=None, unavailableReason=None)
        if unit["tripId"] is None:
            unit["status"] = "off-duty"

    def _UnitBecameAvailable(self, event: Dict[str, Any]) -> None:
        self.units[event["unitId"]].update(status="available", unavailableReason=None)

    def _UnitBecameUnavailable(self, event: Dict[str, Any]) -> None:
        unit = self.units[event["unitId"]]
        unit["unavailableReason"] = event["reason"]
        if unit["status"] != "standing-down":
            unit["status"] = "unavailable"

    def _CallNoteAdded(self, event: Dict[str, Any]) -> None:
        for trip in self.trips.values():
            if trip["callId"] == event["callId"]:
                trip["noteCount"] = event["noteNo"]

    def _CallNotesRead(self, event: Dict[str, Any]) -> None:
        if event["tripId"] in self.trips:
            read = {key: event[key] for key in ("unitId", "by", "noteNo")}
            self.trips[event["tripId"]]["notesRead"] = dict(read, atMs=self.recorded_at_ms)

    def _CallAmended(self, event: Dict[str, Any]) -> None:
        place = {"lonE7": round(event["lonDeg"] * 1e7), "latE7": round(event["latDeg"] * 1e7)}
        for trip_id in event["tripIds"]:
            if trip_id in self.trips:
                self.trips[trip_id].update(place, priority=event["priority"], problem=event["problem"])
            if event.get("triaged"):
                self._quiet({"tripId": trip_id}, "waiting-long")
            for alarm in self._alarms_of("trip/" + trip_id):
                alarm["severity"] = severity_of(alarm["kind"], event["priority"])

    def _TripCreated(self, event: Dict[str, Any]) -> None:
        self.trips[event["tripId"]] = {
            "tripId": event["tripId"],
            "callId": event["callId"],
            "phase": "pending",
            "unitId": None,
            "onHold": None,
            "priority": event["priority"],
            "lonE7": round(event["lonDeg"] * 1e7),
            "latE7": round(event["latDeg"] * 1e7),
            "alarms": [],
            "helps": None,
            "helpedBy": None,
            "destination": None,
            "loss": None,
        }
        if "responseNo" in event:
            numbers = {"responseNo": event["responseNo"], "incidentNo": event["responseNo"].rsplit("-", 1)[0]}
            self.trips[event["tripId"]].update(numbers)

    def _HelpAdded(self, event: Dict[str, Any]) -> None:
        self._TripCreated(event)
        self.trips[event["tripId"]]["helps"] = event["helpsTripId"]
        self.trips[event["helpsTripId"]]["helpedBy"] = event["tripId"]

    def _TripReleased(self, event: Dict[str, Any]) -> None:
        self._left(event["unitId"], event)
        for alarm in self._alarms_of("trip/" + event["tripId"]):
            del self.alarms[alarm["alarmId"]]
        if event["as"] == "cancelled":
            self.trips.pop(event["tripId"], None)
        else:
            self._TripCreated(event)
            self.trips[event["tripId"]].update(helps=event.get("helpsTripId"), helpedBy=event.get("helpedByTripId"))

    def _TripPutOnHold(self, event: Dict[str, Any]) -> None:
        hold = {"why": event["why"], "by": event["by"], "sinceMs": event.get("atMs", self.recorded_at_ms)}
        self.trips[event["tripId"]]["onHold"] = hold
        self._quiet(event, "no-eligible-unit", "round-exhausted", "rounds-over")

    def _TripTakenOffHold(self, event: Dict[str, Any]) -> None:
        self.trips[event["tripId"]]["onHold"] = None
        self._quiet(event, "order-unanswered")

    def _OfferMade(self, event: Dict[str, Any]) -> None:
        bound = event["unitId"] if event["mode"] == "ordered" else None
        self.trips[event["tripId"]].update(phase="offered", unitId=bound, onHold=None, loss=event["decision"].get("loss"))
        self._quiet(
            event, "no-eligible-unit", "round-exhausted", "rounds-over", "waiting-long", "order-unanswered"
        )
        self.units[event["unitId"]].update(status="offered", offerId=event["offerId"], tripId=event["tripId"])

    def _OfferAccepted(self, event: Dict[str, Any]) -> None:
        self.trips[event["tripId"]].update(phase="assigned", unitId=event["unitId"])
        self._quiet(event, "unacknowledged", "voice-order")
        self.units[event["unitId"]].update(status="assigned", offerId=None)

    def _freed(self, unit_id: Optional[str], trip_id: str) -> None:
        """A unit is free of this trip, unless it has gone on to something else."""
        unit = self.units.get(unit_id or "")
        if unit is not None and unit["tripId"] == trip_id:
            unit.update(status="available", offerId=None, tripId=None)

    def _left(self, unit_id: Optional[str], event: Dict[str, Any]) -> None:
        """A trip was taken from a unit, which is free, or stands down at the scene."""
        if event.get("tellsCrew"):
            self.units[unit_id or ""]["takenTripId"] = event["tripId"]
        if event.get("standsDown"):
            self.units[unit_id or ""].update(status="standing-down", offerId=None)
        else:
            self._freed(unit_id, event["tripId"])

    def _UnitCleared(self, event: Dict[str, Any]) -> None:
        unit = self.units[event["unitId"]]
        unit.update(status="unavailable" if unit.get("unavailableReason") else "available", tripId=None)

    def _back_to_the_queue(self, event: Dict[str, Any]) -> None:
        self._freed(event["unitId"], event["tripId"])
        self.trips[event["tripId"]].update(phase="pending", unitId=None, loss=None)
        self._quiet(event, "unacknowledged", "voice-order")

    _OfferDeclined = _OfferRevoked = _back_to_the_queue

    def _OfferTimedOut(self, event: Dict[str, Any]) -> None:
        self._back_to_the_queue(event)
        if event.get("noContact"):
            self.units[event["unitId"]]["noContact"] = True

    def _UnitWithdrawn(self, event: Dict[str, Any]) -> None:
        self._taken(event, event["unitId"])

    def _AssignmentOverridden(self, event: Dict[str, Any]) -> None:
        self._taken(event, event["fromUnitId"])

    def _taken(self, event: Dict[str, Any], unit_id: Optional[str]) -> None:
        """A dispatcher took the trip from a unit, if one had it."""
        self._left(unit_id, event)
        self.trips[event["tripId"]].update(phase="pending", unitId=None, loss=None)
        self._quiet(event, "unacknowledged", *OF_THE_WAY, "app-lost", "position-lost", "crew-relieved")

    def _TripPhaseReached(self, event: Dict[str, Any]) -> None:
        phase = event["phase"]
        self.trips[event["tripId"]]["phase"] = phase
        self._quiet(event, *OF_THE_WAY)
        self.units[event["unitId"]]["status"] = STATUS_OF_PHASE.get(phase, phase)

    def _TripAlarmRaised(self, event: Dict[str, Any]) -> None:
        # A trip that has ended is off the board, and may have its alarm all the same.
        if event["tripId"] in self.trips:
            self.trips[event["tripId"]]["alarms"].append(event["alarm"])
        if "severity" not in event:
            return
        self._raised("trip/" + event["tripId"], event["tripId"], event)

    def _EmergencyCalled(self, event: Dict[str, Any]) -> None:
        self.units[event["unitId"]]["emergencySinceMs"] = event["happenedAtMs"]

    def _EmergencyEnded(self, event: Dict[str, Any]) -> None:
        self.units[event["unitId"]]["emergencySinceMs"] = None
        self._gone("driver/" + event["unitId"], ("emergency",))

    def _UnitAlarmRaised(self, event: Dict[str, Any]) -> None:
        self._raised("driver/" + event["unitId"], event["fromTripId"], event)

    def _RoadsRestricted(self, event: Dict[str, Any]) -> None:
        self.zones[event["zoneId"]] = {key: event[key] for key in ("zoneId", "slowPercent", "untilAtMs")}

    def _RoadsReopened(self, event: Dict[str, Any]) -> None:
        self.zones.pop(event["zoneId"], None)

    def _RegionAlarmRaised(self, event: Dict[str, Any]) -> None:
        self._raised(event["entity"], None, event)

    def _RegionAlarmCleared(self, event: Dict[str, Any]) -> None:
        self._gone(event["entity"], [event["alarm"]])

    def _raised(self, subject: str, trip_id: Optional[str], event: Dict[str, Any]) -> None:
        kind = event["alarm"]
        known = [alarm for alarm in self._alarms_of(subject) if alarm["kind"] == kind]
        alarm_id = known[0]["alarmId"] if known else f"{subject}/{kind}/{self.position}"
        fresh = {"alarmId": alarm_id, "kind": kind, "acknowledgedBy": None}
        self.alarms.setdefault(alarm_id, fresh).update(
            tripId=trip_id, unitId=event.get("unitId"), severity=event["severity"], goneAtMs=None
        )

    def _AlarmAcknowledged(self, event: Dict[str, Any]) -> None:
        if self.alarms[event["alarmId"]]["goneAtMs"] is not None:
            del self.alarms[event["alarmId"]]
        else:
            self.alarms[event["alarmId"]]["acknowledgedBy"] = event["by"]

    def _AlarmLapsed(self, event: Dict[str, Any]) -> None:
        del self.alarms[event["alarmId"]]

    def _alarms_of(self, subject: str) -> List[Dict[str, Any]]:
        return [alarm for alarm in self.alarms.values() if alarm["alarmId"].startswith(subject + "/")]

    def _DestinationNamed(self, event: Dict[str, Any]) -> None:
        place = event["place"]
        self.trips[event["tripId"]]["destination"] = place and {
            "hospitalId": event["hospitalId"],
            "name": place["name"],
            "lonE7": round(place["lonDeg"] * 1e7),
            "latE7": round(place["latDeg"] * 1e7),
        }

    def _ReceiverNamed(self, event: Dict[str, Any]) -> None:
        self._gone("trip/" + event["tripId"], ("receiver-unknown",))

    def _TripAlarmCleared(self, event: Dict[str, Any]) -> None:
        self._quiet(event, event["alarm"])

    def _quiet(self, event: Dict[str, Any], *ended: str) -> None:
        trip = self.trips[event["tripId"]]
        trip["alarms"] = [alarm for alarm in trip["alarms"] if alarm not in ended]
        self._gone("trip/" + event["tripId"], ended)

    def _gone(self, subject: str, kinds: Sequence[str]) -> None:
        """An alarm ends when its cause is gone and somebody has acknowledged it."""
        for alarm in self._alarms_of(subject):
            if alarm["goneAtMs"] is not None or alarm["kind"] not in kinds:
                continue
            if alarm["acknowledgedBy"] is None:
                alarm["goneAtMs"] = self.recorded_at_ms
            else:
                del self.alarms[alarm["alarmId"]]

    def _trip_ended(self, event: Dict[str, Any]) -> None:
        self._left(event["unitId"], event)
        trip = self.trips.pop(event["tripId"], None)
        self._gone("trip/" + event["tripId"], trip["alarms"] if trip else [])

    _TripCancelled = _TripClosed = _trip_ended
