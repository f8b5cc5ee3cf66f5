/**
 * Everything that the database has about one call, as of one moment: for whoever may see all of it, such as a court.
 *
 * Of other calls nothing is in it: of a record only the events that concern this one.
 */
import { sql } from 'kysely'
import type { RegionId, UnitId } from '../../domain/ids.ts'
import type { StoredEntry } from '../audit/audit-chain.ts'
import { entriesAbout } from '../audit/entries-about.ts'
import { readTrack, type TrackFix } from '../location/track.ts'
import { type DetailsVersion, readDetailsVersions } from '../log/details-versions.ts'
import { historyOf, type ToldEvent } from '../log/entity-history.ts'
import { PROVEN_CALL_NOTES } from '../log/journal-statements.ts'
import { firstSince } from '../log/log-since.ts'
import { noteOf, type StoredNote } from '../log/stored-rows.ts'
import type { Database } from '../postgres/database.ts'
import { getPolicy, type PolicyRecord } from '../reference/policies.ts'
import { type CallRows, callRows } from '../views/call-rows.ts'
import type { WholeCall } from '../views/whole-call.ts'
import { lastErasure } from './erasures.ts'
import { holdOn } from './holds.ts'

/** Where a unit was while it was asked for the call, or worked on it. */
export interface UnitTrack {
  readonly unitId: UnitId
  readonly fromMs: number
  readonly toMs: number
  readonly fixes: readonly TrackFix[]
  /** There are more than are told. */
  readonly isCut: boolean
  /** Stored fixes of the span that cannot be read. */
  readonly damagedSegments: number
}

interface RecordProof {
  readonly position: number
  readonly recordedAtMs: number
  /** Of the whole record; null in records of before. */
  readonly checksum: string | null
}

export interface Disclosure {
  readonly call: WholeCall
  readonly rows: CallRows
  readonly events: readonly ToldEvent[]
  /** Of the records of the events. */
  readonly proofs: readonly RecordProof[]
  readonly details: readonly DetailsVersion[]
  readonly notes: readonly ReturnType<typeof noteOf>[]
  readonly tracks: readonly UnitTrack[]
  /** Those that decisions name. */
  readonly policies: readonly PolicyRecord[]
  readonly audit: readonly StoredEntry[]
  readonly erasedAt: Date | null
  readonly heldSince: Date | null
}

/** Within this after the last step of a trip its crew has said all that it says of it. */
const AFTERWARDS_MS = 4 * 3_600_000
/** A unit is shown from where it stood a little before it was asked. */
const BEFORE_MS = 5 * 60_000
/** Of one unit: a day and more at one a second. */
const FIXES_MAX = 100_000
const FIXES_AT_ONCE = 5_000
const VERSIONS_AT_ONCE = 100

/** Input: a transaction that sees one moment. Errors: those of pg. */
export async function gatherDisclosure(database: Database, call: WholeCall): Promise<Disclosure> {
  const { region, callId, tripIds } = call
  const rows = await callRows(database, call)
  const events = await eventsOf(database, call, rows)
  const versions = [...new Set(rows.decisions.map(row => row.policy_version as number | null))]
  const policies: PolicyRecord[] = []
  for (const version of versions) {
    const policy = version === null ? undefined : await getPolicy(database, region, version)
    if (policy !== undefined) policies.push(policy)
  }
  const tracks: UnitTrack[] = []
  for (const span of spansOf(rows, events)) tracks.push(await trackOf(database, region, span))
  return {
    ...{ call, rows, events, policies, tracks },
    proofs: await proofsOf(
      database,
      region,
      events.map(({ position }) => position),
    ),
    details: await detailsOf(database, call),
    notes: await notesOf(database, call),
    audit: await entriesAbout(database, region, [callId, ...tripIds]),
    erasedAt: await lastErasure(database, call),
    heldSince: (await holdOn(database, region, callId))?.placedAt ?? null,
  }
}

async function eventsOf(database: Database, call: WholeCall, rows: CallRows): Promise<ToldEvent[]> {
  const { region, callId, tripIds, firstPosition, lastPosition } = call
  const lastStepMs = Math.max(...rows.trips.map(row => row.phase_since_ms as number))
  const afterwards = rows.trips.length === 0 ? 0 : (await firstSince(database, region, lastStepMs + AFTERWARDS_MS)) - 1
  const span = { from: firstPosition - 1, to: Math.max(lastPosition, afterwards) }
  const events: ToldEvent[] = []
  for await (const page of historyOf(database, region, [callId, ...tripIds], span)) events.push(...page)
  return events
}

interface UnitSpan {
  readonly unitId: UnitId
  readonly fromMs: number
  readonly toMs: number
}

/** Of each unit that was asked: from a little before until its last moment on any of the trips. */
function spansOf({ offers, tripTimes, trips }: CallRows, events: readonly ToldEvent[]): UnitSpan[] {
  const lastMs = Math.max(0, ...events.map(({ recordedAtMs }) => recordedAtMs))
  const units = [...new Set(offers.map(row => row.unit_id as UnitId))].sort()
  return units.map(unitId => {
    const own = offers.filter(row => row.unit_id === unitId)
    const ends = [
      ...own.map(row => row.outcome_at_ms ?? lastMs),
      ...tripTimes.filter(row => row.unit_id === unitId).map(row => row.at_ms),
      ...trips.filter(row => row.unit_id === unitId).map(row => row.ended_at_ms ?? lastMs),
    ] as (number | null)[]
    return {
      unitId,
      fromMs: Math.min(...own.map(row => row.offered_at_ms as number)) - BEFORE_MS,
      toMs: Math.max(...ends.map(ms => ms ?? 0)) + 1,
    }
  })
}

async function trackOf(database: Database, region: RegionId, { unitId, fromMs, toMs }: UnitSpan): Promise<UnitTrack> {
  const fixes: TrackFix[] = []
  const damaged = new Set<string>()
  let damagedSegments = 0
  for (let after: Parameters<typeof readTrack>[1]['after'] = null; fixes.length < FIXES_MAX; ) {
    const page = await readTrack(database, { region, unitId, fromMs, toMs, after, limit: FIXES_AT_ONCE })
    fixes.push(...page.fixes)
    for (const span of page.damaged) {
      const name = JSON.stringify(span)
      if (!damaged.has(name)) damagedSegments += span.segments
      damaged.add(name)
    }
    after = page.next
    if (after === null) return { unitId, fromMs, toMs, fixes, isCut: false, damagedSegments }
  }
  return { unitId, fromMs, toMs, fixes, isCut: true, damagedSegments }
}

async function proofsOf(database: Database, region: RegionId, positions: readonly number[]): Promise<RecordProof[]> {
  const { rows } = await sql<RecordProof>`SELECT position, recorded_at_ms AS "recordedAtMs", checksum::text AS checksum
    FROM log.records WHERE region = ${region} AND position = ANY (${[...new Set(positions)]}::bigint[])
    ORDER BY position`.execute(database)
  return rows
}

async function detailsOf(database: Database, { region, callId }: WholeCall): Promise<DetailsVersion[]> {
  const versions: DetailsVersion[] = []
  for (;;) {
    const page = { after: versions.at(-1)?.position ?? -1, limit: VERSIONS_AT_ONCE }
    const some = await readDetailsVersions(database, region, callId, page)
    versions.push(...some)
    if (some.length < VERSIONS_AT_ONCE) return versions
  }
}

async function notesOf(database: Database, { region, callId }: WholeCall) {
  const { rows } = await sql<StoredNote>`${sql.raw(PROVEN_CALL_NOTES)}
    WHERE region = ${region} AND call_id = ${callId} ORDER BY note_no`.execute(database)
  return rows.map(noteOf)
}
