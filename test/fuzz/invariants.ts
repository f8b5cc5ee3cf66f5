/** What must be true of a region after whatever it was sent: trips and units agree, and memory is what the log says. */
import assert from 'node:assert/strict'
import type { Session } from '../../src/actors/region-handle.ts'
import type { Role } from '../../src/domain/roles.ts'
import { messageOf } from '../../src/protocol/encode.ts'
import type { Told } from '../../src/protocol/told.ts'
import type { ServerMessage } from '../../src/protocol/wire/server-tuples.ts'
import type { TripView, UnitView } from '../../src/protocol/wire/situation-views.ts'
import { type FuzzedRegion, REGION } from './region.ts'

interface Board {
  readonly position: number
  readonly trips: readonly TripView[]
  readonly units: readonly UnitView[]
}

/** Errors: AssertionError that names the trip or unit. */
export async function checkBoard(region: FuzzedRegion): Promise<void> {
  const { trips, units } = await boardOf(region)
  const byTrip = new Map(trips.map(trip => [trip.tripId, trip]))
  for (const { unitId, tripId, status } of units) {
    // One that stands down names the trip that it had: another unit's by now, or none's.
    if (status === 'standing-down') {
      assert.notEqual(tripId, null, `the trip that unit ${unitId} had`)
      continue
    }
    assert.equal(tripId !== null, WORKING.has(status), `whether unit ${unitId} has a trip while it is ${status}`)
    if (tripId === null) continue
    const trip = byTrip.get(tripId)
    assert.ok(trip !== undefined, `unit ${unitId} works on trip ${tripId}, which has ended`)
    assert.equal(unitOf(trip), unitId, `the unit of trip ${tripId}`)
  }
  const byUnit = new Map(units.map(unit => [unit.unitId, unit]))
  for (const trip of trips) {
    const unitId = unitOf(trip)
    assert.equal(trip.phase === 'pending', unitId === null, `who has trip ${trip.tripId}, which is ${trip.phase}`)
    if (unitId !== null) assert.equal(byUnit.get(unitId)?.tripId, trip.tripId, `the trip of unit ${unitId}`)
  }
}

/** Whoever works on a trip, or is asked to. */
const unitOf = (trip: TripView): string | null => trip.unitId ?? trip.offer?.unitId ?? null

const WORKING: ReadonlySet<string> = new Set([
  'offered',
  'assigned',
  'en-route',
  'on-scene',
  'transporting',
  'at-destination',
])

/** Restarts the region: what it recovers from the log must be what it had. Errors: AssertionError, BrokenInvariant. */
export async function checkRecovery(region: FuzzedRegion): Promise<void> {
  await region.settle()
  const before = await boardOf(region)
  await region.restart()
  await region.settle()
  assert.deepEqual(comparable(await boardOf(region)), comparable(before))
}

/** The board but for what is not in the log. */
function comparable({ trips, units }: Board) {
  return {
    trips,
    units: units.map(({ connected: _, fix: __, awaySinceMs: ___, reach: ____, clockAheadMs: _____, ...unit }) => unit),
  }
}

async function boardOf(region: FuzzedRegion): Promise<Board> {
  const reader = new BoardReader()
  region.host.open(reader, { helloId: 'h', clientNowMs: region.machine.wallMs(), streams: [] })
  await region.settle()
  region.host.tell(reader, { type: 'watch-board', id: 'w', fromPosition: null })
  await region.settle()
  await region.advanceUntil(() => reader.hasBoard)
  region.host.closed(reader)
  await region.settle()
  return reader.board()
}

class BoardReader implements Session {
  readonly sessionId = 'board-reader'
  readonly region = REGION
  readonly role: Role = 'dispatcher'
  readonly principal = 'board-reader'
  readonly unitId = null
  readonly feedUnits = null
  readonly isBehind = false
  readonly ticket = null
  readonly limits = { frameBytes: 65_536, fixesPerFrame: 256 }
  readonly #messages: ServerMessage[] = []

  tell(told: Told): void {
    this.#messages.push(messageOf(told))
  }
  tellShared({ told }: { told: Told }): void {
    this.tell(told)
  }
  close(): void {}

  get hasBoard(): boolean {
    return this.#messages.some(message => message[0] === 'board')
  }

  board(): Board {
    const parts = this.#messages.filter(message => message[0] === 'board')
    assert.ok(parts.length > 0 && parts.length === parts[0]![3], 'the board did not come whole')
    const trips = parts.flatMap(part => part[4]).sort((a, b) => (a.tripId < b.tripId ? -1 : 1))
    const units = parts.flatMap(part => part[5]).sort((a, b) => (a.unitId < b.unitId ? -1 : 1))
    return { position: parts[0]![1], trips, units }
  }
}
