/** The command line of the simulation: what it takes together, and what it says of what it does not take. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { HelpAsked, UsageError } from '../../tools/shared/command-line.ts'
import { plansOf, readOptions } from './options.ts'
import { drawPlan } from './plan.ts'

const read = (...args: string[]) => readOptions(args)

function refusal(...args: string[]): string {
  try {
    read(...args)
  } catch (error) {
    if (error instanceof UsageError) return error.message
    throw error
  }
  return assert.fail('it was taken')
}

test('a seed and wishes make the plan that they draw', () => {
  const options = read('--seed', '9', '--hours', '2.5', '--drivers', '3', '--calls-per-hour', '7', '--faults', 'few')
  const wishes = { hours: 2.5, drivers: 3, callsPerHour: 7, faults: 'few' as const }
  assert.deepEqual([...plansOf(options)], [drawPlan(9, wishes)])
})

test('without a seed the clock gives one, and the plan is repeated by it', () => {
  const options = read()
  assert.ok(Number.isInteger(options.firstSeed) && options.firstSeed >= 0 && options.firstSeed < 2 ** 32)
  assert.deepEqual([...plansOf(options)], [drawPlan(options.firstSeed)])
})

test('many runs have one seed after another, also past the greatest', () => {
  const seeds = [...plansOf(read('--seed', `${2 ** 32 - 2}`, '--runs', '4'))].map(({ seed }) => seed)
  assert.deepEqual(seeds, [2 ** 32 - 2, 2 ** 32 - 1, 0, 1])
})

test('a whole plan is repeated as it is, and under other seeds where those are asked for', () => {
  const plan = drawPlan(5, { drivers: 2 })
  assert.deepEqual([...plansOf(read('--plan', JSON.stringify(plan)))], [plan])
  const others = plansOf(read('--plan', JSON.stringify(plan), '--seed', '8', '--runs', '2'))
  assert.deepEqual(
    [...others],
    [
      { ...plan, seed: 8 },
      { ...plan, seed: 9 },
    ],
  )
})

test('forever has no end', () => {
  const plans = plansOf(read('--forever', '--seed', '1'))[Symbol.iterator]()
  for (let i = 0; i < 1_000; i += 1) assert.equal(plans.next().done, false)
})

test('help tells every option, and is no mistake', () => {
  let help = ''
  assert.throws(
    () => read('--help'),
    (error: Error) => {
      help = error.message
      return error instanceof HelpAsked
    },
  )
  for (const name of ['seed', 'faults', 'plan', 'runs', 'forever', 'jobs', 'broken', 'no-shrink', 'json', 'trace']) {
    assert.match(help, new RegExp(`--${name}\\b`))
  }
})

for (const [args, says] of [
  [['--seed', '-1'], /--seed.*whole number from 0/],
  [['--seed', '1.5'], /--seed.*whole number/],
  [['--hours', 'long'], /--hours.*number from/],
  [['--hours', '0'], /--hours.*number from/],
  [['--drivers', ''], /--drivers.*whole number/],
  [['--faults', 'some'], /--faults.*none, few, many, terrible/],
  [['--plan', '{"seed":1}'], /--plan.*The plan is not one/],
  [['--plan', 'no-such-file'], /--plan.*cannot be read/],
  [['--plan', JSON.stringify(drawPlan(1)), '--hours', '1'], /a plan holds size/],
  [['--runs', '0'], /--runs.*whole number/],
  [['--runs', '2', '--forever'], /--forever.*--runs/],
  [['--runs', '2', '--trace', 'x'], /--trace is the story of one run/],
  [['--jobs', '2'], /--jobs divides many runs/],
  [['--broken', 'nothing'], /--broken.*--list-broken/],
  [['--sed', '1'], /unknown option '--sed'\n\(Did you mean --seed\?\)/],
  [['7'], /too many arguments/],
] as const) {
  test(`${args.join(' ').slice(0, 40)} is refused with what to do`, () => {
    assert.match(refusal(...args), says)
  })
}
