/** `goldenhour serve`: runs the engine until it is told to stop. */
import type { Command } from 'commander'
import { readConfig } from '../config/index.ts'
import { configOption } from './config.ts'

export function addServeCommand(program: Command): void {
  program
    .command('serve')
    .description('run the engine; SIGTERM or Ctrl-C drains and stops it')
    .addOption(configOption())
    .action(async (options: { config?: string }) => {
      const config = readConfig(undefined, options.config, warning => console.error(`warning: ${warning}`))
      // Loaded here only: the other commands need neither sockets nor actors, and start faster without them.
      const { serve } = await import('../main.ts')
      await serve(config)
    })
}
