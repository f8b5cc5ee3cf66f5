/** What a refused hello or a closed socket means for coming back. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { afterClose, afterRefusedHello } from '../../src/client/setbacks.ts'
import { CLOSE_CODES, ERRORS } from '../../src/protocol/errors.ts'

const random = () => 0.5
const refusal = (code: string, retryAfterMs?: number) => ({
  code,
  message: 'No.',
  details: retryAfterMs === undefined ? null : { retryAfterMs },
})

test('an engine that turns everybody away says when to come back, or is given a second', () => {
  for (const code of ['unavailable', 'overloaded']) {
    assert.deepEqual(afterRefusedHello(refusal(code, 700), random), { trouble: 'turned-away', atLeastMs: 700 })
    assert.deepEqual(afterRefusedHello(refusal(code), random), { trouble: 'turned-away', atLeastMs: 1_000 })
  }
})

test('who was too many comes back after the pause and a share of it, and ever later', () => {
  for (const code of ['rate-limited', 'too-many-connections', 'internal']) {
    assert.deepEqual(afterRefusedHello(refusal(code, 400), random), { trouble: 'repeats', atLeastMs: 500 })
  }
})

test('a hello is said again exactly for the codes that the protocol calls retryable', () => {
  for (const [code, { retryable }] of Object.entries(ERRORS)) {
    assert.equal(afterRefusedHello(refusal(code), random) !== null, retryable, code)
  }
  assert.equal(afterRefusedHello(refusal('of-a-later-version'), random), null)
})

test('a closed socket is a lost one, but for being superseded and for being too many', () => {
  for (const [name, code] of [...Object.entries(CLOSE_CODES), ['abnormal', 1006] as const]) {
    const comeback = afterClose(code, random)
    if (name === 'superseded') assert.equal(comeback, null)
    else if (name === 'tooMany') assert.deepEqual(comeback, { trouble: 'repeats', atLeastMs: 2_500 })
    else assert.deepEqual(comeback, { trouble: 'lost', atLeastMs: 0 }, name)
  }
})
