/** `goldenhour serve` as its users run it: a process of its own that is started, waited for and ended. */
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const PROGRAM = fileURLToPath(new URL('../../bin/goldenhour.js', import.meta.url))
const ASKED_EVERY_MS = 20

export interface EngineStart {
  /** Settings of ours alone: a variable of the caller's must not make two runs differ. */
  readonly env: Readonly<Record<string, string>>
  /** What Node takes before the program. */
  readonly flags?: readonly string[]
  /** What runs the engine, up to the name of its command; Node and the program beside the sources. */
  readonly command?: readonly string[]
  /** A file that takes what the engine says; without it there are pipes. */
  readonly out?: number
  /** In a group of its own: Ctrl-C reaches this program alone, which then ends the engine. */
  readonly isDetached?: boolean
  /** It goes on when this program is gone; others end with their input, so that nobody leaves one behind. */
  readonly outlivesUs?: boolean
}

/** Starts it. The environment also has what any process needs, this machine alone as its host, and a password nobody knows. */
export function spawnEngine(start: EngineStart): ChildProcess {
  const { flags = [], out = 'pipe', outlivesUs = false } = start
  const [command, ...args] = start.command ?? [process.execPath, ...flags, PROGRAM]
  const { PATH, HOME, TMPDIR } = process.env
  const stdio: StdioOptions = [outlivesUs ? 'ignore' : 'pipe', out, out]
  const child = spawn(command!, [...args, 'serve', ...(outlivesUs ? [] : ['--until-stdin-ends'])], {
    env: {
      ...Object.fromEntries(Object.entries({ PATH, HOME, TMPDIR }).filter(([, value]) => value !== undefined)),
      GOLDENHOUR_HOST: '127.0.0.1',
      // One that is made up by the engine would be printed.
      GOLDENHOUR_ADMIN_PASSWORD: randomUUID(),
      ...start.env,
    },
    stdio,
    detached: start.isDetached ?? false,
  })
  child.stdin?.on('error', () => undefined)
  return child
}

/** Resolves when the process is gone, or could not be started. */
export function exitOf(
  child: ChildProcess,
): Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }> {
  const { exitCode, signalCode } = child
  if (exitCode !== null || signalCode !== null) return Promise.resolve({ code: exitCode, signal: signalCode })
  return new Promise(resolve => {
    child.once('exit', (code, signal) => resolve({ code, signal }))
    child.once('error', () => resolve({ code: null, signal: null }))
  })
}

/** Ends it as a power cut would; resolves when it is gone. */
export async function killEngine(child: ChildProcess): Promise<void> {
  const gone = exitOf(child)
  if (child.pid !== undefined) child.kill('SIGKILL')
  await gone
}

/** Asks it to end, and kills it when that did not help within the limit. Output: its exit code; null for one that was killed. */
export async function stopEngine(child: ChildProcess, limitMs: number): Promise<number | null> {
  const gone = exitOf(child)
  child.kill('SIGTERM')
  const limit = setTimeout(() => child.kill('SIGKILL'), limitMs)
  const { code } = await gone
  clearTimeout(limit)
  return code
}

/** Resolves when it says that it is ready. Errors: Error when it ends before, or is not ready in time. */
export async function untilReady(child: ChildProcess, httpUrl: string, withinMs: number): Promise<void> {
  for (const giveUpAtMs = performance.now() + withinMs; performance.now() < giveUpAtMs; await sleep(ASKED_EVERY_MS)) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`The engine ended with ${child.signalCode ?? `exit code ${child.exitCode}`}.`)
    }
    const response = await fetch(`${httpUrl}/readyz`, { signal: AbortSignal.timeout(1_000) }).catch(() => null)
    if (response?.ok) return
  }
  throw new Error(`The engine was not ready within ${withinMs / 1_000} s.`)
}
