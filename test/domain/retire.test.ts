/** The rules of a unit that the service gives up. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { accepted as accept } from '../../src/domain/decision.ts'
import { driverKey } from '../../src/domain/entity.ts'
import type { DomainEvent } from '../../src/domain/events.ts'
import { retireUnit } from '../../src/domain/retire.ts'
import { signOn } from '../../src/domain/unit/crew-duty.ts'
import { DISPATCH_MODES } from '../../src/domain/vocabulary.ts'
import { given, type World } from '../support/given-when-then.ts'
import { HAPPENED_MS, onDuty, registered, untilAssigned, untilOffered } from '../support/scenario.ts'

const RETIRED: DomainEvent = { type: 'UnitRetired', v: 1, entity: driverKey('A1'), unitId: 'A1' }
const retire = (world: World) => accept(...retireUnit(world.driver('A1'), HAPPENED_MS))
const signsOn = (world: World) =>
  signOn(world.driver('A1'), { type: 'sign-on', happenedAtMs: HAPPENED_MS }, 'crew of A1', undefined)

test('a unit without a crew is retired, and off duty for good', () => {
  const after = given(registered('A1')).when(retire).thenEvents({ type: 'UnitRetired', unitId: 'A1' })
  assert.deepEqual([after.driver('A1').status, after.driver('A1').retired], ['off-duty', true])
})

test('a crew that has no trip is signed off with its unit', () => {
  const after = given(...[onDuty('A1')])
    .when(retire)
    .thenEvents({ type: 'CrewSignedOff', principal: 'crew of A1', happenedAtMs: HAPPENED_MS }, { type: 'UnitRetired' })
  assert.deepEqual([after.driver('A1').crew, after.driver('A1').status], [null, 'off-duty'])
})

for (const mode of DISPATCH_MODES) {
  test(`a unit is not retired while it has an offer or a trip (${mode})`, () => {
    given(...untilOffered(mode))
      .when(retire)
      .thenEvents()
    given(...untilAssigned(mode))
      .when(retire)
      .thenEvents()
  })
}

test('no crew signs on to a retired unit', () => {
  given(registered('A1'), RETIRED).when(signsOn).thenRefused('unit-retired')
})

test('a unit is retired once', () => {
  given(registered('A1'), RETIRED).when(retire).thenEvents()
})

test('a retired unit that is registered again is live again, with nothing left of its retirement', () => {
  const { world } = given(registered('A1'), RETIRED, registered('A1'))
  assert.ok(!('retired' in world.driver('A1')))
  given(registered('A1'), RETIRED, registered('A1')).when(signsOn).thenEvents({ type: 'CrewSignedOn' })
})
