/**
 * A road network from OpenStreetMap, in XML or in binary form.
 *
 * The file is read twice: first its ways, to know which nodes matter, then those nodes, so that memory goes by the roads and
 * not by all else that a map has. Roads are cut where they meet; the points between become bends. A barrier that
 * an ambulance does not pass cuts a road in two. Absent: turn restrictions, limits by the hour or by direction, ferries.
 */
import { distanceM, type Position } from '../../domain/geo.ts'
import { type ImportOutcome, NetworkBuilder } from '../network-builder.ts'
import { type OsmFile, type OsmSink, UnreadableOsm } from './osm-elements.ts'
import { readOsmPbf } from './osm-pbf.ts'
import { type DrivenWay, drivenWay, isPassed, type OsmRules } from './osm-rules.ts'
import { readOsmXml } from './osm-xml.ts'

/** Nodes of all roads: more than that is a continent. */
const MAX_ROAD_NODES = 40_000_000

interface Way extends DrivenWay {
  readonly id: number
  readonly nodeIds: readonly number[]
}

export async function importOsm(file: OsmFile, form: 'xml' | 'pbf', rules: OsmRules): Promise<ImportOutcome> {
  const builder = new NetworkBuilder(['ordinary', 'siren'])
  const read = (sink: OsmSink) => (form === 'xml' ? readOsmXml : readOsmPbf)(file(), sink)
  try {
    const roads = new OsmRoads(builder, rules)
    await read({ node: () => undefined, way: (id, nodeIds, tags) => roads.addWay(id, nodeIds, drivenWay(tags, rules)) })
    await read({
      node: (id, lonDeg, latDeg, tags) => roads.addNode(id, { lonDeg, latDeg }, isPassed(tags, rules)),
      way: () => undefined,
    })
    roads.draw()
  } catch (error) {
    if (!(error instanceof UnreadableOsm)) throw error
    return { ok: false, message: error.message, report: builder.report }
  }
  return builder.build()
}

class OsmRoads {
  readonly #builder: NetworkBuilder
  readonly #rules: OsmRules
  readonly #ways: Way[] = []
  /** By node: how often roads use it, their ends counting twice. */
  readonly #uses = new Map<number, number>()
  readonly #places = new Map<number, Position>()
  readonly #blocked = new Set<number>()
  readonly #numbers = new Map<number, number>()

  constructor(builder: NetworkBuilder, rules: OsmRules) {
    this.#builder = builder
    this.#rules = rules
  }

  addWay(id: number, nodeIds: readonly number[], driven: DrivenWay | string | null): void {
    if (driven === null) return
    if (typeof driven === 'string') return this.#builder.report.leaveOut('way', driven, `way ${id}`)
    this.#ways.push({ ...driven, id, nodeIds })
    for (const nodeId of nodeIds) this.#uses.set(nodeId, (this.#uses.get(nodeId) ?? 0) + 1)
    for (const end of [nodeIds[0], nodeIds.at(-1)])
      if (end !== undefined) this.#uses.set(end, (this.#uses.get(end) ?? 0) + 1)
    if (this.#uses.size > MAX_ROAD_NODES)
      throw new UnreadableOsm('Its roads have more than 40 million nodes. Cut it to the region that is served.')
  }

  addNode(id: number, place: Position, isOpen: boolean): void {
    if (!this.#uses.has(id)) return
    if (Math.abs(place.lonDeg) > 180 || Math.abs(place.latDeg) > 90)
      return this.#builder.report.leaveOut('node', 'has no position on the globe', `node ${id}`)
    this.#builder.report.nodesRead += 1
    this.#places.set(id, place)
    if (isOpen) return
    this.#blocked.add(id)
    this.#builder.report.changeIn('node', 'has a barrier that is not passed: the road ends there', `node ${id}`)
  }

  draw(): void {
    for (const way of this.#ways) {
      let run: number[] = []
      for (const nodeId of way.nodeIds) {
        if (this.#places.has(nodeId)) run.push(nodeId)
        else {
          // Of a road that leaves the region, the file has the rest without its places.
          this.#builder.report.changeIn('way', 'leaves the file: it ends there', `way ${way.id}`)
          this.#drawRun(way, run)
          run = []
        }
      }
      this.#drawRun(way, run)
    }
  }

  /** From crossing to crossing. */
  #drawRun(way: Way, nodeIds: readonly number[]): void {
    let from = 0
    for (let at = 1; at < nodeIds.length; at++) {
      const isEnd = at === nodeIds.length - 1
      if (!isEnd && this.#uses.get(nodeIds[at]!)! < 2 && !this.#blocked.has(nodeIds[at]!)) continue
      this.#drawPiece(way, nodeIds.slice(from, at + 1))
      from = at
    }
  }

  #drawPiece(way: Way, nodeIds: readonly number[]): void {
    if (nodeIds[0] === nodeIds.at(-1) && nodeIds.length > 2) {
      // A loop at the end of a street: an arc has two ends.
      const middle = nodeIds.length >> 1
      this.#drawPiece(way, nodeIds.slice(0, middle + 1))
      this.#drawPiece(way, nodeIds.slice(middle))
      return
    }
    const places = nodeIds.map(nodeId => this.#places.get(nodeId)!)
    const lengthM = places.slice(1).reduce((sum, place, index) => sum + distanceM(places[index]!, place), 0)
    const seconds = lengthM / (way.kmh / 3.6)
    const arc = {
      seconds: [seconds, seconds / this.#rules.sirenFactor],
      lengthM,
      roadClass: way.roadClass,
      name: way.name,
      isThrough: way.isThrough,
      source: `way ${way.id}`,
    }
    const [from, to] = [this.#numberOf(nodeIds[0]!), this.#numberOf(nodeIds.at(-1)!)]
    const bends = places.slice(1, -1)
    if (way.direction >= 0) this.#builder.addArc({ ...arc, tail: from, head: to, bends })
    if (way.direction <= 0) this.#builder.addArc({ ...arc, tail: to, head: from, bends: bends.toReversed() })
  }

  /** Each road that ends at a barrier has an end of its own there. */
  #numberOf(nodeId: number): number {
    const known = this.#blocked.has(nodeId) ? undefined : this.#numbers.get(nodeId)
    if (known !== undefined) return known
    const { lonDeg, latDeg } = this.#places.get(nodeId)!
    const number = this.#builder.addNode(lonDeg, latDeg)
    this.#numbers.set(nodeId, number)
    return number
  }
}
