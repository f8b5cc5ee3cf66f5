/** The engine's wall clock is wrong for some seconds, while it runs or over a stop and start, and then right again. */
import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { happens } from '../wait.ts'
import type { Engine } from '../world/engine.ts'
import { MODES } from '../world/world.ts'
import { between, type Fault, type FaultContext, type FaultReport, oneOf, over } from './fault.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const RESTART_LIMIT_MS = 40_000

/** While it runs; at its end, so that the next one starts with a right one; from its start on. */
const WHEN = ['running', 'until the stop', 'from the start'] as const

const clock = (name: string, summary: string, shiftsMs: readonly number[]): Fault => ({
  name,
  summary,
  modes: MODES,
  run: context => excursion(context, oneOf(context.random, shiftsMs), oneOf(context.random, WHEN)),
})

export const clockAhead = clock('clock-ahead', 'the clock of the engine alone is 6 s, 2 minutes or an hour ahead', [
  6 * SECOND,
  2 * MINUTE,
  HOUR,
])
export const clockBack = clock('clock-back', 'the clock of the engine alone is 90 s or an hour behind', [
  -90 * SECOND,
  -HOUR,
])

async function excursion(
  { world, load, random }: FaultContext,
  shiftMs: number,
  when: (typeof WHEN)[number],
): Promise<FaultReport> {
  const { engine } = world
  const variant = `${shiftMs / SECOND} s, ${when}`
  load.clocksAre(false)
  try {
    if (when === 'from the start') await restart(engine, () => shift(engine, shiftMs))
    else shift(engine, shiftMs)
    await sleep(1_000)
    // Who connects now is told a wrong time.
    load.drop('even')
    await sleep(between(random, 1_500, 3_000))
    if (when === 'until the stop') {
      await restart(engine, () => shift(engine, 0))
      return over(variant, { overAtMs: engine.startedAtMs, byEngine: engine.name })
    }
    return over(variant)
  } finally {
    shift(engine, 0)
    load.clocksAre(true)
    // And who connects from here on, a right one.
    load.drop('odd')
  }
}

const shift = (engine: Engine, ms: number): void => writeFileSync(engine.clockFile, String(ms))

/** An orderly stop, and the supervisor's start; what is done in between is done while none runs. */
async function restart(engine: Engine, between: () => void): Promise<void> {
  const { startedAtMs } = engine
  const exited = engine.exited()
  engine.signal('SIGTERM')
  await Promise.race([exited, sleep(RESTART_LIMIT_MS).then(() => engine.kill())])
  between()
  await happens(() => engine.startedAtMs > startedAtMs, RESTART_LIMIT_MS)
}
