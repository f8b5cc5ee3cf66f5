/** The command line of `npm run torture`: what it takes, and what it says of what it does not take. */
import { parseArgs } from 'node:util'
import { FAULTS } from './faults/index.ts'

export interface Options {
  readonly rounds: number
  /** Names, in the order given. */
  readonly faults: readonly string[]
  readonly seed: number
  readonly jsonFile: string | null
  readonly keep: boolean
  readonly help: boolean
}

/** The command line cannot be run as it is; the message names the option and what it takes. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

const ROUNDS_MAX = 100_000
const SEED_MAX = 2 ** 32 - 1

/** Errors: UsageError. */
export function readOptions(args: readonly string[]): Options {
  const values = parse(args)
  const faults = values.faults === undefined ? FAULTS.map(({ name }) => name) : faultNames(values.faults)
  return {
    rounds: wholeNumber('rounds', values.rounds, FAULTS.length, 1, ROUNDS_MAX),
    faults,
    seed: wholeNumber('seed', values.seed, Math.floor(Math.random() * SEED_MAX), 0, SEED_MAX),
    jsonFile: fileName(values.json),
    keep: values.keep === true,
    help: values.help === true,
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        rounds: { type: 'string' },
        faults: { type: 'string' },
        seed: { type: 'string' },
        json: { type: 'string' },
        keep: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function faultNames(list: string): string[] {
  const names = list
    .split(',')
    .map(name => name.trim())
    .filter(name => name !== '')
  const known = FAULTS.map(({ name }) => name)
  const unknown = names.filter(name => !known.includes(name))
  if (unknown.length > 0) {
    throw new UsageError(`There is no fault ${unknown.join(', ')}; --faults takes some of ${known.join(', ')}.`)
  }
  if (names.length === 0)
    throw new UsageError(`--faults takes one or more of ${known.join(', ')}, with commas between.`)
  return names
}

function wholeNumber(name: string, text: string | undefined, usual: number, min: number, max: number): number {
  if (text === undefined) return usual
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= min && value <= max) return value
  throw new UsageError(`--${name} must be a whole number from ${min} to ${max}, not ${JSON.stringify(text)}.`)
}

function fileName(text: string | undefined): string | null {
  if (text === undefined) return null
  if (text === '') throw new UsageError('--json needs the name of a file.')
  return text
}

export const helpText = (): string =>
  [
    'npm run torture -- [options]',
    '',
    'Engines and a Postgres as real processes, crews, feeds and desks at work, and in each round a real fault. After each',
    'round the database and the clients’ own logs are compared. Exit code 0 when nothing was lost, done twice, written by',
    'the wrong engine, or left undone; 1 when something was; 2 for a command line that cannot be run.',
    '',
    `  --rounds N      rounds, one fault each (${FAULTS.length}: each fault once)`,
    '  --faults LIST   only these, with commas between them (all)',
    '  --seed N        the order and the forms of the faults, and what the clients do (a new one each time, and told)',
    '  --json FILE     also write settings and figures there',
    '  --keep          leave the directory with the database and the logs behind; it stays by itself when something is wrong',
    '  --help          this text',
    '',
    'Faults:',
    ...FAULTS.map(({ name, summary }) => `  ${name.padEnd(20)}${summary}`),
  ].join('\n')
