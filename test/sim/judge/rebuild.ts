/** Whether memory and what is rebuilt from the database are one: actor by actor, up to what was durable. */
import { isDeepStrictEqual } from 'node:util'
import type { DriverLocation } from '../../../src/actors/driver/location.ts'
import { type Recovered, recoverUnchecked } from '../../../src/actors/region/recovery.ts'
import { callKey, driverKey, type EntityKey, regionKey, tripKey } from '../../../src/domain/entity.ts'
import { isNewer } from '../../../src/domain/fix.ts'
import type { RegionId, UnitId } from '../../../src/domain/ids.ts'
import type { Journal } from '../../../src/store/log/journal.ts'
import type { DurableEnds, OwnedRegion } from '../core/watch.ts'
import type { Findings } from './findings.ts'
import type { EntityState, StateHistory } from './history.ts'
import { sameJson } from './log-account.ts'
import type { PutAway } from './put-away.ts'
import type { Tracks } from './tracks.ts'

/** States that were found right before; they are never changed in place, which the last look makes sure of. */
export type Verified = Map<EntityKey, EntityState>

/**
 * Compares a region's memory with the log as far as both know it to be durable. Input: the position up to which the
 * memory is its region's; what was verified before, null to look at everything.
 */
export function compareMemory(
  { states, logDurable }: OwnedRegion,
  limit: number,
  history: StateHistory,
  verified: Verified | null,
  name: string,
  putAway: PutAway,
  findings: Findings,
): void {
  const position = Math.min(limit, logDurable)
  const seen = new Set<EntityKey>()
  const compare = (entity: EntityKey, state: EntityState) => {
    seen.add(entity)
    if (state.version > position || verified?.get(entity) === state) return
    const logged = history.at(entity, position)
    if (logged !== undefined && sameStates(logged, state)) verified?.set(entity, state)
    else findings.find('rebuild-equals-memory', difference(name, entity, position, state, logged))
  }
  for (const { state } of states.driverActors()) compare(driverKey(state.unitId), state)
  for (const state of states.tripStates()) compare(tripKey(state.tripId), state)
  for (const state of states.callStates()) compare(callKey(state.callId), state)
  if (states.regionState.version > 0) compare(regionKey(states.regionState.regionId), states.regionState)
  for (const entity of history.entities()) {
    const logged = seen.has(entity) ? undefined : history.at(entity, position)
    if (logged === undefined || putAway.has(entity, logged)) continue
    findings.find(
      'rebuild-equals-memory',
      `${name} does not have ${entity}, which is in the log by position ${position}`,
    )
  }
}

/** Compares where units are in memory that was just recovered with the stored fixes. */
export function compareLocations({ states }: OwnedRegion, tracks: Tracks, name: string, findings: Findings): void {
  for (const { unitId, location } of states.driverActors()) compareLocation(unitId, location, tracks, name, findings)
}

function compareLocation(
  unitId: UnitId,
  location: DriverLocation,
  tracks: Tracks,
  name: string,
  findings: Findings,
): void {
  const stored = tracks.place(unitId)
  const { placed } = location
  if (stored?.fixedAtMs !== placed?.fixedAtMs || stored?.seq !== placed?.seq || stored?.lonDeg !== placed?.lonDeg) {
    const [is, should] = [placed, stored].map(placeText)
    findings.find('rebuild-equals-memory', `${name} has ${unitId} at ${is}, and the newest stored fix is ${should}`)
  }
  for (const { streamId, receivedSeq } of location.streams()) {
    const stream = tracks.stream(unitId, streamId)
    if (receivedSeq >= stream.stored.max && receivedSeq <= stream.covered.max) continue
    const text = `${name} goes on with stream ${streamId} of ${unitId} behind fix ${receivedSeq}; stored are those up to ${stream.stored.max}, with holes up to ${stream.covered.max}`
    findings.find('rebuild-equals-memory', text)
  }
}

/** While a region is served, a unit may stand at a fix that is not stored yet, but never behind one that is. */
export function checkPlaces(
  { states }: OwnedRegion,
  tracks: Tracks,
  name: string,
  mayReplace: boolean,
  findings: Findings,
): void {
  for (const { unitId, location } of states.driverActors()) {
    const stored = tracks.place(unitId)
    // A place of a clock that was ahead is replaced by a fix that is stored only later.
    if (mayReplace && stored !== null && location.placed !== null) continue
    if (stored === null || (location.placed !== null && !isNewer(stored, location.placed))) continue
    const text = `${name} has ${unitId} at ${placeText(location.placed)}, and stored is the newer ${placeText(stored)}`
    findings.find('place-is-newest', text)
  }
}

const placeText = (
  place: {
    readonly streamId: string
    readonly seq: number
    readonly fixedAtMs: number
    readonly lonDeg: number
    readonly latDeg: number
  } | null,
): string =>
  place === null
    ? 'no place'
    : `${place.lonDeg} ${place.latDeg} (fix ${place.seq} of ${place.streamId}, ${place.fixedAtMs})`

interface RebuildParts {
  readonly journal: Journal
  readonly region: RegionId
  readonly history: StateHistory
  readonly putAway: PutAway
  readonly findings: Findings
}

/** Rebuilds from the beginning and from the newest snapshots, as a start would, and compares the two. */
export async function compareRebuilds(
  { journal, region, history, putAway, findings }: RebuildParts,
  ends: DurableEnds,
  hasSnapshots: boolean,
): Promise<Recovered> {
  const acquired = { ownership: { region, epoch: 0, incarnation: 'the judge' }, ...ends }
  const upTo = (withSnapshots: boolean) => recoverUnchecked(readerUpTo(journal, ends, withSnapshots), acquired)
  // Both read the snapshots before anything else can happen.
  const [fromZero, fromSnapshots] = await Promise.all([upTo(false), hasSnapshots ? upTo(true) : null])
  for (const [entity, state] of entitiesOf(fromZero)) {
    const logged = history.at(entity, ends.logEnd)
    if (logged === undefined || !sameStates(logged, state)) {
      findings.find('rebuild-equals-memory', difference('a rebuild from zero', entity, ends.logEnd, state, logged))
    }
  }
  if (fromSnapshots !== null) compareRecovered(fromZero, fromSnapshots, ends, putAway, findings)
  return fromZero
}

function compareRecovered(
  a: Recovered,
  b: Recovered,
  { logEnd, segmentEnd }: DurableEnds,
  putAway: PutAway,
  findings: Findings,
): void {
  const find = (text: string) =>
    findings.find('snapshot-equals-log', `at position ${logEnd} and segment ${segmentEnd}, ${text}`)
  const [zero, snapshots] = [new Map(entitiesOf(a)), new Map(entitiesOf(b))]
  for (const entity of new Set([...zero.keys(), ...snapshots.keys()])) {
    const [from, other] = [zero.get(entity), snapshots.get(entity)]
    if (from !== undefined && other !== undefined && sameStates(from, other)) continue
    if (from !== undefined && other === undefined && putAway.has(entity, from)) continue
    find(`${entity} is ${JSON.stringify(from)} from zero and ${JSON.stringify(other)} from the snapshots`)
  }
  for (const unitId of new Set([...a.locations.keys(), ...b.locations.keys()])) {
    const [from, other] = [a.locations.get(unitId), b.locations.get(unitId)]
    if (!isDeepStrictEqual(from?.placed ?? null, other?.placed ?? null)) {
      const [first, second] = [from, other].map(location => placeText(location?.placed ?? null))
      find(`${unitId} stands at ${first} from zero and at ${second} from the snapshots`)
    }
    // Of many streams each may have kept others: which are forgotten follows the order of their use.
    for (const { streamId, receivedSeq } of from?.streams() ?? []) {
      const known = other?.knownStream(streamId)
      if (known === undefined || known.receivedSeq === receivedSeq) continue
      find(
        `stream ${streamId} of ${unitId} ends at ${receivedSeq} from zero and at ${known.receivedSeq} from the snapshots`,
      )
    }
  }
}

function* entitiesOf({ drivers, trips, calls, region }: Recovered): Iterable<[EntityKey, EntityState]> {
  for (const state of drivers.values()) yield [driverKey(state.unitId), state]
  for (const state of trips.values()) yield [tripKey(state.tripId), state]
  for (const state of calls.values()) yield [callKey(state.callId), state]
  if (region.version > 0) yield [regionKey(region.regionId), region]
}

/** The journal as it stood at these ends, to be read only. */
function readerUpTo(journal: Journal, ends: DurableEnds, withSnapshots: boolean): Journal {
  const reader: Partial<Journal> = {
    async *readLog(region, after) {
      for await (const chunk of journal.readLog(region, after))
        yield chunk.filter(({ position }) => position <= ends.logEnd)
    },
    async *readSegments(region, after) {
      for await (const chunk of journal.readSegments(region, after)) {
        yield chunk.filter(({ segmentNo }) => segmentNo <= ends.segmentEnd)
      }
    },
    async *readSnapshots(region) {
      if (withSnapshots) yield* journal.readSnapshots(region)
    },
    readCommands: (region, since) => journal.readCommands(region, since),
    readCallDetails: (region, callIds) => journal.readCallDetails(region, callIds),
    async readClosedCalls(region, names) {
      const calls = withSnapshots ? await journal.readClosedCalls(region, names) : []
      return calls.filter(({ position }) => position <= ends.logEnd)
    },
    readIncidentNumbers: region => journal.readIncidentNumbers(region),
    readCallNotes: (region, callIds) => journal.readCallNotes(region, callIds),
    // The marks of streams that leave memory on the way: the judge looks at what is there, and writes nothing.
    putStreamMarks: () => Promise.resolve('durable'),
  }
  return reader as Journal
}

export const sameStates = (a: EntityState, b: EntityState): boolean => isDeepStrictEqual(a, b) || sameJson(a, b)

function difference(
  name: string,
  entity: EntityKey,
  position: number,
  state: EntityState,
  logged: EntityState | undefined,
): string {
  return `${name} has ${entity} as ${JSON.stringify(state)}; by position ${position} the log makes it ${JSON.stringify(logged)}`
}
