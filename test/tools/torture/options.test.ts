/** The command line: what is taken, and that what is not taken is refused by its name. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import test from 'node:test'
import { HelpAsked, UsageError } from '../../../tools/shared/command-line.ts'
import { FAULTS } from '../../../tools/torture/faults/index.ts'
import { readOptions } from '../../../tools/torture/options.ts'
import { program } from '../../support/program.ts'

const TORTURE = program(new URL('../../../tools/torture/main.ts', import.meta.url))

test('without options every fault has one round, and the seed is a new one', () => {
  const { rounds, faults, seed, jsonFile, keep } = readOptions([])
  assert.deepEqual([rounds, faults, jsonFile, keep], [FAULTS.length, FAULTS.map(({ name }) => name), null, false])
  assert.ok(Number.isInteger(seed) && seed >= 0)
})

test('options are taken as they are given', () => {
  const args = ['--rounds', '200', '--faults', 'kill-engine, clock-back', '--seed=7', '--json', 'out.json', '--keep']
  const options = readOptions(args)
  assert.deepEqual(options, {
    rounds: 200,
    faults: ['kill-engine', 'clock-back'],
    seed: 7,
    jsonFile: 'out.json',
    keep: true,
  })
})

test('what cannot be run is refused, and the refusal says what there is', () => {
  for (const [args, said] of [
    [['--rounds', '0'], /--rounds.* whole number from 1/],
    [['--rounds', '2.5'], /--rounds.* whole number/],
    [['--rounds'], /rounds/],
    [['--faults', 'kill-engine,earthquake'], /no fault earthquake; --faults takes some of kill-engine, /],
    [['--faults', ','], /--faults takes one or more of kill-engine, /],
    [['--seed', '-1'], /seed/],
    [['--json='], /--json.* needs the name of a file/],
    [['--round', '2'], /unknown option '--round'\n\(Did you mean --rounds\?\)/],
    [['more'], /too many arguments/],
  ] as const) {
    assert.throws(
      () => readOptions(args),
      (error: Error) => error instanceof UsageError && said.test(error.message),
      args.join(' '),
    )
  }
})

test('the help names every option and every fault', () => {
  let help = ''
  assert.throws(
    () => readOptions(['--help']),
    (error: Error) => {
      help = error.message
      return error instanceof HelpAsked
    },
  )
  for (const word of ['--rounds', '--faults', '--seed', '--json', '--keep', ...FAULTS.map(({ name }) => name)]) {
    assert.ok(help.includes(word), word)
  }
})

test('the program refuses a bad command line with exit code 2 before it starts anything', async () => {
  const { code, stderr } = await new Promise<{ code: unknown; stderr: string }>(resolve => {
    execFile(process.execPath, [...TORTURE, '--faults', 'flood'], (error, _stdout, text) =>
      resolve({ code: error?.code ?? 0, stderr: text }),
    )
  })
  assert.equal(code, 2)
  assert.match(stderr, /There is no fault flood/)
})
