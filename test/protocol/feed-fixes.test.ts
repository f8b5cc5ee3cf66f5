/** A feed's frames of fixes: the same answer on the fast path and the general one, exact ranges, and how many fit. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BadFix, FEED_FIX_FIELDS, readFixFrame } from '../../src/protocol/fix-frame.ts'
import { DEFAULT_LIMITS, type FrameLimits, RANGES } from '../../src/protocol/limits.ts'
import { parseAnyFrame, parseFrame } from '../../src/protocol/parse.ts'
import type { ClientMessage } from '../../src/protocol/wire/client-tuples.ts'
import type { FeedFix } from '../../src/protocol/wire/fix-tuples.ts'
import { feedFixesMessage } from './arbitraries.ts'
import { FORMATS, frame, MAX_BYTES, parse, refused, SAMPLES } from './frames.ts'

const FIX: FeedFix = [7, 1, 200, 1_747_633_000, -368_485_000, 50, 1_390, 2_705]

test('the fast path takes what the encoder writes for every feed frame of 32-bit values', () => {
  fc.assert(
    fc.property(feedFixesMessage, message => {
      const wide = (message.slice(1).flat(2) as unknown[]).some(
        value => Number(value) > 0xffffffff || Number(value) < -0x80000000,
      )
      assert.equal(readFixFrame(frame(message, 'binary')) === null, wide)
    }),
  )
})

test('what the fast path takes of a feed, the general path takes with the same result, under any limits', () => {
  const mutation = fc.record({
    at: fc.nat(),
    byte: fc.oneof(fc.nat(255), fc.nat(7)),
    cut: fc.constantFrom(0, 0, 0, 0, 1, 2),
  })
  const limits: fc.Arbitrary<FrameLimits> = fc.record({
    depth: fc.integer({ min: 1, max: 8 }),
    nodes: fc.constantFrom(12, 20, 21, 30, 31, DEFAULT_LIMITS.nodes),
    stringBytes: fc.constant(DEFAULT_LIMITS.stringBytes),
    fixesPerFrame: fc.constantFrom(1, 2, 256),
    feedFixesPerFrame: fc.constantFrom(1, 2, 3, 1_000),
  })
  const small = fc.integer({ min: 1, max: 100_000 })
  const compact = fc
    .tuple(fc.boolean(), small, fc.array(fc.tuple(small, small), { minLength: 1, maxLength: 4 }))
    .map(([isFeed, sentAtMs, own]): ClientMessage => {
      const fixes = own.map(([seq, place]): FeedFix => [place, seq, place, -place, place * 17, null, 5, 3_600])
      if (isFeed) return ['feed-fixes', sentAtMs, ...fixes]
      return ['fix', 1, sentAtMs, ...fixes.map(([, ...fix]) => fix)]
    })
  let taken = 0
  fc.assert(
    fc.property(compact, fc.array(mutation, { maxLength: 2 }), limits, (message, mutations, held) => {
      let bytes = frame(message, 'binary')
      for (const { at, byte, cut } of mutations) {
        bytes = bytes.slice(0, Math.max(0, bytes.length - cut))
        if (bytes.length > 0) bytes[at % bytes.length] = byte
      }
      const fast = readFixFrame(bytes, held)
      const general = parseAnyFrame(bytes, 'binary', held)
      assert.deepEqual(parseFrame(bytes, 'binary', MAX_BYTES, held), general)
      if (fast === null) return
      taken += 1
      assert.deepEqual(general, { ok: true, request: fast, traceparent: null })
    }),
    { numRuns: 3_000 },
  )
  assert.ok(taken > 300, `only ${taken} frames took the fast path`)
})

test('the fast path keeps nothing of a feed frame, whose memory the socket takes back', () => {
  const bytes = frame(SAMPLES['feed-fixes'], 'binary')
  const request = readFixFrame(bytes)
  bytes.fill(0xff)
  assert.deepEqual(request, { type: 'feed-fixes', sentAtMs: 15_000, fixes: [FIX] })
})

test("[FX-13] each element of a feed's fix is taken up to both ends of its range; beyond, that fix alone is left out", () => {
  for (const [place, name] of FEED_FIX_FIELDS.entries()) {
    const [min, max] = RANGES[name]
    const withValue = (value: unknown) => FIX.map((own, i) => (i === place ? value : own))
    for (const format of FORMATS) {
      for (const good of [min, max]) assert.ok(parse(['feed-fixes', 0, withValue(good)], format).ok, `${name} ${good}`)
      for (const bad of [min - 1, max + 1, 0.5, '1', true, [], {}]) {
        const sent = parse(['feed-fixes', 0, FIX, withValue(bad), FIX], format)
        if (name === 'seq' || name === 'channel') assert.equal(refused(sent), `invalid-field fixes.1.${name}`)
        else {
          assert.ok(sent.ok && sent.request.type === 'feed-fixes')
          assert.deepEqual(sent.request.fixes, [FIX, new BadFix(FIX[0], FIX[1], name), FIX])
        }
      }
      const sent = parse(['feed-fixes', 0, withValue(null)], format)
      const isTaken = sent.ok && sent.request.type === 'feed-fixes' && Array.isArray(sent.request.fixes[0])
      assert.equal(isTaken, place >= 5, name)
    }
  }
  for (const format of FORMATS) {
    for (const end of RANGES.sentAtMs) assert.ok(parse(['feed-fixes', end, FIX], format).ok)
    for (const bad of [RANGES.sentAtMs[0] - 1, RANGES.sentAtMs[1] + 1, null, FIX]) {
      assert.equal(refused(parse(['feed-fixes', bad, FIX], format)), 'invalid-field sentAtMs')
    }
  }
})

test('[FD-5] a feed frame carries 1 to 1000 fixes, and a full one in MessagePack fits the limits of bytes and values', () => {
  const { feedFixesPerFrame, frameBytes } = DEFAULT_LIMITS
  const full = Array.from(
    { length: feedFixesPerFrame },
    (_, i): FeedFix => [
      999_999 - i,
      0xffffffff,
      -2_592_000_000 + i,
      -1_800_000_000,
      -900_000_000,
      65_535,
      65_535,
      3_600,
    ],
  )
  const bytes = frame(['feed-fixes', 0, ...full], 'binary')
  assert.ok(bytes.length <= frameBytes.feed, `${bytes.length} bytes`)
  for (const path of [parseFrame(bytes, 'binary', frameBytes.feed), parseAnyFrame(bytes, 'binary')]) {
    assert.ok(path.ok && path.request.type === 'feed-fixes')
    assert.equal(path.request.fixes.length, feedFixesPerFrame)
  }
  assert.equal(refused(parse(['feed-fixes', 0, ...full, FIX], 'binary')), 'invalid-field fixes')
  assert.equal(refused(parse(['feed-fixes', 0], 'binary')), 'invalid-field fixes')
})

test("an operator's own limits hold on both paths", () => {
  const small: FrameLimits = { ...DEFAULT_LIMITS, fixesPerFrame: 1, feedFixesPerFrame: 1 }
  const own = FIX.slice(1)
  for (const format of FORMATS) {
    const read = (tuple: readonly unknown[]) => parseFrame(frame(tuple, format), format, MAX_BYTES, small)
    assert.ok(read(['feed-fixes', 0, FIX]).ok)
    assert.equal(refused(read(['feed-fixes', 0, FIX, FIX])), 'invalid-field fixes')
    assert.ok(read(['fix', 0, 0, own]).ok)
    assert.equal(refused(read(['fix', 0, 0, own, own])), 'invalid-field fixes')
  }
})
