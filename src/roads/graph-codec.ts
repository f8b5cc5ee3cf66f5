/** A road graph as bytes, with a hash: how a version of a network is stored and handed to other threads. */
import { z } from 'zod'
import { DamagedRoads, PackedArrays, packArrays } from './array-blob.ts'
import { graphOf, MAX_ARC_MS, MAX_ARCS, MAX_NODES, type RoadGraph, type StoredGraph } from './graph.ts'

const KIND = 'graph'

const texts = z.array(z.string()).readonly()
const factsSchema = z.object({ classes: texts, names: texts, ways: texts })

export function encodeGraph(graph: RoadGraph): Uint8Array {
  const { classes, names, timesMs } = graph
  const facts: z.infer<typeof factsSchema> = { classes, names, ways: [...timesMs.keys()] }
  return packArrays(KIND, facts, {
    lonDeg: graph.lonDeg,
    latDeg: graph.latDeg,
    firstOut: graph.firstOut,
    arcHead: graph.arcHead,
    arcLengthCm: graph.arcLengthCm,
    arcClass: graph.arcClass,
    arcName: graph.arcName,
    arcTwin: graph.arcTwin,
    arcThrough: graph.arcThrough,
    firstBend: graph.firstBend,
    bendLonDeg: graph.bendLonDeg,
    bendLatDeg: graph.bendLatDeg,
    ...Object.fromEntries([...timesMs].map(([way, ms]) => [`timesMs.${way}`, ms])),
  })
}

/** Errors: `DamagedRoads`, also for a network that no search could go through unharmed. */
export function decodeGraph(bytes: Uint8Array): RoadGraph {
  const packed = new PackedArrays(bytes, KIND)
  const facts = factsSchema.safeParse(packed.facts)
  if (!facts.success) throw new DamagedRoads('The head of these roads cannot be read.')
  const { classes, names, ways } = facts.data
  const stored: StoredGraph = {
    lonDeg: packed.f64('lonDeg'),
    latDeg: packed.f64('latDeg'),
    firstOut: packed.u32('firstOut'),
    arcHead: packed.u32('arcHead'),
    arcLengthCm: packed.u32('arcLengthCm'),
    arcClass: packed.u8('arcClass'),
    arcName: packed.u32('arcName'),
    arcTwin: packed.i32('arcTwin'),
    arcThrough: packed.u8('arcThrough'),
    firstBend: packed.u32('firstBend'),
    bendLonDeg: packed.f64('bendLonDeg'),
    bendLatDeg: packed.f64('bendLatDeg'),
    classes,
    names,
    timesMs: new Map(ways.map(way => [way, packed.u32(`timesMs.${way}`)])),
  }
  const problem = problemOf(stored)
  if (problem !== null) throw new DamagedRoads(`These roads do not fit together: ${problem}.`)
  return graphOf(stored)
}

function problemOf(stored: StoredGraph): string | null {
  const { lonDeg, latDeg, firstOut, arcHead, arcTwin, arcClass, arcName, firstBend, timesMs } = stored
  const nodes = firstOut.length - 1
  const arcs = arcHead.length
  if (nodes < 1 || nodes > MAX_NODES || arcs > MAX_ARCS) return 'they have too few or too many nodes'
  if (lonDeg.length !== nodes || latDeg.length !== nodes) return 'the number of nodes differs'
  const perArc = [stored.arcLengthCm, arcClass, arcName, arcTwin, stored.arcThrough, ...timesMs.values()]
  if (firstBend.length !== arcs + 1 || perArc.some(({ length }) => length !== arcs)) return 'the number of arcs differs'
  const bends = stored.bendLonDeg.length
  if (stored.bendLatDeg.length !== bends) return 'the number of bends differs'
  if (!climbs(firstOut, arcs) || !climbs(firstBend, bends)) return 'what belongs to what is out of order'
  const isWithin = (values: Float64Array, most: number) => values.every(value => value >= -most && value <= most)
  if (!isWithin(lonDeg, 180) || !isWithin(latDeg, 90)) return 'a node lies outside the globe'
  if (!isWithin(stored.bendLonDeg, 180) || !isWithin(stored.bendLatDeg, 90)) return 'a bend lies outside the globe'
  if (arcHead.some(head => head >= nodes)) return 'an arc leads to no node'
  if (arcTwin.some((twin, arc) => twin < -1 || (twin >= 0 && arcTwin[twin] !== arc))) return 'an arc has no twin'
  if (arcClass.some(each => each >= stored.classes.length)) return 'an arc has no class'
  if (arcName.some(each => each >= stored.names.length)) return 'an arc has no name'
  if (!timesMs.has('ordinary')) return 'they have no ordinary times'
  for (const ms of timesMs.values()) if (ms.some(each => each < 1 || each > MAX_ARC_MS)) return 'an arc has no time'
  return null
}

/** From 0 to the total, never down. */
const climbs = (first: Uint32Array, total: number): boolean =>
  first[0] === 0 && first.at(-1) === total && first.every((value, index) => index === 0 || value >= first[index - 1]!)
