/** The `goldenhour` program: reads the command line, runs one command, and sets the exit code. */
import { type Command, CommanderError } from 'commander'
import { CheckedCommand } from './checked-command.ts'
import { Interrupted, outputFailed } from './interruption.ts'
import { packageVersion } from './package-version.ts'

const EXIT_FAILED = 1
const EXIT_WRONG_USAGE = 2

/** Loaded when they are named, so that nobody waits for the code of the others. */
const COMMANDS: readonly (readonly [string, string, () => Promise<(command: Command) => void>])[] = [
  [
    'serve',
    'run the engine; SIGTERM, Ctrl-C or the end of its terminal drains and stops it',
    async () => (await import('./serve.ts')).defineServe,
  ],
  [
    'status',
    'tell whether an engine runs on this machine and is ready',
    async () => (await import('./status.ts')).defineStatus,
  ],
  [
    'stop',
    'end the engine of this machine in order, and a Postgres that was left behind',
    async () => (await import('./stop.ts')).defineStop,
  ],
  [
    'demo',
    'fill a region of the engine that runs with made-up units and calls, until Ctrl-C',
    async () => (await import('./demo.ts')).defineDemo,
  ],
  ['token', 'sign an access token and print it', async () => (await import('./token.ts')).defineToken],
  [
    'user',
    'add, list, disable and enable users, and set their passwords',
    async () => (await import('./user.ts')).defineUser,
  ],
  [
    'device',
    'add, list, disable and enable devices: feeds and trackers',
    async () => (await import('./device.ts')).defineDevice,
  ],
  ['key', 'list, rotate and retire the keys that sign access tokens', async () => (await import('./key.ts')).defineKey],
  ['region', 'add and list regions', async () => (await import('./region.ts')).defineRegion],
  [
    'policy',
    'show and set the numbers and modes by which a region is dispatched',
    async () => (await import('./policy.ts')).definePolicy,
  ],
  ['import', 'take reference data from files', async () => (await import('./import-command.ts')).defineImport],
  [
    'roads',
    'check and import the roads of a region, list them, go back, and learn how long they take',
    async () => (await import('./roads.ts')).defineRoads,
  ],
  [
    'migrate',
    'bring the database to the schema of this version; safe to repeat',
    async () => (await import('./migrate.ts')).defineMigrate,
  ],
  ['config', 'check and show the configuration', async () => (await import('./config.ts')).defineConfig],
  ['report', 'tell how well the service does, from its log', async () => (await import('./report.ts')).defineReport],
  [
    'views',
    'tell how far the views for SQL have come, and make them anew',
    async () => (await import('./views.ts')).defineViews,
  ],
  [
    'webhooks',
    'tell how far webhooks have told the log, and let one go that is stopped',
    async () => (await import('./webhooks.ts')).defineWebhooks,
  ],
  [
    'history',
    'tell everything that happened to a unit, a trip or a call',
    async () => (await import('./history.ts')).defineHistory,
  ],
  [
    'track',
    'write where a unit has been into a file for maps or spreadsheets',
    async () => (await import('./track.ts')).defineTrack,
  ],
  [
    'export',
    'print the board from the database alone, for when no engine will start',
    async () => (await import('./export.ts')).defineExport,
  ],
  [
    'erase',
    'erase the personal data of a call that is over, while the log stays whole',
    async () => (await import('./erase.ts')).defineErase,
  ],
  [
    'hold',
    'keep calls as they are: from erasure, and from being let go for their age',
    async () => (await import('./hold.ts')).defineHold,
  ],
  [
    'disclose',
    'write everything about one call into files with their hashes',
    async () => (await import('./disclose.ts')).defineDisclose,
  ],
  [
    'pack',
    'pack stored positions that are old into a track for each unit',
    async () => (await import('./pack.ts')).definePack,
  ],
  [
    'archive',
    'move stored positions that are old into files, and back',
    async () => (await import('./archive.ts')).defineArchive,
  ],
  [
    'verify',
    'prove that the database is whole, and that what it has agrees',
    async () => (await import('./verify.ts')).defineVerify,
  ],
  [
    'backup',
    'put the whole database into files, while engines run',
    async () => (await import('./backup.ts')).defineBackup,
  ],
  [
    'restore',
    'bring a backup back into an empty database, as it was or as of an earlier moment',
    async () => (await import('./restore.ts')).defineRestore,
  ],
  ['audit', 'prove and search the audit: who did what', async () => (await import('./audit.ts')).defineAudit],
]

/** What people try that there is not, and what does it. */
const INSTEAD: readonly (readonly [RegExp, string])[] = [
  [/unknown option '(--port|-p)'/, 'The port is a setting: PORT=9002 goldenhour serve.'],
  [
    /unknown option '(--host|--database-url|--data-dir)'/,
    'Settings are environment variables or in a file; see config docs.',
  ],
  [/unknown option '-v'/, 'The version is told by -V.'],
  [
    /unknown command '(delete|remove|rm)'/,
    'Nothing that is on record is deleted; users and devices are disabled, and erase takes personal data out of a call.',
  ],
]

const program = new CheckedCommand('goldenhour')
  .description('Real-time ambulance coordination: the engine and its tools.')
  .version(packageVersion())
  .showHelpAfterError('(add --help for what this command takes)')
  .configureOutput({
    outputError(text, write) {
      const [, instead] = INSTEAD.find(([what]) => what.test(text)) ?? []
      write(instead === undefined ? text : `${text}${instead}\n`)
    },
  })
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

for (const [name, description, load] of COMMANDS) {
  const command = program.command(name).description(description)
  if (process.argv.includes(name)) (await load())(command)
}

process.stdout.on('error', outputFailed)
// What cannot be told here can be told nowhere.
process.stderr.on('error', () => undefined)

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = await report(error)
  // What it was waiting for may still be under way.
  if (error instanceof Interrupted) process.exit()
}

async function report(error: unknown): Promise<number> {
  // Commander has printed its own message, and its exit code 0 stands for --help and --version.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_WRONG_USAGE
  if (error instanceof Interrupted && error.message === '') return error.exitCode
  const text =
    error instanceof Error && (await wantsStack()) ? error.stack : messageOf(error).replaceAll(/\s*\n\s*/g, ' ')
  process.stderr.write(`error: ${text}\n`)
  return EXIT_FAILED
}

function messageOf(error: unknown): string {
  // Node reports a refused connection to a name with several addresses as an AggregateError without a message.
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ')
  return error instanceof Error ? error.message || error.name : String(error)
}

async function wantsStack(): Promise<boolean> {
  try {
    const { readConfig } = await import('../config/index.ts')
    return ['trace', 'debug'].includes(readConfig().logLevel)
  } catch {
    return false
  }
}
