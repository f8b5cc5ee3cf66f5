/** The command lines of what is run by `npm run`: one way to refuse, to tell what there is, and to end. */
import { CommanderError, Help, InvalidArgumentError, Option } from 'commander'
import { CheckedCommand } from '../../src/cli/checked-command.ts'

/** The command line cannot be run as it is; the message names the option and what it takes. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Help was asked for, which is no mistake; the message is its text. */
export class HelpAsked extends Error {
  override readonly name = 'HelpAsked'
}

export const EXIT_WRONG_USAGE = 2

/** Input: the name as it is typed, `npm run sim --`. Commands that are made below it are of the same kind. */
export function toolCommand(name: string, description: string): CheckedCommand {
  return new CheckedCommand(name)
    .description(description)
    .helpOption('-h, --help', 'this text')
    .helpCommand(false)
    .configureHelp({
      // Long texts are wrapped in the source, too.
      boxWrap(text, width) {
        return Help.prototype.boxWrap.call(this as Help, text.replaceAll('\n', ' '), width)
      },
    })
    .allowExcessArguments(false)
    .exitOverride()
}

/** An option whose text `parse` reads. */
export const option = <Value>(
  flags: string,
  what: string,
  parse: (text: string, before: Value | undefined) => Value,
): Option => new Option(flags, what).argParser(parse)

/** Errors: UsageError. Help that is asked for ends the reading too: give what is thrown to `exitCodeOf`. */
export function readCommandLine(command: CheckedCommand, args: readonly string[]): void {
  let printed = ''
  const print = (text: string): void => {
    printed += text
  }
  for (const each of [command, ...command.commands]) each.configureOutput({ writeOut: print, writeErr: print })
  try {
    command.parse(args, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) throw new HelpAsked(printed.trimEnd())
    // Without a command it prints its help, and has nothing else to say.
    throw new UsageError(error.code === 'commander.help' ? printed.trimEnd() : error.message.replace(/^error: /, ''))
  }
}

/** What a command line that was not run ends with, once it was told why. Errors: whatever else was thrown, as it was. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof HelpAsked) {
    console.log(error.message)
    return 0
  }
  if (!(error instanceof UsageError)) throw error
  console.error(`error: ${error.message}\n(--help tells what there is)`)
  return EXIT_WRONG_USAGE
}

/** Reads a whole number. */
export const wholeNumber = (min: number, max: number): ((text: string) => number) => numberWhere(min, max, true)

/** Reads a number, whole or not. */
export const anyNumber = (min: number, max: number): ((text: string) => number) => numberWhere(min, max, false)

function numberWhere(min: number, max: number, isWhole: boolean): (text: string) => number {
  return text => {
    const value = Number(text)
    if (text.trim() !== '' && value >= min && value <= max && (!isWhole || Number.isInteger(value))) return value
    throw new InvalidArgumentError(`It must be ${isWhole ? 'a whole number' : 'a number'} from ${min} to ${max}.`)
  }
}

/** Reads the name of a file. */
export function fileName(text: string): string {
  if (text !== '') return text
  throw new InvalidArgumentError('It needs the name of a file.')
}

/** `--json`, which most of them have. */
export const jsonOption = (): Option => option('--json <file>', 'also write the result there', fileName)
