/** Policies of the simulation are such as an engine takes, and differ in all that a policy may say but one. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { DEFAULT_POLICY, policyEntries, type StandingPolicy } from '../../../src/domain/policy.ts'
import { POLICY } from '../../../src/protocol/policy.ts'
import { Dice } from '../../fuzz/dice.ts'
import { nextPolicy } from './policies.ts'

test('each drawn policy is one that can be set, of the next version, and in time all of it changes but one number', () => {
  const dice = new Dice(1)
  const changed = new Set<string>()
  let before: StandingPolicy = { ...DEFAULT_POLICY, version: 1 }
  for (let i = 0; i < 200; i += 1) {
    const after = nextPolicy(before, dice)
    const { version, ...policy } = after
    assert.deepEqual(POLICY.parse(policy), policy)
    assert.equal(version, before.version + 1)
    const values = new Map(policyEntries(before))
    for (const [name, value] of policyEntries(after)) if (values.get(name) !== value) changed.add(name)
    before = after
  }
  const all = policyEntries({ ...DEFAULT_POLICY, version: 1 } as StandingPolicy).map(([name]) => name)
  assert.deepEqual(
    all.filter(name => !changed.has(name)),
    ['readyGraceMs'],
  )
})
