/** What the sender of a frame that is held back is told. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { heldBack } from '../../../../src/actors/region/overload/held-back.ts'
import { BadFix, type SentFeedFix } from '../../../../src/protocol/fix-frame.ts'
import { wireFix } from '../../../support/region-world.ts'

const fixes = fc.array(fc.tuple(fc.nat(5), fc.integer({ min: 1, max: 9 }), fc.boolean()), { minLength: 1 })

test('one answer a frame names each channel of it once, with the lowest fix that was not taken', () => {
  fc.assert(
    fc.property(fixes, sent => {
      const frame = sent.map(([channel, seq, isBad]): SentFeedFix => {
        return isBad ? new BadFix(channel, seq, 'latE7') : [channel, ...wireFix(seq, 100)]
      })
      const { details } = heldBack(
        { type: 'feed-fixes', sentAtMs: 0, fixes: frame },
        { retryAfterMs: 700, fixesPerS: 50 },
      )!
      const { channel, expectedSeq, others = [], retryAfterMs, fixesPerS } = details as Record<string, never>
      const told = [[channel, expectedSeq], ...(others as [number, number][])]
      const channels = [...new Set(sent.map(([channel]) => channel))]
      const lowest = channels.map(of => [of, Math.min(...sent.filter(([on]) => on === of).map(([, seq]) => seq))])
      assert.deepEqual(told, lowest)
      assert.deepEqual([retryAfterMs, fixesPerS], [700, 50])
    }),
  )
})

test("a crew's frame is told its stream and its first fix; a hint and a question for a mark nothing", () => {
  const fix = wireFix(7, 100)
  const frame = { type: 'fix', streamIndex: 2, sentAtMs: 0, fixes: [fix, wireFix(8, 200)] } as const
  assert.deepEqual(heldBack(frame, { retryAfterMs: 1_000 })?.details, {
    streamIndex: 2,
    expectedSeq: 7,
    retryAfterMs: 1_000,
  })
  assert.equal(heldBack({ type: 'hint', streamIndex: 0, sentAtMs: 0, fix }, { retryAfterMs: 0 }), null)
  assert.equal(heldBack({ type: 'mark', streamIndex: 0 }, { retryAfterMs: 0 }), null)
})
