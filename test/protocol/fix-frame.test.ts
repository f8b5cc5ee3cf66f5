/** The hot path: small frames, exact ranges, and the same answer as the general path for every input. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BadFix, FIX_FIELDS, fromE7, readFixFrame, toE7, toFix } from '../../src/protocol/fix-frame.ts'
import { DEFAULT_LIMITS, RANGES } from '../../src/protocol/limits.ts'
import { parseAnyFrame, parseFrame } from '../../src/protocol/parse.ts'
import type { ClientMessage } from '../../src/protocol/wire/client-tuples.ts'
import type { WireFix } from '../../src/protocol/wire/fix-tuples.ts'
import { fixMessage } from './arbitraries.ts'
import { FORMATS, frame, hex, MAX_BYTES, parse, refused, SAMPLES } from './frames.ts'

const FIX: WireFix = [1, 200, 1_747_633_000, -368_485_000, 50, 1_390, 2_705]

test('[FX-12] a frame of one fix is at most 36 bytes, up to fix 4 294 967 295 of a session 49 days long', () => {
  const widest: WireFix = [0xffffffff, 32_767, -1_800_000_000, -900_000_000, 65_535, 65_535, 3_600]
  assert.equal(frame(['fix', 7, 0xffffffff, widest], 'binary').length, 36)
  const usual: WireFix = [5_760, 200, 1_747_633_000, -368_485_000, 50, 1_390, 2_705]
  assert.equal(frame(['fix', 0, 86_400_000, usual], 'binary').length, 31)
})

test('the fast path takes what the encoder writes for every frame of 32-bit values', () => {
  fc.assert(
    fc.property(fixMessage, message => {
      const bytes = frame(message, 'binary')
      const wide = (message.slice(2).flat(2) as unknown[]).some(
        value => Number(value) > 0xffffffff || Number(value) < -0x80000000,
      )
      assert.equal(readFixFrame(bytes) === null, wide)
    }),
  )
})

test('what the fast path takes, the general path takes with the same result', () => {
  const mutation = fc.record({
    at: fc.nat(),
    byte: fc.oneof(fc.nat(255), fc.nat(7)),
    cut: fc.constantFrom(0, 0, 0, 0, 1, 2),
  })
  // Small numbers, so that most frames stay within what the fast path reads.
  const small = fc.integer({ min: 1, max: 100_000 })
  const compactFix = fc
    .tuple(fc.constantFrom(2, 3), small, fc.array(fc.tuple(small, small), { minLength: 1, maxLength: 3 }))
    .map(([type, sentAtMs, own]): ClientMessage => {
      const [fix, ...more] = own.map(([seq, place]): WireFix => [seq, place, -place, place * 17, null, 5, 3_600])
      return type === 3 ? ['hint', 0, sentAtMs, fix!] : ['fix', 7, sentAtMs, fix!, ...more]
    })
  let taken = 0
  fc.assert(
    fc.property(compactFix, fc.array(mutation, { maxLength: 2 }), (message, mutations) => {
      let bytes = frame(message, 'binary')
      for (const { at, byte, cut } of mutations) {
        bytes = bytes.slice(0, Math.max(0, bytes.length - cut))
        if (bytes.length > 0) bytes[at % bytes.length] = byte
      }
      const fast = readFixFrame(bytes)
      const general = parseAnyFrame(bytes, 'binary')
      assert.deepEqual(parseFrame(bytes, 'binary', MAX_BYTES), general)
      if (fast === null) return
      taken += 1
      assert.deepEqual(general, { ok: true, request: fast, traceparent: null })
    }),
    { numRuns: 3_000 },
  )
  assert.ok(taken > 300, `only ${taken} frames took the fast path`)
})

test('integers at the edges of every width are read alike on both paths', () => {
  for (const edge of [0x20, 0x80, 0x100, 0x8000, 0x10000, 0x80000000]) {
    for (const ageMs of [-edge - 1, -edge, 1 - edge, edge - 1, edge, edge + 1]) {
      const bytes = frame(['hint', 0, 0, [1, ageMs, 0, 0, null, null, null]], 'binary')
      const fast = readFixFrame(bytes)
      assert.ok(fast?.type === 'hint' ? fast.fix[1] === ageMs : ageMs < -0x80000000, String(ageMs))
      assert.deepEqual(parseFrame(bytes, 'binary', MAX_BYTES), parseAnyFrame(bytes, 'binary'))
    }
  }
})

test('the fast path keeps nothing of the frame, whose memory the socket takes back', () => {
  const bytes = frame(SAMPLES.fix, 'binary')
  const request = readFixFrame(bytes)
  bytes.fill(0xff)
  assert.deepEqual(request, { type: 'fix', streamIndex: 0, sentAtMs: 15_000, fixes: [FIX] })
})

test('the fast path leaves other messages, and fixes that are not compact, to the general path', () => {
  assert.equal(readFixFrame(frame(SAMPLES.mark, 'binary')), null)
  assert.equal(readFixFrame(frame([...SAMPLES.fix, {}], 'binary')), null)
  assert.equal(readFixFrame(hex('')), null)
  assert.equal(readFixFrame(hex('02')), null)
})

test('[FX-13] each element of a fix is taken up to both ends of its range; beyond, that fix alone is left out, in both formats', () => {
  for (const [place, name] of FIX_FIELDS.entries()) {
    const [min, max] = RANGES[name]
    const withValue = (value: unknown) => FIX.map((own, i) => (i === place ? value : own))
    for (const format of FORMATS) {
      for (const good of [min, max]) assert.ok(parse(['fix', 0, 0, withValue(good)], format).ok, `${name} ${good}`)
      for (const bad of [min - 1, max + 1, 0.5, '1', true, [], {}]) {
        const sent = parse(['fix', 0, 0, FIX, withValue(bad), FIX], format)
        if (name === 'seq') assert.equal(refused(sent), 'invalid-field fixes.1.seq')
        else {
          assert.ok(sent.ok && sent.request.type === 'fix')
          assert.deepEqual(sent.request.fixes, [FIX, new BadFix(null, FIX[0], name), FIX])
        }
        assert.equal(refused(parse(['hint', 0, 0, withValue(bad)], format)), `invalid-field fix.${name}`)
      }
      const nullable = place >= 4
      const sent = parse(['fix', 0, 0, withValue(null)], format)
      assert.equal(sent.ok && sent.request.type === 'fix' && Array.isArray(sent.request.fixes[0]), nullable, name)
    }
  }
})

test('stream index and sentAt are taken up to both ends of their ranges and refused beyond', () => {
  for (const format of FORMATS) {
    for (const type of ['fix', 'hint']) {
      for (const end of RANGES.streamIndex) assert.ok(parse([type, end, 0, FIX], format).ok)
      for (const end of RANGES.sentAtMs) assert.ok(parse([type, 0, end, FIX], format).ok)
      for (const bad of [-1, 8, 0.5, null])
        assert.equal(refused(parse([type, bad, 0, FIX], format)), 'invalid-field streamIndex')
      for (const bad of [RANGES.sentAtMs[0] - 1, RANGES.sentAtMs[1] + 1, null]) {
        assert.equal(refused(parse([type, 0, bad, FIX], format)), 'invalid-field sentAtMs')
      }
    }
  }
})

test('[FX-1] a frame carries 1 to 256 fixes, and a full one fits the limits of bytes and values', () => {
  const full = Array.from(
    { length: DEFAULT_LIMITS.fixesPerFrame },
    (_, i): WireFix => [i + 1, -2_592_000_000 + i, -1_800_000_000, -900_000_000, 65_535, 65_535, 3_600],
  )
  for (const format of FORMATS) {
    assert.ok(parseFrame(frame(['fix', 0, 0, ...full], format), format, DEFAULT_LIMITS.frameBytes.driver).ok)
    assert.equal(refused(parse(['fix', 0, 0, ...full, FIX], format)), 'invalid-field fixes')
    assert.equal(refused(parse(['fix', 0, 0], format)), 'invalid-field fixes')
  }
})

test('a fix becomes degrees, metres and metres a second', () => {
  assert.deepEqual(toFix([9, 200, 1_747_633_000, -368_485_000, 55, 1_390, 2_705], 1_000), {
    seq: 9,
    fixedAtMs: 1_000,
    lonDeg: 174.7633,
    latDeg: -36.8485,
    accuracyM: 5.5,
    speedMps: 13.9,
    headingDeg: 270.5,
  })
  const { accuracyM, speedMps, headingDeg } = toFix([9, 0, 0, 0, null, null, null], 0)
  assert.deepEqual({ accuracyM, speedMps, headingDeg }, { accuracyM: null, speedMps: null, headingDeg: null })
})

test('minus zero, which only a float can say, becomes zero', () => {
  const text = '["fix",0,-0,[1,-0,-0,-0,-0,-0,-0]]'
  assert.deepEqual(parseFrame(new TextEncoder().encode(text), 'json', MAX_BYTES), {
    ok: true,
    request: { type: 'fix', streamIndex: 0, sentAtMs: 0, fixes: [[1, 0, 0, 0, 0, 0, 0]] },
    traceparent: null,
  })
})

test('a coordinate survives the way to degrees and back', () => {
  fc.assert(
    fc.property(fc.integer({ min: RANGES.lonE7[0], max: RANGES.lonE7[1] }), e7 => assert.equal(toE7(fromE7(e7)), e7)),
  )
})
