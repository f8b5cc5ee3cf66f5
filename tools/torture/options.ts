/** The command line of `npm run torture`: what it takes, and what it says of what it does not take. */
import { InvalidArgumentError } from 'commander'
import { jsonOption, option, readCommandLine, toolCommand, wholeNumber } from '../shared/command-line.ts'
import { FAULTS } from './faults/index.ts'

export interface Options {
  readonly rounds: number
  /** Names, in the order given. */
  readonly faults: readonly string[]
  readonly seed: number
  readonly jsonFile: string | null
  readonly keep: boolean
}

const ROUNDS_MAX = 100_000
const SEED_MAX = 2 ** 32 - 1
const NAMES = FAULTS.map(({ name }) => name)

/** Errors: UsageError, and help that is asked for. */
export function readOptions(args: readonly string[]): Options {
  const command = toolCommand(
    'npm run torture --',
    `Engines and a Postgres as real processes, crews, feeds and desks at work, and in each round a real fault. After each
round the database and the clients’ own logs are compared. Exit code 0 when nothing was lost, done twice, written by
the wrong engine, or left undone; 1 when something was; 2 for a command line that cannot be run.`,
  )
  command
    .addOption(
      option('--rounds <n>', `rounds, one fault each (${FAULTS.length}: each fault once)`, wholeNumber(1, ROUNDS_MAX)),
    )
    .addOption(option('--faults <list>', 'only these, with commas between them (all)', faultNames))
    .addOption(
      option(
        '--seed <n>',
        'the order and the forms of the faults, and what the clients do (a new one each time, and told)',
        wholeNumber(0, SEED_MAX),
      ),
    )
    .addOption(jsonOption())
    .option(
      '--keep',
      'leave the directory with the database and the logs behind; it stays by itself when something is wrong',
    )
    .addHelpText(
      'after',
      ['', 'Faults:', ...FAULTS.map(({ name, summary }) => `  ${name.padEnd(20)}${summary}`)].join('\n'),
    )
  readCommandLine(command, args)
  const { rounds, faults, seed, json, keep } = command.opts<{
    rounds?: number
    faults?: string[]
    seed?: number
    json?: string
    keep?: true
  }>()
  return {
    rounds: rounds ?? FAULTS.length,
    faults: faults ?? NAMES,
    seed: seed ?? Math.floor(Math.random() * SEED_MAX),
    jsonFile: json ?? null,
    keep: keep === true,
  }
}

function faultNames(list: string): string[] {
  const names = list
    .split(',')
    .map(name => name.trim())
    .filter(name => name !== '')
  const unknown = names.filter(name => !NAMES.includes(name))
  if (unknown.length > 0) {
    throw new InvalidArgumentError(
      `There is no fault ${unknown.join(', ')}; --faults takes some of ${NAMES.join(', ')}.`,
    )
  }
  if (names.length > 0) return names
  throw new InvalidArgumentError(`--faults takes one or more of ${NAMES.join(', ')}, with commas between.`)
}
