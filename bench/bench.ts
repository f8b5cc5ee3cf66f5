/** What a bench is to the runner: a name, options with bounds, and a run that answers flat figures. */
import { parseArgs } from 'node:util'

/** What a run found; the runner adds the bench's name and the machine. */
export interface Outcome {
  /** False when the bench did not put on the load that its settings name, so that its figures say nothing. */
  readonly valid: boolean
  readonly settings: Readonly<Record<string, unknown>>
  /** One number a name, with the unit in the name. */
  readonly figures: Readonly<Record<string, number>>
  /** What is wrong with the run or with what it measured, a sentence each; any of them makes the exit code 1. */
  readonly complaints: readonly string[]
}

export interface Bench {
  readonly name: string
  readonly summary: string
  readonly help: string
  /** Errors: UsageError; anything else is a failure of the run. */
  run(args: readonly string[]): Promise<Outcome>
}

/** The command line cannot be run as it is; the message names the option. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

interface NumberOption {
  readonly kind: 'number' | 'numbers'
  readonly what: string
  readonly min: number
  readonly max: number
  /** Numbers are whole unless this is set. */
  readonly fraction?: true
}
interface OneNumber extends NumberOption {
  readonly kind: 'number'
  /** Null: decided by the bench. */
  readonly initial: number | null
  /** What takes the place of `initial` under `--quick`. */
  readonly quick?: number
}
interface ManyNumbers extends NumberOption {
  readonly kind: 'numbers'
  readonly initial: readonly number[]
}
interface TextOption {
  readonly kind: 'text'
  readonly what: string
  /** What the help calls it; FILE where nothing else is said. */
  readonly as?: string
}
/** False unless it is given. */
interface FlagOption {
  readonly kind: 'flag'
  readonly what: string
}
type Options = Readonly<Record<string, OneNumber | ManyNumbers | TextOption | FlagOption>>

export type ValuesOf<Table extends Options> = {
  readonly [Name in keyof Table]: Table[Name] extends { kind: 'numbers' }
    ? readonly number[]
    : Table[Name] extends { kind: 'number'; initial: number }
      ? number
      : Table[Name] extends { kind: 'number' }
        ? number | null
        : Table[Name] extends { kind: 'flag' }
          ? boolean
          : string | null
}

export function defineBench<const Table extends Options>(definition: {
  readonly name: string
  readonly summary: string
  readonly options: Table
  readonly run: (values: ValuesOf<Table>) => Promise<Outcome>
}): Bench {
  const { name, summary, options, run } = definition
  return {
    name,
    summary,
    help: helpOf(name, summary, options),
    run: async args => run(readOptions(options, args)),
  }
}

/** The values of a command line. Errors: UsageError for an option that is unknown, malformed or out of bounds. */
export function readOptions<const Table extends Options>(options: Table, args: readonly string[]): ValuesOf<Table> {
  const known: Record<string, { type: 'string' | 'boolean' }> = {}
  for (const [name, { kind }] of Object.entries(options)) known[name] = { type: kind === 'flag' ? 'boolean' : 'string' }
  if (hasQuick(options)) known.quick = { type: 'boolean' }
  const given = parse(known, args)
  const values: Record<string, unknown> = {}
  for (const [name, option] of Object.entries<Options[string]>(options)) {
    const text = given[name]
    if (option.kind === 'flag') values[name] = text === true
    else if (typeof text !== 'string') values[name] = initialOf(option, given.quick === true)
    else if (option.kind === 'text') values[name] = text
    else if (option.kind === 'number') values[name] = numberIn(name, option, text)
    else values[name] = text.split(',').map(part => numberIn(name, option, part))
  }
  return values as ValuesOf<Table>
}

function parse(known: Record<string, { type: 'string' | 'boolean' }>, args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: known }).values
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function initialOf(option: Exclude<Options[string], FlagOption>, quick: boolean): unknown {
  if (option.kind === 'text') return null
  return quick && option.kind === 'number' && option.quick !== undefined ? option.quick : option.initial
}

function numberIn(name: string, { min, max, fraction }: NumberOption, text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && value >= min && value <= max && (fraction || Number.isInteger(value))) return value
  const kind = fraction ? 'a number' : 'a whole number'
  throw new UsageError(`--${name} must be ${kind} from ${min} to ${max}, not ${JSON.stringify(text)}.`)
}

const hasQuick = (options: Options): boolean =>
  Object.values(options).some(option => option.kind === 'number' && option.quick !== undefined)

function helpOf(name: string, summary: string, options: Options): string {
  const rows = Object.entries(options).map(([option, how]): [string, string] => {
    if (how.kind === 'flag') return [`--${option}`, how.what]
    if (how.kind === 'text') return [`--${option} ${how.as ?? 'FILE'}`, how.what]
    const initial = how.kind === 'numbers' ? how.initial.join(',') : how.initial
    const quick = how.kind === 'number' && how.quick !== undefined ? `; with --quick ${how.quick}` : ''
    return [
      `--${option} ${how.kind === 'numbers' ? 'N,N,…' : 'N'}`,
      initial === null ? how.what : `${how.what} (${initial}${quick})`,
    ]
  })
  if (hasQuick(options)) rows.push(['--quick', 'a short run on a small load'])
  rows.push(['--json FILE', 'also write the result there'], ['--help', 'this text'])
  const width = Math.max(...rows.map(([option]) => option.length)) + 2
  return [
    `npm run bench -- ${name} [options]`,
    '',
    summary,
    '',
    ...rows.map(([option, what]) => `  ${option.padEnd(width)}${what}`),
  ].join('\n')
}
