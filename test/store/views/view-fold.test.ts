/** The views against a fold of the same logs that shares no code with them, in memory. */
import assert from 'node:assert/strict'
import test from 'node:test'
import type { DomainEvent } from '../../../src/domain/events.ts'
import type { LogRecord } from '../../../src/store/log/journal.ts'
import { ViewFold } from '../../../src/store/views/view-fold.ts'
import { noRows } from '../../../src/store/views/view-rows.ts'
import { drawPlan } from '../../sim/plan.ts'
import { runSimulation } from '../../sim/run.ts'
import { searchFrom, times } from '../../support/long.ts'
import { accepted, called, offered, onDuty, reached } from '../../support/scenario.ts'
import { viewsByHand } from '../../support/views-by-hand.ts'

function folded(log: readonly LogRecord[], region = 'sim') {
  const fold = new ViewFold(region, noRows())
  for (const record of log) fold.take(record)
  return fold.changed
}

const record = (position: number, events: readonly DomainEvent[]): LogRecord => ({
  ...{ position, recordedAtMs: position * 1_000, epoch: 1, principal: 'desk', commandId: null, trace: null, events },
})

/** The rows as far as the other list tells of them, in its order. */
function alike<Row extends object>(rows: Iterable<Row>, expected: readonly object[], key: readonly string[]): void {
  const idOf = (row: object) => key.map(name => (row as Record<string, unknown>)[name]).join(' ')
  const found = new Map([...rows].map(row => [idOf(row), row as Record<string, unknown>]))
  for (const wanted of expected) {
    const row = found.get(idOf(wanted)) ?? assert.fail(`no row ${idOf(wanted)}`)
    assert.deepEqual(Object.fromEntries(Object.keys(wanted).map(name => [name, row[name]])), wanted)
  }
}

const SEEDS = times(3, 60)
const FIRST = searchFrom(71)

test(`what views say of a simulated log is what its events say, from seed ${FIRST} on`, async () => {
  let seen = 0
  for (let seed = FIRST; seed < FIRST + SEEDS; seed += 1) {
    const plan = drawPlan(seed, { hours: 0.6, drivers: 8 })
    const { log } = await runSimulation(plan, { keepLog: true })
    const rows = folded(log)
    const byHand = viewsByHand(log)
    assert.deepEqual([...rows.passedOver.values()], [], `seed ${seed}`)
    const counts = [rows.calls, rows.trips, rows.offers, rows.decisions, rows.shifts, rows.units].map(
      ({ size }) => size,
    )
    const { calls, trips, offers, times: moments, decisions, shifts, alarms, crews } = byHand
    assert.deepEqual(
      counts,
      [calls, trips, offers, decisions, shifts, crews].map(({ length }) => length),
      `seed ${seed}`,
    )
    alike(rows.calls.values(), calls, ['call_id'])
    alike(rows.trips.values(), trips, ['trip_id'])
    alike(rows.offers.values(), offers, ['trip_id', 'offer_id'])
    alike(rows.tripTimes.values(), moments, ['trip_id', 'offer_id', 'time'])
    alike(rows.decisions.values(), decisions, ['position', 'trip_id', 'unit_id'])
    alike(rows.shifts.values(), shifts, ['unit_id', 'signed_on_at_ms'])
    alike(rows.alarms.values(), alarms, ['alarm_id'])
    alike(rows.units.values(), crews, ['unit_id'])
    seen += trips.length
  }
  assert.ok(seen > SEEDS, 'there was something to compare')
})

test('what is damaged, unknown or does not fit is named, and the rest is taken', () => {
  const log = [
    record(1, onDuty('A1')),
    record(2, [...called(['T-1']), { type: 'TripBlessed', v: 1, entity: 'trip/T-1' } as unknown as DomainEvent]),
    {
      ...record(3, []),
      damage: { table: 'log.records', at: 'position 3', kind: 'changed', rows: 1, entities: ['trip/T-9'] },
    } as const,
    record(4, [offered('T-1', 'A1', 'O-1')]),
    // Nobody has offered this one.
    record(5, [accepted('T-1', 'A1', 'O-2')]),
    record(6, [accepted('T-1', 'A1', 'O-1')]),
    record(7, [reached('T-1', 'A1', 'on-scene'), null as unknown as DomainEvent]),
  ]
  const rows = folded(log, 'akl')
  assert.deepEqual(
    [...rows.passedOver.values()].map(({ position, event, entity, type }) => [position, event, entity, type]),
    [
      [2, 2, 'trip/T-1', 'TripBlessed'],
      [3, -1, 'trip/T-9', null],
      [5, 0, 'trip/T-1', 'OfferAccepted'],
      [5, 0, 'driver/A1', 'OfferAccepted'],
      [7, 1, '', ''],
    ],
  )
  assert.equal(rows.trips.get('T-1')!.phase, 'on-scene')
  assert.equal(rows.units.get('A1')!.status, 'on-scene')
  assert.equal(rows.offers.get('T-1 O-1')!.outcome, 'accepted')
})
