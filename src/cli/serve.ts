/** `goldenhour serve`: runs the engine until it is told to stop. */
import { type Command, Option } from 'commander'
import { isRunByNpm, readConfig } from '../config/index.ts'
import { configOption } from './config.ts'

export function defineServe(serve: Command): void {
  serve
    .addOption(configOption())
    .addOption(new Option('--until-stdin-ends', 'stop when standard input ends: for a program that starts an engine'))
    .action(async (options: { config?: string; untilStdinEnds?: boolean }) => {
      const config = readConfig(undefined, options.config, warning => console.error(`warning: ${warning}`))
      // Loaded here only: the other commands need neither sockets nor actors, and start faster without them.
      const { serve } = await import('../main.ts')
      await serve(config, { untilStdinEnds: options.untilStdinEnds === true, startedByNpm: isRunByNpm() })
    })
}
