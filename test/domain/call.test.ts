/** A call and its trips: entering, and the end with the last trip. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endedCall, enterCall } from '../../src/domain/call.ts'
import type { EnterCall } from '../../src/domain/commands.ts'
import { BrokenInvariant, accepted as decided } from '../../src/domain/decision.ts'
import { given, START_MS, type World } from '../support/given-when-then.ts'
import { accepted, BLS, called, cancelled, closed, offered, onDuty, PLACE } from '../support/scenario.ts'

const command: EnterCall = {
  type: 'enter-call',
  ...PLACE,
  priority: 2,
  problem: '17-D-3',
  needs: [BLS, { levelOfCare: 'als', transport: false, capabilities: ['bariatric'], preferred: ['neonatal'] }],
  receivedAtMs: null,
  details: { callerName: 'the caller', phone: '021 555', address: '1 Queen St', notes: 'gate is locked' },
}
const ended = (world: World) => {
  const call = world.call('C-1')
  return decided(
    ...endedCall(
      call,
      call.tripIds.map(id => world.trip(id)),
    ),
  )
}

test('a call becomes one trip for each unit that it needs', () => {
  const after = given()
    .when(() => decided(...enterCall(command, 'C-7', ['T-7', 'T-8'], START_MS, '2023-000007')))
    .thenEvents(
      { type: 'CallEntered', callId: 'C-7', tripIds: ['T-7', 'T-8'] },
      { type: 'TripCreated', tripId: 'T-7', callId: 'C-7', need: { ...BLS, transport: true }, priority: 2 },
      { type: 'TripCreated', tripId: 'T-8', callId: 'C-7', need: command.needs[1], priority: 2 },
    )
  assert.deepEqual([after.call('C-7').state, after.call('C-7').problem], ['open', '17-D-3'])
})

test("the response clock starts when the caller was heard, or else at the engine's now", () => {
  const receivedAtMs = (events: readonly object[]) => events.map(event => Reflect.get(event, 'receivedAtMs'))
  const known = { ...command, receivedAtMs: START_MS - 40_000 }
  assert.deepEqual(receivedAtMs(enterCall(command, 'C-7', ['T-7', 'T-8'], START_MS, '2023-000007')), [
    START_MS,
    START_MS,
    START_MS,
  ])
  assert.deepEqual(
    new Set(receivedAtMs(enterCall(known, 'C-7', ['T-7', 'T-8'], START_MS, '2023-000007'))),
    new Set([START_MS - 40_000]),
  )
})

test('who said when the call was received is kept: nobody knows it where the moment is the entry, or was put right', () => {
  const sourceOf = (entered: Parameters<typeof enterCall>[0]) => {
    const [event] = enterCall(entered, 'C-7', ['T-7', 'T-8'], START_MS, '2023-000007')
    return (event as { receivedSource?: string }).receivedSource
  }
  assert.equal(sourceOf(command), 'entered')
  assert.equal(sourceOf({ ...command, receivedAtMs: START_MS - 40_000 }), 'caller')
  assert.equal(sourceOf({ ...command, receivedAtMs: START_MS, sentAtMs: 7 }), 'entered')
})

test('no event carries personal data', () => {
  const text = JSON.stringify(enterCall(command, 'C-7', ['T-7', 'T-8'], START_MS, '2023-000007'))
  for (const personal of Object.values(command.details!)) assert.ok(!text.includes(personal!), personal!)
})

const twoTrips = [
  onDuty('A1'),
  called(['T-1', 'T-2'], 'C-1'),
  offered('T-1', 'A1', 'O-1'),
  accepted('T-1', 'A1', 'O-1'),
] as const
const second = { ...cancelled('T-2', null), callId: 'C-1' } as ReturnType<typeof cancelled>

test('a call stays open until the last of its trips has ended', () => {
  given(...twoTrips)
    .when(ended)
    .thenEvents()
  given(...twoTrips, closed('T-1', 'A1'))
    .when(ended)
    .thenEvents()
  given(...twoTrips, second)
    .when(ended)
    .thenEvents()
})

test('a call of which a trip was closed is closed, in whatever order they ended', () => {
  for (const ends of [
    [closed('T-1', 'A1'), second],
    [second, closed('T-1', 'A1')],
  ]) {
    const after = given(...twoTrips, ...ends)
      .when(ended)
      .thenEvents({ type: 'CallClosed', callId: 'C-1' })
    assert.equal(after.call('C-1').state, 'closed')
  }
})

test('a call of which every trip was cancelled is cancelled', () => {
  const after = given(...twoTrips, cancelled('T-1', 'A1'), second)
    .when(ended)
    .thenEvents({ type: 'CallCancelled' })
  assert.equal(after.call('C-1').state, 'cancelled')
})

test('a call ends once', () => {
  const after = given(...twoTrips, closed('T-1', 'A1'), second)
    .when(ended)
    .thenEvents({ type: 'CallClosed' })
  assert.deepEqual(ended(after), decided())
  assert.throws(
    () => after.record([{ type: 'CallCancelled', v: 1, entity: 'call/C-1', callId: 'C-1' }]),
    BrokenInvariant,
  )
})

test('a call entered twice, or ended without being entered, breaks an invariant', () => {
  assert.throws(() => given(called(['T-1']), called(['T-1'])), BrokenInvariant)
  assert.throws(() => given({ type: 'CallClosed', v: 1, entity: 'call/C-9', callId: 'C-9' }), BrokenInvariant)
})
