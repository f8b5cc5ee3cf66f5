/** `npm run sim` as a program: its exit codes, its files, and what it says of a rule that is broken. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { program } from '../support/program.ts'
import { runPatched } from './broken/build.ts'
import { type Patch, VARIANTS } from './broken/variants.ts'
import { drawPlan } from './plan.ts'
import { readPlan } from './plan-text.ts'

const SIM = program(new URL('./main.ts', import.meta.url))
const SMALL = ['--hours', '0.2', '--drivers', '2', '--calls-per-hour', '20']

interface Failing {
  readonly seed: number
  readonly violations: readonly [{ readonly text: string }]
}

let dir: string
before(async () => {
  dir = await mkdtemp(path.join(process.env.GOLDENHOUR_TEST_DIR ?? tmpdir(), 'goldenhour-sim-'))
})
after(() => rm(dir, { recursive: true, force: true }))

function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise(resolve => {
    execFile(process.execPath, [...SIM, ...args], (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr })
    })
  })
}

const jsonOf = async (file: string) => JSON.parse(await readFile(file, 'utf8'))

test('a run without a finding ends with 0, its figures, and its story in a file', async () => {
  const [json, trace] = [path.join(dir, 'one.json'), path.join(dir, 'story.txt')]
  const { code, stdout, stderr } = await run('--seed', '4', ...SMALL, '--json', json, '--trace', trace)
  assert.equal(code, 0, stderr)
  assert.match(stderr, /^seed 4: 0\.2 h, 2 drivers/)
  assert.match(stdout, /simulation: valid[\s\S]*steps +\d+[\s\S]*violations +0/)
  const { bench, valid, machine, settings, figures } = await jsonOf(json)
  assert.deepEqual(
    [bench, valid, settings],
    ['simulation', true, drawPlan(4, { hours: 0.2, drivers: 2, callsPerHour: 20 })],
  )
  assert.ok(machine.cores > 0)
  const names = ['seed', 'steps', 'virtualHours', 'faultsInjected', 'commandsAcknowledged', 'tripsClosed']
  assert.deepEqual(Object.keys(figures).sort(), [...names, 'violations', 'historyHash', 'stepsPerS'].sort())
  assert.match(await readFile(trace, 'utf8'), /^00:00:00\.000 {2}engine-1 {4}starts\n/)
})

test('a run whose process ends, or falls silent, is a finding, and the search goes on', async () => {
  const json = path.join(dir, 'ends.json')
  const worker: Patch = {
    file: 'test/sim/worker.ts',
    find: 'const { figures, violations } =',
    replace: `if (plan.seed === 1) process.exit(7)
  if (plan.seed === 2) await new Promise(() => {})
  const { figures, violations } =`,
  }
  // Of that one alone: the others may take as long as they do.
  const patience: Patch = {
    file: 'test/sim/many.ts',
    find: 'let timer = setTimeout(silent, SILENT_MS)',
    replace: 'let timer = setTimeout(silent, plan.seed === 2 ? 100 : SILENT_MS)',
  }
  const args = ['--seed', '0', ...SMALL, '--runs', '3', '--jobs', '2', '--json', json]
  const { exitCode, stderr } = await runPatched([worker, patience], args, 'pipe')
  assert.match(stderr, /process of the run ended with 7/)
  assert.equal(exitCode, 1)
  const { valid, figures, failing } = await jsonOf(json)
  assert.deepEqual([valid, figures.runs, figures.failingRuns], [false, 3, 2])
  const texts = new Map(failing.map(({ seed, violations: [{ text }] }: Failing) => [seed, text]))
  assert.deepEqual([...texts.keys()].sort(), [1, 2])
  assert.match(`${texts.get(1)}`, /process of the run ended with 7/)
  assert.match(`${texts.get(2)}`, /said nothing for 180 s/)
})

test('wrong usage ends with 2', async () => {
  const { code, stderr } = await run('--drivers', 'many')
  assert.equal(code, 2)
  assert.match(stderr, /--drivers.*whole number/)
})

test('a broken rule ends with 1, is told as a story, and is found again by the smaller plan that it leads to', async () => {
  const variant = VARIANTS.find(({ name }) => name === 'mark-before-durable')!
  const args = ['--seed', '1', '--hours', '0.5', '--drivers', '2', '--faults', 'many', '--stop', '--shrink-runs', '8']
  // However long that takes.
  const patience: Patch = { file: 'test/sim/shrink.ts', find: 'MS_MAX = 120_000', replace: 'MS_MAX = 3_600_000' }
  const { exitCode, stderr } = await runPatched([variant.patch, patience], args, 'pipe')
  assert.equal(exitCode, 1)
  assert.match(stderr, /! 00:\d\d:\d\d\.\d{3} marks-truthful: /)
  assert.match(stderr, /Again: npm run sim -- --seed 1 --hours 0.5 --drivers 2 --faults many\n/)
  assert.match(stderr, /How it came to marks-truthful[\s\S]* presses sign-on[\s\S]* judge +marks-truthful/)
  const [, found] = stderr.match(/The smallest: npm run sim -- --plan '(.*)'/)!
  const smaller = readPlan(found!)
  assert.equal(smaller.seed, 1)
  assert.ok(smaller.hours < 0.5)
  assert.equal(smaller.troubles.cuts, 0)
  const again = await runPatched([variant.patch], ['--plan', found!, '--stop', '--no-shrink'], 'pipe')
  assert.equal(again.exitCode, 1)
  assert.match(again.stderr, /marks-truthful/)
})
