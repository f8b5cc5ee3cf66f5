/** The command line of `npm run conformance`: what it takes, and what it says of what it does not take. */
import { parseArgs } from 'node:util'

export type Options =
  | { readonly command: 'help' }
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

/** The command line cannot be run as it is; the message names the option and what it takes. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Errors: UsageError. */
export function readOptions(args: readonly string[]): Options {
  const [command, ...rest] = args
  const { values, positionals } = parse(command === undefined ? [] : rest)
  if (command === undefined || command === '--help' || command === '-h' || command === 'help' || values.help === true) {
    return { command: 'help' }
  }
  const json = values.json === true
  switch (command) {
    case 'check-log': {
      const [file, ...more] = positionals
      if (file === undefined || more.length > 0) throw new UsageError('check-log takes one file: the log of a client.')
      const own = ['json', 'help']
      const foreign = Object.keys(values).find(name => !own.includes(name))
      if (foreign !== undefined) throw new UsageError(`check-log takes no --${foreign}.`)
      return { command, file, json }
    }
    case 'serve':
      if (positionals.length > 0)
        throw new UsageError(`serve takes no ${positionals[0]}; a client is started by --run.`)
      return {
        ...{ command, json },
        port: wholeNumber('port', values.port, 0, 0, 65_535),
        patienceS: wholeNumber('patience', values.patience, 120, 5, 3_600),
        run: values.run ?? null,
        logFile: values.log ?? null,
        databaseUrl: values['database-url'] ?? null,
      }
    default:
      throw new UsageError(`There is no ${command}; there are check-log and serve.`)
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        port: { type: 'string' },
        patience: { type: 'string' },
        run: { type: 'string' },
        log: { type: 'string' },
        'database-url': { type: 'string' },
      },
    })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function wholeNumber(name: string, text: string | undefined, usual: number, min: number, max: number): number {
  if (text === undefined) return usual
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= min && value <= max) return value
  throw new UsageError(`--${name} must be a whole number from ${min} to ${max}, not ${JSON.stringify(text)}.`)
}

export const helpText = (): string =>
  [
    'npm run conformance -- check-log FILE [--json]',
    'npm run conformance -- serve [options]',
    '',
    'Whether a client keeps to PROTOCOL.md. Exit code 0 when it does, 1 when a rule was broken or, in serve, the day was not',
    'worked to its end; 2 for a command line or a log that cannot be read.',
    '',
    'check-log reads a log that the client wrote itself, one JSON object a line, in the order of sending and receiving:',
    '  {"atMs": 1767225600000, "connection": 1, "dir": "open", "subprotocol": "goldenhour.v1.json"}',
    '  {"atMs": 1767225600005, "connection": 1, "dir": "sent", "text": "[\\"hello\\",…]"}',
    '  {"atMs": 1767225600045, "connection": 1, "dir": "received", "hex": "9240…"}',
    '  {"atMs": 1767225609000, "connection": 1, "dir": "closed", "code": 1006}',
    '  `atMs` is milliseconds of one clock; a frame is its `text`, or its bytes as `hex` or `base64`. One log is of one client.',
    '',
    'serve starts an engine of its own with a made-up region, a unit, a user and a device key, tells how to connect a crew’s',
    'app, and works a day with it: sign-on, fixes, an offer, buttons to the end, with losses and refusals in between.',
    '  --run COMMAND        starts the client, too; what it needs is in its environment (GOLDENHOUR_URL, …)',
    '  --port N             where the client connects (any free port of this machine)',
    '  --patience S         how long each step is waited for (120)',
    '  --log FILE           writes the log of the client there, as check-log reads it',
    '  --database-url URL   an empty database in place of an embedded Postgres',
    '',
    '  --json               what was found as JSON',
    '  --help               this text',
  ].join('\n')
