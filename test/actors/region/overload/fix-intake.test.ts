/** Where fixes wait: their order, whose turn it is, what is held back, and that a command never waits behind them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FixIntake, type SenderMessage } from '../../../../src/actors/region/overload/fix-intake.ts'
import { Overload } from '../../../../src/actors/region/overload/overload.ts'
import type { FeedFix } from '../../../../src/protocol/wire/fix-tuples.ts'
import { ManualMachine } from '../../../support/manual-machine.ts'
import { RecordingSession, wireFix } from '../../../support/region-world.ts'

/** A mailbox that is emptied by hand; its messages in the order in which they came. */
class World {
  readonly machine = new ManualMachine()
  readonly spared: string[] = []
  readonly overload = new Overload({ spared: work => void this.spared.push(work) })
  readonly delivered: SenderMessage[] = []
  readonly refused: { readonly session: unknown; readonly expectedSeq: unknown }[] = []
  backlog = 0
  readonly intake = new FixIntake({
    machine: this.machine,
    overload: this.overload,
    backlog: () => this.backlog,
    deliver: message => {
      this.delivered.push(message)
      this.backlog += 'request' in message && 'fixes' in message.request ? message.request.fixes.length : 1
      return true
    },
    refuse: (session, _, { details }) => this.refused.push({ session, expectedSeq: details?.expectedSeq }),
  })

  frame(session: RecordingSession, seq: number, count = 1): void {
    const fixes = Array.from({ length: count }, (_, i) => [1, ...wireFix(seq + i, 100)] as const)
    const request = { type: 'feed-fixes', sentAtMs: 0, fixes } as const
    this.intake.take({ type: 'asked', session, request, receivedWallMs: 0 })
  }

  hint(session: RecordingSession, seq: number): void {
    const request = { type: 'hint', streamIndex: 0, sentAtMs: 0, fix: wireFix(seq, 100) } as const
    this.intake.take({ type: 'asked', session, request, receivedWallMs: 0 })
  }

  /** The mailbox is worked off down to so much, and time passes. */
  async handled(left: number, ms = 2): Promise<void> {
    this.backlog = Math.min(this.backlog, left)
    await this.machine.advance(ms, () => Promise.resolve())
  }
}

const feedNamed = (name: string) => new RecordingSession(name, 'feed', name, null)
const firstSeqOf = (message: SenderMessage): number | null =>
  message.type === 'asked' && message.request.type === 'feed-fixes' ? (message.request.fixes[0] as FeedFix)[1] : null

test('what every sender sent arrives in its order, once, or it was told from where to send again', async () => {
  const sending = fc.tuple(fc.nat(3), fc.integer({ min: 1, max: 2_500 }), fc.nat(4_000), fc.nat(400))
  await fc.assert(
    fc.asyncProperty(fc.array(sending, { maxLength: 60 }), async plan => {
      const world = new World()
      const feeds = ['a', 'b', 'c', 'd'].map(feedNamed)
      const next = feeds.map(() => 1)
      const sent = feeds.map((): number[] => [])
      for (const [which, count, left, ms] of plan) {
        world.frame(feeds[which]!, next[which]!, count)
        sent[which]!.push(next[which]!)
        next[which]! += count
        await world.handled(left, ms)
        assert.ok(world.backlog < 1_000 + 2_500, String(world.backlog))
      }
      while (world.intake.waitingBytes > 0) await world.handled(0)
      for (const [which, feed] of feeds.entries()) {
        const arrived = world.delivered.filter(({ session }) => session === feed).map(firstSeqOf)
        const refused = world.refused.filter(({ session }) => session === feed).map(({ expectedSeq }) => expectedSeq)
        assert.deepEqual(
          arrived,
          [...arrived].sort((a, b) => a! - b!),
        )
        assert.deepEqual(
          [...arrived, ...refused].sort((a, b) => (a as number) - (b as number)),
          sent[which],
        )
      }
      assert.equal(world.overload.step, 'none')
    }),
    { numRuns: 60 },
  )
})

test('a sender of few fixes does not wait behind one of many', async () => {
  const world = new World()
  const [many, few] = [feedNamed('many'), feedNamed('few')]
  for (let i = 0; i < 50; i++) world.frame(many, i * 1_000 + 1, 1_000)
  world.frame(few, 1)
  await world.handled(0)
  await world.handled(0)
  assert.ok(world.delivered.some(({ session }) => session === few))
  assert.ok(world.delivered.length < 6)
})

test('who has waited two seconds is held back until half of that is left, and nobody else is', async () => {
  const world = new World()
  const [many, few] = [feedNamed('many'), feedNamed('few')]
  for (let i = 0; i < 20; i++) world.frame(many, i * 1_000 + 1, 1_000)
  await world.handled(2_000, 1_990)
  assert.deepEqual([world.refused.length, world.overload.step], [0, 'thinning'])
  await world.handled(2_000, 20)
  world.frame(many, 20_001, 1_000)
  assert.deepEqual(world.refused, [{ session: many, expectedSeq: 20_001 }])
  world.frame(few, 1)
  assert.equal(world.refused.length, 1)
  while (world.intake.waitingBytes > 0) await world.handled(0)
  world.frame(many, 20_001, 1_000)
  assert.deepEqual([world.refused.length, world.overload.step], [1, 'none'])
})

test('what waits is bounded by bytes, for one sender and for all', async () => {
  const world = new World()
  world.backlog = 1_000
  const one = feedNamed('one')
  for (let seq = 1; world.refused.length === 0; seq += 1_000) world.frame(one, seq, 1_000)
  assert.ok(world.intake.waitingBytes <= 16 * 1024 * 1024 && world.intake.waitingBytes > 15 * 1024 * 1024)
  for (let i = 0; i < 10; i++) for (let k = 0; k < 130; k++) world.frame(feedNamed(`n${i}`), 1, 1_000)
  assert.ok(world.intake.waitingBytes <= 64 * 1024 * 1024 && world.intake.waitingBytes > 63 * 1024 * 1024)
})

test('a hint that waits is replaced by a newer one, and the end of a session comes behind its fixes', async () => {
  const world = new World()
  world.backlog = 1_000
  const crew = new RecordingSession('crew', 'driver', 'crew', 'A1')
  for (const seq of [1, 2, 3]) world.hint(crew, seq)
  world.frame(crew, 4)
  world.intake.take({ type: 'session-closed', session: crew })
  await world.handled(0)
  const told = world.delivered.map(message => {
    if (message.type !== 'asked') return message.type
    return message.request.type === 'hint' ? `hint ${message.request.fix[0]}` : message.request.type
  })
  assert.deepEqual(told, ['hint 3', 'feed-fixes', 'session-closed'])
  assert.deepEqual(world.spared, ['hint', 'hint'])
})

test('while there is room nothing waits', () => {
  const world = new World()
  for (let i = 0; i < 100; i++) {
    world.frame(feedNamed('a'), i + 1)
    world.backlog = 999
    assert.equal(world.delivered.length, i + 1)
  }
  assert.equal(world.intake.waitingBytes, 0)
})
