/** Every engine that was broken on purpose is found out, and the whole one is not, over the same plans. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { drawn, LONG, times } from '../../support/long.ts'
import type { Violation } from '../judge/verdict.ts'
import { drawPlan, type Plan } from '../plan.ts'
import { runSimulation } from '../run.ts'
import { patched, runPatched } from './build.ts'
import { type Patch, VARIANTS, type Variant } from './variants.ts'

const RUNS_MAX = times(20, 200)

interface Found {
  readonly figures: { readonly runs: number }
  readonly failing: readonly { readonly seed: number; readonly plan: Plan; readonly violations: readonly Violation[] }[]
}

/** A small world in which nothing goes wrong but what the variant asks for. */
function planFor({ provoke }: Variant): Plan {
  const quiet = drawPlan(1, { hours: 0.5, drivers: 3, callsPerHour: 12, faults: 'none' })
  const world = { feedUnits: 0, dispatchers: 2, consoles: 1, mode: 'ordered', calmMs: 600_000 } as const
  return { ...quiet, ...world, ...provoke, troubles: { ...quiet.troubles, ...provoke.troubles } }
}

async function search(patch: Patch, plan: Plan, runs: number): Promise<Found> {
  const json = path.join(process.env.GOLDENHOUR_TEST_DIR ?? tmpdir(), `broken-${randomUUID()}.json`)
  const args = ['--plan', JSON.stringify(plan), '--runs', `${runs}`, '--stop', '--no-shrink', '--json', json]
  try {
    const { stderr } = await runPatched([patch], args, 'pipe')
    assert.ok(existsSync(json), stderr)
    return JSON.parse(readFileSync(json, 'utf8'))
  } finally {
    await rm(json, { force: true })
  }
}

describe('an engine with a mistake', { concurrency: 2 }, () => {
  const variants = VARIANTS.filter(({ isSlow }) => !isSlow || LONG)
  for (const variant of drawn(variants, 2)) {
    test(`is found out: ${variant.breaks}`, async t => {
      const { figures, failing } = await search(variant.patch, planFor(variant), RUNS_MAX)
      const [first] = failing
      assert.ok(first !== undefined, `${variant.name} was not found in ${figures.runs} runs`)
      t.diagnostic(`${variant.name}: ${first.violations[0]!.rule}, run ${figures.runs}`)
      const { violations } = await runSimulation(first.plan, { stopAtFirst: true })
      assert.deepEqual(violations, [], `without the mistake seed ${first.seed} breaks a rule, too`)
    })
  }
})

test('every patch finds its place once', () => {
  for (const { patch } of VARIANTS) {
    const text = readFileSync(fileURLToPath(new URL(`../../../${patch.file}`, import.meta.url)), 'utf8')
    assert.notEqual(patched(text, patch), text)
  }
  const twice = { file: 'any', find: 'a', replace: '' }
  assert.throws(() => patched('a b a', twice), /must find its text once in any, and finds it 2 times/)
})
