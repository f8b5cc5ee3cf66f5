/**
 * What it is worth to choose by road: real days of an ambulance service, run twice, and once more by somebody who knows the day.
 *
 * Everything is equal but the ranking: calls, crews' durations, posts, shifts and roads are those of `policy-input.ts` and
 * `policy-days.ts`. Two numbers hold the best that anybody could do between them: a day that was found (`policy-search.ts`) has no
 * fewer late calls than the best there is, and a bound with its proof (`policy-bound.ts`) no more.
 */
import { InvalidInput } from '../tools/replay/input.ts'
import { UsageError } from '../tools/shared/command-line.ts'
import { seeded } from '../tools/shared/random.ts'
import { defineBench, type Outcome } from './bench.ts'
import { BESIDE_THE_CHECKOUT, cityIn } from './nearest-roads.ts'
import { lateAtLeast } from './policy-bound.ts'
import { byRoad, byStraightLine, type Day, DayRun } from './policy-day.ts'
import { daysOnRoads } from './policy-days.ts'
import { type DayPair, pairFigures } from './policy-figures.ts'
import { filesMissing, type PolicyInput, policyInput } from './policy-input.ts'
import { BenchRoads, WaysBack } from './policy-roads.ts'
import { foundDay } from './policy-search.ts'

const UINT32_MAX = 4_294_967_295
const DAY_MS = 86_400_000

export const policyBench = defineBench({
  name: 'policy',
  summary: 'real days of calls: units chosen by straight line and by road, and how far both are from the best there is',
  options: {
    seed: {
      kind: 'number',
      what: 'the same seed makes the same tries and intervals',
      initial: 1,
      min: 0,
      max: UINT32_MAX,
    },
    days: { kind: 'number', what: 'days of the record, from the first', initial: 14, quick: 2, min: 1, max: 14 },
    tries: {
      kind: 'number',
      what: 'other courses of each day that are tried',
      initial: 5_000,
      quick: 400,
      min: 1,
      max: 1_000_000,
    },
    draws: { kind: 'number', what: 'draws of the bootstrap', initial: 2_000, quick: 500, min: 40, max: 100_000 },
    target: { kind: 'number', what: 'seconds after which a call is late', initial: 539, min: 60, max: 7_200 },
    roads: { kind: 'text', what: 'a directory with the roads of sf, and the calls beside it', as: 'dir' },
  },
  run: async (values): Promise<Outcome> => {
    const { seed, days, tries, draws, target } = values
    const directory = values.roads ?? BESIDE_THE_CHECKOUT
    const settings = { seed, days, tries, draws, target, clock: 'from the entry of the call', optimum: 'the day found' }
    const missing = filesMissing(directory)
    if (missing.length > 0) {
      const complaint = `Nothing was run: ${directory} lacks ${missing.join(', ')}. Name a directory that has them with --roads.`
      return {
        valid: false,
        settings: { ...settings, missing },
        figures: { filesMissing: missing.length },
        complaints: [complaint],
      }
    }
    const input = await inputOf(directory)
    console.error('Drives from everywhere to each call are worked out.')
    const roads = new BenchRoads(cityIn(directory, 'sf').graph)
    const onRoads = daysOnRoads(input, roads, days, target * 1_000)
    const back = new WaysBack(roads)
    const runs = onRoads.days.map(day => runOf(roads, back, day, { tries, random: seeded(seed) }))
    const busyMs = sum(runs, run => run.busyMs)
    const figures = {
      ...pairFigures(runs, { targetMs: target * 1_000, draws, random: seeded(seed + 1) }),
      ...lateFigures(runs),
      calls: sum(runs, run => run.nearestMs.length),
      callsLeftOut: input.leftOut + onRoads.offRoad,
      timesMissing: input.missingTimes,
      unitsAtWork: onRoads.unitsAtWork,
      posts: onRoads.posts,
      recordBusyShare: input.busyShare,
      busyShare: busyMs / (onRoads.unitsAtWork * DAY_MS * runs.length),
      filesMissing: 0,
    }
    const complaints = runs.flatMap(({ problem }) => problem ?? [])
    return { valid: complaints.length === 0, settings, figures, complaints }
  },
})

interface DayRuns extends DayPair {
  readonly late: { readonly nearest: number; readonly policy: number; readonly found: number; readonly bound: number }
  readonly busyMs: number
  readonly problem: string | null
}

function runOf(roads: BenchRoads, back: WaysBack, day: Day, search: { tries: number; random: () => number }): DayRuns {
  const nearest = new DayRun(roads, back, day, byStraightLine).run()
  const policy = new DayRun(roads, back, day, byRoad(roads)).run()
  const found = foundDay(roads, back, day, search).outcome.late
  const late = {
    nearest: nearest.late,
    policy: policy.late,
    found: Math.min(found, nearest.late),
    bound: lateAtLeast(roads, back, day, found),
  }
  console.error(
    `${day.name}: ${day.calls.length} calls, late by straight line ${late.nearest}, by road ${late.policy}, found ${late.found}, at least ${late.bound}`,
  )
  return {
    nearestMs: nearest.responseMs,
    policyMs: policy.responseMs,
    late,
    busyMs: policy.busyMs,
    problem: problemOf(day, late, [...nearest.responseMs, ...policy.responseMs].includes(Infinity)),
  }
}

function problemOf({ name }: Day, { policy, found, bound }: DayRuns['late'], isUnserved: boolean): string | null {
  if (isUnserved) return `${name}: nobody was left to serve a call.`
  return bound <= found && found <= policy
    ? null
    : `${name}: at least ${bound} late, ${found} found, ${policy} by road.`
}

function lateFigures(runs: readonly DayRuns[]): Record<string, number> {
  const nearestLate = sum(runs, ({ late }) => late.nearest)
  const policyLate = sum(runs, ({ late }) => late.policy)
  const foundLate = sum(runs, ({ late }) => late.found)
  const boundLate = sum(runs, ({ late }) => late.bound)
  return {
    nearestLate,
    policyLate,
    foundLate,
    boundLate,
    // Without a late call there is nothing to be a multiple of.
    ...(foundLate > 0
      ? { lateOverOptimum: policyLate / foundLate, nearestLateOverOptimum: nearestLate / foundLate }
      : {}),
    ...(boundLate > 0 ? { lateOverBound: policyLate / boundLate, nearestLateOverBound: nearestLate / boundLate } : {}),
  }
}

async function inputOf(directory: string): Promise<PolicyInput> {
  try {
    return await policyInput(directory)
  } catch (error) {
    throw error instanceof InvalidInput ? new UsageError(error.message) : error
  }
}

const sum = <Item>(items: readonly Item[], of: (item: Item) => number): number =>
  items.reduce((total, item) => total + of(item), 0)
