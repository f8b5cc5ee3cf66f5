/** The road networks that the bench searches: real ones where they are, and a made-up city everywhere. */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { generatedCity } from '../src/roads/city.ts'
import type { RoadGraph, RoadPosition } from '../src/roads/graph.ts'
import { importRoadTables } from '../src/roads/import/roads-from-csv.ts'
import { UsageError } from '../tools/shared/command-line.ts'

/** Where real roads are looked for when no directory is named. */
export const BESIDE_THE_CHECKOUT = '../shared/data/roads'

/** In the order in which they are measured; speed is that of Auckland, the largest. */
const REAL = ['manhattan', 'sf', 'auckland']

export interface BenchCity {
  readonly name: string
  readonly graph: RoadGraph
  /** With lights and siren, where the source knows it. */
  readonly way: string
}

/**
 * Output: the real cities in a directory, each with `nodes.csv.gz`, `arcs.csv.gz` and maybe `segments.csv.gz`; without a
 * directory a made-up one. Errors: UsageError for a directory without any.
 */
export function citiesIn(directory: string | null, random: () => number): BenchCity[] {
  if (directory === null) return [madeUpCity(230, random)]
  const names = REAL.filter(name => existsSync(path.join(directory, name, 'arcs.csv.gz')))
  if (names.length === 0)
    throw new UsageError(`${directory} has none of ${REAL.join(', ')} with nodes.csv.gz and arcs.csv.gz in it.`)
  return names.map(name => cityIn(directory, name))
}

/** One city of a directory. Errors: UsageError for tables without a network in them. */
export function cityIn(directory: string, name: string): BenchCity {
  const text = (table: string) => {
    const file = path.join(directory, name, `${table}.csv.gz`)
    return existsSync(file) ? gunzipSync(readFileSync(file)).toString() : null
  }
  const outcome = importRoadTables({
    nodes: text('nodes') ?? '',
    arcs: text('arcs') ?? '',
    segments: text('segments'),
  })
  if (!outcome.ok) throw new UsageError(`${name}: ${outcome.message}`)
  return cityOf(name, outcome.graph)
}

/** With so many streets each way. */
export function madeUpCity(streets: number, random: () => number): BenchCity {
  const outcome = generatedCity({ centre: { lonDeg: 7, latDeg: 51 }, columns: streets, rows: streets, random })
  if (!outcome.ok) throw new Error(outcome.message)
  return cityOf('generated', outcome.graph)
}

const cityOf = (name: string, graph: RoadGraph): BenchCity => ({
  name,
  graph,
  way: graph.timesMs.has('siren') ? 'siren' : 'ordinary',
})

/** Anywhere on any arc; who is on a two-way road may turn. */
export const somewhereOn = (graph: RoadGraph, random: () => number): RoadPosition => ({
  arc: Math.floor(random() * graph.arcCount),
  share: random(),
  isEitherWay: true,
})

/** On the straight line from the arc's tail to its head. */
export function placeOf(graph: RoadGraph, { arc, share }: RoadPosition): { lonDeg: number; latDeg: number } {
  const [tail, head] = [graph.arcTail[arc]!, graph.arcHead[arc]!]
  const between = (values: Float64Array) => values[tail]! + share * (values[head]! - values[tail]!)
  return { lonDeg: between(graph.lonDeg), latDeg: between(graph.latDeg) }
}
