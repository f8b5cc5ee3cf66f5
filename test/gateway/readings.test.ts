/** Who is noted to have read a call, how often, and when nobody is. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SharedFrame } from '../../src/actors/region-handle.ts'
import { Readings, type SessionReadings } from '../../src/gateway/readings.ts'
import type { CallShown, Told, TripShown } from '../../src/protocol/told.ts'
import type { AuditEntry } from '../../src/store/audit/audit.ts'

const READER = { claims: { sub: 'desk-1', unit: null }, region: 'akl', address: '192.0.2.7' }
const DETAILS = { callerName: 'x', phone: null, address: null, notes: null }
const NOTE = { noteNo: 1, by: 'desk-1', unitId: null, atMs: 1, corrects: null, text: 'x' }

const tripOf = (no: number, more: object = {}) =>
  ({ tripId: `akl.t${no}`, callId: `akl.c${no}`, details: DETAILS, ...more }) as unknown as TripShown
const silent = { details: null }
const unitState = (trip: TripShown | null) =>
  ({ type: 'unit-state', position: 1, crew: { unit: { unitId: 'A1' }, trip } }) as unknown as Told
const unit = (trip: TripShown | null) =>
  ({ type: 'unit', position: 1, unit: { unitId: 'A1' }, trip }) as unknown as Told
const part = (part: number, parts: number, trips: readonly TripShown[]): SharedFrame => ({
  told: { type: 'board', position: 1, part, parts, trips, units: [], alarms: [] },
  encoded: {},
})
const record = (notes?: readonly object[]) =>
  ({
    told: { type: 'board-events', position: 2, recordedAtMs: 1, events: [], by: null, notes },
    encoded: {},
  }) as SharedFrame

function reading(): { readings: Readings; session: SessionReadings; noted: () => unknown[] } {
  const entries: AuditEntry[] = []
  const readings = new Readings({ note: entry => void entries.push(entry) })
  const noted = () =>
    entries.splice(0).map(({ actor, action, outcome, region, subject, address, details }) => {
      const who = [actor, action, outcome, region, address]
      assert.deepEqual(who, ['desk-1', 'call-read', 'done', 'akl', '192.0.2.7'])
      return [subject, details]
    })
  return { readings, session: readings.ofSession(READER), noted }
}

test('a call or trip that is answered over HTTP is noted, unless it has nothing personal', () => {
  const { readings, noted } = reading()
  readings.overHttp(READER, tripOf(1))
  readings.overHttp(READER, { callId: 'akl.c2', details: null, notes: [NOTE], trips: [] } as unknown as CallShown)
  readings.overHttp(READER, tripOf(3, silent))
  readings.versionsOverHttp(READER, 'akl.c4', 2)
  readings.versionsOverHttp(READER, 'akl.c5', 0)
  assert.deepEqual(noted(), [
    ['akl.c1', { way: 'http', shown: 'trip', tripId: 'akl.t1' }],
    ['akl.c2', { way: 'http', shown: 'call' }],
    ['akl.c4', { way: 'http', shown: 'details' }],
  ])
})

test("a crew's situation is one entry for each trip, whatever is pushed and however often it comes back", () => {
  const { readings, session, noted } = reading()
  for (const trip of [null, tripOf(1, silent), tripOf(1), tripOf(1), null, tripOf(1)]) session.told(unitState(trip))
  readings
    .ofSession(READER)
    .told({ type: 'welcome', welcome: { driver: { unit: { unitId: 'A1' }, trip: tripOf(1) } } } as never)
  assert.deepEqual(noted(), [['akl.c1', { way: 'unit-state', tripId: 'akl.t1', unitId: 'A1' }]])
  session.told(unitState(tripOf(2)))
  assert.deepEqual(noted(), [['akl.c2', { way: 'unit-state', tripId: 'akl.t2', unitId: 'A1' }]])
})

test('a watched unit is noted as it is told, alone or to many', () => {
  const { session, noted } = reading()
  session.told(unit(tripOf(1)))
  session.shared({ told: unit(tripOf(1)), encoded: {} })
  session.shared({ told: unit(tripOf(2)), encoded: {} })
  assert.deepEqual(noted(), [
    ['akl.c1', { way: 'unit-watch', tripId: 'akl.t1', unitId: 'A1' }],
    ['akl.c2', { way: 'unit-watch', tripId: 'akl.t2', unitId: 'A1' }],
  ])
})

test('a snapshot of the board is one entry with how many of its trips have anything, and what follows is under it', () => {
  const { readings, session, noted } = reading()
  const parts = [part(0, 2, [tripOf(1), tripOf(2, silent)]), part(1, 2, [tripOf(3, { details: null, notes: [NOTE] })])]
  session.shared(parts[0]!)
  assert.deepEqual(noted(), [])
  session.shared(parts[1]!)
  session.shared(record([NOTE]))
  assert.deepEqual(noted(), [[null, { way: 'board', trips: 2 }]])
  const other = readings.ofSession(READER)
  for (const each of parts) other.shared(each)
  assert.deepEqual(noted(), [[null, { way: 'board', trips: 2 }]])
})

test('a session that goes on without a snapshot is noted with the first note that it is shown', () => {
  const { session, noted } = reading()
  session.shared(part(0, 1, [tripOf(1, silent)]))
  session.shared(record())
  assert.deepEqual(noted(), [])
  for (let i = 0; i < 3; i++) session.shared(record([NOTE]))
  assert.deepEqual(noted(), [[null, { way: 'board', trips: 1 }]])
})

test('of very many crews the ones that were noted longest ago are forgotten', () => {
  const { readings, noted } = reading()
  const crews = 20_001
  for (let i = 0; i < crews; i++) readings.trip(READER, 'unit-state', `A${i}`, tripOf(1))
  assert.equal(noted().length, crews)
  readings.trip(READER, 'unit-state', `A${crews - 1}`, tripOf(1))
  assert.deepEqual(noted(), [])
  readings.trip(READER, 'unit-state', 'A0', tripOf(1))
  assert.equal(noted().length, 1)
})
