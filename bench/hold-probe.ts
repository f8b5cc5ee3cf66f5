/**
 * How long the event loop of an engine is held, by the wall and by the processor time that its main thread had meanwhile: on a
 * machine with other work much of the first is waiting for a core.
 *
 * A timer in the engine is due every millisecond. From one look to the next everything is counted that ran in between. Collections
 * of garbage are told apart. Linux alone tells the time of a thread.
 */
import type { Inspector } from './inspector.ts'

interface Held {
  readonly fromMs: number
  readonly toMs: number
  readonly cpuMs: number
}

export interface Holds {
  readonly wallMaxMs: number
  /** Main thread, collections of garbage included. */
  readonly cpuMaxMs: number
  /** Without those. */
  readonly ownMaxMs: number
  readonly gcMaxMs: number
  /** Those above the goal by processor time, on the clock of a CPU profile, in milliseconds. */
  readonly overGoal: readonly Held[]
}

export const HOLD_GOAL_MS = 20

const PROBE = `{
  const { openSync, readSync } = process.getBuiltinModule('node:fs')
  const { PerformanceObserver } = process.getBuiltinModule('node:perf_hooks')
  const file = openSync('/proc/self/schedstat')
  const bytes = Buffer.alloc(64)
  const cpuMs = () => Number(bytes.toString('latin1', 0, readSync(file, bytes, 0, 64, 0)).split(' ')[0]) / 1e6
  const nowOf = () => Number(process.hrtime.bigint()) / 1e6
  const aheadMs = nowOf() - performance.now()
  let gaps = []
  let collections = []
  new PerformanceObserver(list => {
    for (const { startTime, duration } of list.getEntries()) collections.push({ fromMs: startTime + aheadMs, ms: duration })
  }).observe({ entryTypes: ['gc'] })
  let [atMs, cpuAtMs] = [nowOf(), cpuMs()]
  const look = () => {
    const [nowMs, nowCpuMs] = [nowOf(), cpuMs()]
    if (nowMs - atMs > 3) gaps.push({ fromMs: atMs, toMs: nowMs, cpuMs: nowCpuMs - cpuAtMs })
    atMs = nowMs
    cpuAtMs = nowCpuMs
    setTimeout(look, 1).unref()
  }
  look()
  globalThis.holdsOfTheLoop = () => {
    const found = { gaps, collections }
    gaps = []
    collections = []
    return found
  }
}
undefined`

interface Found {
  readonly gaps: readonly Held[]
  readonly collections: readonly { readonly fromMs: number; readonly ms: number }[]
}

/** Begins to look. Output: tells what was since it was asked before, or since the beginning. */
export async function watchHolds(inspector: Inspector): Promise<() => Promise<Holds>> {
  await inspector.evaluate(PROBE)
  return async () => holdsOf(await inspector.evaluate<Found>('holdsOfTheLoop()'))
}

function holdsOf({ gaps, collections }: Found): Holds {
  const own = gaps.map(({ fromMs, toMs, cpuMs }) => {
    const within = collections.filter(gc => gc.fromMs >= fromMs && gc.fromMs < toMs)
    return Math.max(0, cpuMs - within.reduce((sum, { ms }) => sum + ms, 0))
  })
  return {
    wallMaxMs: most(gaps.map(({ fromMs, toMs }) => toMs - fromMs)),
    cpuMaxMs: most(gaps.map(({ cpuMs }) => cpuMs)),
    ownMaxMs: most(own),
    gcMaxMs: most(collections.map(({ ms }) => ms)),
    overGoal: gaps.filter(({ cpuMs }) => cpuMs > HOLD_GOAL_MS),
  }
}

const most = (values: readonly number[]): number => values.reduce((max, value) => Math.max(max, value), 0)
