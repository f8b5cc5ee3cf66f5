/**
 * Proves what a database has of a region: every row is as it was written, the log makes sense, whatever is rebuilt from snapshots is
 * what the log makes, and units, trips, calls, outcomes and numbers agree.
 *
 * The log is folded from its beginning, by the code that a start runs, so it takes the time and the memory of a start without
 * snapshots.
 */
import { isDeepStrictEqual } from 'node:util'
import { callKey, driverKey, type EntityKey, tripKey } from '../domain/entity.ts'
import type { RegionId, TripId, UnitId } from '../domain/ids.ts'
import { incidentOf } from '../domain/incident-no.ts'
import { isEnded, type TripState, unitOf } from '../domain/trip/trip.ts'
import type { MomentReader } from '../store/log/moment-reader.ts'
import { OUTCOMES_KEPT_MS } from './region/idempotency.ts'
import { type Recovered, type RecoveryJournal, recover, recoverUnchecked } from './region/recovery.ts'
import { closedStateOf } from './region/snapshots.ts'
import { stateHash } from './region/state-hash.ts'

export interface Finding {
  /** What should be so. */
  readonly rule: keyof typeof VERIFIED
  readonly text: string
}

export const VERIFIED = {
  'rows-as-written': 'every row is what was written, and none is missing from its sequence',
  'log-makes-sense': 'every event fits what the log said before it; units, trips, calls and log.open_trip agree',
  'time-runs-forward': 'recordedAt never runs backwards, and epochs only rise',
  'snapshots-are-the-log': 'what snapshots and later records make is what the log makes from its beginning',
  'closed-calls-are-the-log': 'a call that has left memory is stored as the log has it, and found by each of its trips',
  'one-open-trip': 'no unit has two open trips, and an open trip is in the queue, in an offer, or on a unit',
  'commands-once': 'a command is in the log once, and its outcome stands at its record',
  'archived-once': 'segments in files are not in the database too, and the audit has those files',
  'packed-once':
    'segments that became tracks are nowhere else, and those tracks have all of their fixes as they were written',
  'erased-as-told': 'records without their personal data are as the erasure left them, and the audit has that erasure',
  'numbers-once': 'no two calls have the same number, and none is above the last that was given',
} as const

export interface Verified {
  readonly records: number
  readonly segments: number
  /** Segments that are in files by now, of those. */
  readonly archived: number
  readonly trips: number
  /** `stateHash` of what the log makes. */
  readonly stateHash: string
  /** Calls whose personal data was erased, and the records that were written anew for it. */
  readonly erased: { readonly calls: number; readonly records: number }
  /** The first of each rule; all of them by count. */
  readonly findings: readonly Finding[]
  readonly count: number
}

/** Findings of one rule that are told; a database in ruins has as many as it has rows. */
const TOLD_MAX = 50

class Findings {
  readonly told: Finding[] = []
  readonly #counts = new Map<Finding['rule'], number>()

  find(rule: Finding['rule'], text: string): void {
    const count = (this.#counts.get(rule) ?? 0) + 1
    this.#counts.set(rule, count)
    if (count <= TOLD_MAX) this.told.push({ rule, text })
  }

  get count(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0)
  }
}

/** Errors: those of pg. */
export async function verifyRegion(reader: MomentReader, region: RegionId): Promise<Verified> {
  const findings = new Findings()
  const ends = await reader.ends(region)
  const acquired = { ownership: { region, epoch: 0, incarnation: 'nobody' }, ...ends }
  const log = await recover(fromZero(reader, findings), acquired)
  const start = await recoverUnchecked(reader, acquired)
  for (const { damage, quarantine } of [log, start]) {
    for (const { table, at, kind } of damage.named)
      if (kind !== 'contradiction') findings.find('rows-as-written', `${table}, ${at}: ${kind}`)
    for (const { message } of quarantine.reasons()) findings.find('log-makes-sense', message)
  }
  if (log.later !== null)
    findings.find(
      'log-makes-sense',
      `position ${log.later.position} has ${log.later.what}, which this version does not know`,
    )
  const archived = await checkArchives(reader, region, findings)
  compareStarts(log, start, archived.untilMs, findings)
  await checkClosed(reader, region, log, start, findings)
  checkTrips(log, findings)
  await checkCommands(reader, region, findings)
  const erased = await checkErasures(reader, region, findings)
  checkNumbers(log, findings)
  const { logEnd: records, segmentEnd: segments } = ends
  return {
    ...{ records, segments, archived: archived.segments, trips: log.trips.size, stateHash: stateHash(log), erased },
    ...{ findings: findings.told, count: findings.count },
  }
}

/** The log from its beginning, with no snapshot and no call that has left memory; its times are looked at on the way. */
function fromZero(reader: MomentReader, findings: Findings): RecoveryJournal {
  return {
    ...{ refuseSnapshots: reader.refuseSnapshots, putStreamMarks: reader.putStreamMarks },
    readSnapshots: async function* () {},
    readClosedCalls: () => Promise.resolve([]),
    readSegments: (region, after) => reader.readSegments(region, after),
    readCommands: region => reader.readCommands(region),
    readOpenTrips: region => reader.readOpenTrips(region),
    readCallDetails: (region, callIds) => reader.readCallDetails(region, callIds),
    readCallNotes: (region, callIds) => reader.readCallNotes(region, callIds),
    readIncidentNumbers: region => reader.readIncidentNumbers(region),
    async *readLog(region: RegionId, after: number) {
      let last = { recordedAtMs: 0, epoch: 0 }
      for await (const records of reader.readLog(region, after)) {
        for (const { position, recordedAtMs, epoch, damage } of records) {
          if (damage !== undefined) continue
          if (recordedAtMs < last.recordedAtMs)
            findings.find(
              'time-runs-forward',
              `position ${position} was recorded at ${recordedAtMs}, behind ${last.recordedAtMs}`,
            )
          if (epoch < last.epoch)
            findings.find('time-runs-forward', `position ${position} is of epoch ${epoch}, behind one of ${last.epoch}`)
          last = { recordedAtMs, epoch }
        }
        yield records
      }
    },
  }
}

type State = { readonly version: number }

/** A stored state has lost what was undefined. */
const isSame = (a: State, b: State): boolean =>
  isDeepStrictEqual(a, b) || isDeepStrictEqual(JSON.parse(JSON.stringify(a)), JSON.parse(JSON.stringify(b)))

function* statesOf({ drivers, trips, calls }: Recovered): Iterable<readonly [EntityKey, State]> {
  for (const state of drivers.values()) yield [driverKey(state.unitId), state]
  for (const state of trips.values()) yield [tripKey(state.tripId), state]
  for (const state of calls.values()) yield [callKey(state.callId), state]
}

function compareStarts(log: Recovered, start: Recovered, archivedUntilMs: number, findings: Findings): void {
  const logged = new Map(statesOf(log))
  for (const [entity, state] of statesOf(start)) {
    const other = logged.get(entity)
    if (other !== undefined && isSame(other, state)) continue
    findings.find(
      'snapshots-are-the-log',
      `${entity} is version ${state.version} by its snapshot, and ${other === undefined ? 'not in the log' : `another by the log (version ${other.version})`}`,
    )
  }
  for (const unitId of log.drivers.keys())
    if (!start.drivers.has(unitId))
      findings.find('snapshots-are-the-log', `unit ${unitId} is in the log and not in the snapshots`)
  for (const [unitId, { placed }] of log.locations) {
    const other = start.locations.get(unitId)?.placed ?? null
    // The fix that placed it is in a file.
    if (placed === null && other !== null && other.fixedAtMs <= archivedUntilMs) continue
    if (!isDeepStrictEqual(placed, other))
      findings.find('snapshots-are-the-log', `unit ${unitId} stands elsewhere by its snapshot than by its fixes`)
  }
}

/** What a start does not have must be stored apart, as the log has it. */
async function checkClosed(
  reader: MomentReader,
  region: RegionId,
  log: Recovered,
  start: Recovered,
  findings: Findings,
): Promise<void> {
  const find = (text: string) => findings.find('closed-calls-are-the-log', text)
  const byTrip = await reader.closedTrips(region)
  const kept = new Set<EntityKey>()
  for await (const rows of reader.allClosedCalls(region)) {
    for (const row of rows) {
      const at = `log.closed_calls, call_id ${row.callId}`
      const closed = closedStateOf(row)
      if (closed === null) {
        find(
          `${at}: ${row.damage === undefined ? 'it has a form that this version does not read' : 'it is not what was written'}`,
        )
        continue
      }
      const { call, trips } = closed
      const states: [EntityKey, State | undefined, State][] = [
        [callKey(call.callId), log.calls.get(call.callId), call],
        ...trips.map((trip): [EntityKey, State | undefined, State] => [
          tripKey(trip.tripId),
          log.trips.get(trip.tripId),
          trip,
        ]),
      ]
      for (const [entity, logged, stored] of states) {
        kept.add(entity)
        // What has changed since is in the snapshots, or in the log behind them.
        if (logged === undefined || (logged.version <= row.position && !isSame(logged, stored)))
          find(`${at}: ${entity} is another by the log`)
      }
      for (const { tripId } of trips)
        if (byTrip.get(tripId) !== call.callId) find(`${at}: nobody finds it by trip ${tripId}`)
    }
  }
  const isHere = (entity: EntityKey, isInStart: boolean) => isInStart || kept.has(entity)
  for (const id of log.trips.keys())
    if (!isHere(tripKey(id), start.trips.has(id)))
      find(`trip ${id} is in the log, and neither in the snapshots nor in log.closed_calls`)
  for (const id of log.calls.keys())
    if (!isHere(callKey(id), start.calls.has(id)))
      find(`call ${id} is in the log, and neither in the snapshots nor in log.closed_calls`)
}

function checkTrips({ trips }: Recovered, findings: Findings): void {
  const openOf = new Map<UnitId, TripId>()
  for (const trip of trips.values()) {
    if (isEnded(trip)) continue
    const unitId = unitOf(trip)
    const other = unitId === null ? undefined : openOf.get(unitId)
    if (other !== undefined) findings.find('one-open-trip', `unit ${unitId} has ${other} and ${trip.tripId}`)
    if (unitId !== null) openOf.set(unitId, trip.tripId)
    if (!hasPlace(trip))
      findings.find('one-open-trip', `trip ${trip.tripId} is ${trip.phase}, with unit ${unitId}, and nobody has it`)
  }
}

function hasPlace({ phase, offer, unitId, pendingSinceMs }: TripState): boolean {
  if (phase === 'pending') return offer === null && unitId === null && pendingSinceMs !== null
  return phase === 'offered' ? offer !== null : offer === null && unitId !== null
}

async function checkCommands(reader: MomentReader, region: RegionId, findings: Findings): Promise<void> {
  const find = (text: string) => findings.find('commands-once', text)
  // After that an id may be used again.
  for (const { principal, commandId, position, before } of await reader.commandsTwice(
    region,
    OUTCOMES_KEPT_MS,
    TOLD_MAX,
  ))
    find(`command ${commandId} of ${principal} is at position ${before} and at ${position}`)
  for (const { principal, commandId, position } of await reader.strayOutcomes(region, TOLD_MAX))
    find(`the outcome of command ${commandId} of ${principal} names position ${position}, which is not of it`)
}

async function checkArchives(
  reader: MomentReader,
  region: RegionId,
  findings: Findings,
): Promise<{ readonly segments: number; readonly untilMs: number }> {
  const archives = await reader.archives(region)
  for (const { file, twice, isAudited } of archives) {
    if (twice > 0)
      findings.find('archived-once', `${twice} segments of ${file} are in the database or another file, too`)
    if (!isAudited) findings.find('archived-once', `the audit does not have ${file} as it is said to be`)
  }
  const packs = await reader.packs(region)
  for (const { fromNo, toNo, twice, fixes, soundFixes, unsoundTracks } of packs) {
    const run = `segments ${fromNo} to ${toNo}`
    if (twice > 0) findings.find('packed-once', `${run} are in tracks, and ${twice} times elsewhere, too`)
    if (unsoundTracks > 0 || fixes !== soundFixes)
      findings.find(
        'packed-once',
        `of the ${fixes} fixes of ${run} ${soundFixes} are in tracks that are as written; ${unsoundTracks} tracks are not`,
      )
  }
  const segments = archives.reduce((sum, archive) => sum + archive.segments, 0)
  return {
    segments,
    untilMs: [...archives, ...packs].reduce((most, { lastFixedAtMs }) => Math.max(most, lastFixedAtMs), 0),
  }
}

async function checkErasures(reader: MomentReader, region: RegionId, findings: Findings): Promise<Verified['erased']> {
  const erasures = await reader.erasures(region)
  for (const { callId, isAsLeft, isAudited } of erasures) {
    if (!isAsLeft) findings.find('erased-as-told', `the records of call ${callId} are not as its erasure left them`)
    if (!isAudited) findings.find('erased-as-told', `the audit has no such erasure of call ${callId}`)
  }
  return { calls: erasures.length, records: erasures.reduce((sum, { records }) => sum + records, 0) }
}

function checkNumbers({ calls, lastNumbers }: Recovered, findings: Findings): void {
  const seen = new Map<string, string>()
  for (const { callId, incidentNo } of calls.values()) {
    if (incidentNo === undefined) continue
    const other = seen.get(incidentNo)
    if (other !== undefined) findings.find('numbers-once', `${incidentNo} is the number of ${other} and of ${callId}`)
    seen.set(incidentNo, callId)
    const incident = incidentOf(incidentNo)
    if (incident !== null && incident.number > (lastNumbers.get(incident.year) ?? 0))
      findings.find('numbers-once', `${incidentNo} of ${callId} is above the last number that was given`)
  }
}
