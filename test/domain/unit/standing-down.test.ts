/** A unit whose trip is taken from it at the scene: nothing new for it before it is clear. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { whyNotFit } from '../../../src/domain/dispatch/override.ts'
import type { DomainEvent } from '../../../src/domain/events.ts'
import { retireUnit } from '../../../src/domain/retire.ts'
import { setStatus, setUnitStatus, signOff, signOn } from '../../../src/domain/unit/crew-duty.ts'
import type { DriverState } from '../../../src/domain/unit/driver.ts'
import { evolveDriver } from '../../../src/domain/unit/driver-fold.ts'
import { given } from '../../support/given-when-then.ts'
import { onDuty, reached, untilAssigned } from '../../support/scenario.ts'

const AT_MS = 1_700_000_100_000
const META = { position: 90, recordedAtMs: AT_MS }

/** A unit that has been withdrawn at the scene. */
function standing() {
  const world = given(...untilAssigned(), reached('T-1', 'A1', 'on-scene'), onDuty('A2')).world
  const withdrawn = { type: 'UnitWithdrawn', v: 1, entity: 'trip/T-1', tripId: 'T-1', unitId: 'A1' } as const
  world.record([{ ...withdrawn, inPhase: 'on-scene', reason: 'closer-unit', standsDown: true }])
  return world
}
const unit = () => standing().driver('A1')
const types = (events: readonly DomainEvent[]) => events.map(({ type }) => type)

test('its status says so, with the trip that it was taken from, and nobody can give it another', () => {
  const driver = unit()
  assert.deepEqual([driver.status, driver.work, driver.standingDown], ['standing-down', null, 'T-1'])
  const refusal = whyNotFit(driver, 'T-2')
  assert.equal(refusal?.code, 'unit-not-fit')
  assert.match(refusal.message, /stands down from trip T-1/)
})

test('its crew, or the desk for it, says that it is clear, whether or not it can be sent then', () => {
  const moment = { happenedAtMs: AT_MS }
  const ready = setStatus(unit(), { type: 'set-status', status: 'available', reason: null, ...moment })
  const rests = setStatus(unit(), { type: 'set-status', status: 'unavailable', reason: 'restock', ...moment })
  const command = { type: 'set-unit-status', unitId: 'A1', status: 'available', reason: null, ...moment } as const
  const byRadio = setUnitStatus(unit(), command, false)
  const goesHome = signOff(unit(), { type: 'sign-off', ...moment })
  const ends: [typeof ready, string[], string][] = [
    [ready, ['UnitCleared'], 'available'],
    [rests, ['UnitCleared', 'UnitBecameUnavailable'], 'unavailable'],
    [byRadio, ['UnitCleared'], 'available'],
    [goesHome, ['UnitCleared', 'CrewSignedOff'], 'off-duty'],
  ]
  for (const [decision, expected, status] of ends) {
    assert.ok(decision.ok)
    assert.deepEqual(types(decision.events), expected)
    let driver = unit()
    for (const event of decision.events) driver = evolveDriver(driver, event, META)
    assert.deepEqual([driver.status, 'standingDown' in driver], [status, false])
  }
  assert.ok(byRadio.ok)
  assert.deepEqual(byRadio.events[0], {
    type: 'UnitCleared',
    v: 1,
    entity: 'driver/A1',
    unitId: 'A1',
    fromTripId: 'T-1',
    happenedAtMs: AT_MS,
    cause: 'dispatcher',
  })
})

test('one that is unfit, too, is unavailable once it is clear, until somebody says that it can be sent', () => {
  const [moment, ready] = [{ happenedAtMs: AT_MS }, { type: 'set-status', status: 'available', reason: null } as const]
  let driver: DriverState = { ...unit(), unavailableReason: 'vehicle-fault' }
  for (const [expected, status] of [
    ['UnitCleared', 'unavailable'],
    ['UnitBecameAvailable', 'available'],
  ] as const) {
    const decision = setStatus(driver, { ...ready, ...moment })
    assert.ok(decision.ok)
    assert.deepEqual(types(decision.events), [expected])
    driver = evolveDriver(driver, decision.events[0]!, META)
    assert.equal(driver.status, status)
  }
})

test('a crew that relieves it takes over where it stands, and the service does not retire it yet', () => {
  const relief = signOn(unit(), { type: 'sign-on', happenedAtMs: AT_MS }, 'successor', undefined)
  assert.ok(relief.ok)
  let driver = unit()
  for (const event of relief.events) driver = evolveDriver(driver, event, META)
  assert.deepEqual([driver.crew, driver.status], ['successor', 'standing-down'])
  assert.deepEqual(retireUnit(unit(), AT_MS), [])
})

test('records of before units stood down leave the unit free, as it then was', () => {
  const { world } = given(...untilAssigned(), reached('T-1', 'A1', 'transporting'))
  const cancelled = { type: 'TripCancelled', v: 1, entity: 'trip/T-1', tripId: 'T-1', callId: 'C-1' } as const
  const event = { ...cancelled, reason: 'other', inPhase: 'transporting', unitId: 'A1', cause: 'dispatcher' } as const
  assert.equal(evolveDriver(world.driver('A1'), event, META).status, 'available')
})
