/** A crew that calls for help for itself. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { verdictOnReach } from '../../../src/domain/dispatch/eligibility.ts'
import type { DomainEvent } from '../../../src/domain/events.ts'
import { DEFAULT_POLICY } from '../../../src/domain/policy.ts'
import { dispatchabilityOf } from '../../../src/domain/unit/driver.ts'
import { callEmergency, endEmergency } from '../../../src/domain/unit/emergency.ts'
import { given, on, type World } from '../../support/given-when-then.ts'
import * as scenario from '../../support/scenario.ts'

const AT_MS = scenario.HAPPENED_MS
const calls =
  (ofSession: string | null, unitId = 'A1') =>
  (world: World) =>
    callEmergency(world.driver('A1'), { type: 'call-emergency', unitId, happenedAtMs: AT_MS }, ofSession)
const ends = (world: World) => endEmergency(world.driver('A1'))
const free = () => given(scenario.onDuty('A1'), scenario.called(['T-1'])).world
const offered = [scenario.offered('T-1', 'A1', 'O-1', 'offered')]
const taken: DomainEvent[] = [scenario.offered('T-1', 'A1', 'O-1'), scenario.accepted('T-1', 'A1', 'O-1')]
const RAISED = { type: 'UnitAlarmRaised', alarm: 'emergency', severity: 1 } as const

describe('an emergency of a crew', () => {
  test('is an alarm of the highest severity, with the trip that the unit has, and who said so', () => {
    const after = on(free(), taken)
      .when(calls('A1'))
      .thenEvents({ type: 'EmergencyCalled', happenedAtMs: AT_MS }, { ...RAISED, fromTripId: 'T-1' })
    const { emergencySinceMs, openAlarms, work } = after.driver('A1')
    assert.deepEqual(
      [emergencySinceMs, openAlarms?.map(({ kind }) => kind), work?.tripId],
      [AT_MS, ['emergency'], 'T-1'],
    )
    on(free(), [])
      .when(calls(null))
      .thenEvents({ type: 'EmergencyCalled', cause: 'dispatcher' }, { ...RAISED, fromTripId: null })
  })

  test('is heard of a unit without a crew, and once', () => {
    const idle = given(scenario.registered('A1')).world
    const after = on(idle, []).when(calls('A1')).thenEvents({ type: 'EmergencyCalled' }, RAISED)
    on(after).when(calls('A1')).thenEvents()
  })

  test('gives an unanswered offer back, and the unit is sent nowhere until a dispatcher says that the crew is safe', () => {
    const after = on(free(), offered)
      .when(calls('A1'))
      .thenEvents({ type: 'OfferRevoked', reason: 'unit-unavailable' }, { type: 'EmergencyCalled' }, RAISED)
    const fix = { lonDeg: 0, latDeg: 0, fixedAtMs: AT_MS } as never
    const verdict = (world: World) =>
      verdictOnReach(world.driver('A1'), { disconnectedSinceMs: null, fix }, DEFAULT_POLICY, 0, AT_MS).reason
    assert.deepEqual([verdict(after), dispatchabilityOf(after.driver('A1'))], ['emergency', 'not-available'])
    const safe = on(after).when(ends).thenEvents({ type: 'EmergencyEnded' })
    assert.deepEqual([verdict(safe), dispatchabilityOf(safe.driver('A1'))], [null, 'available'])
    assert.notEqual(safe.driver('A1').openAlarms?.[0]?.goneAtMs, null)
    on(safe).when(ends).thenEvents()
  })

  test('of another unit is no matter of this crew', () => {
    on(free(), []).when(calls('A2')).thenRefused('wrong-unit')
  })
})
