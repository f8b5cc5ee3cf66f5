/** Views of states: what a crew, a dispatcher and an HTTP reader see. */
import { type Alarm, subjectOfAlarm } from '../../domain/alarms.ts'
import type { CallState } from '../../domain/call.ts'
import { type CallNote, notesReadOf } from '../../domain/call-notes.ts'
import type { CallDetails } from '../../domain/commands.ts'
import { isByVoice, type Presence } from '../../domain/dispatch/eligibility.ts'
import { wholeNeed } from '../../domain/events/call-events.ts'
import type { PlacedFix } from '../../domain/fix.ts'
import type { CallId } from '../../domain/ids.ts'
import { incidentNoIn } from '../../domain/incident-no.ts'
import { freshnessOf, isLost, type Policy, rhythmOf, type StandingPolicy } from '../../domain/policy.ts'
import { doubtful } from '../../domain/trip/plausible.ts'
import type { UnitResponse } from '../../domain/trip/response.ts'
import { responsesOf } from '../../domain/trip/response-fold.ts'
import type { Offer, TripState } from '../../domain/trip/trip.ts'
import { type DriverState, dispatchabilityOf } from '../../domain/unit/driver.ts'
import type { Reach, ResponseTime } from '../../domain/vocabulary.ts'
import type { CallShown, CrewShown, FixShown, TripShown, UnitShown } from '../../protocol/told.ts'
import type { AlarmView, OfferView, ResponseView } from '../../protocol/wire/situation-views.ts'
import type { PolicyView } from '../../protocol/wire/welcome-view.ts'

export function fixView(driver: DriverState, fix: PlacedFix, nowMs: number, policy: Policy): FixShown {
  const ageMs = nowMs - fix.fixedAtMs
  return {
    lonDeg: fix.lonDeg,
    latDeg: fix.latDeg,
    fixedAtMs: fix.fixedAtMs,
    // A fix of a clock that is a little ahead is of now.
    ageMs: Math.max(0, ageMs),
    freshness: freshnessOf(driver.status, ageMs, policy),
    speedMps: fix.speedMps,
    headingDeg: fix.headingDeg,
  }
}

/** A client's clock that is off by no more is right for all that is made of it. */
const CLOCK_OFF_MS = 5_000
export const isClockOff = (aheadMs: number | null): boolean => Math.abs(aheadMs ?? 0) > CLOCK_OFF_MS

interface ShownPresence extends Presence {
  /** Whether a feed reports it. */
  readonly isFed: boolean
  /** For so long a session that is away still counts. */
  readonly graceMs: number
  readonly clockAheadMs: number | null
}

/** By what the crew can be told something, and whether anything but its app tells where the unit is. */
function reachOf(
  driver: DriverState,
  { isFed, graceMs, ...presence }: Omit<ShownPresence, 'clockAheadMs'>,
  nowMs: number,
  policy: Policy,
): Reach {
  if (!isByVoice(driver, presence, graceMs, nowMs)) return 'app'
  const { fix } = presence
  return isFed && fix !== null && !isLost(nowMs - fix.fixedAtMs, policy) ? 'modem' : 'voice'
}

export function unitView(driver: DriverState, presence: ShownPresence, nowMs: number, policy: Policy): UnitShown {
  return {
    unitId: driver.unitId,
    callSign: driver.callSign,
    levelOfCare: driver.levelOfCare,
    transports: driver.transports,
    capabilities: driver.capabilities,
    status: driver.status,
    dispatchability: dispatchabilityOf(driver),
    retired: driver.retired === true,
    unavailableReason: driver.unavailableReason,
    statusSinceMs: driver.statusSinceMs,
    crew: driver.crew,
    connected: presence.disconnectedSinceMs === null,
    reach: reachOf(driver, presence, nowMs, policy),
    awaySinceMs: presence.disconnectedSinceMs,
    noContact: driver.noContact !== undefined,
    emergencySinceMs: driver.emergencySinceMs ?? null,
    takenTripId: driver.takenTrip?.tripId ?? null,
    fix: presence.fix === null ? null : fixView(driver, presence.fix, nowMs, policy),
    offerId: driver.work?.offerId ?? null,
    tripId: driver.work?.tripId ?? driver.standingDown ?? null,
    version: driver.version,
    ...(isClockOff(presence.clockAheadMs) ? { clockAheadMs: presence.clockAheadMs! } : {}),
  }
}

/** A call's personal data, as far as whoever is shown it may see it. */
export interface ShownTexts {
  readonly details: CallDetails | null
  readonly notes: readonly CallNote[]
}

export const NO_TEXTS: ShownTexts = { details: null, notes: [] }

/** Of a call as it is, or was at a position: what was said later is not in it. */
export function textsOf(
  { callId, noteCount = 0 }: CallState,
  texts: { detailsOf(callId: CallId): CallDetails | null; notesOf(callId: CallId): readonly CallNote[] },
): ShownTexts {
  const notes = noteCount === 0 ? [] : texts.notesOf(callId).filter(({ noteNo }) => noteNo <= noteCount)
  return { details: texts.detailsOf(callId), notes }
}

const numbersOf = (responseNo: string) => ({ incidentNo: incidentNoIn(responseNo), responseNo })

/** Bytes of text in a view of a trip, which is pushed to crews again and again. */
const NOTE_BYTES_SHOWN = 8_192

/** The newest notes, as many as find room, the oldest of these first; one at least. */
function newest(notes: readonly CallNote[]): readonly CallNote[] {
  let bytes = 0
  let from = notes.length
  for (; from > 0; from--) {
    bytes += Buffer.byteLength(notes[from - 1]!.text ?? '')
    if (bytes > NOTE_BYTES_SHOWN && from < notes.length) break
  }
  return notes.slice(from)
}

export function tripView(trip: TripState, call: CallState | undefined, { details, notes }: ShownTexts): TripShown {
  const { offer } = trip
  const read = call === undefined ? null : notesReadOf(call, trip.tripId)
  return {
    tripId: trip.tripId,
    callId: trip.callId,
    phase: trip.phase,
    priority: trip.priority,
    problem: call?.problem ?? null,
    need: wholeNeed(trip.need),
    lonDeg: trip.lonDeg,
    latDeg: trip.latDeg,
    receivedAtMs: trip.receivedAtMs,
    unitId: trip.unitId,
    offer: offer === null ? null : offerView(trip, offer),
    round: trip.round,
    onHold: trip.onHold ?? null,
    times: trip.times,
    missed: trip.missed,
    responses: responsesOf(trip).map(responseView),
    alarms: trip.alarms,
    ...(trip.handedTo === undefined ? {} : { handedTo: trip.handedTo }),
    destination: trip.destination ?? null,
    helps: trip.helps ?? null,
    helpedBy: trip.helpedBy ?? null,
    loss: trip.loss ?? null,
    disposition: trip.disposition,
    cancelReason: trip.cancelReason,
    version: trip.version,
    details,
    ...(trip.responseNo === undefined ? {} : numbersOf(trip.responseNo)),
    ...(notes.length === 0 ? {} : { notes: newest(notes), noteCount: call!.noteCount! }),
    ...(read === null ? {} : { notesRead: { unitId: read.unitId, by: read.by, noteNo: read.noteNo, atMs: read.atMs } }),
  }
}

export function alarmView(alarm: Alarm): AlarmView {
  const { alarmId, kind, severity, unitId, raisedAtMs, goneAtMs, acknowledged, escalatedAtMs, shelved } = alarm
  return {
    alarmId,
    kind,
    severity,
    tripId: subjectOfAlarm(alarmId).tripId ?? alarm.fromTripId ?? null,
    unitId,
    raisedAtMs,
    goneAtMs,
    acknowledgedBy: acknowledged?.by ?? null,
    acknowledgedAtMs: acknowledged?.atMs ?? null,
    escalatedAtMs,
    shelvedBy: shelved?.by ?? null,
    shelvedUntilMs: shelved === null ? null : shelved.atMs + shelved.forMs,
    ...(alarm.mass === undefined ? {} : { mass: alarm.mass }),
  }
}

function responseView(response: UnitResponse): ResponseView {
  const { unitId, offerId, offeredAtMs, etaMs, end = null, times } = response
  const shown = Object.entries(times).map(([time, moment]) => {
    const { atMs } = moment
    const doubt = atMs === null ? {} : doubtful(response, time as ResponseTime, atMs)
    return [time, { ...moment, ...doubt }]
  })
  const predicted = etaMs === undefined ? {} : { etaMs }
  return { unitId, offerId, offeredAtMs, ...predicted, end, times: Object.fromEntries(shown) }
}

function offerView(trip: TripState, offer: Offer): OfferView {
  const { offerId, unitId, mode, offeredAtMs, deadlineAtMs, byVoice } = offer
  const view = { offerId, tripId: trip.tripId, unitId, mode, round: trip.round, offeredAtMs, deadlineAtMs }
  return byVoice === true ? { ...view, byVoice } : view
}

export function callView(call: CallState, trips: readonly TripShown[], { details, notes }: ShownTexts): CallShown {
  return {
    callId: call.callId,
    state: call.state,
    lonDeg: call.lonDeg,
    latDeg: call.latDeg,
    priority: call.priority,
    problem: call.problem,
    needs: call.needs.map(wholeNeed),
    receivedAtMs: call.receivedAtMs,
    receivedSource: call.receivedSource ?? null,
    firstNotifiedAtMs: call.firstNotifiedAtMs ?? null,
    trips,
    details,
    ...(call.incidentNo === undefined ? {} : { incidentNo: call.incidentNo }),
    ...(notes.length === 0 ? {} : { notes, noteCount: call.noteCount! }),
    version: call.version,
  }
}

/** What clients go by of a region's policy. */
export function policyView(policy: StandingPolicy): PolicyView {
  const { version, mode, offerTimeoutMs, orderTimeoutMs, cadenceMs, staleAfterMs, lostAfterMs } = policy
  return { version, mode, offerTimeoutMs, orderTimeoutMs, cadenceMs, staleAfterMs, lostAfterMs }
}

/** A crew's whole situation. Input: its trip, with the call's personal data once it is bound, not while it may still decline. */
export function driverView(driver: DriverState, unit: UnitShown, trip: TripShown | null, policy: Policy): CrewShown {
  return { unit, trip, cadenceMs: rhythmOf(driver.status, policy).cadenceMs }
}
