/** The command line of `npm run conformance`: what it takes, and what it says of what it does not take. */
import { option, readCommandLine, toolCommand, wholeNumber } from '../shared/command-line.ts'

export type Options =
  | { readonly command: 'check-log'; readonly file: string; readonly json: boolean }
  | {
      readonly command: 'serve'
      readonly port: number
      readonly patienceS: number
      readonly run: string | null
      readonly logFile: string | null
      readonly databaseUrl: string | null
      readonly json: boolean
    }

interface GivenToServe {
  readonly port: number
  readonly patience: number
  readonly run?: string
  readonly log?: string
  readonly databaseUrl?: string
  readonly json?: true
}

/** Errors: UsageError, and help that is asked for. */
export function readOptions(args: readonly string[]): Options {
  let options: Options | undefined
  const program = toolCommand(
    'npm run conformance --',
    `Whether a client keeps to PROTOCOL.md. Exit code 0 when it does, 1 when a rule was broken or, in serve, the day was not
worked to its end; 2 for a command line or a log that cannot be read.`,
  )
  program
    .command('check-log')
    .description('read a log that the client wrote itself')
    .argument('<file>', 'one JSON object a line, in the order of sending and receiving')
    .option('--json', 'what was found as JSON')
    .allowExcessArguments(false)
    .addHelpText('after', LOG_FORM)
    .action((file: string, { json }: { json?: true }) => {
      options = { command: 'check-log', file, json: json === true }
    })
  program
    .command('serve')
    .description(
      `start an engine of its own with a made-up region, a unit, a user and a device key, tell how to connect a crew’s app, and
work a day with it: sign-on, fixes, an offer, buttons to the end, with losses and refusals in between`,
    )
    .option('--run <command>', 'starts the client, too; what it needs is in its environment (GOLDENHOUR_URL, …)')
    .addOption(
      option('--port <n>', 'where the client connects (any free port of this machine)', wholeNumber(0, 65_535)).default(
        0,
        'any',
      ),
    )
    .addOption(option('--patience <s>', 'how long each step is waited for', wholeNumber(5, 3_600)).default(120))
    .option('--log <file>', 'writes the log of the client there, as check-log reads it')
    .option('--database-url <url>', 'an empty database in place of an embedded Postgres')
    .option('--json', 'what was found as JSON')
    .allowExcessArguments(false)
    .action(({ port, patience, run, log, databaseUrl, json }: GivenToServe) => {
      options = {
        ...{ command: 'serve', port, patienceS: patience, json: json === true },
        ...{ run: run ?? null, logFile: log ?? null, databaseUrl: databaseUrl ?? null },
      }
    })
  readCommandLine(program, args.length === 0 ? ['--help'] : args)
  return options!
}

const LOG_FORM = `
  {"atMs": 1767225600000, "connection": 1, "dir": "open", "subprotocol": "goldenhour.v1.json"}
  {"atMs": 1767225600005, "connection": 1, "dir": "sent", "text": "[\\"hello\\",…]"}
  {"atMs": 1767225600045, "connection": 1, "dir": "received", "hex": "9240…"}
  {"atMs": 1767225609000, "connection": 1, "dir": "closed", "code": 1006}

\`atMs\` is milliseconds of one clock; a frame is its \`text\`, or its bytes as \`hex\` or \`base64\`. One log is of one client.`
