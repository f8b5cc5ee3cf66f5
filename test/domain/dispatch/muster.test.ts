/** The muster: whatever units and time do, its census says of them what a look at each would. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { countExclusion, type Exclusions, type Presence, verdictOn } from '../../../src/domain/dispatch/eligibility.ts'
import { Muster } from '../../../src/domain/dispatch/muster.ts'
import type { Need } from '../../../src/domain/events/call-events.ts'
import { DEFAULT_POLICY } from '../../../src/domain/policy.ts'
import type { DriverState } from '../../../src/domain/unit/driver.ts'
import { given, START_MS } from '../../support/given-when-then.ts'
import { onDuty, PLACE } from '../../support/scenario.ts'

const A1 = given(onDuty('A1')).world.driver('A1')
const NEED: Need = { levelOfCare: 'bls', capabilities: ['neonatal'] }
const NEVER_ASKED = { number: 1, asked: [] }

/** Units and clocks, and a muster that hears of what happens to them as a region's desk does. */
class Yard {
  nowMs = START_MS
  graceMs = 30_000
  lostAfterMs = 300_000
  looks = 0
  readonly units = new Map<string, DriverState>()
  readonly presences = new Map<string, Presence>()
  readonly muster = new Muster(
    unitId => {
      this.looks += 1
      return this.#presenceOf(unitId)
    },
    () => ({ policy: { ...DEFAULT_POLICY, lostAfterMs: this.lostAfterMs }, graceMs: this.graceMs }),
  )

  #presenceOf(unitId: string): Presence {
    return this.presences.get(unitId) ?? { disconnectedSinceMs: this.nowMs, fix: null }
  }

  put(unitId: string, changes: Partial<DriverState> = {}): void {
    const before = this.units.get(unitId)
    const after = { ...A1, unitId, capabilities: ['neonatal'], ...changes }
    if (before !== undefined) this.muster.remove(before)
    this.units.set(unitId, after)
    this.muster.add(after, this.nowMs)
  }

  fixed(unitId: string, fixedAtMs = this.nowMs): void {
    const fix = { ...PLACE, seq: 1, streamId: 's', fixedAtMs, accuracyM: null, speedMps: null, headingDeg: null }
    this.#changed(unitId, { fix })
  }
  connected(unitId: string, is: boolean): void {
    this.#changed(unitId, { disconnectedSinceMs: is ? null : this.nowMs })
  }
  #changed(unitId: string, change: Partial<Presence>): void {
    this.presences.set(unitId, { ...this.#presenceOf(unitId), ...change })
    this.muster.look(unitId, this.nowMs)
  }

  /** What the census says now, and what a look at each unit says. */
  check(): void {
    this.muster.advance(this.nowMs)
    const policy = { ...DEFAULT_POLICY, lostAfterMs: this.lostAfterMs }
    const excluded: Exclusions = {}
    let eligible = 0
    for (const unit of this.units.values()) {
      const presence = this.#presenceOf(unit.unitId)
      const { reason } = verdictOn(unit, presence, NEED, NEVER_ASKED, policy, this.graceMs, this.nowMs)
      if (reason === null) eligible += 1
      else countExclusion(excluded, reason)
    }
    assert.deepEqual(this.muster.census.tally(NEED), { eligible, excluded })
  }
}

describe('a muster', () => {
  const unitId = fc.constantFrom('A1', 'A2', 'A3')
  const status = fc.constantFrom('available', 'available', 'unavailable', 'offered', 'off-duty')
  const step = fc.oneof(
    fc.record({ kind: fc.constant('put' as const), unitId, status, able: fc.boolean() }),
    fc.record({ kind: fc.constant('fixed' as const), unitId, agoMs: fc.integer({ min: -400_000, max: 400_000 }) }),
    fc.record({ kind: fc.constant('connected' as const), unitId, is: fc.boolean() }),
    fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 200_000 }) }),
    fc.record({ kind: fc.constant('step' as const), ms: fc.integer({ min: -500_000, max: 500_000 }) }),
    fc.record({ kind: fc.constant('policy' as const), spanMs: fc.constantFrom(5_000, 30_000, 300_000) }),
  )

  test('counts units as a look at each of them would, whatever they, time and policies do', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40, size: 'max' }), steps => {
        const yard = new Yard()
        for (const each of steps) {
          if (each.kind === 'put') {
            const { status, able } = each
            yard.put(each.unitId, { status, capabilities: able ? ['neonatal'] : [] } as Partial<DriverState>)
          } else if (each.kind === 'fixed') yard.fixed(each.unitId, yard.nowMs - each.agoMs)
          else if (each.kind === 'connected') yard.connected(each.unitId, each.is)
          else if (each.kind === 'wait') yard.nowMs += each.ms
          else if (each.kind === 'policy') yard.lostAfterMs = yard.graceMs = each.spanMs
          else {
            yard.nowMs += each.ms
            for (const [id, presence] of yard.presences) {
              const since = presence.disconnectedSinceMs
              if (since !== null) yard.presences.set(id, { ...presence, disconnectedSinceMs: since + each.ms })
            }
            yard.muster.recount(yard.nowMs)
          }
          yard.check()
        }
      }),
      { numRuns: 300 },
    )
  })

  test('is right to the millisecond, and for fractions of one', () => {
    const yard = new Yard()
    yard.nowMs += 0.1
    yard.put('A1')
    yard.fixed('A1')
    yard.connected('A1', false)
    for (const ms of [29_999, 0.9, 0.1, 1, 269_998, 0.999, 0.001, 5]) {
      yard.nowMs += ms
      yard.check()
    }
  })

  test('looks at a unit that reports all the time once in a long while, and in between at no unit', () => {
    const yard = new Yard()
    yard.put('A1')
    yard.connected('A1', true)
    yard.fixed('A1')
    yard.looks = 0
    for (let i = 0; i < 1_000; i++) {
      yard.nowMs += 15_000
      const fix = { ...yard.presences.get('A1')!.fix!, fixedAtMs: yard.nowMs }
      yard.presences.set('A1', { disconnectedSinceMs: null, fix })
      yard.muster.advance(yard.nowMs)
    }
    // Of 15,000 s one look in 300 s, each of which asks twice where the unit is.
    assert.ok(yard.looks <= 110, `${yard.looks}`)
    yard.check()
  })

  test('takes as few of the looks that are due as it is told, and the others later', () => {
    const yard = new Yard()
    for (const id of ['A1', 'A2', 'A3']) {
      yard.put(id)
      yard.connected(id, true)
      yard.fixed(id)
    }
    yard.nowMs += 400_000
    yard.muster.advance(yard.nowMs, 2)
    assert.deepEqual(yard.muster.census.tally(NEED), { eligible: 1, excluded: { 'position-lost': 2 } })
    yard.check()
  })

  test('keeps no looks of units that come and go', () => {
    const yard = new Yard()
    yard.put('A1')
    yard.connected('A1', true)
    yard.fixed('A1')
    yard.looks = 0
    for (let i = 0; i < 5_000; i++) {
      yard.put('A1', { status: 'unavailable' })
      yard.put('A1')
    }
    // Each time two, and once in a thousand it begins anew.
    assert.ok(yard.looks <= 2 * 5_000 + 20, `${yard.looks}`)
    yard.check()
  })
})
