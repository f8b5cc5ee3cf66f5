/** Marks of a feed with very many units: told a frame at a time, with the loop left to others in between. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Attachment } from '../../../src/actors/region/feeds/attachment.ts'
import { MarkTeller } from '../../../src/actors/region/feeds/mark-teller.ts'
import type { Session } from '../../../src/actors/region-handle.ts'
import type { Told } from '../../../src/protocol/told.ts'

const UNITS = 10_000
const PER_FRAME = 4_096

/** Attached channels of a feed whose marks rise when a test says so; timers run when it says so, too. */
function newFeed() {
  const timers: { readonly delayMs: number; readonly run: () => void }[] = []
  const told: Extract<Told, { type: 'feed-marks' }>[] = []
  const session = {
    isBehind: false,
    tell: (message: Told) => {
      if (message.type === 'feed-marks') told.push(message)
    },
  }
  const machine = { nowMs: 0 }
  const teller = new MarkTeller(session as unknown as Session, {
    wallMs: () => machine.nowMs,
    monotonicMs: () => machine.nowMs,
    after: (delayMs, run) => {
      const timer = { delayMs, run }
      timers.push(timer)
      return () => void timers.splice(timers.indexOf(timer), 1)
    },
  })
  const channels = Array.from({ length: UNITS }, (_, channel) => {
    const stream = { receivedSeq: 0, durableSeq: 0 }
    const attachment = {
      ...{ channel, stream, toldSeq: 0, toldAtMs: 0, askedSeq: 0, driver: {} as { feed: unknown } },
      ...{ isDue: false, isInOrder: false, toldBefore: null, toldAfter: null },
    }
    attachment.driver.feed = attachment
    return attachment
  })
  const rise = (from = 0, to = UNITS) => {
    for (const attachment of channels.slice(from, to)) {
      attachment.stream.receivedSeq += 1
      attachment.stream.durableSeq += 1
      teller.rose(attachment as unknown as Attachment)
    }
  }
  /** Output: after how long the timer came. */
  const nextTimer = () => {
    assert.equal(timers.length, 1, 'there is one timer at a time')
    const { delayMs, run } = timers.shift()!
    machine.nowMs += delayMs
    run()
    return delayMs
  }
  const ask = (channel: number) => teller.ask(channels[channel] as unknown as Attachment)
  return { session, machine, told, rise, ask, nextTimer, timers, teller }
}

test('many marks that rise at once are told a frame in each turn of the loop, each once', () => {
  const { told, rise, nextTimer } = newFeed()
  rise()
  assert.deepEqual([nextTimer(), told.length], [250, 1])
  assert.deepEqual([nextTimer(), told.length], [0, 2])
  assert.deepEqual([nextTimer(), told.length], [0, 3])
  assert.deepEqual(
    told.map(({ marks }) => marks.length),
    [PER_FRAME, PER_FRAME, UNITS - 2 * PER_FRAME],
  )
  assert.equal(new Set(told.flatMap(({ marks }) => marks.map(([channel]) => channel))).size, UNITS)
  assert.deepEqual([nextTimer(), told.length], [250, 3], 'nothing is told twice')
})

test('what rises while they are told waits for its own time', () => {
  const { told, rise, ask, nextTimer } = newFeed()
  rise()
  nextTimer()
  ask(0)
  rise(0, 1)
  nextTimer()
  nextTimer()
  assert.equal(told.length, 3)
  assert.equal(nextTimer(), 250)
  assert.deepEqual(told[3]!.marks, [[0, 2]])
})

test('marks that were kept back for half a minute are told a frame at a time, too', () => {
  const { machine, told, rise, nextTimer } = newFeed()
  rise()
  for (let i = 0; i < 3; i++) nextTimer()
  rise()
  machine.nowMs += 30_000
  const delaysMs = Array.from({ length: 3 }, nextTimer)
  assert.deepEqual(
    told.slice(3).map(({ marks }) => marks.length),
    [PER_FRAME, PER_FRAME, UNITS - 2 * PER_FRAME],
  )
  assert.equal(delaysMs[0], 250)
})

test('a feed that does not read gets the rest when it reads', () => {
  const { session, told, rise, nextTimer } = newFeed()
  rise()
  nextTimer()
  session.isBehind = true
  nextTimer()
  assert.deepEqual([nextTimer(), told.length], [250, 1])
  session.isBehind = false
  for (let i = 0; i < 2; i++) nextTimer()
  assert.equal(told.flatMap(({ marks }) => marks).length, UNITS)
})
