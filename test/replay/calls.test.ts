/** Which recorded calls are replayed, and what becomes of the times that a record lacks or has in the wrong order. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { CALL_COLUMNS, selectCalls } from '../../tools/replay/calls.ts'
import { InvalidInput, tableOf } from '../../tools/replay/input.ts'
import { LocalTime } from '../../tools/replay/local-time.ts'

const SAN_FRANCISCO = new LocalTime('America/Los_Angeles')
/** Thursday 5 June 2008, 20:00 local. */
const TRACE = { startMs: Date.UTC(2008, 5, 6, 3), durationMs: 3_600_000 }
/** Tuesday 7 April 2020, 20:10 local. */
const RECEIVED_MS = Date.UTC(2020, 3, 8, 3, 10)

type Fields = Partial<Record<(typeof CALL_COLUMNS)[number], string | number>>

/** A call as a file has it; times are seconds after it was received. */
function row(call_id: string, fields: Fields = {}, times: Record<string, number | null> = {}): Fields {
  const usual = { dispatch: 60, response: 100, on_scene: 400, transport: 1_000, hospital: 1_600, available: 3_000 }
  const receivedMs = Number(fields.received_ms ?? RECEIVED_MS)
  const moments = Object.entries({ ...usual, ...times }).map(([step, afterS]) => [
    `${step}_ms`,
    afterS === null ? '' : receivedMs + afterS * 1_000,
  ])
  const rest = { unit_type: 'MEDIC', als: 1, call_type: 'Medical Incident', priority: 3, lon: -122.4, lat: 37.7 }
  const usually = { disposition: 'Code 2 Transport', received_ms: receivedMs, ...rest }
  return { ...usually, ...Object.fromEntries(moments), call_id, ...fields }
}

function select(rows: readonly Fields[], day: string | null = null) {
  const lines = [CALL_COLUMNS, ...rows.map(fields => CALL_COLUMNS.map(column => fields[column] ?? ''))]
  const table = tableOf('calls.csv', lines.map(fields => fields.join(',')).join('\n'), CALL_COLUMNS)
  return selectCalls(table, TRACE, day, SAN_FRANCISCO)
}
const keys = (rows: readonly Fields[], day: string | null = null) => select(rows, day).calls.map(({ key }) => key)
const planOf = (times: Record<string, number | null>, fields: Fields = {}) =>
  select([row('1', fields, times)]).calls[0]!.plan

test('calls count when the local clock showed the hours of the trace, to the second at both ends', () => {
  const at = (offsetMs: number) => ({ received_ms: Date.UTC(2020, 3, 8, 3) + offsetMs })
  const rows = [row('before', at(-1_000)), row('first', at(0)), row('last', at(3_600_000)), row('after', at(3_601_000))]
  assert.deepEqual(keys(rows), ['first', 'last'])
  assert.deepEqual(
    select(rows).calls.map(({ offsetMs }) => offsetMs),
    [0, 3_600_000],
  )
})

test('the hours are those of the local clock on either side of a change of the clocks', () => {
  // 7 January 2020 is winter, the trace is summer: 20:10 is 04:10 UTC then.
  assert.deepEqual(keys([row('winter', { received_ms: Date.UTC(2020, 0, 8, 4, 10) })]), ['winter'])
  assert.deepEqual(keys([row('winter', { received_ms: Date.UTC(2020, 0, 8, 3, 10) })]), [])
})

test('the first day of the file is taken, or the one that is asked for', () => {
  const rows = [row('second', { received_ms: RECEIVED_MS + 86_400_000 }), row('first')]
  assert.deepEqual([keys(rows), keys(rows, '2020-04-08')], [['first'], ['second']])
})

test('a day without calls is named, with the days that there are', () => {
  assert.throws(
    () => keys([row('1')], '2020-05-01'),
    (error: Error) => error instanceof InvalidInput && /2020-05-01.*2020-04-07/.test(error.message),
  )
})

test('only ambulances count, and a call has one trip: its first ambulance', () => {
  const rows = [row('1', { unit_type: 'ENGINE', als: 0 }), row('1', { als: 1 }), row('1', { als: 0 })]
  const { calls } = select([...rows, row('2', { unit_type: 'PRIVATE', als: 0 }), row('3', { unit_type: 'TRUCK' })])
  assert.deepEqual(
    calls.map(({ key, levelOfCare }) => [key, levelOfCare]),
    [
      ['1', 'als'],
      ['2', 'bls'],
    ],
  )
})

test('priorities come from the record by the stated rule, and unknown ones are counted', () => {
  const { calls, counts } = select(['E', '3', '2', 'X', ''].map((priority, i) => row(String(i), { priority })))
  assert.deepEqual([calls.map(({ priority }) => priority), counts.unknownPriorities], [[1, 2, 3, 4, 4], 2])
})

test('a crew accepts after half the time to its response, but at most 10 s, and rolls when the record says', () => {
  const slow = planOf({ dispatch: 60, response: 100 })
  const quick = planOf({ dispatch: 60, response: 66 })
  assert.deepEqual([slow.acceptAfterMs, slow.steps[0]], [10_000, { phase: 'en-route', afterMs: 30_000 }])
  assert.deepEqual([quick.acceptAfterMs, quick.steps[0]], [3_000, { phase: 'en-route', afterMs: 3_000 }])
})

test('a missing time is a step without a button, and the next interval runs from the last step there is', () => {
  const { calls, counts } = select([row('1', { disposition: 'No Merit' }, { transport: null, hospital: null })])
  assert.deepEqual(calls[0]!.plan.steps.slice(1), [{ phase: 'on-scene', afterMs: 300_000 }])
  assert.deepEqual([calls[0]!.plan.closeAfterMs, calls[0]!.plan.disposition], [2_600_000, 'no-patient-found'])
  assert.deepEqual(counts, { missingTimes: 2, negativeIntervals: 0, unknownPriorities: 0 })
})

test('a missing end comes 10 minutes after the last step, a missing response lets the crew think for 10 s', () => {
  assert.equal(planOf({ available: null }).closeAfterMs, 600_000)
  const { acceptAfterMs, steps } = planOf({ response: null })
  assert.deepEqual([acceptAfterMs, steps[0]], [10_000, { phase: 'on-scene', afterMs: 340_000 }])
})

test('a time before the one of the step before makes an interval of 0, and the clock does not run backwards', () => {
  const { calls, counts } = select([row('1', {}, { transport: 1_000, hospital: 900 })])
  const { steps, closeAfterMs } = calls[0]!.plan
  assert.deepEqual(steps.at(-1), { phase: 'at-destination', afterMs: 0 })
  assert.deepEqual([closeAfterMs, counts.negativeIntervals], [2_000_000, 1])
})

test('a call recorded as cancelled is cancelled when its unit was free again, and its crew never closes it', () => {
  const notCarried = { transport: null, hospital: null, available: 500 }
  const [call] = select([row('1', { disposition: 'Cancelled' }, notCarried)]).calls
  assert.deepEqual([call!.cancelAfterMs, call!.plan.disposition], [500_000, null])
  assert.equal(select([row('1')]).calls[0]!.cancelAfterMs, null)
  const [carried] = select([row('1', { disposition: 'Cancelled' })]).calls
  assert.deepEqual([carried!.cancelAfterMs, carried!.plan.disposition], [null, 'transported'])
})

test('a file without a column, or with a word where a number belongs, is refused by name and line', () => {
  const says = (pattern: RegExp) => (error: Error) => error instanceof InvalidInput && pattern.test(error.message)
  assert.throws(() => tableOf('calls.csv', 'call_id,als\n1,1', CALL_COLUMNS), says(/^calls\.csv: .*unit_type/))
  assert.throws(() => select([row('1'), row('2', { lon: 'west' })]), says(/^calls\.csv:3: lon must be a number/))
  assert.throws(() => tableOf('calls.csv', 'a,b\n1,2\n1', ['a']), says(/^calls\.csv:3: .*1 fields/))
})
