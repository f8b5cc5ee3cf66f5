/**
 * What roads cost beside who is first: other times and closures, ways under way, tables, reach and coverage.
 *
 * Times are of single questions on one thread, warm; `valid` is false when an answer differs from that of plain search
 * (`nearest-judge.ts`).
 */
import { existsSync } from 'node:fs'
import { systemClock } from '../src/base/time.ts'
import type { Position } from '../src/domain/geo.ts'
import { encodeGraph } from '../src/roads/graph-codec.ts'
import type { Hierarchy } from '../src/roads/hierarchy/hierarchy.ts'
import { HierarchyKeeper } from '../src/roads/hierarchy/hierarchy-keeper.ts'
import { prepareHierarchy } from '../src/roads/hierarchy/prepare.ts'
import { lineWithin } from '../src/roads/line-within.ts'
import { RoadRanking } from '../src/roads/nearest/road-ranking.ts'
import { RouteSearch } from '../src/roads/nearest/route-search.ts'
import { RouteUnderWay } from '../src/roads/nearest/route-under-way.ts'
import { bestDestinations } from '../src/roads/reach/best-destinations.ts'
import { coverageOf } from '../src/roads/reach/coverage.ts'
import { drawnReach } from '../src/roads/reach/drawn-reach.ts'
import { ReachWorker } from '../src/roads/reach/reach-worker.ts'
import { reachedRoads } from '../src/roads/reach/reached-roads.ts'
import { travelTable } from '../src/roads/reach/travel-table.ts'
import { TreeSearch } from '../src/roads/reach/tree-search.ts'
import { timesOf } from '../src/roads/road-times.ts'
import { sharedBytes } from '../src/roads/thread.ts'
import { unsureMs } from '../src/roads/times/fix-age.ts'
import { RoadZones } from '../src/roads/times/road-zones.ts'
import { TimesInForce } from '../src/roads/times/times-in-force.ts'
import { USUAL_TRAVEL_MODEL } from '../src/roads/times/travel-model.ts'
import { turnoutMs } from '../src/roads/times/turnout.ts'
import { seeded } from '../tools/shared/random.ts'
import { defineBench, type Outcome } from './bench.ts'
import { percentile } from './come-back-figures.ts'
import { judged } from './nearest-judge.ts'
import { type BenchCity, citiesIn, madeUpCity, placeOf, somewhereOn } from './nearest-roads.ts'
import { providerFigures } from './roads-providers.ts'

/** Where real roads are looked for when no directory is named. */
const BESIDE_THE_CHECKOUT = '../shared/data/roads'
const UINT32_MAX = 4_294_967_295
const K = 5
const WARM_UP = 20
/** For what takes microseconds. */
const WARM_UP_QUICK = 2_000
/** A Wednesday, 8:00 in UTC. */
const AT_MS = Date.UTC(2026, 5, 10, 8)

export const roadsTablesBench = defineBench({
  name: 'roads-tables',
  summary: 'road times beside who is first: closures, other hours, ways under way, tables, reach and coverage',
  options: {
    seed: { kind: 'number', what: 'the same seed places the same units', initial: 1, min: 0, max: UINT32_MAX },
    rounds: { kind: 'number', what: 'questions of each kind', initial: 200, quick: 30, min: 10, max: 100_000 },
    units: { kind: 'number', what: 'units in the fleet', initial: 40, min: 2, max: 5_000 },
    streets: {
      kind: 'number',
      what: 'streets each way of the made-up city that shows growth; 0 for none',
      initial: 712,
      quick: 0,
      min: 0,
      max: 2_000,
    },
    roads: { kind: 'text', what: 'a directory with road networks of cities, in tables', as: 'dir' },
  },
  run: async (values): Promise<Outcome> => {
    const { seed, rounds, units, streets } = values
    const directory = values.roads ?? (existsSync(BESIDE_THE_CHECKOUT) ? BESIDE_THE_CHECKOUT : null)
    const cities = [citiesIn(directory, seeded(seed)).at(-1)!]
    if (streets > 0) cities.push(madeUpCity(Math.max(24, streets), seeded(seed)))
    const run = new TablesRun(seed, rounds, units)
    for (const [index, city] of cities.entries()) await run.measure(city, index === 0 ? '' : 'growth_')
    const { figures } = run
    const valid = figures.mismatches === 0
    return {
      valid,
      settings: { seed, rounds, units, streets, cities: cities.map(({ name }) => name) },
      figures,
      complaints: valid ? [] : ['An answer differs from that of plain search.'],
    }
  },
})

class TablesRun {
  readonly figures: Record<string, number> & { mismatches: number } = { mismatches: 0 }
  readonly #random: () => number
  readonly #rounds: number
  readonly #units: number

  constructor(seed: number, rounds: number, units: number) {
    this.#random = seeded(seed + 1)
    this.#rounds = rounds
    this.#units = units
  }

  async measure(city: BenchCity, prefix: string): Promise<void> {
    const graphBytes = sharedBytes(encodeGraph(city.graph))
    const hierarchy = await prepareHierarchy({ graphBytes, way: city.way })
    const figures = {
      ...(await this.#changes(city)),
      ...this.#underWay(city),
      ...this.#reach({ ...city, hierarchy }),
      ...(await this.#thread(city)),
      ...(await this.#providers(city)),
    }
    for (const [name, figure] of Object.entries(figures)) this.figures[`${prefix}${name}`] = figure
  }

  /** What it costs that roads are closed: to say it, the first question after it, the next ones, and until a hierarchy is back. */
  async #changes({ graph }: BenchCity): Promise<Record<string, number>> {
    const zones = new RoadZones(graph)
    const travel = new TimesInForce(graph, zones, { model: USUAL_TRAVEL_MODEL, timeZone: 'UTC' })
    const now = () => travel.at({ priority: 1, atMs: AT_MS })
    const startedMs = performance.now()
    const ranking = new RoadRanking(graph, now())
    const figures: Record<string, number> = { nodes: graph.nodeCount, arcs: graph.arcCount }
    figures.timesOfAnHourMs = performance.now() - startedMs
    const fleet = Array.from({ length: this.#units }, (_, index) => ({
      unitId: `M${index}`,
      position: somewhereOn(graph, this.#random),
      addedMs: turnoutMs(
        { status: 'available', speedMps: index % 3 === 0 ? 8 : 0, isAtStation: index % 2 === 0 },
        { minute: 480 },
      ),
    }))
    for (const { unitId, position } of fleet) ranking.place(unitId, position)
    const addedTo = (unitId: string) => fleet[Number(unitId.slice(1))]!.addedMs
    // Every fourth unit has not reported for two minutes.
    const unsureOf = (unitId: string) => (unitId.endsWith('3') ? unsureMs({ ageMs: 120_000, speedMps: null }) : 0)
    const ask = () => {
      const query = { to: somewhereOn(graph, this.#random), k: K, addedTo, unsureOf, maxNodes: Number.MAX_SAFE_INTEGER }
      return ranking.nearest(query)
    }
    const keeper = new HierarchyKeeper(ranking, sharedBytes(encodeGraph(graph)), error => {
      throw error
    })
    const prepare = async () => {
      const preparedMs = performance.now()
      keeper.use(now())
      await keeper.settled()
      return (performance.now() - preparedMs) / 1_000
    }
    figures.hierarchyAgainS = await prepare()
    figures.hierarchyP99Us = percentile(this.#timedUs(ask, WARM_UP_QUICK), 0.99)
    const areas = this.#timedUs(round => {
      const area = squareAround(placeOf(graph, somewhereOn(graph, this.#random)))
      const zone = { zoneId: `z${round % 20}`, fromMs: 0, untilMs: null, slowBy: 3 }
      zones.put({ ...zone, where: { area } })
    })
    figures.zoneP50Us = percentile(areas, 0.5)
    const firsts = this.#timedUs(round => {
      zones.put({
        zoneId: 'last',
        fromMs: 0,
        untilMs: null,
        slowBy: 2,
        where: { arcs: [round % graph.arcCount] },
      })
      now()
    })
    figures.changeP50Us = percentile(firsts, 0.5)
    figures.unchangedP50Us = percentile(this.#timedUs(now), 0.5)
    keeper.use(now())
    keeper.stop()
    const searches = this.#timedUs(ask)
    figures.bridgingSearchP50Us = percentile(searches, 0.5)
    figures.bridgingSearchP99Us = percentile(searches, 0.99)
    const { throughMs } = now()
    for (let round = 0; round < 10; round++) {
      const to = somewhereOn(graph, this.#random)
      const { units } = ranking.nearest({ to, k: K, addedTo: () => 0, maxNodes: Number.MAX_SAFE_INTEGER })
      const right = judged(graph, throughMs, fleet, to).slice(0, K)
      if (units.some(({ unitId, driveMs }, index) => right[index]?.unitId !== unitId || right[index]?.ms !== driveMs))
        this.figures.mismatches += 1
    }
    return figures
  }

  /** A fix on the route, one off it, and the line of the route in 4 kB. */
  #underWay({ graph, way }: BenchCity): Record<string, number> {
    const driven = timesOf(graph, way)!
    const search = new RouteSearch(graph)
    const places = Array.from({ length: this.#rounds }, () => somewhereOn(graph, this.#random))
    const units = places.map(to => {
      const under = new RouteUnderWay(graph, search, to)
      under.from(somewhereOn(graph, this.#random), driven)
      return under
    })
    const keeps = this.#timedUs(round => {
      const under = units[round]!
      const { arc } = under.route!.parts[under.route!.parts.length >> 1]!
      under.from({ arc, share: 0.5, isEitherWay: false }, driven)
    })
    const leaves = this.#timedUs(round => units[round]!.from(somewhereOn(graph, this.#random), driven))
    const lines = this.#timedUs(round => lineWithin(units[round % units.length]!.route!.line, 4_096), 500)
    return {
      fixOnRouteP99Us: percentile(keeps, 0.99),
      fixOffRouteP50Us: percentile(leaves, 0.5),
      fixOffRouteP99Us: percentile(leaves, 0.99),
      lineP99Us: percentile(lines, 0.99),
    }
  }

  /** What is asked in place, and what goes to a thread; each here, without the way there and back. */
  #reach({ graph, way, hierarchy }: BenchCity & { readonly hierarchy: Hierarchy }): Record<string, number> {
    const driven = timesOf(graph, way)!
    const search = new TreeSearch(graph)
    const places = (count: number) => Array.from({ length: count }, () => somewhereOn(graph, this.#random))
    const hospitals = places(15).map((position, index) => ({ id: `H${index}`, position, addedMs: 600_000 + index }))
    const from = () => somewhereOn(graph, this.#random)
    const bestBy = (by: Hierarchy | null) =>
      this.#timedUs(
        () => bestDestinations(search, { from: from(), destinations: hospitals, times: driven, hierarchy: by, k: 3 }),
        by === null ? WARM_UP : WARM_UP_QUICK,
      )
    const [best, bestByHierarchy] = [bestBy(null), bestBy(hierarchy)]
    const table = (size: number, by: Hierarchy | null) => {
      const ask = { from: places(size), to: places(size), times: driven, hierarchy: by }
      return (
        percentile(
          this.#timedUs(() => travelTable(search, ask), 3, Math.max(5, this.#rounds / 20)),
          0.5,
        ) / 1_000
      )
    }
    const reach = (withinMs: number) => () => {
      const ask = { heading: 'from', place: from(), times: driven, withinMs } as const
      return drawnReach(graph, reachedRoads(search, ask), 100_000)
    }
    const units = places(this.#units).map(position => ({ position, addedMs: 60_000 }))
    const demand = places(6_000).map(position => ({ position, weight: 1 }))
    const coverages = this.#timedUs(
      () => coverageOf(search, { units, demand, times: driven, targetMs: 480_000 }),
      3,
      20,
    )
    return {
      best3Of15P50Us: percentile(best, 0.5),
      best3Of15P99Us: percentile(best, 0.99),
      best3Of15ByHierarchyP99Us: percentile(bestByHierarchy, 0.99),
      table1By40Ms:
        percentile(
          this.#timedUs(() => travelTable(search, { from: places(40), to: places(1), times: driven, hierarchy: null })),
          0.5,
        ) / 1_000,
      table20By20Ms: table(20, null),
      table20By20ByHierarchyMs: table(20, hierarchy),
      table300By300ByHierarchyMs: table(300, hierarchy),
      reach8MinMs: percentile(this.#timedUs(reach(480_000), 3, 20), 0.5) / 1_000,
      reach20MinMs: percentile(this.#timedUs(reach(1_200_000), 3, 20), 0.5) / 1_000,
      coverageOf6000Ms: percentile(coverages, 0.5) / 1_000,
    }
  }

  /** Until the thread has answered the least question: its start with the graph, and then the way there and back. */
  async #thread({ graph }: BenchCity): Promise<Record<string, number>> {
    const worker = new ReachWorker(
      { graphBytes: sharedBytes(encodeGraph(graph)), timeoutMs: 60_000, maxWaiting: 4 },
      systemClock,
    )
    const travel = new TimesInForce(graph, new RoadZones(graph), { model: USUAL_TRAVEL_MODEL, timeZone: 'UTC' })
    const ask = { units: [], demand: [], times: travel.at({ priority: 1, atMs: AT_MS }), targetMs: 0 }
    const timed = async () => {
      const startedMs = performance.now()
      const answer = await worker.ask({ kind: 'coverage', ask })
      if (!answer.ok) throw new Error(answer.message)
      return performance.now() - startedMs
    }
    const threadStartMs = await timed()
    const waysMs: number[] = []
    for (let round = 0; round < 50; round++) waysMs.push(await timed())
    await worker.stop()
    const sorted = waysMs.sort((a, b) => a - b)
    return { threadStartMs, threadWayP50Ms: percentile(sorted, 0.5) }
  }

  #providers(city: BenchCity): Promise<Record<string, number>> {
    const settings = { model: USUAL_TRAVEL_MODEL, timeZone: 'UTC' }
    const times = new TimesInForce(city.graph, new RoadZones(city.graph), settings)
    return providerFigures(city, times, AT_MS, this.#units, this.#random)
  }

  /** Sorted. */
  #timedUs(ask: (round: number) => unknown, warmUp = WARM_UP, rounds = this.#rounds): number[] {
    for (let round = 0; round < warmUp; round++) ask(round)
    return Array.from({ length: rounds }, (_, round) => {
      const startedNs = process.hrtime.bigint()
      ask(round)
      return Number(process.hrtime.bigint() - startedNs) / 1_000
    }).sort((a, b) => a - b)
  }
}

/** Some 400 m wide and high. */
function squareAround({ lonDeg, latDeg }: Position): Position[] {
  const [east, north] = [0.0018 / Math.cos((latDeg * Math.PI) / 180), 0.0018]
  return [
    { lonDeg: lonDeg - east, latDeg: latDeg - north },
    { lonDeg: lonDeg + east, latDeg: latDeg - north },
    { lonDeg: lonDeg + east, latDeg: latDeg + north },
    { lonDeg: lonDeg - east, latDeg: latDeg + north },
  ]
}
