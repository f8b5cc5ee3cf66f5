import assert from 'node:assert/strict'
import test from 'node:test'
import { defineBench } from '../../bench/bench.ts'
import { HelpAsked, readCommandLine, UsageError } from '../../tools/shared/command-line.ts'
import { commandOf, type Options, valuesOf } from '../../tools/shared/option-table.ts'

const OPTIONS = {
  drivers: { kind: 'number', what: 'drivers', initial: 1_000, quick: 200, min: 1, max: 15_000 },
  cadence: { kind: 'number', what: 'seconds', initial: 15, quick: 1, min: 0.05, max: 3_600, fraction: true },
  warmup: { kind: 'number', what: 'seconds before', initial: null, min: 0, max: 3_600 },
  sizes: { kind: 'numbers', what: 'sizes', initial: [1, 2], min: 1, max: 100 },
  profile: { kind: 'text', what: 'where to' },
  spare: { kind: 'flag', what: 'with a spare' },
} as const

function readOptions<const Table extends Options>(options: Table, args: readonly string[]) {
  const command = commandOf('trial', 'tries things', options)
  readCommandLine(command, args)
  return valuesOf(command, options).values
}

test('options that are not given have their initial values', () => {
  assert.deepEqual(readOptions(OPTIONS, []), {
    drivers: 1_000,
    cadence: 15,
    warmup: null,
    sizes: [1, 2],
    profile: null,
    spare: false,
  })
})

test('--quick changes only what has a quick value and was not given', () => {
  const values = readOptions(OPTIONS, ['--quick', '--drivers', '50'])
  assert.deepEqual(values, { drivers: 50, cadence: 1, warmup: null, sizes: [1, 2], profile: null, spare: false })
})

test('values are read in both spellings, lists by commas, fractions only where they make sense', () => {
  const values = readOptions(OPTIONS, ['--cadence=0.5', '--warmup', '0', '--sizes', '3,4', '--profile', 'x', '--spare'])
  assert.deepEqual(values, { drivers: 1_000, cadence: 0.5, warmup: 0, sizes: [3, 4], profile: 'x', spare: true })
})

test('an option that is unknown, malformed or out of bounds is refused by its name', () => {
  const refused: [string[], RegExp][] = [
    [['--driver', '5'], /unknown option '--driver'\n\(Did you mean --drivers\?\)/],
    [['--drivers', '0'], /--drivers .* from 1 to 15000/],
    [['--drivers', '15001'], /--drivers/],
    [['--drivers', '1.5'], /--drivers .*a whole number/],
    [['--drivers', 'many'], /--drivers/],
    [['--drivers='], /--drivers/],
    [['--cadence', 'Infinity'], /--cadence/],
    [['--sizes', '1,,2'], /--sizes/],
    [['--spare=yes'], /--spare/],
    [['stray'], /too many arguments/],
  ]
  for (const [args, message] of refused) {
    assert.throws(
      () => readOptions(OPTIONS, args),
      (error: Error) => error instanceof UsageError && message.test(error.message),
      args.join(' '),
    )
  }
})

test('a bench without quick values has no --quick', () => {
  assert.throws(() => readOptions({ profile: OPTIONS.profile }, ['--quick']), UsageError)
})

test('the help names every option with its initial value, and a bench gets what was given', async () => {
  let seen: unknown
  const bench = defineBench({
    name: 'trial',
    summary: 'tries things',
    options: OPTIONS,
    run: async values => {
      seen = values.drivers
      return { valid: true, settings: {}, figures: {}, complaints: [] }
    },
  })
  const asked = (error: Error) => {
    assert.ok(error instanceof HelpAsked)
    for (const name of Object.keys(OPTIONS)) assert.match(error.message, new RegExp(`--${name} `))
    assert.match(error.message, /--drivers <n> .*\(1000; with --quick 200\)/)
    return true
  }
  assert.throws(() => readCommandLine(bench.command, ['--help']), asked)
  readCommandLine(bench.command, ['--drivers', '7', '--json', 'out.json'])
  await bench.run()
  assert.equal(seen, 7)
  assert.equal(bench.jsonFile(), 'out.json')
})
