/** What is tried again and again is said once, then every minute with its count, and when it is over. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLogger } from '../../src/telemetry/log.ts'
import { OutageLog } from '../../src/telemetry/outage-log.ts'

class Away extends Error {
  override readonly name = 'StoreUnavailable'
}

function stage(level = 'info') {
  const clock = { nowMs: 5_000 }
  const lines: Record<string, unknown>[] = []
  const log = createLogger({ level, sink: { write: line => void lines.push(JSON.parse(line)) } })
  return { clock, lines, outages: new OutageLog(log, () => clock.nowMs) }
}

test('an outage of ten minutes, tried ten times a second, is eleven lines, and the last says how long and how often', () => {
  const { clock, lines, outages } = stage()
  for (let i = 0; i < 6_000; i += 1) {
    outages.failed('leases', new Away('connect ECONNREFUSED\n  127.0.0.1:5432', { cause: new Error('down') }))
    clock.nowMs += 100
  }
  outages.worked('leases')
  outages.worked('leases')
  assert.equal(lines.length, 11)
  const [first, second] = lines
  assert.equal(first!.msg, 'the leases could not be renewed; trying again')
  assert.equal(first!.error, 'StoreUnavailable: connect ECONNREFUSED 127.0.0.1:5432 (Error: down)')
  assert.deepEqual([first!.level, first!.times], [40, undefined])
  assert.deepEqual([second!.times, second!.lastedMs], [601, 60_000])
  assert.ok(lines.every(line => JSON.stringify(line).length < 400 && !JSON.stringify(line).includes('    at ')))
  const { trouble, times, lastedMs, level, msg } = lines.at(-1)!
  assert.deepEqual(
    { trouble, times, lastedMs, level, msg },
    { trouble: 'leases', times: 6_000, lastedMs: 600_000, level: 30, msg: 'a trouble is over' },
  )
})

test('what several have is one trouble, which is over when none of them has it; names have a bound', () => {
  const { clock, lines, outages } = stage()
  const lanes = Array.from({ length: 500 }, (_, index) => `r${index}/records`)
  for (const lane of lanes) outages.failed('writes', new Away('away'), lane)
  assert.equal(lines.length, 1)
  clock.nowMs += 60_000
  outages.failed('writes', new Away('away'), lanes[0])
  assert.deepEqual([lines[1]!.of, lines[1]!.andOthers], [lanes.slice(0, 5), 495])
  for (const lane of lanes.slice(1)) outages.worked('writes', lane)
  assert.equal(lines.length, 2)
  assert.ok([...outages.now()].some(([trouble, isThere]) => trouble === 'writes' && isThere))
  outages.worked('writes', lanes[0])
  assert.equal(lines[2]!.msg, 'a trouble is over')
  assert.ok([...outages.now()].every(([, isThere]) => !isThere))
  outages.worked('writes', 'one that had no trouble')
  assert.equal(lines.length, 3)
})

test('another kind of error in the same trouble is said at once; different messages of one kind are not', () => {
  const { lines, outages } = stage()
  for (let i = 0; i < 100; i += 1) outages.failed('recovery', new Away(`attempt ${i}`), 'akl')
  outages.failed('recovery', new TypeError('a mistake of ours'), 'akl')
  assert.deepEqual(
    lines.map(({ level, err }) => [level, (err as { type: string }).type]),
    [
      [50, 'Away'],
      [50, 'TypeError'],
    ],
  )
})

test('a trouble that no success ends is over when it has not come for a minute, and is told with the next one', () => {
  const { clock, lines, outages } = stage()
  outages.failed('requests', new Away('away'), '/v1/calls')
  clock.nowMs += 2_000
  outages.failed('requests', new Away('away'), '/v1/calls')
  const isThere = () => new Map(outages.now()).get('requests')
  assert.equal(isThere(), true)
  clock.nowMs += 60_001
  assert.equal(isThere(), false)
  outages.failed('requests', new Away('away'), '/v1/calls')
  assert.deepEqual(
    lines.map(({ msg, times, lastedMs }) => [msg, times, lastedMs]),
    [
      ['the store could not be reached for an HTTP request', undefined, undefined],
      ['a trouble is over', 2, 2_000],
      ['the store could not be reached for an HTTP request', undefined, undefined],
    ],
  )
})

test('while debugging, every attempt is written with its stack', () => {
  const { lines, outages } = stage('debug')
  for (let i = 0; i < 3; i += 1) outages.failed('audit', new Away('away'), 'notes')
  assert.deepEqual(
    lines.map(({ level }) => level),
    [40, 20, 20],
  )
  assert.match((lines[1]!.err as { stack: string }).stack, /\n {4}at /)
})
