/**
 * The `goldenhour` program, and others, run to their end: as a process, or in this one, which takes a tenth of the time.
 *
 * In this process it is the same file that a process would run, from its arguments to its exit code; what only a
 * process can show (signals, a terminal, the exit itself) is for `runProcess`.
 */
import { execFile } from 'node:child_process'
import { Readable } from 'node:stream'
import { mock } from 'node:test'
import { fileURLToPath } from 'node:url'
import { GOLDENHOUR, moduleOf } from './program.ts'

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}
interface Surroundings {
  /** All that it has beside PATH and HOME. */
  readonly env?: Readonly<Record<string, string>>
  /** Its standard input. */
  readonly input?: string
}

const SOURCE = new URL('../../src/cli/index.ts', import.meta.url)
/** What a program may begin to listen for. */
const HEARD: readonly (readonly [NodeJS.EventEmitter, string])[] = [
  [process, 'SIGINT'],
  [process, 'SIGTERM'],
  [process.stdout, 'error'],
  [process.stderr, 'error'],
]

/** As a process of its own. */
export function runProcess(args: readonly string[], surroundings: Surroundings = {}): Promise<Ran> {
  return new Promise(resolve => {
    const child = execFile(
      process.execPath,
      [...GOLDENHOUR, ...args],
      { env: wholeEnv(surroundings) },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    )
    child.stdin!.end(surroundings.input ?? '')
  })
}

let previous: Promise<unknown> = Promise.resolve()
let runs = 0

/** In this process, one after the other: they share its environment and its standard streams. */
export function runHere(args: readonly string[], surroundings: Surroundings = {}, source = SOURCE): Promise<Ran> {
  const ran = previous.then(() => evaluate(moduleOf(source), args, surroundings))
  previous = ran.catch(() => undefined)
  return ran
}

async function evaluate(program: URL, args: readonly string[], surroundings: Surroundings): Promise<Ran> {
  const { argv, env, exitCode } = process
  const stdin = Object.getOwnPropertyDescriptor(process, 'stdin')!
  const before = HEARD.map(([emitter, event]) => emitter.listeners(event))
  const written = { stdout: '', stderr: '' }
  const mocks = (['stdout', 'stderr'] as const).map(name => {
    const write = process[name].write.bind(process[name]) as (...given: unknown[]) => boolean
    return mock.method(process[name], 'write', (chunk: unknown, ...rest: unknown[]) => {
      // The runner of the tests tells its own in bytes, and must go on hearing it.
      if (typeof chunk !== 'string') return write(chunk, ...rest)
      written[name] += chunk
      for (const each of rest) if (typeof each === 'function') each()
      return true
    })
  })
  process.argv = [argv[0]!, fileURLToPath(program), ...args]
  process.env = wholeEnv(surroundings)
  process.exitCode = undefined
  Object.defineProperty(process, 'stdin', { ...stdin, get: () => Readable.from([surroundings.input ?? '']) })
  try {
    runs += 1
    // Under a name of its own each time, so that it is evaluated again; what it imports is not.
    await import(`${program.href}?run=${runs}`)
    return { code: Number(process.exitCode ?? 0), ...written }
  } finally {
    for (const each of mocks) each.mock.restore()
    Object.defineProperty(process, 'stdin', stdin)
    for (const [index, [emitter, event]] of HEARD.entries()) {
      for (const listener of emitter.listeners(event)) {
        if (!before[index]!.includes(listener)) emitter.off(event, listener as () => void)
      }
    }
    Object.assign(process, { argv, env, exitCode })
  }
}

function wholeEnv({ env }: Surroundings): NodeJS.ProcessEnv {
  const { PATH, HOME, GOLDENHOUR_TRANSPORT } = process.env
  // Where all tests run over one transport, commands do too.
  const transport = GOLDENHOUR_TRANSPORT === undefined ? {} : { GOLDENHOUR_TRANSPORT }
  return { PATH, HOME, ...transport, ...env }
}
