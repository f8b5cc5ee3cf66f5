/** The `goldenhour` program: reads the command line, runs one command, and sets the exit code. */
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { readConfig } from '../config/index.ts'
import { addAuditCommand } from './audit.ts'
import { addConfigCommand } from './config.ts'
import { addDeviceCommand } from './device.ts'
import { addImportCommand } from './import-command.ts'
import { Interrupted, outputFailed } from './interruption.ts'
import { addKeyCommand } from './key.ts'
import { addMigrateCommand } from './migrate.ts'
import { addRegionCommand } from './region.ts'
import { addServeCommand } from './serve.ts'
import { addTokenCommand } from './token.ts'
import { addUserCommand } from './user.ts'

const EXIT_FAILED = 1
const EXIT_WRONG_USAGE = 2

const program = new Command('goldenhour')
  .description('Real-time ambulance coordination: the engine and its tools.')
  .version(packageVersion())
  .showHelpAfterError('(add --help for what this command takes)')
  // Thrown instead of ended, so that every way out of the program passes here. Commands made below inherit it.
  .exitOverride()
  .addHelpText(
    'after',
    `
Environment:
  DATABASE_URL               a Postgres (14 or newer) of your own; without it an embedded one is used
  GOLDENHOUR_DATA_DIR        where the embedded Postgres lives
  PORT, GOLDENHOUR_HOST      where "serve" listens (9001 on 0.0.0.0)
  GOLDENHOUR_CLOCK_RATE      how fast region time runs (1); fixed once a database has records
  GOLDENHOUR_LOG_LEVEL       trace, debug, info (default), warn, error, fatal or silent
  GOLDENHOUR_DRAIN_LIMIT_MS  the longest a shutdown may take (10000)
  GOLDENHOUR_CONFIG          a JSON file with these and all other settings ("config docs" lists them)

Exit codes: 0 done, 1 failed, 2 wrong usage.`,
  )

addServeCommand(program)
addTokenCommand(program)
addUserCommand(program)
addDeviceCommand(program)
addKeyCommand(program)
addRegionCommand(program)
addImportCommand(program)
addMigrateCommand(program)
addConfigCommand(program)
addAuditCommand(program)

process.stdout.on('error', outputFailed)
// What cannot be told here can be told nowhere.
process.stderr.on('error', () => undefined)

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = report(error)
  // What it was waiting for may still be under way.
  if (error instanceof Interrupted) process.exit()
}

function report(error: unknown): number {
  // Commander has printed its own message, and its exit code 0 stands for --help and --version.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_WRONG_USAGE
  if (error instanceof Interrupted && error.message === '') return error.exitCode
  const text = wantsStack() && error instanceof Error ? error.stack : messageOf(error).replaceAll(/\s*\n\s*/g, ' ')
  process.stderr.write(`error: ${text}\n`)
  return EXIT_FAILED
}

function messageOf(error: unknown): string {
  // Node reports a refused connection to a name with several addresses as an AggregateError without a message.
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ')
  return error instanceof Error ? error.message || error.name : String(error)
}

function wantsStack(): boolean {
  try {
    return ['trace', 'debug'].includes(readConfig().logLevel)
  } catch {
    return false
  }
}

function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
