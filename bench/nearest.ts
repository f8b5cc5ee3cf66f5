/**
 * Who is first by road: whether the answers are exact, how long they take, and how wrong the straight line is.
 *
 * Every answer of a sample is compared with Dijkstra's plain search over the whole network (`nearest-judge.ts`), to the
 * millisecond; `valid` is false when any differs. Times are of single questions, warm, with the fleet as it stands.
 */
import { existsSync } from 'node:fs'
import { distanceM } from '../src/domain/geo.ts'
import type { RoadPosition } from '../src/roads/graph.ts'
import { encodeGraph } from '../src/roads/graph-codec.ts'
import type { Hierarchy } from '../src/roads/hierarchy/hierarchy.ts'
import { encodeHierarchy } from '../src/roads/hierarchy/hierarchy-codec.ts'
import { prepareHierarchy } from '../src/roads/hierarchy/prepare.ts'
import { RoadRanking } from '../src/roads/nearest/road-ranking.ts'
import { RouteSearch } from '../src/roads/nearest/route-search.ts'
import { timesOf } from '../src/roads/road-times.ts'
import { RoadSnapper } from '../src/roads/snap.ts'
import { sharedBytes } from '../src/roads/thread.ts'
import { seeded } from '../tools/shared/random.ts'
import { defineBench, type Outcome } from './bench.ts'
import { percentile } from './come-back-figures.ts'
import { deskLooks } from './nearest-desk.ts'
import { type JudgedUnit, judged } from './nearest-judge.ts'
import { type Peer, startPeers } from './nearest-peers.ts'
import { BESIDE_THE_CHECKOUT, type BenchCity, citiesIn, madeUpCity, placeOf, somewhereOn } from './nearest-roads.ts'

const K = 5
const WARM_UP = 1_500
const UINT32_MAX = 4_294_967_295
/** A unit that is less than that slower is as good. */
const WRONG_FROM_MS = 1_000

export const nearestBench = defineBench({
  name: 'nearest',
  summary: 'the first units by road: exactness against plain search, speed, and what the straight line costs',
  options: {
    seed: { kind: 'number', what: 'the same seed places the same units', initial: 1, min: 0, max: UINT32_MAX },
    units: { kind: 'numbers', what: 'fleet sizes', initial: [20, 100, 1_000, 10_000], min: 1, max: 100_000 },
    queries: {
      kind: 'number',
      what: 'questions timed of each fleet',
      initial: 4_000,
      quick: 500,
      min: 100,
      max: 1_000_000,
    },
    checked: { kind: 'number', what: 'answers compared of each fleet', initial: 100, quick: 12, min: 1, max: 100_000 },
    streets: {
      kind: 'number',
      what: 'streets each way of the made-up city that shows growth',
      initial: 712,
      quick: 120,
      min: 24,
      max: 2_000,
    },
    roads: { kind: 'text', what: 'a directory with road networks of cities, in tables', as: 'dir' },
  },
  run: async (values): Promise<Outcome> => {
    const { seed, units, queries, checked, streets } = values
    const directory = values.roads ?? (existsSync(BESIDE_THE_CHECKOUT) ? BESIDE_THE_CHECKOUT : null)
    const cities = citiesIn(directory, seeded(seed))
    const run = new NearestRun(seed, queries, checked)
    const { peers, missing } = await startPeers()
    for (const city of cities) await run.check(city, units)
    await run.time(cities.at(-1)!, units, peers)
    await run.desk(cities.at(-1)!, units)
    await run.grow(madeUpCity(streets, seeded(seed)))
    const figures = { ...run.figures(), peersMissing: missing.length }
    const valid = figures.exactMismatches === 0
    return {
      valid,
      settings: { seed, units, queries, checked, streets, cities: cities.map(({ name }) => name), k: K, missing },
      figures,
      complaints: valid ? [] : ['An answer differs from that of plain search.'],
    }
  },
})

interface Fleet {
  readonly ranking: RoadRanking
  readonly units: readonly JudgedUnit[]
}

class NearestRun {
  readonly #random: () => number
  readonly #queries: number
  readonly #checked: number
  readonly #figures: Record<string, number> = {}
  readonly #lossesMs: number[] = []
  #mismatches = 0
  #answers = 0
  /** Those of the answers that rank a fleet. */
  #ranked = 0

  constructor(seed: number, queries: number, checked: number) {
    this.#random = seeded(seed + 1)
    this.#queries = queries
    this.#checked = checked
  }

  figures() {
    return {
      exactMismatches: this.#mismatches,
      answersChecked: this.#answers,
      straightLineWrongShare: this.#lossesMs.length / this.#ranked,
      straightLineLossP50S:
        percentile(
          this.#lossesMs.sort((a, b) => a - b),
          0.5,
        ) / 1_000,
      ...this.#figures,
    }
  }

  /** Compares answers with those of plain search: half of them by the search, half by the hierarchy. */
  async check(city: BenchCity, sizes: readonly number[]): Promise<void> {
    const { hierarchy } = await prepared(city)
    const routes = new RouteSearch(city.graph)
    for (let round = 0; round < this.#checked; round++) this.#compareRoute(city, routes)
    for (const size of sizes) {
      const { ranking, units } = this.#fleet(city, size, null)
      const before = this.#lossesMs.length
      for (let round = 0; round < this.#checked; round++) {
        if (round === Math.floor(this.#checked / 2)) ranking.useHierarchy(hierarchy)
        this.#compare(city, ranking, units, somewhereOn(city.graph, this.#random))
      }
      this.#figures[`straightLineWrongShare_${city.name}_${size}_units`] =
        (this.#lossesMs.length - before) / this.#checked
    }
  }

  /** One way more, from anywhere to anywhere. */
  #compareRoute({ graph, way }: BenchCity, search: RouteSearch): void {
    const [position, to] = [somewhereOn(graph, this.#random), somewhereOn(graph, this.#random)]
    const [right] = judged(graph, graph.timesMs.get(way)!, [{ unitId: 'M1', position }], to)
    this.#answers += 1
    if (search.route(position, to, timesOf(graph, way)!)?.driveMs !== right?.ms) this.#mismatches += 1
  }

  #compare({ graph, way }: BenchCity, ranking: RoadRanking, units: readonly JudgedUnit[], to: RoadPosition): void {
    const right = judged(graph, graph.timesMs.get(way)!, units, to)
    const found = ranking.nearest(wholeSearch(to)).units
    const same =
      found.length === Math.min(K, right.length) &&
      found.every(({ unitId, driveMs }, index) => right[index]!.unitId === unitId && right[index]!.ms === driveMs)
    if (!same) this.#mismatches += 1
    this.#answers += 1
    this.#ranked += 1
    const at = placeOf(graph, to)
    const straightM = (unit: JudgedUnit) => distanceM(at, placeOf(graph, unit.position))
    const straight = units.reduce((best, unit) => (straightM(unit) < straightM(best) ? unit : best))
    const lossMs = right.find(({ unitId }) => unitId === straight.unitId)!.ms - right[0]!.ms
    if (lossMs > WRONG_FROM_MS) this.#lossesMs.push(lossMs)
  }

  /** Speed on one city, by itself and by what others ask instead. */
  async time(city: BenchCity, sizes: readonly number[], peers: readonly Peer[]): Promise<void> {
    const { hierarchy, prepareS, bytes } = await prepared(city)
    Object.assign(this.#figures, { prepareS, graphMb: bytes / 1e6, snapUs: this.#snapUs(city) })
    const routesUs = this.#routesUs(city)
    Object.assign(this.#figures, { routeP50Us: percentile(routesUs, 0.5), routeP99Us: percentile(routesUs, 0.99) })
    const all: number[] = []
    const ofPeers = new Map(peers.map(({ figure }) => [figure, [] as number[]]))
    for (const size of sizes) {
      const { ranking, units } = this.#fleet(city, size, hierarchy)
      const timesUs = this.#timesUs(city, ranking)
      all.push(...timesUs)
      this.#figures[`p50Us${size}Units`] = percentile(timesUs, 0.5)
      this.#figures[`p99Us${size}Units`] = percentile(timesUs, 0.99)
      this.#figures[`moveUs${size}Units`] = this.#moveUs(city, ranking, units)
      const placed = units.map(({ unitId, position }) => ({ unitId, ...placeOf(city.graph, position) }))
      for (const peer of peers) {
        await peer.fill(placed)
        ofPeers.get(peer.figure)!.push(...(await this.#peerUs(city, peer, Math.min(K, size))))
      }
    }
    all.sort((a, b) => a - b)
    Object.assign(this.#figures, { p50Us: percentile(all, 0.5), p99Us: percentile(all, 0.99) })
    for (const [figure, timesUs] of ofPeers)
      this.#figures[figure] = percentile(
        timesUs.sort((a, b) => a - b),
        0.99,
      )
  }

  /** The same question as the desk asks it, of units that stand where they were last heard of. */
  async desk(city: BenchCity, sizes: readonly number[]): Promise<void> {
    const looks = await deskLooks(city, K, this.#random)
    for (const size of sizes) {
      const timesUs = looks.timesUs(size, this.#queries)
      this.#figures[`deskP50Us${size}Units`] = percentile(timesUs, 0.5)
      this.#figures[`deskP99Us${size}Units`] = percentile(timesUs, 0.99)
    }
  }

  /** A large made-up city with a sparse fleet and a dense one. */
  async grow(city: BenchCity): Promise<void> {
    const { hierarchy, prepareS, bytes } = await prepared(city)
    const figures: Record<string, number> = {
      growthNodes: city.graph.nodeCount,
      growthPrepareS: prepareS,
      growthGraphMb: bytes / 1e6,
    }
    const all: number[] = []
    for (const size of [20, 100, 1_000]) {
      const timesUs = this.#timesUs(city, this.#fleet(city, size, hierarchy).ranking)
      figures[`growthP99Us${size}Units`] = percentile(timesUs, 0.99)
      all.push(...timesUs)
    }
    figures.growthP99Us = percentile(
      all.sort((a, b) => a - b),
      0.99,
    )
    Object.assign(this.#figures, figures)
  }

  #fleet(city: BenchCity, size: number, hierarchy: Hierarchy | null): Fleet {
    const ranking = new RoadRanking(city.graph, timesOf(city.graph, city.way)!)
    const units = Array.from({ length: size }, (_, index) => ({
      unitId: `M${index}`,
      position: somewhereOn(city.graph, this.#random),
    }))
    for (const { unitId, position } of units) ranking.place(unitId, position)
    ranking.useHierarchy(hierarchy)
    return { ranking, units }
  }

  /** Sorted. */
  #timesUs({ graph }: BenchCity, ranking: RoadRanking): number[] {
    const ask = () => {
      const query = wholeSearch(somewhereOn(graph, this.#random))
      const startedNs = process.hrtime.bigint()
      ranking.nearest(query)
      return Number(process.hrtime.bigint() - startedNs) / 1_000
    }
    for (let round = 0; round < WARM_UP; round++) ask()
    return Array.from({ length: this.#queries }, ask).sort((a, b) => a - b)
  }

  /** The mean of a move. */
  #moveUs({ graph }: BenchCity, ranking: RoadRanking, units: readonly JudgedUnit[]): number {
    const positions = Array.from({ length: 5_000 }, () => somewhereOn(graph, this.#random))
    const startedNs = process.hrtime.bigint()
    positions.forEach((position, index) => {
      ranking.place(units[index % units.length]!.unitId, position)
    })
    return Number(process.hrtime.bigint() - startedNs) / 1_000 / positions.length
  }

  /** A way with its line, from anywhere to anywhere; sorted. */
  #routesUs({ graph, way }: BenchCity): number[] {
    const [search, driven] = [new RouteSearch(graph), timesOf(graph, way)!]
    const ask = () => {
      const [from, to] = [somewhereOn(graph, this.#random), somewhereOn(graph, this.#random)]
      const startedNs = process.hrtime.bigint()
      search.route(from, to, driven)
      return Number(process.hrtime.bigint() - startedNs) / 1_000
    }
    for (let round = 0; round < 50; round++) ask()
    return Array.from({ length: 200 }, ask).sort((a, b) => a - b)
  }

  /** The mean of a fix within some 50 m of a road. */
  #snapUs({ graph }: BenchCity): number {
    const snapper = new RoadSnapper(graph)
    const fixes = Array.from({ length: 20_000 }, () => {
      const { lonDeg, latDeg } = placeOf(graph, somewhereOn(graph, this.#random))
      const off = () => (this.#random() - 0.5) * 1e-3
      return { lonDeg: lonDeg + off(), latDeg: latDeg + off(), isAddress: false, headingDeg: null, former: null }
    })
    for (const fix of fixes) snapper.snap(fix)
    const startedNs = process.hrtime.bigint()
    for (const fix of fixes) snapper.snap(fix)
    return Number(process.hrtime.bigint() - startedNs) / 1_000 / fixes.length
  }

  async #peerUs({ graph }: BenchCity, peer: Peer, k: number): Promise<number[]> {
    const timesUs: number[] = []
    for (let round = -200; round < this.#queries; round++) {
      const place = placeOf(graph, somewhereOn(graph, this.#random))
      const startedNs = process.hrtime.bigint()
      const count = await peer.ask(place, k)
      const tookUs = Number(process.hrtime.bigint() - startedNs) / 1_000
      if (count !== k) throw new Error(`${peer.figure}: ${count} of ${k} were answered.`)
      if (round >= 0) timesUs.push(tookUs)
    }
    return timesUs
  }
}

const wholeSearch = (to: RoadPosition) => ({ to, k: K, addedTo: () => 0, maxNodes: Number.MAX_SAFE_INTEGER })

/** A hierarchy of the city, made by a thread, and how many bytes it and the graph take. */
async function prepared({ graph, way }: BenchCity) {
  const graphBytes = sharedBytes(encodeGraph(graph))
  const startedMs = performance.now()
  const hierarchy = await prepareHierarchy({ graphBytes, way })
  const prepareS = (performance.now() - startedMs) / 1_000
  return { hierarchy, prepareS, bytes: graphBytes.length + encodeHierarchy(hierarchy, graphBytes, way).length }
}
