import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_LIMITS, LIMITS } from '../../src/protocol/limits.ts'
import { type Action, may } from '../../src/protocol/rights.ts'
import type { ClientMessage } from '../../src/protocol/wire/client-tuples.ts'
import type { ClientTypeName } from '../../src/protocol/wire/message-types.ts'
import { FIX, REGION, startHarness, TRIP_ID, until } from './harness.ts'

const CALL = {
  lonE7: 1_747_600_000,
  latE7: -368_500_000,
  priority: 1,
  needs: [{ levelOfCare: 'als', capabilities: [] }],
}

/** One good message of every type but hello. */
const MESSAGES: Record<Exclude<ClientTypeName, 'hello'>, ClientMessage> = {
  fix: ['fix', 0, 100, FIX],
  hint: ['hint', 0, 100, FIX],
  mark: ['mark', 0],
  'sign-on': ['sign-on', 'c1', 1],
  'sign-off': ['sign-off', 'c1', 1],
  'set-status': ['set-status', 'c1', 'available', null, 1],
  'accept-offer': ['accept-offer', 'c1', TRIP_ID, 1],
  'decline-offer': ['decline-offer', 'c1', TRIP_ID, 'too-far'],
  'report-phase': ['report-phase', 'c1', TRIP_ID, 'on-scene', 1],
  'acknowledge-stand-down': ['acknowledge-stand-down', 'c1', TRIP_ID, 1],
  'close-trip': ['close-trip', 'c1', TRIP_ID, 'transported', 1],
  'enter-call': ['enter-call', 'c1', CALL] as ClientMessage,
  'cancel-trip': ['cancel-trip', 'c1', TRIP_ID, 'duplicate-call'],
  nearest: ['nearest', 'c1', 1_747_600_000, -368_500_000, 3, null],
  'watch-board': ['watch-board', 'c1', null],
  'unwatch-board': ['unwatch-board', 'c1'],
  'watch-etas': ['watch-etas', 'c1'],
  'unwatch-etas': ['unwatch-etas', 'c1'],
  'find-place': ['find-place', 'c1', 'Queen St', 3],
  'best-destinations': ['best-destinations', 'c1', TRIP_ID, null, null, [], 3],
  reach: ['reach', 'c1', null, 0, 0, 'from', null, 60_000, 1_000],
  coverage: ['coverage', 'c1', 60_000, null, null],
  'trip-route': ['trip-route', 'c1', TRIP_ID, 1_000],
  'feed-fixes': ['feed-fixes', 100, [0, ...FIX]],
  'watch-tiles': ['watch-tiles', 'c1', [['12/4036/2513', null, null]]],
  'watch-unit': ['watch-unit', 'c1', 'A1'],
  'unwatch-unit': ['unwatch-unit', 'c1', 'A1'],
  'explain-trip': ['explain-trip', 'c1', TRIP_ID, 'A1'],
  'amend-call': ['amend-call', 'c1', TRIP_ID, { priority: 2 }],
  'add-note': ['add-note', 'c1', TRIP_ID, 'two patients', null],
  'read-notes': ['read-notes', 'c1', TRIP_ID, 1],
  'cancel-call': ['cancel-call', 'c1', TRIP_ID, 'duplicate-call'],
  'assign-unit': ['assign-unit', 'c1', TRIP_ID, 'A1', 'closer-unit'],
  'withdraw-unit': ['withdraw-unit', 'c1', TRIP_ID, 'closer-unit'],
  'divert-unit': ['divert-unit', 'c1', TRIP_ID, `${TRIP_ID.slice(0, -1)}9`, 'closer-unit'],
  'hold-trip': ['hold-trip', 'c1', TRIP_ID],
  'resume-trip': ['resume-trip', 'c1', TRIP_ID],
  'confirm-order': ['confirm-order', 'c1', TRIP_ID, 1],
  'close-roads': [
    'close-roads',
    'c1',
    {
      kind: 'line',
      points: [
        [1, 1],
        [2, 2],
      ],
      reason: 'flood',
    },
  ],
  'reopen-roads': ['reopen-roads', 'c1', TRIP_ID],
  'call-emergency': ['call-emergency', 'c1', 'A1', 1],
  'end-emergency': ['end-emergency', 'c1', 'A1'],
  'name-destination': ['name-destination', 'c1', TRIP_ID, 'H1'],
  'name-receiver': ['name-receiver', 'c1', TRIP_ID, null],
  'add-need': ['add-need', 'c1', TRIP_ID, { levelOfCare: 'als', capabilities: [] }],
  'acknowledge-alarm': ['acknowledge-alarm', 'c1', `trip/${TRIP_ID}/no-movement/1`],
  'shelve-alarm': ['shelve-alarm', 'c1', `trip/${TRIP_ID}/no-movement/1`, 1_000],
  'set-unit-status': ['set-unit-status', 'c1', 'A1', 'available', null, 1],
  attach: ['attach', 'c1', [[0, 'A1', 's1', 'gnss', 1]]],
  detach: ['detach', 'c1', [0]],
  'correct-time': ['correct-time', 'c1', TRIP_ID, 'A1', 'on-scene', 1, 'radio-log'],
}

for (const role of ['driver', 'dispatcher', 'feed'] as const) {
  test(`a ${role} reaches its region with what the table of roles allows, and with nothing else`, async t => {
    const harness = await startHarness(t)
    const client = await harness.signIn(role)
    for (const [name, message] of Object.entries(MESSAGES)) {
      const heardBefore = harness.region.heard.length
      client.send(message)
      if (may(role, name as Action)) {
        await until(() => harness.region.heard.length > heardBefore)
        assert.deepEqual(harness.region.heard.slice(heardBefore), [name])
        if (typeof message[1] === 'string') assert.deepEqual((await client.next()).slice(0, 2), ['reply', 'c1'], name)
      } else {
        const id = typeof message[1] === 'string' ? 'c1' : null
        assert.deepEqual(await client.nextError(), { id, code: 'wrong-role', details: null }, name)
        assert.equal(harness.region.heard.length, heardBefore)
      }
    }
  })
}

test('a command reaches the region with its id, principal, unit and trace, and its body hashed', async t => {
  const harness = await startHarness(t)
  const client = await harness.signIn('driver', 'json')
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
  client.socket.send(JSON.stringify(['sign-on', 'c1', 5, { traceparent }]))
  client.socket.send(JSON.stringify(['sign-on', 'c2', 5]))
  await client.next()
  await client.next()
  const [first, second] = harness.region.commands
  const { answer: _, bodyHash, ...request } = first!
  assert.deepEqual(request, {
    commandId: 'c1',
    principal: 'person-1',
    unitId: 'A1',
    command: { type: 'sign-on', happenedAtMs: 5 },
    traceparent,
  })
  assert.match(bodyHash, /^[0-9a-f]{64}$/)
  assert.equal(second?.bodyHash, bodyHash)
  assert.equal(second?.traceparent, null)
})

test('a command’s refusal comes back as an error under its id, also long after', async t => {
  const harness = await startHarness(t)
  const client = await harness.signIn('driver')
  harness.region.onCommand = request =>
    setTimeout(
      () => request.answer({ ok: false, refusal: { code: 'unit-off-duty', message: 'Sign on.', details: { a: 1 } } }),
      5,
    )
  client.send(['accept-offer', 'c9', TRIP_ID, 1])
  assert.deepEqual(await client.next(), ['error', 'c9', 'unit-off-duty', 'Sign on.', { a: 1 }])
})

test('fixes reach the region as sent, in order, and survive the frame’s buffer', async t => {
  const harness = await startHarness(t)
  const client = await harness.signIn('driver')
  client.send(['fix', 0, 10, [1, 0, 1, 2, null, null, null], [2, -5, 3, 4, 5, 6, 7]])
  client.send(['fix', 3, 20, [3, 0, -1, -2, null, null, null]])
  await until(() => harness.region.fixFrames.length === 2)
  assert.deepEqual(harness.region.fixFrames, [
    {
      streamIndex: 0,
      sentAtMs: 10,
      fixes: [
        [1, 0, 1, 2, null, null, null],
        [2, -5, 3, 4, 5, 6, 7],
      ],
    },
    { streamIndex: 3, sentAtMs: 20, fixes: [[3, 0, -1, -2, null, null, null]] },
  ])
  assert.equal(await harness.sample('goldenhour_frames_total{direction="in",type="fix"}'), 2)
})

const badFrames: [what: string, format: 'binary' | 'json', frame: Uint8Array | string, code: string][] = [
  ['an empty frame', 'binary', new Uint8Array(), 'malformed-frame'],
  ['bytes that end early', 'binary', Uint8Array.of(0x93, 2, 0), 'malformed-frame'],
  ['bytes after the message', 'binary', Uint8Array.of(0x92, 4, 0, 0), 'malformed-frame'],
  ['an extension type', 'binary', Uint8Array.of(0x92, 4, 0xd4, 1, 1), 'malformed-frame'],
  ['a message that is no tuple', 'binary', Uint8Array.of(0x80), 'malformed-frame'],
  ['an unknown type', 'binary', Uint8Array.of(0x92, 99, 0), 'unknown-type'],
  ['a channel out of range', 'binary', Uint8Array.of(0x92, 4, 0xce, 0, 0x0f, 0x42, 0x40), 'invalid-field'],
  ['text on the binary subprotocol', 'binary', '["mark",0]', 'malformed-frame'],
  ['bytes on the JSON subprotocol', 'json', Uint8Array.of(0x92, 4, 0), 'malformed-frame'],
  ['text that is not JSON', 'json', '["mark",', 'malformed-frame'],
  ['an unknown name', 'json', '["explode",0]', 'unknown-type'],
  ['a server’s message', 'json', '["welcome","x",{}]', 'unknown-type'],
]
for (const [what, format, frame, code] of badFrames) {
  test(`[ER-4] ${what} is answered ${code}, and the connection goes on`, async t => {
    const harness = await startHarness(t)
    const client = await harness.signIn('driver', format)
    client.socket.send(frame)
    assert.equal((await client.nextError()).code, code)
    client.send(['sign-on', 'c1', 1])
    assert.deepEqual(await client.next(), ['reply', 'c1', 7, { done: 'sign-on' }])
    assert.equal(await harness.sample('goldenhour_frames_total{direction="in",type="bad"}'), 1)
  })
}

test('[ER-4] after as many bad frames as allowed, each answered, the connection is closed with 4400', async t => {
  const harness = await startHarness(t)
  const client = await harness.signIn('driver')
  for (let i = 0; i < DEFAULT_LIMITS.badFrames; i += 1) client.socket.send(Uint8Array.of(0xc1))
  for (let i = 0; i < DEFAULT_LIMITS.badFrames; i += 1) assert.equal((await client.nextError()).code, 'malformed-frame')
  assert.equal((await client.closed).code, 4400)
  await until(() => harness.region.heard.length === 2)
  assert.deepEqual(harness.region.heard, ['open', 'closed 0'])
})

test('[ER-4] before hello bad frames count too', async t => {
  const harness = await startHarness(t)
  const client = await harness.connect()
  for (let i = 0; i < DEFAULT_LIMITS.badFrames; i += 1) client.send(['mark', 0])
  for (let i = 0; i < DEFAULT_LIMITS.badFrames; i += 1) assert.equal((await client.nextError()).code, 'hello-first')
  assert.equal((await client.closed).code, 4400)
})

for (const role of ['driver', 'dispatcher'] as const) {
  test(`a frame over the limit of a ${role} is answered frame-too-large, one at the limit is read`, async t => {
    const harness = await startHarness(t)
    const client = await harness.signIn(role, 'json')
    const id = role === 'driver' ? 'sign-on' : 'unwatch-board'
    const message = role === 'driver' ? `["${id}","c1",1,"` : `["${id}","c1","`
    const atLimit = paddedTo(DEFAULT_LIMITS.frameBytes[role === 'driver' ? 'driver' : 'desk'], message)
    client.socket.send(`${atLimit} `)
    assert.equal((await client.nextError()).code, 'frame-too-large')
    client.socket.send(atLimit)
    assert.deepEqual((await client.next()).slice(0, 2), ['reply', 'c1'])
  })
}

test('before hello a frame is held to the smaller limit, into which the longest token fits', async t => {
  const harness = await startHarness(t)
  const client = await harness.connect('json')
  client.socket.send('x'.repeat(DEFAULT_LIMITS.frameBytes.driver + 1))
  assert.equal((await client.nextError()).code, 'frame-too-large')
  const token = 'x'.repeat(LIMITS.tokenChars)
  client.send(['hello', 'h1', token, REGION, 'dispatcher', null, 0, []])
  assert.equal((await client.nextError()).code, 'token-invalid')
})

test('[ER-4] a frame far over all limits ends the connection before it is buffered', async t => {
  const harness = await startHarness(t)
  const client = await harness.signIn('dispatcher')
  client.socket.send(new Uint8Array(4 * DEFAULT_LIMITS.frameBytes.desk + 1))
  const { code } = await client.closed
  assert.ok(code === 1006 || code === 1009, `closed with ${code}`)
  await until(() => harness.region.heard.length === 2)
})

test('a handler that throws is answered internal and counted, and the connection goes on', async t => {
  const harness = await startHarness(t)
  const client = await harness.signIn('driver')
  const { onCommand } = harness.region
  harness.region.onCommand = () => {
    throw new Error('broken on purpose')
  }
  client.send(['sign-on', 'c1', 1])
  assert.deepEqual(await client.nextError(), { id: 'c1', code: 'internal', details: null })
  assert.equal(await harness.sample('goldenhour_refusals_total{code="internal"}'), 1)
  harness.region.onCommand = onCommand
  client.send(['sign-on', 'c2', 1])
  assert.deepEqual(await client.next(), ['reply', 'c2', 7, { done: 'sign-on' }])
})

/** A message that ends within a string, filled up with further strings: none may be as long as a frame. */
function paddedTo(bytes: number, message: string): string {
  let text = message
  while (bytes - text.length > 4_000) text += `${'x'.repeat(2_000)}","`
  return `${text}${'x'.repeat(bytes - text.length - 2)}"]`
}
