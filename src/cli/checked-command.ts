/**
 * A command that names an option it does not know before it complains of anything else.
 *
 * Commander looks at the values of options, and at those that are missing, first: who has written `--regoin sf` is then told
 * that `--region` is missing, and looks for it in vain.
 */
import { Command } from 'commander'

export class CheckedCommand extends Command {
  override createCommand(name?: string): Command {
    return new CheckedCommand(name)
  }

  override parseOptions(args: string[]): ReturnType<Command['parseOptions']> {
    // What a command with commands below it does not know may be one of theirs.
    const unknown = this.commands.length === 0 ? this.#firstUnknown(args) : null
    // Not among its types: it ends the command in the library's words, with the option that may have been meant.
    if (unknown !== null) (this as unknown as { unknownOption(flag: string): never }).unknownOption(unknown)
    return super.parseOptions(args)
  }

  #firstUnknown(args: readonly string[]): string | null {
    for (let at = 0; at < args.length && args[at] !== '--'; at += 1) {
      const arg = args[at]!
      if (arg === '--help' || arg === '-h') return null
      if (!/^-./.test(arg)) continue
      const [name] = arg.split('=', 1)
      const option = this.options.find(({ long, short }) => name === long || name === short)
      if (option === undefined) return arg
      if (option.required && name === arg) at += 1
    }
    return null
  }
}
