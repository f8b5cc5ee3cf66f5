/** Another engine takes over: from one that stands still past its lease, from one that is killed, from one that stops. */
import { setTimeout as sleep } from 'node:timers/promises'
import { happens } from '../wait.ts'
import { MODES, type World } from '../world/world.ts'
import { between, type Fault, oneOf, over } from './fault.ts'

const TAKEOVER_LIMIT_MS = 60_000
/** A standby that waits has come so far by then. */
const STANDBY_WARM_MS = 2_500
const EXIT_LIMIT_MS = 15_000

export const pauseTakeover: Fault = {
  name: 'pause-takeover',
  summary: 'SIGSTOP of the engine past its lease, another takes over, then SIGCONT',
  modes: MODES,
  async run({ world, random }) {
    const { engine: paused, other: next } = world
    const fromMs = performance.now()
    // Not started again when it finds its region taken: the other one is at work by then.
    paused.dismiss()
    paused.signal('SIGSTOP')
    try {
      next.want(world.database())
      await isReady(world, next.name, fromMs)
      await sleep(between(random, 200, 3_000))
    } finally {
      paused.signal('SIGCONT')
    }
    const report = over('SIGCONT', { takeoverFromMs: fromMs, byEngine: next.name })
    // Also when it did not become ready: then the round finds nobody who serves.
    world.swap()
    // It finds itself fenced; if it stays instead, it must not write, which the checker sees.
    if (!(await happens(() => !paused.isRunning, EXIT_LIMIT_MS))) await paused.stop()
    return report
  },
}

export const standbyTakeover: Fault = {
  name: 'standby-takeover',
  summary: 'an engine waits beside the living one and takes over when that is killed or stopped',
  modes: MODES,
  async run({ world, random }) {
    const { engine: old, other: standby } = world
    const signal = oneOf(random, ['SIGKILL', 'SIGTERM'] as const)
    standby.want(world.database())
    await sleep(STANDBY_WARM_MS)
    const fromMs = performance.now()
    old.dismiss()
    old.signal(signal)
    const report = over(signal, { overAtMs: fromMs, takeoverFromMs: fromMs, byEngine: standby.name })
    await isReady(world, standby.name, fromMs)
    world.swap()
    if (!(await happens(() => !old.isRunning, EXIT_LIMIT_MS))) await old.stop()
    return report
  },
}

const isReady = (world: World, engine: string, fromMs: number): Promise<boolean> =>
  happens(() => world.readiness.wasReadySince(fromMs, engine), TAKEOVER_LIMIT_MS)
