/** A plan is a text and back, and a text that is no plan is told why. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'node:test'
import { drawPlan, FAULT_LEVELS } from './plan.ts'
import { commandOf, inWords, readPlan } from './plan-text.ts'

test('every plan that can be drawn is read back from its JSON, given as text or as a file', () => {
  const dir = mkdtempSync(path.join(process.env.GOLDENHOUR_TEST_DIR ?? tmpdir(), 'goldenhour-plan-'))
  try {
    for (let seed = 0; seed < 200; seed += 1) {
      const plan = drawPlan(seed, { faults: FAULT_LEVELS[seed % 4]! })
      assert.deepEqual(readPlan(JSON.stringify(plan)), plan)
      const file = path.join(dir, 'plan')
      writeFileSync(file, JSON.stringify(plan))
      assert.deepEqual(readPlan(file), plan)
    }
  } finally {
    rmSync(dir, { recursive: true })
  }
})

test('a text that is no plan is refused with the place of the mistake', () => {
  const plan = drawPlan(1)
  const refuses = (given: unknown, message: RegExp) =>
    assert.throws(() => readPlan(typeof given === 'string' ? given : JSON.stringify(given)), {
      name: 'BadPlan',
      message,
    })
  refuses('{', /is not JSON/)
  refuses('nowhere/at/all', /cannot be read: ENOENT/)
  refuses({ ...plan, drivers: -1 }, /drivers/)
  refuses({ ...plan, hours: 0 }, /hours/)
  refuses({ ...plan, seed: 2 ** 32 }, /seed/)
  refuses({ ...plan, troubles: { ...plan.troubles, clumsiness: 2 } }, /troubles\.clumsiness/)
  refuses({ ...plan, troubles: { ...plan.troubles, crashs: 2 } }, /crashs/)
  refuses({ ...plan, troubles: undefined }, /troubles/)
})

test('the command repeats the plan: by its seed and wishes where they draw it, else whole', () => {
  const wishes = { hours: 2, faults: 'few' } as const
  assert.equal(commandOf(drawPlan(7, wishes), wishes), 'npm run sim -- --seed 7 --hours 2 --faults few')
  assert.equal(commandOf(drawPlan(7), {}), 'npm run sim -- --seed 7')
  const smaller = { ...drawPlan(7), consoles: 9 }
  assert.equal(commandOf(smaller, {}), `npm run sim -- --plan '${JSON.stringify(smaller)}'`)
  assert.equal(commandOf(smaller, null), `npm run sim -- --plan '${JSON.stringify(smaller)}'`)
})

test('a plan in words has its seed and every trouble', () => {
  const words = inWords(drawPlan(7, { drivers: 1, faults: 'none' })).join('\n')
  assert.match(words, /^seed 7: .* 1 driver,/)
  assert.match(words, /faults none: none$/)
  const plan = drawPlan(7, { faults: 'terrible' })
  const present = Object.values(plan.troubles).filter(often => often > 0).length
  assert.equal(inWords(plan)[1]!.split(', ').length, present + (plan.troubles.clumsiness > 0 ? 1 : 0))
})
