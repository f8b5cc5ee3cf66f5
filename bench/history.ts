/** A region's past, written into the log as an engine would have written it: units, open trips, calls that have ended. */
import { enterCall } from '../src/domain/call.ts'
import { offerMade } from '../src/domain/dispatch/offers.ts'
import { callKey, driverKey, tripKey } from '../src/domain/entity.ts'
import type { DomainEvent } from '../src/domain/events.ts'
import { type Incident, incidentNoOf } from '../src/domain/incident-no.ts'
import { DEFAULT_POLICY } from '../src/domain/policy.ts'
import { evolveTrip } from '../src/domain/trip/trip-fold.ts'
import { SEGMENT_CODEC_VERSION, SegmentEncoder } from '../src/store/location/segment-codec.ts'
import type { Ownership, RecordWrite } from '../src/store/log/journal.ts'
import { PostgresJournal } from '../src/store/log/postgres-journal.ts'
import { seeded } from '../tools/shared/random.ts'
import { type City, levelOfCareOf, somewhere, unitIdOf } from './fleet.ts'
import { REGION } from './region.ts'

export interface History {
  readonly units: number
  /** Trips that crews are on the way to; at most one a unit. */
  readonly openTrips: number
  /** Calls that were entered and cancelled, two records and two outcomes each. */
  readonly endedTrips: number
}

const CITY: City = { radiusM: 40_000 }
const UNITS_PER_RECORD = 256
const RECORDS_PER_BATCH = 512
const FIXES_PER_SEGMENT = 5_000
const FIXES_PER_UNIT = 2
const DESK = 'desk-1'

/** Output: how many records the log has then. Input: a migrated database without records in the region of the benches. */
export async function writeHistory(databaseUrl: string, history: History): Promise<number> {
  const journal = new PostgresJournal(databaseUrl)
  try {
    const { ownership } = await journal.acquire(REGION)
    const log = new PastLog(journal, ownership)
    await writeUnits(log, history.units)
    await writeOpenTrips(log, history.openTrips)
    await writeEndedTrips(log, history.endedTrips)
    await log.flush()
    await writeFixes(journal, ownership, log.position, history.units)
    return log.position
  } finally {
    await journal.close()
  }
}

/** Appends records, a batch at a time, a millisecond of region time apart and all of it in the past. */
class PastLog {
  readonly #journal: PostgresJournal
  readonly #ownership: Ownership
  #batch: RecordWrite[] = []
  position = 0
  nowMs = Date.now() - 3 * 3_600_000
  #calls = 0

  constructor(journal: PostgresJournal, ownership: Ownership) {
    this.#journal = journal
    this.#ownership = ownership
  }

  /** The number of the next call; this log keeps to one year. */
  nextIncident(): Incident {
    return { year: new Date(this.nowMs).getUTCFullYear(), number: ++this.#calls }
  }

  async append(
    events: readonly DomainEvent[],
    more: Partial<Pick<RecordWrite, 'opens' | 'incident'>> & {
      readonly principal?: string
      readonly result?: object
    } = {},
  ): Promise<void> {
    const { principal = 'system', result, opens = [], incident = null } = more
    const position = ++this.position
    const recordedAtMs = ++this.nowMs
    const commandId = result === undefined ? null : `c-${position}`
    const record = { position, recordedAtMs, epoch: this.#ownership.epoch, principal, commandId, trace: null, events }
    const bodyHash = position.toString(16).padStart(64, '0')
    const command =
      commandId === null
        ? null
        : { principal, commandId, bodyHash, position, recordedAtMs, result: { ...result } as Record<string, unknown> }
    this.#batch.push({ record, command, closes: [], opens, callDetails: null, incident })
    if (this.#batch.length >= RECORDS_PER_BATCH) await this.flush()
  }

  async flush(): Promise<void> {
    const batch = this.#batch
    this.#batch = []
    if (batch.length > 0) await this.#journal.appendRecords(this.#ownership, batch)
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

async function writeOpenTrips(log: PastLog, count: number): Promise<void> {
  const random = seeded(1)
  for (let index = 0; index < count; index++) {
    const { events, incident, callId, tripId } = newCall(log, `open${index}`, random)
    const meta = { position: log.position + 1, recordedAtMs: log.nowMs }
    const trip = evolveTrip(null, events[1]!, meta)
    const unitId = unitIdOf(index)
    const offerId = `${REGION}.offer${index}`
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
  for (let index = 0; index < count; index++) {
    const { events, incident, callId, tripId } = newCall(log, `ended${index}`, random)
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
  }
}

function newCall(log: PastLog, name: string, random: () => number) {
  const callId = `${REGION}.call${name}`
  const tripId = `${REGION}.trip${name}`
  const { lonDeg, latDeg } = somewhere(CITY, random)
  const needs = [{ levelOfCare: 'bls', capabilities: [] }] as const
  const command = { type: 'enter-call', lonDeg, latDeg, priority: 3, problem: null, needs } as const
  const entered = { ...command, receivedAtMs: log.nowMs, details: null }
  const incident = log.nextIncident()
  return { events: enterCall(entered, callId, [tripId], log.nowMs, incidentNoOf(incident)), incident, callId, tripId }
}

async function writeFixes(
  journal: PostgresJournal,
  ownership: Ownership,
  logPosition: number,
  units: number,
): Promise<void> {
  const random = seeded(3)
  const encoder = new SegmentEncoder()
  let segmentNo = 0
  const flush = async () => {
    const { bytes, fixCount, firstFixedAtMs, lastFixedAtMs } = encoder.finish()
    const segment = { segmentNo: ++segmentNo, logPosition, firstFixedAtMs, lastFixedAtMs, fixCount, bytes }
    await journal.appendSegment(ownership, { ...segment, codecVersion: SEGMENT_CODEC_VERSION })
  }
  for (let seq = 1; seq <= FIXES_PER_UNIT; seq++) {
    for (let index = 0; index < units; index++) {
      const fixedAtMs = Date.now() - 60_000 + seq * 15_000
      const place = somewhere(CITY, random)
      const fix = { seq, fixedAtMs, ...place, accuracyM: 5, speedMps: 10, headingDeg: 90 }
      encoder.add(unitIdOf(index), `s${index}`, fix, 0)
      if (encoder.fixCount >= FIXES_PER_SEGMENT) await flush()
    }
  }
  if (encoder.fixCount > 0) await flush()
}
