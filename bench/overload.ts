/**
 * Whether twice the load that fits is a slope or a cliff: how many fixes still become durable, how long dispatchers wait, and how
 * long it takes until all is caught up when the load falls.
 *
 * The load that fits is found first: it grows by steps until plainly less becomes durable than is due. Engine, Postgres, the load and the
 * desks share the machine's cores, so what fits is less than an engine with a core of its own takes; the ratio is what counts.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { connect, type DispatcherClient } from '../src/client/index.ts'
import { SPARED_WORK } from '../src/telemetry/spared-work.ts'
import type { ValuesOf } from '../tools/shared/option-table.ts'
import type { Samples } from '../tools/shared/prometheus.ts'
import { seeded } from '../tools/shared/random.ts'
import { defineBench, type Outcome } from './bench.ts'
import { percentile } from './come-back-figures.ts'
import { type DeskDelays, Desks } from './desks.ts'
import { EngineChild, startDatabase } from './engine-child.ts'
import { somewhere } from './fleet.ts'
import { writeFleet } from './ingest-fleet.ts'
import { liftedRates } from './lifted-rates.ts'
import { LoadChild } from './load-child.ts'
import type { FromOverload, OverloadCounts, ToOverload } from './overload-generator.ts'
import { prepareRegion, REGION, tokensOf } from './region.ts'

const GENERATOR = fileURLToPath(new URL('./overload-generator.ts', import.meta.url))
const FEEDS = 8
const DISPATCHERS = 4
const CITY = { radiusM: 15_000 }
const ASK_EVERY_MS = 50
const READY_WITHIN_MS = 300_000
const STEP_FACTOR = 1.25
const STEP_S = 5
const SETTLE_MS = 1_000
/** A load plainly does not fit when less of it than this becomes durable as it comes. */
const FITS_SHARE = 0.8
/** Of the most that became durable, what is called to fit: the rest is for what a machine does beside. */
const ROOM_SHARE = 0.9
const CATCH_UP_WITHIN_S = 60
const GIVE_UP_AFTER_S = 90
const GOODPUT_MIN = 0.8
/** Caught up: what is not durable yet is no more than so long a time of the load that fits leaves under way. */
const UNDER_WAY_S = 1

const options = {
  units: {
    kind: 'number',
    what: 'units, all on duty, on eight feeds',
    initial: 20_000,
    quick: 2_000,
    min: 8,
    max: 200_000,
  },
  from: {
    kind: 'number',
    what: 'fixes a second at which the search for what fits begins',
    initial: 20_000,
    min: 100,
    max: 500_000,
  },
  seconds: {
    kind: 'number',
    what: 'seconds of the load that fits, and of twice as much',
    initial: 15,
    quick: 5,
    min: 2,
    max: 600,
  },
  calls: { kind: 'number', what: 'calls that dispatchers enter a second, all the time', initial: 5, min: 1, max: 50 },
} as const

export const overloadBench = defineBench({
  name: 'overload',
  summary: 'twice the fixes that fit: goodput, delays of commands, and the time until all is caught up',
  options,
  run,
})

async function run({ units, from, seconds, calls }: ValuesOf<typeof options>): Promise<Outcome> {
  const databaseUrl = await startDatabase()
  await prepareRegion(databaseUrl, 0)
  const named = (of: string, count: number) => Array.from({ length: count }, (_, n) => `${of}-${n}`)
  const deskTokens = await tokensOf(databaseUrl, 'dispatcher', named('desk', DISPATCHERS))
  const [askerToken] = await tokensOf(databaseUrl, 'dispatcher', ['asker'])
  const tokens = await tokensOf(databaseUrl, 'feed', named('feed', FEEDS))
  await writeFleet(databaseUrl, units)
  const engine = await EngineChild.start(databaseUrl, {
    settings: liftedRates('control'),
    readyWithinMs: READY_WITHIN_MS,
  })
  const load = new Load()
  await load.connect(engine.port, tokens, units)
  const phase = async (name: string, perS: number, forS: number): Promise<Phase> => {
    console.error(`overload: ${name}, ${Math.round(perS)} fixes a second`)
    const desks = new Desks(engine.port, deskTokens, calls, seeded(1))
    await desks.start()
    const asker = await Asker.start(engine.port, askerToken!)
    await load.rate(perS)
    const before = { counts: await load.counts(), atMs: performance.now(), samples: await engine.metrics() }
    await sleep(forS * 1_000)
    const after = { counts: await load.counts(), atMs: performance.now(), samples: await engine.metrics() }
    const took = { commands: await desks.stop(), questionsMs: asker.stop() }
    return phaseOf(before, after, took)
  }

  const mostDurablePerS = await mostPerS(load, from)
  const best = await phase('what fits', ROOM_SHARE * mostDurablePerS, seconds)
  const bestPerS = Math.max(mostDurablePerS, best.durablePerS)
  const over = await phase('twice as much', 2 * bestPerS, seconds)
  const falling = phase('half of it', bestPerS / 2, 5)
  const caughtUpS = await load.caughtUp(bestPerS * UNDER_WAY_S)
  const after = await falling
  const end = await load.counts()
  await load.end()
  await engine.kill()
  const goodputRatio = over.durablePerS / bestPerS
  return {
    valid: end.lost === 0,
    settings: { units, feeds: FEEDS, from, seconds, calls },
    figures: {
      bestPerS,
      fitsPerS: best.durablePerS,
      duePerSOver: over.duePerS,
      overPerS: over.durablePerS,
      goodputRatio,
      // Where others use the machine, too: durable fixes for each second of the engine's processor time.
      goodputPerCpuRatio: over.durablePerS / over.cpuShare / (best.durablePerS / best.cpuShare),
      caughtUpS,
      ...delaysOf('Best', best),
      ...delaysOf('Over', over),
      ...delaysOf('After', after),
      engineCpuShareBest: best.cpuShare,
      engineCpuShareOver: over.cpuShare,
      refusedFrames: end.heldFrames,
      sentFrames: end.framesSent,
      gapErrors: end.gaps,
      ...Object.fromEntries(SPARED_WORK.map(work => [`${work}sSparedOver`, over.spared(work)])),
    },
    complaints: complaintsOf({ end, over, goodputRatio, caughtUpS }),
  }
}

/**
 * Grows the load until it plainly does not fit, twice in a row: a machine that was busy with something else says nothing. Output:
 * the most fixes a second that became durable.
 */
async function mostPerS(load: Load, fromPerS: number): Promise<number> {
  let most = 0
  for (let [perS, failed] = [fromPerS, false]; ; ) {
    await load.rate(perS)
    await sleep(SETTLE_MS)
    const before = await load.counts()
    const startedMs = performance.now()
    await sleep(STEP_S * 1_000)
    const after = await load.counts()
    const tookS = (performance.now() - startedMs) / 1_000
    const durablePerS = (after.durable - before.durable) / tookS
    console.error(`overload: of ${Math.round(perS)} fixes a second ${Math.round(durablePerS)} became durable`)
    most = Math.max(most, Math.min(durablePerS, perS))
    await load.rate(0)
    await load.caughtUp(0)
    const fits = durablePerS >= FITS_SHARE * perS
    if (!fits && failed) return most
    failed = !fits
    if (fits) perS *= STEP_FACTOR
  }
}

class Load {
  readonly #child = new LoadChild<ToOverload, FromOverload>(GENERATOR)

  async connect(port: number, tokens: readonly string[], units: number): Promise<void> {
    this.#child.send({ type: 'connect', port, tokens, units })
    await this.#child.heard('connected')
  }

  async rate(perS: number): Promise<void> {
    await this.#asked({ type: 'rate', perS }, 'rated')
  }

  async counts(): Promise<OverloadCounts> {
    return (await this.#asked({ type: 'tell' }, 'counts')).counts
  }

  /** Output: seconds until no more than so many that were due are not durable; the limit when it takes longer. */
  async caughtUp(notDurable: number): Promise<number> {
    const startedMs = performance.now()
    for (;;) {
      const { due, durable } = await this.counts()
      const tookS = (performance.now() - startedMs) / 1_000
      if (due - durable <= notDurable || tookS >= GIVE_UP_AFTER_S) return tookS
      await sleep(100)
    }
  }

  end(): Promise<void> {
    return this.#child.end()
  }

  #last: Promise<unknown> = Promise.resolve()

  /** One question at a time, as answers say not to whom they are. */
  #asked<Type extends 'rated' | 'counts'>(
    message: ToOverload,
    type: Type,
  ): Promise<Extract<FromOverload, { type: Type }>> {
    const answer = this.#last.then(() => {
      this.#child.send(message)
      return this.#child.heard(type)
    })
    this.#last = answer
    return answer
  }
}

/** A dispatcher who asks for the nearest units, again and again. */
class Asker {
  readonly #desk: DispatcherClient
  readonly #tookMs: number[] = []
  readonly #timer: NodeJS.Timeout

  static async start(port: number, token: string): Promise<Asker> {
    const desk = connect({ url: `ws://127.0.0.1:${port}`, token, region: REGION, role: 'dispatcher' })
    await desk.opened()
    return new Asker(desk)
  }

  private constructor(desk: DispatcherClient) {
    this.#desk = desk
    const random = seeded(2)
    this.#timer = setInterval(() => {
      const askedMs = performance.now()
      void desk
        .nearest({ ...somewhere(CITY, random), k: 3 })
        .then(() => this.#tookMs.push(performance.now() - askedMs))
        .catch(() => undefined)
    }, ASK_EVERY_MS)
  }

  stop(): readonly number[] {
    clearInterval(this.#timer)
    this.#desk.close()
    return this.#tookMs.sort((a, b) => a - b)
  }
}

interface Seen {
  readonly counts: OverloadCounts
  readonly atMs: number
  readonly samples: Samples
}
interface Phase {
  readonly duePerS: number
  readonly durablePerS: number
  readonly cpuShare: number
  readonly commands: DeskDelays
  readonly questionsMs: readonly number[]
  readonly spared: (work: string) => number
}

function phaseOf(before: Seen, after: Seen, took: Pick<Phase, 'commands' | 'questionsMs'>): Phase {
  const s = (after.atMs - before.atMs) / 1_000
  const grown = (series: string) => (after.samples.get(series) ?? 0) - (before.samples.get(series) ?? 0)
  return {
    duePerS: (after.counts.due - before.counts.due) / s,
    durablePerS: (after.counts.durable - before.counts.durable) / s,
    cpuShare: grown('process_cpu_seconds_total') / s,
    ...took,
    spared: work => grown(`goldenhour_spared_work_total{work="${work}"}`),
  }
}

const delaysOf = (of: string, { commands, questionsMs }: Phase): Record<string, number> => ({
  [`commands${of}`]: commands.commands,
  [`commandP50Ms${of}`]: commands.p50Ms,
  [`commandP99Ms${of}`]: commands.p99Ms,
  [`questionP50Ms${of}`]: percentile(questionsMs, 0.5),
  [`questionP99Ms${of}`]: percentile(questionsMs, 0.99),
})

function complaintsOf({
  end,
  over,
  goodputRatio,
  caughtUpS,
}: {
  readonly end: OverloadCounts
  readonly over: Phase
  readonly goodputRatio: number
  readonly caughtUpS: number
}): string[] {
  return [
    ...(goodputRatio < GOODPUT_MIN
      ? [`Under twice the load ${goodputRatio.toFixed(2)} of what fits became durable.`]
      : []),
    ...(caughtUpS > CATCH_UP_WITHIN_S ? [`It took ${caughtUpS.toFixed(0)} s until all was caught up.`] : []),
    ...(end.lost > 0 ? [`${end.lost} feeds were cut off.`] : []),
    ...Object.entries(end.others).map(([code, count]) => `The feeds were answered ${code} ${count} times.`),
    ...Object.entries(over.commands.failures).map(([why, count]) => `${count} calls were answered: ${why}`),
  ]
}
