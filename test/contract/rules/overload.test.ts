/** More fixes than a region can take, over a real socket: `docs/overload.md`. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ServerMessage } from '../../../src/protocol/wire/server-tuples.ts'
import { frame } from '../../protocol/frames.ts'
import { CALL, fixAt, Stage } from './stage.ts'

const UNITS = Array.from({ length: 100 }, (_, i) => `U${i}`)
const stage = new Stage({ flood: { mode: 'ordered', units: ['A1', ...UNITS] } })
const REGION = 'flood'
/** A frame has ten fixes of each unit. */
const PER_UNIT = 10
/** More than a sender may have waiting, 16 MB. */
const FRAMES = 250
const LAST_SEQ = FRAMES * PER_UNIT

const fixesOf = (index: number) =>
  UNITS.flatMap((_, channel) =>
    Array.from({ length: PER_UNIT }, (_, i) => [channel, ...fixAt(index * PER_UNIT + i + 1)] as const),
  )

/** A feed as the rules want it: it keeps what is held back, and sends again from where it is told. */
class PatientFeed {
  readonly frames = Array.from({ length: FRAMES }, (_, index) => frame(['feed-fixes', 0, ...fixesOf(index)], 'binary'))
  readonly durable = new Uint32Array(UNITS.length)
  /** The frames that answers named as held back, as often as they did. */
  readonly held: number[] = []
  errors = 0
  sent = 0
  /** From which frame on all is to be sent again, and after which time. */
  goOn: { index: number; afterMs: number } | null = null

  hear(message: ServerMessage): void {
    if (message[0] === 'feed-marks') for (const [channel, seq] of message[1]) this.durable[channel] = seq
    if (message[0] !== 'error') return
    this.errors += 1
    const [, , code, , details] = message
    assert.ok(code === 'overloaded' || code === 'fix-gap', code)
    const {
      channel,
      expectedSeq,
      others,
      retryAfterMs = 0,
    } = details as unknown as {
      channel: number
      expectedSeq: number
      others: readonly (readonly [number, number])[]
      retryAfterMs?: number
    }
    const seqs = new Map([[channel, expectedSeq] as const, ...others])
    assert.equal(seqs.size, UNITS.length, 'every channel of the frame is named, once')
    const lowest = Math.floor((Math.min(...seqs.values()) - 1) / PER_UNIT)
    if (code === 'overloaded') {
      assert.equal(new Set(seqs.values()).size, 1)
      this.held.push(lowest)
    }
    const before = this.goOn ?? { index: lowest, afterMs: 0 }
    this.goOn = { index: Math.min(before.index, lowest), afterMs: Math.max(before.afterMs, retryAfterMs) }
  }

  get isDurable(): boolean {
    return this.durable.every(seq => seq === LAST_SEQ)
  }
}

test('[FD-6] a flood is held back frame by frame, a command goes past it, and all arrives once', async () => {
  const speaker = await stage.feed({ region: REGION, format: 'binary' })
  const desk = await stage.desk({ region: REGION, format: 'binary' })
  await speaker.ask(
    'attach',
    UNITS.map((unitId, channel) => [channel, unitId, 'flood', 'gnss', 1]),
  )
  const feed = new PatientFeed()
  speaker.onMessage = message => feed.hear(message)
  const sendFrom = (index: number) => {
    for (const bytes of feed.frames.slice(index)) speaker.socket.send(bytes)
    feed.sent += FRAMES - index
  }
  sendFrom(0)
  await desk.ask('enter-call', CALL)
  assert.ok(!feed.isDurable, 'the command was answered while fixes that had come before it still waited')
  while (!feed.isDurable) {
    speaker.send('mark', null)
    await sleep(250)
    if (feed.goOn === null) continue
    await sleep(feed.goOn.afterMs)
    const { index } = feed.goOn
    feed.goOn = null
    sendFrom(index)
  }
  assert.ok(feed.held.length > 0, 'nothing was held back')
  assert.ok(feed.errors <= feed.sent, 'at most one answer a frame')
  const rows = (await stage.site.storedFixes(REGION)).filter(({ streamId }) => streamId.startsWith('flood'))
  const stored = new Set(rows.map(({ unitId, fix }) => `${unitId}/${fix.seq}`))
  assert.deepEqual([rows.length, stored.size], [UNITS.length * LAST_SEQ, UNITS.length * LAST_SEQ])
})
