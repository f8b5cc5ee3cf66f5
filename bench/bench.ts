/** What a bench is to the runner: a command with its options, and a run that answers flat figures. */
import type { CheckedCommand } from '../src/cli/checked-command.ts'
import { commandOf, type Options, type ValuesOf, valuesOf } from '../tools/shared/option-table.ts'

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
  /** Reads the options. */
  readonly command: CheckedCommand
  /** By what the command has read. Errors: UsageError; anything else is a failure of the run. */
  run(): Promise<Outcome>
  /** Where the result is written to as well: the runner does that, and no bench needs to know of it. */
  jsonFile(): string | null
}

export function defineBench<const Table extends Options>(definition: {
  readonly name: string
  readonly summary: string
  readonly options: Table
  readonly run: (values: ValuesOf<Table>) => Promise<Outcome>
}): Bench {
  const { name, summary, options, run } = definition
  const command = commandOf(name, summary, options)
  return {
    name,
    command,
    run: () => run(valuesOf(command, options).values),
    jsonFile: () => valuesOf(command, options).jsonFile,
  }
}
