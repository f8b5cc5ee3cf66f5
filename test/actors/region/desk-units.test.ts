/** The units as the desk has them: counted by what is true of each when a decision looks, however its fixes came. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DeskUnits } from '../../../src/actors/region/desk-units.ts'
import { Quarantine } from '../../../src/actors/region/quarantine.ts'
import { RegionPolicy } from '../../../src/actors/region/region-policy.ts'
import type { PlacedFix } from '../../../src/domain/fix.ts'
import { Finder } from '../../../src/finder/finder.ts'
import { given, START_MS } from '../../support/given-when-then.ts'
import { BLS, onDuty, PLACE, policyOf } from '../../support/scenario.ts'

test('a unit whose next fix is far ahead, since the clock was set back meanwhile, is counted as lost like one whose fix is old', () => {
  const policy = new RegionPolicy(policyOf('ordered'), { graceMs: ms => ms })
  const { lostAfterMs } = policy.standing
  const { world } = given(onDuty('A1'))
  const unit = world.driver('A1')
  const fixAt = (fixedAtMs: number): PlacedFix => ({
    ...{ ...PLACE, seq: 1, streamId: 's', fixedAtMs },
    ...{ accuracyM: null, speedMps: null, headingDeg: null },
  })
  let fix: PlacedFix | null = null
  const units = new DeskUnits({
    finder: new Finder(),
    quarantine: new Quarantine(),
    policy,
    presence: () => ({ disconnectedSinceMs: null, fix }),
    driver: () => unit,
    nowMs: () => START_MS,
  })
  const moveTo = (next: PlacedFix) => {
    const before = fix
    fix = next
    units.moved(unit, next, before)
  }
  units.changed(undefined, unit, null)
  moveTo(fixAt(START_MS))
  assert.deepEqual(units.now().census.tally(BLS), { eligible: 1, excluded: {} })
  moveTo(fixAt(START_MS + lostAfterMs + 1))
  assert.deepEqual(units.now().census.tally(BLS), { eligible: 0, excluded: { 'position-lost': 1 } })
})
