/** A console that carries a board on by what `docs/protocol/events.md` says of each event, and by nothing else. */
import type { DomainEvent } from '../../src/domain/events.ts'
import { type TripPhase, type UnitStatus, WORK_PHASES } from '../../src/domain/vocabulary.ts'
import type { AlarmView, TripView, UnitView, ZoneView } from '../../src/protocol/wire/situation-views.ts'

import { BoardResponses } from './board-responses.ts'

type Alarm = TripView['alarms'][number]
/** Connections and positions are told elsewhere; `details` are in no event. */
export type BoardUnit = Omit<UnitView, 'connected' | 'awaySinceMs' | 'reach' | 'fix' | 'clockAheadMs'>
type BoardTrip = Omit<TripView, 'details'>

/** What a crew has done or said, itself or by the desk. */
const OF_THE_WAY = ['no-movement', 'standing', 'turned-away', 'past-eta'] as const
const SIGNS: ReadonlySet<string> = new Set([
  ...['CrewSignedOn', 'CrewSignedOff', 'UnitBecameAvailable', 'UnitBecameUnavailable', 'UnitCleared', 'UnitContacted'],
  ...['OfferAccepted', 'OfferDeclined', 'TripPhaseReached', 'TripTimeNoted', 'TripClosed', 'StandDownAcknowledged'],
])
/** What shows that a crew knows of the trip that was taken from it. */
const KNOWS: ReadonlySet<string> = new Set([
  ...['StandDownAcknowledged', 'CrewSignedOn', 'CrewSignedOff', 'UnitBecameAvailable', 'UnitCleared', 'OfferAccepted'],
])

export class BoardReader {
  readonly trips: Map<string, BoardTrip>
  readonly units: Map<string, BoardUnit>
  /** Those that have not ended. */
  readonly alarms: Map<string, AlarmView>
  readonly zones: Map<string, ZoneView>
  #position = 0
  #recordedAtMs = 0
  readonly #responses = new Map<string, BoardResponses>()
  readonly #problems = new Map<string, string | null>()

  constructor(
    trips: readonly BoardTrip[],
    units: readonly BoardUnit[],
    alarms: readonly AlarmView[] = [],
    zones: readonly ZoneView[] = [],
  ) {
    this.zones = new Map(zones.map(zone => [zone.zoneId, zone]))
    this.trips = new Map(trips.map(trip => [trip.tripId, trip]))
    this.units = new Map(units.map(unit => [unit.unitId, unit]))
    this.alarms = new Map(alarms.map(alarm => [alarm.alarmId, alarm]))
  }

  /** Input: the events of the record at `position`; the log's, or the board's, which has no holes in fixes. */
  read(events: readonly DomainEvent[], recordedAtMs: number, position: number): void {
    this.#position = position
    for (const event of events) {
      this.#recordedAtMs = event.atMs ?? recordedAtMs
      this.#respond(event)
      this.#read(event, recordedAtMs)
      this.#showResponses(event)
      const isOfPerson = !('cause' in event) || event.cause !== 'geofence'
      if (SIGNS.has(event.type) && isOfPerson && 'unitId' in event && typeof event.unitId === 'string')
        this.#heard(event.unitId, false)
      if (KNOWS.has(event.type) && 'unitId' in event && typeof event.unitId === 'string') this.#knows(event.unitId)
    }
  }

  #read(event: DomainEvent, recordedAtMs: number): void {
    const atMs = 'happenedAtMs' in event ? event.happenedAtMs : recordedAtMs
    switch (event.type) {
      case 'UnitRegistered': {
        const { unitId, callSign, levelOfCare, capabilities, transports = levelOfCare !== 'first-responder' } = event
        const known = this.units.get(unitId) ?? offDuty(recordedAtMs)
        const reference = { unitId, callSign, levelOfCare, transports, capabilities }
        this.units.set(unitId, { ...known, ...reference, version: this.#position })
        break
      }
      case 'UnitReleased': {
        const { unitId, callSign, levelOfCare, capabilities, transports = levelOfCare !== 'first-responder' } = event
        const known = this.units.get(unitId)!
        const version = this.#position
        for (const { alarmId } of this.#alarmsOf(`driver/${unitId}`)) this.alarms.delete(alarmId)
        this.units.set(unitId, {
          ...known,
          ...offDuty(recordedAtMs),
          unitId,
          callSign,
          levelOfCare,
          transports,
          capabilities,
          version,
        })
        break
      }
      case 'FixHoleRecorded':
        this.#touchUnit(event.unitId)
        break
      case 'EmergencyCalled':
        this.#emergency(event.unitId, event.happenedAtMs)
        break
      case 'EmergencyEnded':
        this.#emergency(event.unitId, null)
        this.#over(`driver/${event.unitId}`, 'emergency')
        break
      case 'StandDownAcknowledged':
      case 'UnitContacted':
        this.#touchUnit(event.unitId)
        break
      case 'UnitRetired':
        this.units.delete(event.unitId)
        break
      case 'CrewSignedOn': {
        const { status } = this.units.get(event.unitId)!
        this.#unit(event.unitId, atMs, status === 'off-duty' ? 'available' : status, { crew: event.principal })
        break
      }
      case 'CrewSignedOff': {
        const { status, tripId } = this.units.get(event.unitId)!
        const change = { crew: null, unavailableReason: null }
        this.#unit(event.unitId, atMs, tripId === null ? 'off-duty' : status, change)
        break
      }
      case 'UnitBecameAvailable':
        this.#unit(event.unitId, atMs, 'available', { unavailableReason: null })
        break
      case 'UnitBecameUnavailable': {
        const { status } = this.units.get(event.unitId)!
        const shown = status === 'standing-down' ? status : 'unavailable'
        this.#unit(event.unitId, atMs, shown, { unavailableReason: event.reason })
        break
      }
      case 'CallEntered':
      case 'NeedAdded':
        this.#problems.set(event.callId, event.problem)
        break
      case 'CallAmended':
        for (const tripId of event.tripIds) {
          this.#trip(tripId, { ...placeOf(event), priority: event.priority, problem: event.problem })
          if (event.triaged === true) this.#quiet(tripId, 'waiting-long')
          for (const alarm of this.#alarmsOf(`trip/${tripId}`))
            this.#alarm(alarm, { severity: severityOf(alarm.kind as Alarm, event.priority) })
        }
        break
      case 'TripCreated': {
        const { tripId, callId, priority, need, receivedAtMs, responseNo } = event
        this.trips.set(tripId, {
          ...{ tripId, callId, priority, need, receivedAtMs, ...placeOf(event), version: this.#position },
          ...{ problem: this.#problems.get(callId)!, phase: 'pending', times: { pending: recordedAtMs }, round: 1 },
          ...{
            unitId: null,
            offer: null,
            onHold: null,
            missed: [],
            responses: [],
            alarms: [],
            disposition: null,
            cancelReason: null,
          },
          ...{ helps: null, helpedBy: null, loss: null, destination: null },
          ...(responseNo === undefined ? {} : { responseNo, incidentNo: responseNo.replace(/-\d+$/, '') }),
        })
        break
      }
      case 'HelpAdded': {
        const { tripId, helpsTripId } = event
        const { problem } = this.trips.get(helpsTripId)!
        this.#read({ ...event, type: 'TripCreated' }, recordedAtMs)
        this.#trip(tripId, { problem, helps: helpsTripId })
        this.#trip(helpsTripId, { helpedBy: tripId })
        break
      }
      case 'TripPutOnHold': {
        const { tripId, why, by } = event
        this.#trip(tripId, { onHold: { why, by, sinceMs: this.#recordedAtMs } })
        this.#quiet(tripId, 'no-eligible-unit', 'round-exhausted', 'rounds-over')
        break
      }
      case 'TripTakenOffHold':
        this.#trip(event.tripId, { onHold: null })
        this.#quiet(event.tripId, 'order-unanswered')
        break
      case 'OfferMade': {
        const { tripId, offerId, unitId, mode, round, offeredAtMs, deadlineAtMs, byVoice } = event
        const voice = byVoice === undefined ? {} : { byVoice }
        const offer = { offerId, tripId, unitId, mode, round, offeredAtMs, deadlineAtMs, ...voice }
        this.#trip(tripId, { phase: 'offered', offer, round, onHold: null, unitId: mode === 'ordered' ? unitId : null })
        this.#trip(tripId, { loss: event.decision.loss ?? null })
        this.#at(tripId, 'offered', offeredAtMs)
        this.#quiet(tripId, 'no-eligible-unit', 'round-exhausted', 'rounds-over', 'waiting-long', 'order-unanswered')
        this.#unit(unitId, atMs, 'offered', { offerId, tripId })
        break
      }
      case 'UnitNotified':
        this.#touch({ tripId: event.tripId })
        break
      case 'OfferAccepted':
        this.#trip(event.tripId, { phase: 'assigned', offer: null, unitId: event.unitId })
        if (event.implied !== true) this.#at(event.tripId, 'assigned', atMs)
        this.#quiet(event.tripId, 'unacknowledged', 'voice-order')
        this.#unit(event.unitId, atMs, 'assigned', { offerId: null })
        break
      case 'OfferDeclined':
      case 'OfferTimedOut':
      case 'OfferRevoked':
        this.#trip(event.tripId, {
          phase: 'pending',
          unitId: null,
          offer: null,
          loss: null,
          times: this.#onlyPending(event.tripId),
        })
        this.#quiet(event.tripId, 'unacknowledged', 'voice-order')
        this.#free(event.unitId, atMs)
        if (event.type === 'OfferTimedOut' && event.noContact === true) this.#heard(event.unitId, true)
        break
      case 'UnitWithdrawn':
      case 'AssignmentOverridden': {
        this.#trip(event.tripId, {
          phase: 'pending',
          unitId: null,
          offer: null,
          times: this.#onlyPending(event.tripId),
          loss: null,
          missed: [],
        })
        this.#quiet(event.tripId, 'unacknowledged', 'voice-order', ...OF_THE_WAY)
        this.#quiet(event.tripId, 'app-lost', 'position-lost', 'crew-relieved')
        this.#left(event.type === 'UnitWithdrawn' ? event.unitId : event.fromUnitId, event, atMs)
        break
      }
      case 'TripPhaseReached': {
        const { tripId, unitId, phase } = event
        this.#trip(tripId, { phase, missed: [...this.trips.get(tripId)!.missed, ...event.missed] })
        this.#at(tripId, phase, atMs)
        this.#quiet(tripId, ...OF_THE_WAY)
        this.#unit(
          unitId,
          atMs,
          phase === 'at-patient' ? 'on-scene' : phase === 'transferred' ? 'at-destination' : phase,
        )
        break
      }
      case 'TripTimeNoted':
        this.#noted(event)
        this.#touchUnit(event.unitId)
        break
      case 'TripTimeCorrected':
        this.#corrected(event)
        break
      case 'DestinationNamed': {
        const { hospitalId, place } = event
        const destination =
          hospitalId === null
            ? null
            : {
                ...{ hospitalId, name: place!.name },
                ...{ lonE7: Math.round(place!.lonDeg * 1e7), latE7: Math.round(place!.latDeg * 1e7) },
              }
        this.#trip(event.tripId, { destination })
        break
      }
      case 'ReceiverNamed':
        this.#over(`trip/${event.tripId}`, 'receiver-unknown')
        break
      case 'TripAlarmRaised':
        // One that has ended is off the board, and may have its alarm all the same.
        if (this.trips.has(event.tripId))
          this.#trip(event.tripId, { alarms: [...this.trips.get(event.tripId)!.alarms, event.alarm] })
        this.#raise({ ...event, subject: `trip/${event.tripId}` })
        break
      case 'UnitAlarmRaised':
        this.#raise({ ...event, subject: `driver/${event.unitId}`, tripId: event.fromTripId })
        this.#touchUnit(event.unitId)
        break
      case 'RoadsRestricted': {
        const { zoneId, kind, slowPercent, fromAtMs, untilAtMs, reason } = event
        const points = event.points.map(
          ({ lonDeg, latDeg }) => [Math.round(lonDeg * 1e7), Math.round(latDeg * 1e7)] as const,
        )
        this.zones.set(zoneId, { zoneId, kind, points, slowPercent, fromAtMs, untilAtMs, reason })
        break
      }
      case 'RoadsReopened':
        this.zones.delete(event.zoneId)
        break
      case 'RegionAlarmRaised': {
        const { entity, silentFromMs, silentToMs, silentUnits, ofUnits } = event
        this.#raise({ ...event, subject: entity, tripId: null, unitId: null })
        const alarm = this.#alarmsOf(entity).find(({ kind }) => kind === event.alarm)!
        this.#alarm(alarm, { mass: { silentFromMs, silentToMs, silentUnits, ofUnits } })
        break
      }
      case 'RegionAlarmCleared':
        this.#over(event.entity, event.alarm)
        break
      case 'TripAlarmCleared':
        this.#quiet(event.tripId, event.alarm)
        break
      case 'AlarmAcknowledged': {
        const alarm = this.alarms.get(event.alarmId)!
        if (alarm.goneAtMs !== null) this.alarms.delete(event.alarmId)
        else {
          const acknowledged = { acknowledgedBy: event.by, acknowledgedAtMs: this.#recordedAtMs }
          this.#alarm(alarm, { ...acknowledged, shelvedBy: null, shelvedUntilMs: null })
        }
        this.#touch(event)
        break
      }
      case 'AlarmShelved': {
        const shelved = { shelvedBy: event.by, shelvedUntilMs: this.#recordedAtMs + event.forMs }
        this.#alarm(this.alarms.get(event.alarmId)!, shelved)
        this.#touch(event)
        break
      }
      case 'AlarmEscalated':
        this.#alarm(this.alarms.get(event.alarmId)!, { escalatedAtMs: this.#recordedAtMs })
        this.#touch(event)
        break
      case 'AlarmLapsed':
        this.alarms.delete(event.alarmId)
        this.#touch(event)
        break
      case 'TripCancelled':
        this.#quiet(event.tripId, ...this.trips.get(event.tripId)!.alarms)
        this.trips.delete(event.tripId)
        this.#left(event.unitId, event, atMs)
        break
      case 'TripClosed':
        this.#quiet(event.tripId, ...this.trips.get(event.tripId)!.alarms)
        this.trips.delete(event.tripId)
        this.#free(event.unitId, atMs)
        break
      case 'UnitCleared': {
        const { unavailableReason } = this.units.get(event.unitId)!
        this.#unit(event.unitId, atMs, unavailableReason === null ? 'available' : 'unavailable', { tripId: null })
        this.#touch({ tripId: event.fromTripId })
      }
    }
  }

  #respond(event: DomainEvent): void {
    for (const tripId of tripsOf(event)) {
      const trip = this.trips.get(tripId)
      if (trip === undefined) continue
      const responses = this.#responses.get(tripId) ?? new BoardResponses(trip.responses)
      this.#responses.set(tripId, responses)
      responses.read(trip, event, this.#recordedAtMs)
    }
  }

  #showResponses(event: DomainEvent): void {
    for (const tripId of tripsOf(event)) {
      const trip = this.trips.get(tripId)
      const responses = this.#responses.get(tripId)
      if (trip !== undefined && responses !== undefined)
        this.trips.set(tripId, { ...trip, responses: responses.shown() })
    }
  }

  /** One that is off the board may have some, too. */
  #touchUnit(unitId: string): void {
    const unit = this.units.get(unitId)
    if (unit !== undefined) this.units.set(unitId, { ...unit, version: this.#position })
  }

  #emergency(unitId: string, emergencySinceMs: number | null): void {
    const unit = this.units.get(unitId)
    if (unit === undefined) return
    const dispatchability = dispatchabilityOf({ ...unit, emergencySinceMs })
    this.units.set(unitId, { ...unit, emergencySinceMs, dispatchability, version: this.#position })
  }

  /** Of its trip that is another's, or over. */
  #knows(unitId: string): void {
    const unit = this.units.get(unitId)
    this.#over(`driver/${unitId}`, 'stand-down')
    if (unit === undefined) return
    const known = { ...unit, takenTripId: null }
    this.units.set(unitId, { ...known, dispatchability: dispatchabilityOf(known) })
  }

  #heard(unitId: string, noContact: boolean): void {
    const unit = this.units.get(unitId)
    if (!noContact) this.#over(`driver/${unitId}`, 'no-contact')
    if (unit !== undefined) this.units.set(unitId, { ...unit, noContact })
  }

  #onlyPending(tripId: string): BoardTrip['times'] {
    return { pending: this.trips.get(tripId)!.times.pending! }
  }

  #trip(tripId: string, change: Partial<BoardTrip>): void {
    this.trips.set(tripId, { ...this.trips.get(tripId)!, ...change, version: this.#position })
  }

  #noted({ tripId, unitId, time, happenedAtMs, cause }: Extract<DomainEvent, { type: 'TripTimeNoted' }>): void {
    const trip = this.trips.get(tripId)
    if (trip === undefined) return
    this.#trip(tripId, {})
    const phase = time === 'left-scene' ? 'transporting' : (time as TripPhase)
    const order: readonly string[] = WORK_PHASES
    const isPassed = order.indexOf(phase) > 0 && order.indexOf(phase) <= order.indexOf(trip.phase)
    const known = trip.responses.findLast(response => response.unitId === unitId)?.times[time]
    const isOfWheels = known?.cause === 'geofence' && cause !== 'geofence'
    if (trip.unitId !== unitId || !isPassed || (trip.times[phase] !== undefined && !isOfWheels)) return
    this.#at(tripId, phase, happenedAtMs)
    this.#trip(tripId, { missed: trip.missed.filter(each => each !== phase) })
  }

  #corrected({ tripId, unitId, time, newAtMs }: Extract<DomainEvent, { type: 'TripTimeCorrected' }>): void {
    const trip = this.trips.get(tripId)
    if (trip === undefined) return
    this.#trip(tripId, {})
    const words: Readonly<Record<string, TripPhase>> = { acknowledged: 'assigned', 'left-scene': 'transporting' }
    const phase = words[time] ?? (time as TripPhase)
    const order: readonly string[] = WORK_PHASES
    const isPassed = order.includes(phase) && order.indexOf(phase) <= order.indexOf(trip.phase)
    const concerns = isPassed || trip.times[phase] !== undefined || trip.missed.includes(phase)
    if (trip.unitId !== unitId || trip.responses.at(-1)?.unitId !== unitId || !concerns || !order.includes(phase))
      return
    const { [phase]: _, ...others } = trip.times
    this.#trip(tripId, { times: newAtMs === null ? others : { ...trip.times, [phase]: newAtMs } })
    if (newAtMs !== null) this.#trip(tripId, { missed: trip.missed.filter(each => each !== phase) })
  }

  #at(tripId: string, phase: TripPhase, atMs: number): void {
    this.#trip(tripId, { times: { ...this.trips.get(tripId)!.times, [phase]: atMs } })
  }

  #quiet(tripId: string, ...ended: Alarm[]): void {
    this.#trip(tripId, { alarms: this.trips.get(tripId)!.alarms.filter(alarm => !ended.includes(alarm)) })
    this.#over(`trip/${tripId}`, ...ended)
  }

  #over(subject: string, ...ended: AlarmView['kind'][]): void {
    for (const alarm of this.#alarmsOf(subject)) {
      if (alarm.goneAtMs !== null || !ended.includes(alarm.kind)) continue
      if (alarm.acknowledgedBy === null) this.#alarm(alarm, { goneAtMs: this.#recordedAtMs })
      else this.alarms.delete(alarm.alarmId)
    }
  }

  #raise({ subject, tripId, alarm: kind, unitId, severity }: Raised): void {
    if (severity === undefined) return
    const open = this.#alarmsOf(subject).find(alarm => alarm.kind === kind)
    if (open !== undefined) return this.#alarm(open, { tripId, unitId, severity, goneAtMs: null })
    const alarmId = `${subject}/${kind}/${this.#position}`
    this.alarms.set(alarmId, {
      ...{ alarmId, kind, severity, tripId, unitId, raisedAtMs: this.#recordedAtMs, goneAtMs: null },
      ...{ acknowledgedBy: null, acknowledgedAtMs: null, escalatedAtMs: null, shelvedBy: null, shelvedUntilMs: null },
    })
  }

  #alarmsOf(subject: string): AlarmView[] {
    return [...this.alarms.values()].filter(({ alarmId }) => alarmId.startsWith(`${subject}/`))
  }

  #alarm(alarm: AlarmView, change: Partial<AlarmView>): void {
    this.alarms.set(alarm.alarmId, { ...alarm, ...change })
  }

  /** Its trip may have ended. */
  #touch({ tripId, unitId }: { tripId?: string; unitId?: string }): void {
    if (tripId !== undefined && this.trips.has(tripId)) this.#trip(tripId, {})
    if (unitId !== undefined) this.#touchUnit(unitId)
  }

  /** A trip was taken from the unit. */
  #left(unitId: string | null, { tripId, standsDown, tellsCrew }: Left, atMs: number): void {
    const unit = unitId === null ? undefined : this.units.get(unitId)
    if (unit !== undefined && tellsCrew === true) this.units.set(unit.unitId, { ...unit, takenTripId: tripId })
    if (standsDown !== true) return this.#free(unitId, atMs)
    this.#unit(unitId!, atMs, 'standing-down', { offerId: null, tripId })
  }

  #free(unitId: string | null, atMs: number): void {
    if (unitId !== null) this.#unit(unitId, atMs, 'available', { offerId: null, tripId: null })
  }

  #unit(unitId: string, atMs: number, status: UnitStatus, change: Partial<BoardUnit> = {}): void {
    const unit = this.units.get(unitId)!
    const statusSinceMs = status === unit.status ? unit.statusSinceMs : atMs
    const dispatchability = dispatchabilityOf({ ...unit, status })
    this.units.set(unitId, { ...unit, ...change, status, dispatchability, statusSinceMs, version: this.#position })
  }
}

interface Left {
  readonly tripId: string
  readonly standsDown?: true
  readonly tellsCrew?: true
}

interface Raised {
  readonly subject: string
  readonly tripId: string | null
  readonly alarm: AlarmView['kind']
  readonly unitId: string | null
  readonly severity?: AlarmView['severity']
}

function tripsOf(event: DomainEvent): string[] {
  if (event.type === 'UnitCleared') return [event.fromTripId]
  return 'tripId' in event && event.tripId !== undefined ? [event.tripId] : []
}

function offDuty(recordedAtMs: number) {
  const nothing = {
    noContact: false,
    emergencySinceMs: null,
    takenTripId: null,
    retired: false,
    unavailableReason: null,
    crew: null,
    offerId: null,
    tripId: null,
  }
  return { ...nothing, status: 'off-duty', dispatchability: 'not-available', statusSinceMs: recordedAtMs } as const
}

function dispatchabilityOf({
  status,
  takenTripId,
  emergencySinceMs,
}: Pick<UnitView, 'status' | 'takenTripId' | 'emergencySinceMs'>): UnitView['dispatchability'] {
  if (emergencySinceMs !== null) return 'not-available'
  if (status === 'available') return takenTripId === null ? status : 'conditionally-available'
  const mayGoElsewhere = status === 'offered' || status === 'assigned' || status === 'en-route'
  return mayGoElsewhere ? 'conditionally-available' : 'not-available'
}

function severityOf(kind: Alarm, priority: number): AlarmView['severity'] {
  if (kind === 'crew-relieved' || priority > 3) return 3
  return priority === 3 ? 2 : 1
}

const placeOf = ({ lonDeg, latDeg }: { readonly lonDeg: number; readonly latDeg: number }) => ({
  lonE7: Math.round(lonDeg * 1e7),
  latE7: Math.round(latDeg * 1e7),
})
