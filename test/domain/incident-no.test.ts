/** Numbers that can be said on the radio. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { addNeed, enterCall } from '../../src/domain/call.ts'
import { incidentNoIn, incidentNoOf, incidentOf, RESPONSE_NO, responseNoOf } from '../../src/domain/incident-no.ts'
import { releaseCall, releaseTrip } from '../../src/domain/release.ts'
import { given, START_MS } from '../support/given-when-then.ts'
import { BLS, cancelled, PLACE } from '../support/scenario.ts'

const command = { type: 'enter-call', ...PLACE, priority: 2, problem: null, receivedAtMs: null, details: null } as const
const entered = () => enterCall({ ...command, needs: [BLS, BLS] }, 'C-7', ['T-7', 'T-8'], START_MS, '2026-000123')

test('a number is read back as it was written, however many calls a year has', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1970, max: 9999 }), fc.integer({ min: 1, max: 1e11 }), (year, number) => {
      const no = incidentNoOf({ year, number })
      assert.deepEqual(incidentOf(no), { year, number })
      const response = responseNoOf(no, 8)
      assert.match(response, RESPONSE_NO)
      assert.equal(incidentNoIn(response), no)
    }),
  )
  assert.equal(incidentNoOf({ year: 2026, number: 123 }), '2026-000123')
  for (const wrong of ['', '2026', '2026-123', '26-000123', '2026-000123-1', 'akl.x'])
    assert.equal(incidentOf(wrong), null)
})

test("a call has its number, and each of its trips the call's with its place", () => {
  const { world } = given(entered())
  assert.equal(world.call('C-7').incidentNo, '2026-000123')
  assert.deepEqual(
    ['T-7', 'T-8'].map(tripId => world.trip(tripId).responseNo),
    ['2026-000123-1', '2026-000123-2'],
  )
})

test('a further trip of the call goes on from the last, also where that has ended', () => {
  const { world } = given(entered(), { ...cancelled('T-8', null), callId: 'C-7' } as ReturnType<typeof cancelled>)
  const decision = addNeed(world.call('C-7'), { type: 'add-need', callId: 'C-7', need: BLS }, 'T-9')
  assert.ok(decision.ok)
  world.record(decision.events)
  assert.equal(world.trip('T-9').responseNo, '2026-000123-3')
})

test('what was held and is released keeps its number', () => {
  const { world } = given(entered())
  const trip = releaseTrip(world.trip('T-8'), world.call('C-7'), null, 'pending')
  const call = releaseCall(world.call('C-7'), [world.trip('T-7'), world.trip('T-8')])
  assert.ok(trip.ok && call.ok)
  world.record(trip.events).record(call.events)
  assert.equal(world.trip('T-8').responseNo, '2026-000123-2')
  assert.equal(world.call('C-7').incidentNo, '2026-000123')
})

test('calls of records of before have no number', () => {
  const { incidentNo: _, ...former } = entered()[0] as Extract<
    ReturnType<typeof entered>[number],
    { type: 'CallEntered' }
  >
  assert.ok(!('incidentNo' in given(former).world.call('C-7')))
})
