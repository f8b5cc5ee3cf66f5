/** What a frame claims to be, by its first bytes, against the reader of whole frames. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { frameTypeOf } from '../../src/protocol/frame-type.ts'
import { messageName } from '../../src/protocol/messages.ts'
import { parseAnyFrame } from '../../src/protocol/parse.ts'
import { CLIENT_TYPES } from '../../src/protocol/wire/message-types.ts'
import { FORMATS, frame, SAMPLES } from './frames.ts'

test('the first bytes of every frame that our encoder writes tell its type', () => {
  for (const format of FORMATS) {
    for (const message of Object.values(SAMPLES)) assert.equal(frameTypeOf(frame(message, format), format), message[0])
    for (const name of Object.keys(CLIENT_TYPES)) {
      assert.equal(frameTypeOf(frame([name, 'x'] as never, format), format), name)
    }
  }
})

test('a frame that can be read is never told to be another one, whatever stands in it', () => {
  const changes = fc.array(fc.record({ at: fc.nat(), byte: fc.nat(255) }), { maxLength: 3 })
  fc.assert(
    fc.property(
      fc.constantFrom(...FORMATS),
      fc.constantFrom(...Object.values(SAMPLES)),
      changes,
      (format, message, changed) => {
        const bytes = Uint8Array.from(frame(message, format))
        for (const { at, byte } of changed) bytes[at % Math.min(4, bytes.length)] = byte
        const told = frameTypeOf(bytes, format)
        const parsed = parseAnyFrame(bytes, format)
        if (parsed.ok && told !== null) assert.equal(told, messageName(parsed.request))
      },
    ),
  )
})

test('nothing is told of what is cut short', () => {
  for (const format of FORMATS) {
    assert.equal(frameTypeOf(new Uint8Array(0), format), null)
    assert.equal(frameTypeOf(Uint8Array.of(0x93), format), null)
    assert.equal(frameTypeOf(Buffer.from('["nearest'), format), null)
    assert.equal(frameTypeOf(Buffer.from('["toString"]'), format), null)
  }
})
