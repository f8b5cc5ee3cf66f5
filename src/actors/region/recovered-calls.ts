/**
 * Calls that had left memory and that a start needs again: those that the log after the snapshots names, and what is missing
 * beside a call or trip that is there.
 *
 * Whatever is at a later position counts, the snapshot or the stored call: a snapshot that was written late may be older.
 */
import { callKey, type EntityKey, idOf, kindOf, tripKey } from '../../domain/entity.ts'
import { entitiesOf } from '../../domain/events.ts'
import type { CallId, TripId } from '../../domain/ids.ts'
import type { Acquired, CallNames, ClosedCall, Journal, LogRecord } from '../../store/log/journal.ts'
import type { RecoveringMemory } from './recovering-memory.ts'
import { closedStateOf } from './snapshots.ts'

/** Names in one question: with what comes of them some megabytes. */
const NAMES_AT_ONCE = 1_000

/** Those that the records are about and that neither memory nor the records themselves make. Errors: those of the journal. */
export async function callsOfPage(
  journal: Pick<Journal, 'readClosedCalls'>,
  acquired: Acquired,
  memory: RecoveringMemory,
  records: readonly LogRecord[],
): Promise<void> {
  const made = new Set<EntityKey>()
  const missing = new Set<EntityKey>()
  for (const { events } of records) {
    for (const event of events) {
      if (MAKES.has(event.type)) made.add(event.entity)
      for (const entity of entitiesOf(event)) if (!memory.has(entity) && !made.has(entity)) missing.add(entity)
    }
  }
  await bringBack(journal, acquired, memory, missing)
}

/** What makes a call or a trip, so that there is nothing of it before. */
const MAKES: ReadonlySet<string> = new Set(['CallEntered', 'TripCreated', 'HelpAdded'])

/** Calls and trips that a later row than their snapshot has, before the log is read on. Errors: those of the journal. */
export async function callsOfSnapshots(
  journal: Pick<Journal, 'readClosedCalls'>,
  acquired: Acquired,
  memory: RecoveringMemory,
): Promise<void> {
  const named = new Set<EntityKey>()
  for (const { tripId } of memory.trips.values()) named.add(tripKey(tripId))
  for (const { callId } of memory.calls.values()) named.add(callKey(callId))
  await bringBack(journal, acquired, memory, named, true)
}

/** What is missing beside the calls and trips that are there. Errors: those of the journal. */
export async function callsBeside(
  journal: Pick<Journal, 'readClosedCalls'>,
  acquired: Acquired,
  memory: RecoveringMemory,
): Promise<void> {
  const missing = new Set<EntityKey>()
  for (const { callId } of memory.trips.values()) if (!memory.calls.has(callId)) missing.add(callKey(callId))
  for (const { callId, tripIds } of memory.calls.values())
    if (tripIds.some(tripId => !memory.trips.has(tripId))) missing.add(callKey(callId))
  await bringBack(journal, acquired, memory, missing)
}

/** Input: `replaces`, a later row also counts more than what is there; nothing was folded into that yet. */
async function bringBack(
  journal: Pick<Journal, 'readClosedCalls'>,
  { ownership, logEnd }: Acquired,
  memory: RecoveringMemory,
  entities: ReadonlySet<EntityKey>,
  replaces = false,
): Promise<void> {
  const named = [...entities]
  for (let from = 0; from < named.length; from += NAMES_AT_ONCE) {
    const names = namesOf(named.slice(from, from + NAMES_AT_ONCE))
    if (names.callIds.length + names.tripIds.length === 0) continue
    for (const row of await journal.readClosedCalls(ownership.region, names)) take(row, logEnd, memory, replaces)
  }
}

function namesOf(entities: readonly EntityKey[]): CallNames {
  const callIds: CallId[] = []
  const tripIds: TripId[] = []
  for (const entity of entities) {
    if (kindOf(entity) === 'call') callIds.push(idOf(entity))
    else if (kindOf(entity) === 'trip') tripIds.push(idOf(entity))
  }
  return { callIds, tripIds, incidents: [] }
}

function take(row: ClosedCall, logEnd: number, memory: RecoveringMemory, replaces: boolean): void {
  const { callId, position } = row
  const at = `call_id ${callId}`
  const entities = [callKey(callId)]
  if (row.damage !== undefined) return memory.holdNamed(row.damage, position)
  if (position > logEnd)
    return memory.holdNamed({ table: 'log.closed_calls', at, kind: 'beyond-end', rows: 1, entities }, position)
  const closed = closedStateOf(row)
  // Of another form: the log is replayed from its beginning, and what is here is not asked.
  if (closed === null) return
  const { call, trips } = closed
  const takes = (entity: EntityKey) => memory.takesClosed(entity, position, replaces)
  if (takes(callKey(callId))) memory.calls.set(callId, call)
  for (const trip of trips) if (takes(tripKey(trip.tripId))) memory.trips.set(trip.tripId, trip)
}
