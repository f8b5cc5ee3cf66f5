/** A region's past, written into the log as an engine would have written it: units, years of work, open trips, calls that have ended. */
import { OUTCOMES_KEPT_MS } from '../src/actors/region/idempotency.ts'
import { enterCall } from '../src/domain/call.ts'
import { offerMade } from '../src/domain/dispatch/offers.ts'
import { callKey, driverKey, tripKey } from '../src/domain/entity.ts'
import { incidentNoOf } from '../src/domain/incident-no.ts'
import { DEFAULT_POLICY } from '../src/domain/policy.ts'
import { evolveTrip } from '../src/domain/trip/trip-fold.ts'
import { setUnitStatus } from '../src/domain/unit/crew-duty.ts'
import { PostgresJournal } from '../src/store/log/postgres-journal.ts'
import { seeded } from '../tools/shared/random.ts'
import { type City, levelOfCareOf, somewhere, unitIdOf } from './fleet.ts'
import { PastLog } from './past-log.ts'
import { REGION } from './region.ts'

export interface History {
  /** That of the benches unless told. */
  readonly region?: string
  readonly units: number
  /** Trips that crews are on the way to, one a unit; what is beyond the number of units waits for one. */
  readonly openTrips: number
  /** Calls that were entered and cancelled a moment ago, two records and two outcomes each. */
  readonly endedTrips?: number
  /** What was before the last hours: at least so many records in all, spread over that time. */
  readonly long?: { readonly records: number; readonly spanMs: number }
  /** Of each unit; two unless told. */
  readonly fixesPerUnit?: number
  /** A whole set of snapshots at the end. */
  readonly withSnapshots?: boolean
  /** Hears now and then how many records are written. */
  readonly onProgress?: (records: number) => void
}

const CITY: City = { radiusM: 40_000 }
const UNITS_PER_RECORD = 256
const DESK = 'desk-1'
const LAST_HOURS_MS = 3 * 3_600_000
/** Of the years: units that go out of service and come back for each call, two records each. */
const STATUSES_PER_CALL = 9
const PROGRESS_EVERY = 50_000

/** Output: how many records the log has then. Input: a migrated database without records in the region. */
export async function writeHistory(databaseUrl: string, history: History): Promise<number> {
  const { region = REGION, units, openTrips, endedTrips = 0, long, fixesPerUnit = 2, withSnapshots = false } = history
  const journal = new PostgresJournal(databaseUrl)
  try {
    const { ownership } = await journal.acquire(region)
    const nowMs = Date.now()
    const beginsMs = nowMs - LAST_HOURS_MS - (long?.spanMs ?? 0)
    const log = new PastLog(journal, ownership, { beginsMs, outcomesFromMs: nowMs - OUTCOMES_KEPT_MS })
    await writeUnits(log, units)
    if (long !== undefined) await writeYears(log, history)
    log.goOn(nowMs - LAST_HOURS_MS)
    await writeOpenTrips(log, units, openTrips)
    await writeEndedTrips(log, endedTrips)
    await writeFixes(log, units, fixesPerUnit)
    if (withSnapshots) await log.writeSnapshots()
    await log.end()
    return log.position
  } finally {
    await journal.close()
  }
}

async function writeUnits(log: PastLog, count: number): Promise<void> {
  for (let from = 0; from < count; from += UNITS_PER_RECORD) {
    const part = Array.from({ length: Math.min(UNITS_PER_RECORD, count - from) }, (_, i) => unitReference(from + i))
    await log.append(
      part.map(unit => ({ type: 'UnitRegistered', v: 1, entity: driverKey(unit.unitId), ...unit }) as const),
    )
  }
  for (let index = 0; index < count; index++) {
    const unitId = unitIdOf(index)
    const base = { v: 1, entity: driverKey(unitId), unitId, happenedAtMs: log.nowMs } as const
    await log.append(
      [
        { type: 'CrewSignedOn', ...base, principal: unitId },
        { type: 'UnitBecameAvailable', ...base },
      ],
      { principal: unitId },
    )
  }
}

/** As the region's reference data has them. */
export const unitReference = (index: number) => ({
  unitId: unitIdOf(index),
  callSign: unitIdOf(index),
  levelOfCare: levelOfCareOf(index),
  capabilities: [],
  homeStation: null,
})

/** Beyond the number of units they wait for one. */
async function writeOpenTrips(log: PastLog, units: number, count: number): Promise<void> {
  const random = seeded(1)
  for (let index = 0; index < count; index++) {
    const { events, incident, callId, tripId } = newCall(log, `open${index}`, random)
    if (index >= units) {
      await log.append(events, { principal: DESK, result: { callId, tripIds: [tripId] }, incident })
      continue
    }
    const meta = { position: log.position + 1, recordedAtMs: log.nowMs }
    const trip = evolveTrip(null, events[1]!, meta)
    const unitId = unitIdOf(index)
    const offerId = `${log.region}.offer${index}`
    const decision = { basis: 'straight-line', candidates: [], excluded: {} } as const
    const offer = offerMade(trip, { unitId, offerId, round: 1, isByVoice: false }, decision, DEFAULT_POLICY, log.nowMs)
    await log.append([...events, ...offer], {
      principal: DESK,
      result: { callId, tripIds: [tripId] },
      opens: [{ unitId, tripId }],
      incident,
    })
    const base = { v: 1, entity: tripKey(tripId), tripId, unitId, happenedAtMs: log.nowMs } as const
    await log.append(
      [
        { type: 'OfferAccepted', ...base, offerId },
        { type: 'TripPhaseReached', ...base, phase: 'en-route', cause: 'driver', missed: [] },
      ],
      { principal: unitId, result: { tripId } },
    )
  }
}

async function writeEndedTrips(log: PastLog, count: number): Promise<void> {
  const random = seeded(2)
  for (let index = 0; index < count; index++) await writeEndedCall(log, `ended${index}`, random)
}

/** Of each twenty records two are of a call, which leaves memory, and eighteen of units that go out of service and come back. */
async function writeYears(log: PastLog, history: History): Promise<void> {
  const { units, long, onProgress = () => undefined } = history
  const { records, spanMs } = long!
  const random = seeded(4)
  log.stepMs = spanMs / records
  let unit = 0
  for (let calls = 0; log.position < records; calls++) {
    await log.leave(await writeEndedCall(log, `past${calls}`, random))
    for (let i = 0; i < STATUSES_PER_CALL; i++, unit++) await writeStatuses(log, unitIdOf(unit % units))
    if (log.position % PROGRESS_EVERY < 2 * (1 + STATUSES_PER_CALL)) onProgress(log.position)
  }
}

async function writeStatuses(log: PastLog, unitId: string): Promise<void> {
  for (const status of ['unavailable', 'available'] as const) {
    const reason = status === 'unavailable' ? 'refuel' : null
    const command = { type: 'set-unit-status', unitId, status, reason, happenedAtMs: log.nowMs } as const
    const decision = setUnitStatus(log.memory.driver(unitId)!, command, false)
    if (!decision.ok) throw new Error(decision.refusal.message)
    await log.append(decision.events, { principal: DESK, result: { unitId, status } })
  }
}

/** Output: the call's id. */
async function writeEndedCall(log: PastLog, name: string, random: () => number): Promise<string> {
  const { events, incident, callId, tripId } = newCall(log, name, random)
  await log.append(events, { principal: DESK, result: { callId, tripIds: [tripId] }, incident })
  const cancelled = {
    type: 'TripCancelled',
    v: 1,
    entity: tripKey(tripId),
    tripId,
    callId,
    reason: 'no-longer-needed',
    inPhase: 'pending',
    unitId: null,
    cause: 'dispatcher',
  } as const
  await log.append([cancelled, { type: 'CallCancelled', v: 1, entity: callKey(callId), callId }], {
    principal: DESK,
    result: { callId, state: 'cancelled', tripIds: [tripId] },
  })
  return callId
}

function newCall(log: PastLog, name: string, random: () => number) {
  const callId = `${log.region}.call${name}`
  const tripId = `${log.region}.trip${name}`
  const { lonDeg, latDeg } = somewhere(CITY, random)
  const needs = [{ levelOfCare: 'bls', capabilities: [] }] as const
  const command = { type: 'enter-call', lonDeg, latDeg, priority: 3, problem: null, needs } as const
  const entered = { ...command, receivedAtMs: log.nowMs, details: null }
  const incident = log.nextIncident()
  return { events: enterCall(entered, callId, [tripId], log.nowMs, incidentNoOf(incident)), incident, callId, tripId }
}

async function writeFixes(log: PastLog, units: number, each: number): Promise<void> {
  const random = seeded(3)
  for (let seq = 1; seq <= each; seq++) {
    for (let index = 0; index < units; index++) {
      const fixedAtMs = Date.now() - 60_000 + seq * 15_000
      const fix = { seq, fixedAtMs, ...somewhere(CITY, random), accuracyM: 5, speedMps: 10, headingDeg: 90 }
      await log.fix(unitIdOf(index), `s${index}`, fix)
    }
  }
}
