/** Makes a road graph out of what a source of roads gives, and says what was left out and why. */
import { distanceM, type Position } from '../domain/geo.ts'
import { graphOf, MAX_ARC_MS, MAX_ARCS, MAX_NODES, type RoadGraph } from './graph.ts'
import { hilbertOrder } from './hilbert.ts'
import { ImportReport } from './import/import-report.ts'
import { largestStrongPart } from './strong-part.ts'

/** A road from one node to another, one way. */
export interface GivenArc {
  readonly tail: number
  readonly head: number
  /** Seconds for each of the builder's ways to drive, in its order. */
  readonly seconds: readonly number[]
  readonly lengthM: number
  readonly roadClass: string
  readonly name: string
  /** Whether nobody lives there, as on a motorway. */
  readonly isThrough: boolean
  /** The points between its ends, in the direction of travel. */
  readonly bends: readonly Position[]
  /** What a person finds it by in the source: `line 12`, `way 4711`. */
  readonly source: string
}

/** A network, or why there is none and what to do about it. */
export type ImportOutcome =
  | { readonly ok: true; readonly graph: RoadGraph; readonly report: ImportReport }
  | { readonly ok: false; readonly message: string; readonly report: ImportReport }

/** Nothing on wheels is faster; what seems so has a wrong time or a wrong length. */
const FASTEST_MPS = 300 / 3.6
/** Over a shorter way rounding alone makes such a speed. */
const FAST_BY_ROUNDING_M = 20
const MAX_CLASSES = 250

interface KeptArc {
  readonly given: GivenArc
  readonly timesMs: readonly number[]
}

export class NetworkBuilder {
  readonly report = new ImportReport()
  readonly #ways: readonly string[]
  readonly #lonDeg: number[] = []
  readonly #latDeg: number[] = []
  #arcs: KeptArc[] = []

  /** The ways to drive of which arcs have times: `ordinary` first. */
  constructor(ways: readonly string[]) {
    this.#ways = ways
  }

  get nodeCount(): number {
    return this.#lonDeg.length
  }

  /** Takes a node whose position was checked; the answer is what arcs call it. */
  addNode(lonDeg: number, latDeg: number): number {
    this.#latDeg.push(latDeg)
    return this.#lonDeg.push(lonDeg) - 1
  }

  /** Takes an arc, or counts it as left out. */
  addArc(given: GivenArc): void {
    this.report.arcsRead += 1
    const { seconds } = given
    const why = this.#whyNot(given)
    if (why !== null) return this.report.leaveOut('arc', why, given.source)
    const timesMs = seconds.map(each => Math.max(1, Math.round(each * 1_000)))
    if (seconds.some(each => each < 0.001)) {
      this.report.changeIn('arc', 'takes less than a millisecond: it counts as one', given.source)
    }
    this.#arcs.push({ given, timesMs })
  }

  build(): ImportOutcome {
    this.report.nodesRead = Math.max(this.report.nodesRead, this.nodeCount)
    const problem = this.#problem()
    if (problem !== null) return { ok: false, message: problem, report: this.report }
    this.#keepQuicker()
    const order = this.#keepLargestPart()
    if (order.length < 2) {
      const message =
        'No two places in it reach each other, so no road can be driven there and back. Check that the roads that are two-way ' +
        'have an arc each way.'
      return { ok: false, message, report: this.report }
    }
    const graph = this.#graph(order)
    this.report.nodesKept = graph.nodeCount
    this.report.arcsKept = graph.arcCount
    return { ok: true, graph, report: this.report }
  }

  #whyNot({ tail, head, seconds, lengthM }: GivenArc): string | null {
    if (tail === head) return 'leads back to where it begins'
    if (!Number.isFinite(lengthM) || lengthM < 0) return 'has no length of 0 m or more'
    if (seconds.some(each => !Number.isFinite(each) || each < 0)) return 'has no time of 0 s or more'
    if (seconds.some(each => each * 1_000 > MAX_ARC_MS)) return 'takes more than an hour'
    if (lengthM > FAST_BY_ROUNDING_M && seconds.some(each => lengthM > each * FASTEST_MPS))
      return 'would be driven at more than 300 km/h'
    return null
  }

  #problem(): string | null {
    if (this.#arcs.length === 0)
      return 'There is no road in it that can be driven. Check that the files belong together and are not empty.'
    if (this.nodeCount > MAX_NODES || this.#arcs.length > MAX_ARCS)
      return `It has ${this.nodeCount} nodes and ${this.#arcs.length} arcs, of at most ${MAX_NODES} and ${MAX_ARCS}. Cut it to the region that is served.`
    if (new Set(this.#arcs.map(({ given }) => given.roadClass)).size > MAX_CLASSES)
      return `It has more than ${MAX_CLASSES} classes of roads. Give each road one of a few classes.`
    return null
  }

  /** Of arcs between the same nodes that look the same, the quicker one says all. Leaves the arcs in the order of their tails. */
  #keepQuicker(): void {
    const { first, items } = grouped(this.#arcs, this.nodeCount, ({ given }) => given.tail)
    const kept: KeptArc[] = []
    for (let node = 0; node < this.nodeCount; node++) {
      const from = kept.length
      for (let index = first[node]!; index < first[node + 1]!; index++) {
        const arc = items[index]!
        let at = from
        while (at < kept.length && !looksLike(kept[at]!.given, arc.given)) at += 1
        const other = kept[at]
        if (other === undefined || arc.timesMs[0]! < other.timesMs[0]!) kept[at] = arc
        if (other === undefined) continue
        const slower = kept[at] === arc ? other : arc
        this.report.leaveOut('arc', 'runs beside a quicker one of the same shape', slower.given.source)
      }
    }
    this.#arcs = kept
  }

  /** The nodes that stay, in the order of their new numbers. Input: arcs in the order of their tails. */
  #keepLargestPart(): Uint32Array {
    const touched = new Uint8Array(this.nodeCount)
    for (const { given } of this.#arcs) {
      touched[given.tail] = 1
      touched[given.head] = 1
    }
    const { first, items } = grouped(this.#arcs, this.nodeCount, ({ given }) => given.tail)
    const heads = Uint32Array.from(items, ({ given }) => given.head)
    const isKept = largestStrongPart(first, heads)
    const kept: number[] = []
    for (let node = 0; node < this.nodeCount; node++) {
      if (isKept[node] === 1 && touched[node] === 1) kept.push(node)
      else {
        const why = touched[node] === 1 ? 'cannot be reached, or left again' : 'has no road'
        this.report.leaveOut('node', why, `at ${this.#lonDeg[node]}, ${this.#latDeg[node]}`)
      }
    }
    this.#arcs = this.#arcs.filter(({ given }) => {
      const stays = isKept[given.tail] === 1 && isKept[given.head] === 1
      if (!stays) this.report.leaveOut('arc', 'lies outside the largest part that hangs together', given.source)
      return stays
    })
    const lonDeg = Float64Array.from(kept, node => this.#lonDeg[node]!)
    const latDeg = Float64Array.from(kept, node => this.#latDeg[node]!)
    return hilbertOrder(lonDeg, latDeg).map(index => kept[index]!)
  }

  #graph(order: Uint32Array): RoadGraph {
    const numberOf = new Uint32Array(this.nodeCount)
    order.forEach((node, number) => {
      numberOf[node] = number
    })
    const { first, items: arcs } = grouped(this.#arcs, order.length, ({ given }) => numberOf[given.tail]!)
    const arcHead = Uint32Array.from(arcs, ({ given }) => numberOf[given.head]!)
    const classes = new Numbered()
    const names = new Numbered()
    names.numberOf('')
    const bends = arcs.flatMap(({ given }) => given.bends)
    const firstBend = new Uint32Array(arcs.length + 1)
    arcs.forEach(({ given }, arc) => {
      firstBend[arc + 1] = firstBend[arc]! + given.bends.length
    })
    return graphOf({
      lonDeg: Float64Array.from(order, node => this.#lonDeg[node]!),
      latDeg: Float64Array.from(order, node => this.#latDeg[node]!),
      firstOut: first,
      arcHead,
      arcLengthCm: Uint32Array.from(arcs, ({ given }) => Math.round(this.#lengthM(given) * 100)),
      arcClass: Uint8Array.from(arcs, ({ given }) => classes.numberOf(given.roadClass)),
      arcName: Uint32Array.from(arcs, ({ given }) => names.numberOf(given.name)),
      arcTwin: twinsOf(first, arcHead, arcs),
      arcThrough: Uint8Array.from(arcs, ({ given }) => (given.isThrough ? 1 : 0)),
      firstBend,
      bendLonDeg: Float64Array.from(bends, ({ lonDeg }) => lonDeg),
      bendLatDeg: Float64Array.from(bends, ({ latDeg }) => latDeg),
      classes: classes.all,
      names: names.all,
      timesMs: new Map(this.#ways.map((way, index) => [way, Uint32Array.from(arcs, arc => arc.timesMs[index]!)])),
    })
  }

  /** A source may not know the length; then it is that of the drawn line. */
  #lengthM({ tail, head, bends, lengthM }: GivenArc): number {
    if (lengthM > 0) return lengthM
    const at = (node: number): Position => ({ lonDeg: this.#lonDeg[node]!, latDeg: this.#latDeg[node]! })
    const line = [at(tail), ...bends, at(head)]
    return line.slice(1).reduce((sum, point, index) => sum + distanceM(line[index]!, point), 0)
  }
}

/** Texts, each with a number in the order in which they come first. */
class Numbered {
  readonly #numbers = new Map<string, number>()

  get all(): string[] {
    return [...this.#numbers.keys()]
  }

  numberOf(text: string): number {
    const known = this.#numbers.get(text)
    if (known !== undefined) return known
    this.#numbers.set(text, this.#numbers.size)
    return this.#numbers.size - 1
  }
}

/** Items by the number of the group of each, in the order in which they were within a group. */
function grouped<T>(items: readonly T[], groups: number, groupOf: (item: T) => number) {
  const first = new Uint32Array(groups + 1)
  for (const item of items) first[groupOf(item) + 1]! += 1
  for (let group = 0; group < groups; group++) first[group + 1]! += first[group]!
  const filled = first.slice()
  const sorted = new Array<T>(items.length)
  for (const item of items) sorted[filled[groupOf(item)]!++] = item
  return { first, items: sorted }
}

function looksLike(a: GivenArc, b: GivenArc): boolean {
  return (
    a.head === b.head &&
    a.bends.length === b.bends.length &&
    a.bends.every((bend, index) => isSamePlace(bend, b.bends[index]!))
  )
}

const isSamePlace = (a: Position, b: Position): boolean => a.lonDeg === b.lonDeg && a.latDeg === b.latDeg

/** By arc: the one that leads back along the same bends; -1 when there is none. Input: arcs by tail. */
function twinsOf(firstOut: Uint32Array, arcHead: Uint32Array, arcs: readonly KeptArc[]): Int32Array {
  const twins = new Int32Array(arcs.length).fill(-1)
  for (let tail = 0; tail + 1 < firstOut.length; tail++) {
    for (let arc = firstOut[tail]!; arc < firstOut[tail + 1]!; arc++) {
      const head = arcHead[arc]!
      const { bends } = arcs[arc]!.given
      for (let back = firstOut[head]!; back < firstOut[head + 1]!; back++) {
        const backwards = arcs[back]!.given.bends
        if (arcHead[back] !== tail || backwards.length !== bends.length) continue
        if (bends.every((bend, index) => isSamePlace(bend, backwards.at(-1 - index)!))) twins[arc] = back
      }
    }
  }
  return twins
}
