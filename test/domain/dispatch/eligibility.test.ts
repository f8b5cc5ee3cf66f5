/** Who may serve a need, and why not: verdicts on units, and the counts that a decision record keeps of them. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Census } from '../../../src/domain/dispatch/census.ts'
import {
  countExclusion,
  type Exclusions,
  fits,
  levelsServing,
  type PassedOver,
  type Presence,
  reasonOfStanding,
  verdictOn,
} from '../../../src/domain/dispatch/eligibility.ts'
import type { Need } from '../../../src/domain/events/call-events.ts'
import type { DomainEvent } from '../../../src/domain/events.ts'
import type { PlacedFix } from '../../../src/domain/fix.ts'
import { DEFAULT_POLICY } from '../../../src/domain/policy.ts'
import type { DriverState } from '../../../src/domain/unit/driver.ts'
import { LEVELS_OF_CARE, UNIT_STATUSES } from '../../../src/domain/vocabulary.ts'
import { given, START_MS } from '../../support/given-when-then.ts'
import {
  available,
  BLS,
  onDuty,
  PLACE,
  registered,
  signedOff,
  unavailable,
  untilAssigned,
  untilOffered,
} from '../../support/scenario.ts'

const fixAt = (fixedAtMs: number): PlacedFix => ({
  ...{ ...PLACE, seq: 1, streamId: 's', fixedAtMs },
  ...{ accuracyM: null, speedMps: null, headingDeg: null },
})
const HERE: Presence = { disconnectedSinceMs: null, fix: fixAt(START_MS) }
const GRACE_MS = 30_000

/** The verdict on A1, an ALS unit without capabilities. */
function verdict(
  records: readonly (readonly DomainEvent[])[],
  { need = BLS, presence = HERE, asked = [] as string[], nowMs = START_MS } = {},
) {
  const driver = given(...records).world.driver('A1')
  return verdictOn(driver, presence, need, { number: 3, asked }, DEFAULT_POLICY, GRACE_MS, nowMs)
}

describe('the verdict on a unit', () => {
  test('is that it may come when it is free, here, and able', () => {
    assert.deepEqual(verdict([onDuty('A1')]), { reason: null })
    assert.deepEqual(verdict([onDuty('A1')], { asked: ['A2'] }), { reason: null })
    assert.deepEqual(verdict([onDuty('A1'), [unavailable('A1')], [available('A1')]]), { reason: null })
  })

  test('says what a crew does instead, and since nobody is signed on that there is none', () => {
    assert.deepEqual(verdict([[registered('A1')]]), { reason: 'off-duty', isRetired: false })
    assert.deepEqual(
      verdict([onDuty('A1'), [signedOff('A1')], [{ type: 'UnitRetired', v: 1, entity: 'driver/A1', unitId: 'A1' }]]),
      {
        reason: 'off-duty',
        isRetired: true,
      },
    )
    assert.deepEqual(verdict([onDuty('A1'), [unavailable('A1')]]), { reason: 'unavailable', because: 'break' })
    assert.deepEqual(verdict(untilOffered()), { reason: 'busy', status: 'offered', tripId: 'T-1' })
    assert.deepEqual(verdict(untilAssigned()), { reason: 'busy', status: 'assigned', tripId: 'T-1' })
  })

  test('names the level that is too low, and the capabilities that are missing', () => {
    const cct: Need = { levelOfCare: 'cct', capabilities: [] }
    assert.deepEqual(verdict([onDuty('A1')], { need: cct }), { reason: 'level-of-care', has: 'als', needed: 'cct' })
    const able = onDuty('A1').map(event =>
      event.type === 'UnitRegistered' ? { ...event, capabilities: ['neonatal'] } : event,
    )
    const need: Need = { levelOfCare: 'bls', capabilities: ['bariatric', 'neonatal', 'ventilator'] }
    assert.deepEqual(verdict([able], { need }), { reason: 'capability', missing: ['bariatric', 'ventilator'] })
    assert.deepEqual(verdict([able], { need: { levelOfCare: 'als', capabilities: ['neonatal'] } }), { reason: null })
  })

  test('is that a unit that cannot carry does not come where transport is needed, whatever else speaks against it', () => {
    const flyCar = onDuty('A1').map(event =>
      event.type === 'UnitRegistered' ? { ...event, transports: false } : event,
    )
    assert.deepEqual(verdict([flyCar]), { reason: 'cannot-transport' })
    assert.deepEqual(verdict([flyCar, [unavailable('A1')]]), { reason: 'cannot-transport' })
    assert.deepEqual(verdict([flyCar], { need: { ...BLS, transport: false } }), { reason: null })
    const cct: Need = { levelOfCare: 'cct', transport: true, capabilities: [] }
    assert.equal(verdict([flyCar], { need: cct }).reason, 'level-of-care')
  })

  test('names the round in which the unit was asked', () => {
    assert.deepEqual(verdict([onDuty('A1')], { asked: ['A2', 'A1'] }), { reason: 'asked-this-round', round: 3 })
  })

  test('says that a crew has to be told by voice once its app has been away for the grace, and of one without an app', () => {
    const away = { disconnectedSinceMs: START_MS, fix: fixAt(START_MS + 29_000) }
    const at = (nowMs: number) => verdict([onDuty('A1')], { presence: away, nowMs })
    assert.deepEqual(at(START_MS + 29_999), { reason: null })
    assert.deepEqual(at(START_MS + 30_000), { reason: 'disconnected' })
    const here = { disconnectedSinceMs: null, fix: fixAt(START_MS) }
    const on = { type: 'CrewSignedOn', v: 1, entity: 'driver/A1', unitId: 'A1', happenedAtMs: START_MS } as const
    const without = verdict([[registered('A1'), { ...on, principal: '-voice' }]], { presence: here, nowMs: START_MS })
    assert.deepEqual(without, { reason: 'disconnected' })
  })

  test('says that nobody knows where the unit is, or for how long nobody has known it', () => {
    assert.deepEqual(verdict([onDuty('A1')], { presence: { disconnectedSinceMs: null, fix: null } }), {
      reason: 'no-position',
    })
    const { lostAfterMs } = DEFAULT_POLICY
    assert.deepEqual(verdict([onDuty('A1')], { nowMs: START_MS + lostAfterMs - 1 }), { reason: null })
    const lost = { reason: 'position-lost', fixAgeMs: lostAfterMs, lostAfterMs }
    assert.deepEqual(verdict([onDuty('A1')], { nowMs: START_MS + lostAfterMs }), lost)
    // One from far ahead is of a clock that was wrong.
    assert.deepEqual(verdict([onDuty('A1')], { nowMs: START_MS - lostAfterMs }), { ...lost, fixAgeMs: -lostAfterMs })
  })
})

test('a need is served by its level and all above', () => {
  assert.deepEqual(levelsServing('first-responder'), ['first-responder', 'bls', 'als', 'cct'])
  assert.deepEqual(levelsServing('als'), ['als', 'cct'])
  assert.deepEqual(levelsServing('cct'), ['cct'])
})

describe('a census', () => {
  const state = given(onDuty('A1')).world.driver('A1')
  const unit = fc
    .record({
      levelOfCare: fc.constantFrom(...LEVELS_OF_CARE),
      transports: fc.boolean(),
      status: fc.constantFrom(...UNIT_STATUSES, 'available' as const),
      capabilities: fc.subarray(['bariatric', 'neonatal']),
    })
    .map((changes): DriverState => ({ ...state, ...changes }))
  const need = fc.record({
    levelOfCare: fc.constantFrom(...LEVELS_OF_CARE),
    transport: fc.boolean(),
    capabilities: fc.subarray(['bariatric', 'neonatal']),
  })
  const AWAY = ['disconnected', 'no-position', 'position-lost'] as const
  const away = fc.option(fc.constantFrom(...AWAY))
  const counted = fc.tuple(unit, away)
  const censusOf = (units: readonly (readonly [DriverState, PassedOver | null])[], census = new Census()) => {
    for (const [each, reason] of units) census.count(each, 1, reason)
    return census
  }
  /** Why the unit does not serve the need, by a look at it. */
  const reasonOf = (unit: DriverState, reason: PassedOver | null, needed: Need) =>
    reasonOfStanding(unit, needed) ??
    (needed.capabilities.every(each => unit.capabilities.includes(each)) ? reason : 'capability')

  test('says of its units what a look at each of them would', () => {
    fc.assert(
      fc.property(fc.array(counted), need, (units, needed) => {
        const excluded: Exclusions = {}
        let eligible = 0
        for (const [each, reason] of units) {
          const why = reasonOf(each, reason, needed)
          if (why === null) eligible += 1
          else countExclusion(excluded, why)
        }
        const census = censusOf(units)
        assert.deepEqual(census.tally(needed), { eligible, excluded })
        const servers = units.filter(([each]) => each.status === 'available' && fits(each, needed)).length
        assert.equal(census.serversOf(needed), servers)
      }),
    )
  })

  test('over another one counts the units that differ as they are there, and leaves the one below as it was', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(counted, fc.option(counted))), need, (changes, needed) => {
        const before = changes.map(([was]) => was)
        const below = censusOf(before)
        const above = new Census(below)
        for (const [was, is] of changes) {
          if (is === null) continue
          above.count(was[0], -1, was[1])
          above.count(is[0], 1, is[1])
        }
        const said = (census: Census) => [census.tally(needed), census.serversOf(needed)]
        assert.deepEqual(said(above), said(censusOf(changes.map(([was, is]) => is ?? was))))
        assert.deepEqual(said(below), said(censusOf(before)))
      }),
    )
  })
})
