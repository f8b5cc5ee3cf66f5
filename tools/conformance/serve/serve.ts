/** A run of `serve`: an engine, a day with the client, and what is said of each rule. */
import { type ChildProcess, spawn } from 'node:child_process'
import { judge } from '../judge/judge.ts'
import type { Protocol } from '../judge/protocol.ts'
import { RULES } from '../judge/rule-list.ts'
import { Verdicts } from '../judge/verdicts.ts'
import { Day, StepMissed } from './day.ts'
import { Recorder } from './recorder.ts'
import { Http, makeWorld, type World } from './world.ts'

/** Segments of fixes are written more often than that. */
const STORED_WITHIN_MS = 60_000

export interface Run {
  /** An engine that is ready, and its admin. */
  readonly enginePort: number
  readonly adminPassword: string
  readonly protocol: Protocol
  readonly region: string
  readonly port: number
  readonly patienceMs: number
  /** How long fixes that were sent may take to be stored; a minute where it is not said. */
  readonly storedWithinMs?: number | undefined
  /** A command of the shell that starts the client. */
  readonly command: string | null
  readonly tell: (line: string) => void
}

export interface Outcome {
  readonly verdicts: Verdicts
  readonly recorder: Recorder
  /** The step that was not done; null when the day was worked to its end. */
  readonly missed: string | null
}

/** Errors: those of the engine's HTTP and of the port. */
export async function runDay(
  run: Run,
  start: (world: World, port: number) => void = () => undefined,
): Promise<Outcome> {
  const http = new Http(run.enginePort)
  const world = await makeWorld(http, run.adminPassword, run.region)
  const recorder = await Recorder.listen(run.protocol, run.enginePort, run.port)
  const verdicts = new Verdicts()
  const { enginePort, patienceMs, tell } = run
  const storedWithinMs = run.storedWithinMs ?? STORED_WITHIN_MS
  const day = new Day({ recorder, http, world, enginePort, verdicts, tell, patienceMs, storedWithinMs })
  const env = environmentOf(world, recorder.port)
  for (const [name, value] of Object.entries(env)) tell(`${name}=${value}`)
  const client = run.command === null ? null : startClient(run.command, env)
  start(world, recorder.port)
  let missed: string | null = null
  try {
    await day.run()
  } catch (error) {
    if (!(error instanceof StepMissed)) throw error
    missed = error.message
  } finally {
    if (client?.pid !== undefined && client.exitCode === null && client.signalCode === null)
      process.kill(-client.pid, 'SIGTERM')
    await recorder.close()
  }
  return { verdicts: judge(recorder.entries, run.protocol, verdicts), recorder, missed }
}

/** What a client needs to connect. */
function environmentOf(
  { region, unitId, user, password, deviceKey }: World,
  port: number,
): Readonly<Record<string, string>> {
  return {
    GOLDENHOUR_URL: `ws://127.0.0.1:${port}/v1/ws`,
    GOLDENHOUR_HTTP: `http://127.0.0.1:${port}`,
    GOLDENHOUR_REGION: region,
    GOLDENHOUR_UNIT: unitId,
    GOLDENHOUR_USER: user,
    GOLDENHOUR_PASSWORD: password,
    GOLDENHOUR_DEVICE_KEY: deviceKey,
  }
}

/** In a group of its own, so that all of it can be ended. */
function startClient(command: string, env: Readonly<Record<string, string>>): ChildProcess {
  return spawn('sh', ['-c', command], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
  })
}

/** One line for each rule: passed, failed or not exercised. */
export function tableOf({ violations, exercised }: Verdicts): string {
  const line = (rule: string, what: string) => {
    const failed = violations.some(each => each.rule === rule)
    const verdict = failed ? 'failed' : exercised.includes(rule) ? 'passed' : 'not exercised'
    return `${`[${rule}]`.padEnd(9)}${verdict.padEnd(15)}${what}`
  }
  return Object.entries(RULES)
    .map(([rule, what]) => line(rule, what))
    .join('\n')
}
