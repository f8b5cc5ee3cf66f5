/** Options as a table, with bounds and initial values: a command of them, and the values that were given. */
import type { Option } from 'commander'
import type { CheckedCommand } from '../../src/cli/checked-command.ts'
import { anyNumber, fileName, jsonOption, option as optionOf, toolCommand, wholeNumber } from './command-line.ts'

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
  /** Null: decided by who is given it. */
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
  /** What the help calls it; `file` where nothing else is said. */
  readonly as?: string
}
/** False unless it is given. */
interface FlagOption {
  readonly kind: 'flag'
  readonly what: string
}
export type Options = Readonly<Record<string, OneNumber | ManyNumbers | TextOption | FlagOption>>

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

/** A command with these options, and `--json`, and `--quick` where a number has a value for it. */
export function commandOf(name: string, summary: string, options: Options): CheckedCommand {
  const command = toolCommand(name, summary)
  for (const [key, option] of Object.entries(options)) command.addOption(commanderOption(key, option))
  if (Object.values(options).some(option => quickOf(option) !== undefined)) {
    command.option('--quick', 'a short run on a small load')
  }
  command.addOption(jsonOption())
  return command
}

/** What such a command was given, once it has read its line; and the file of `--json`. */
export function valuesOf<const Table extends Options>(
  command: CheckedCommand,
  options: Table,
): { values: ValuesOf<Table>; jsonFile: string | null } {
  const given = command.opts<Record<string, unknown> & { json?: string; quick?: true }>()
  const givenTo = (key: string, option: Options[string]): unknown => {
    const value = given[camelCased(key)]
    if (value !== undefined) return value
    if (option.kind === 'flag') return false
    if (option.kind === 'text') return null
    return (given.quick === true ? quickOf(option) : undefined) ?? option.initial
  }
  const values = Object.entries<Options[string]>(options).map(([key, option]) => [key, givenTo(key, option)])
  return { values: Object.fromEntries(values) as ValuesOf<Table>, jsonFile: given.json ?? null }
}

function commanderOption(name: string, option: Options[string]): Option {
  const flag = `--${name}`
  switch (option.kind) {
    case 'flag':
      return optionOf(flag, option.what, () => true)
    case 'text':
      return optionOf(`${flag} <${option.as ?? 'file'}>`, option.what, fileName)
    case 'numbers': {
      const read = numberOf(option)
      const what = option.initial.length === 0 ? option.what : `${option.what} (${option.initial.join(',')})`
      return optionOf(`${flag} <n,n,…>`, what, text => text.split(',').map(read))
    }
    case 'number': {
      const quick = option.quick === undefined ? '' : `; with --quick ${option.quick}`
      const what = option.initial === null ? option.what : `${option.what} (${option.initial}${quick})`
      return optionOf(`${flag} <n>`, what, numberOf(option))
    }
  }
}

const numberOf = ({ min, max, fraction }: NumberOption) => (fraction ? anyNumber : wholeNumber)(min, max)

const quickOf = (option: Options[string]): number | undefined => (option.kind === 'number' ? option.quick : undefined)

/** As Commander calls what is given to an option. */
const camelCased = (name: string): string => name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())
