/** One command, one hash: whatever the format, the order of keys, the id, or the door it came in by. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Command } from '../../src/domain/commands.ts'
import { bodyHash } from '../../src/protocol/body-hash.ts'
import { fromE7 } from '../../src/protocol/fix-frame.ts'
import type { WireCall } from '../../src/protocol/wire/client-tuples.ts'
import { clientMessage, wireCall } from './arbitraries.ts'
import { parseCallBody } from './call-body.ts'
import { accepted, FORMATS, NOW, OFFER, parse } from './frames.ts'

const commandOf = (tuple: readonly unknown[], format: 'binary' | 'json' = 'binary'): Command => {
  const request = accepted(parse(tuple, format))
  assert.ok(request.type === 'command')
  return request.command
}

test('the hash is SHA-256 of the command as JSON with sorted keys', () => {
  const canonical = `{"happenedAtMs":${NOW},"offerId":"${OFFER}","type":"accept-offer"}`
  const expected = createHash('sha256').update(canonical).digest('hex')
  assert.equal(bodyHash(commandOf(['accept-offer', 'c1', OFFER, NOW])), expected)
})

test('[CM-5] id, trace, format and unknown elements do not count', () => {
  fc.assert(
    fc.property(clientMessage, message => {
      const request = accepted(parse(message, 'binary'))
      if (request.type !== 'command') return
      const hash = bodyHash(request.command)
      const again: unknown[] = [
        ...message,
        'later',
        { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' },
      ]
      again[1] = 'another-id'
      for (const format of FORMATS) assert.equal(bodyHash(commandOf(again, format)), hash)
    }),
  )
})

test('[CM-5] a call has one hash over WebSocket and HTTP', () => {
  fc.assert(
    fc.property(wireCall, call => {
      const { lonE7, latE7, ...rest } = call
      const body = parseCallBody(JSON.stringify({ ...rest, latDeg: fromE7(latE7), lonDeg: fromE7(lonE7) }))
      assert.ok(body.ok)
      assert.equal(bodyHash(body.value), bodyHash(commandOf(['enter-call', 'c1', call])))
    }),
  )
})

test('[CM-5] the order of keys does not count, the order of needs does', () => {
  const need = (levelOfCare: 'bls' | 'als') => ({ levelOfCare, capabilities: [] })
  const call: WireCall = { lonE7: 1, latE7: 2, priority: 1, needs: [need('bls'), need('als')] }
  const hash = bodyHash(commandOf(['enter-call', 'c1', call]))
  const turned = { needs: call.needs, priority: 1, latE7: 2, lonE7: 1, problem: null, details: {} }
  assert.equal(bodyHash(commandOf(['enter-call', 'c1', turned])), hash)
  assert.notEqual(bodyHash(commandOf(['enter-call', 'c1', { ...call, needs: [need('als'), need('bls')] }])), hash)
})

test('every field counts', () => {
  const one = bodyHash(commandOf(['report-phase', 'c1', OFFER, 'on-scene', NOW]))
  for (const other of [
    ['report-phase', 'c1', OFFER, 'on-scene', NOW + 1],
    ['report-phase', 'c1', OFFER, 'en-route', NOW],
    ['report-phase', 'c1', `x${OFFER}`, 'on-scene', NOW],
  ]) {
    assert.notEqual(bodyHash(commandOf(other)), one)
  }
  assert.notEqual(bodyHash(commandOf(['sign-on', 'c1', NOW])), bodyHash(commandOf(['sign-off', 'c1', NOW])))
})
