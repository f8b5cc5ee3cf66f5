import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FixLog } from './fix-log.ts'

const place = (no: number) => ({ lonDeg: 174.7 + no / 1e6, latDeg: -36.8, fixedAtMs: no })

/** Reports so many fixes to a client that has the given number of them stored in the end. */
function logOf(count: number, durable: number): FixLog {
  const log = new FixLog('f')
  for (let no = 1; no <= count; no += 1) log.add(place(no), { streamId: log.streamId, lastSeq: no, notDurable: no })
  log.follow({ streamId: log.streamId, lastSeq: count, notDurable: count - durable })
  return log
}

test('what is not durable is kept, and numbered on from there', () => {
  const log = logOf(10, 6)
  assert.equal(log.firstSeq, 7)
  assert.deepEqual(
    log.fixes.map(({ fixedAtMs }) => fixedAtMs),
    [7, 8, 9, 10],
  )
})

test('a log of durable fixes does not grow', () => {
  const log = new FixLog('f')
  for (let no = 1; no <= 1_000; no += 1) log.add(place(no), { streamId: log.streamId, lastSeq: no, notDurable: 3 })
  assert.ok(log.fixes.length < 100)
  assert.equal(log.firstSeq + log.fixes.length, 1_001)
})

test('an emptied disk begins another stream from 1', () => {
  const log = logOf(10, 6)
  const before = log.streamId
  log.startOver()
  assert.notEqual(log.streamId, before)
  assert.equal(log.firstSeq, 1)
  assert.deepEqual(log.fixes, [])
})

test('a stream that the client began by itself is followed with the numbers it gave', () => {
  const log = logOf(10, 6)
  log.add(place(11), { streamId: 'other', lastSeq: 5, notDurable: 5 })
  assert.equal(log.streamId, 'other')
  assert.equal(log.firstSeq, 1)
  assert.equal(log.fixes.length, 5)
})
