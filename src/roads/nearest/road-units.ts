/**
 * Where units are on the road, by the node that each drives to first: a search that comes to a node finds them there.
 *
 * A move takes the same short time, however many units there are. A unit that may leave either way has an entry at each
 * end of its road. Units are numbered by slot; a slot is used again when its unit was taken out.
 */
import type { RoadGraph, RoadPosition } from '../graph.ts'

const NONE = -1

export class RoadUnits {
  readonly graph: RoadGraph
  readonly #slots = new Map<string, number>()
  readonly #ids: string[] = []
  readonly #free: number[] = []
  /** By node: the first entry there. By entry (two a slot): the next and the one before, its arc, how far along it is. */
  readonly #first: Int32Array
  #next = new Int32Array(128)
  #before = new Int32Array(128)
  #arc = new Int32Array(128).fill(NONE)
  #share = new Float64Array(128)
  #entries = 0

  constructor(graph: RoadGraph) {
    this.graph = graph
    this.#first = new Int32Array(graph.nodeCount).fill(NONE)
  }

  get size(): number {
    return this.#slots.size
  }

  /** How many places of a node have a unit, counting one that may leave either way twice. */
  get entryCount(): number {
    return this.#entries
  }

  /** One more than the greatest slot that was ever used. */
  get slotCount(): number {
    return this.#ids.length
  }

  idOf(slot: number): string {
    return this.#ids[slot]!
  }

  /** Undefined for a unit that is not on the road. */
  slotOf(unitId: string): number | undefined {
    return this.#slots.get(unitId)
  }

  /** Puts a unit there, or moves it. The answer is its slot. */
  place(unitId: string, position: RoadPosition): number {
    const slot = this.#slots.get(unitId) ?? this.#newSlot(unitId)
    this.#unlink(slot * 2)
    this.#unlink(slot * 2 + 1)
    this.#link(slot * 2, position.arc, position.share)
    const twin = this.graph.arcTwin[position.arc]!
    if (position.isEitherWay && twin >= 0) this.#link(slot * 2 + 1, twin, 1 - position.share)
    return slot
  }

  /** False when it was not there. */
  remove(unitId: string): boolean {
    const slot = this.#slots.get(unitId)
    if (slot === undefined) return false
    this.#unlink(slot * 2)
    this.#unlink(slot * 2 + 1)
    this.#slots.delete(unitId)
    this.#free.push(slot)
    return true
  }

  /** The first entry of the units that drive to a node; -1 when there is none. */
  firstAt(node: number): number {
    return this.#first[node]!
  }

  /** The entry behind one; -1 at the end. */
  nextOf(entry: number): number {
    return this.#next[entry]!
  }

  /** -1 for an entry that is nowhere. */
  arcOf(entry: number): number {
    return this.#arc[entry]!
  }

  shareOf(entry: number): number {
    return this.#share[entry]!
  }

  #newSlot(unitId: string): number {
    const slot = this.#free.pop() ?? this.#ids.length
    this.#ids[slot] = unitId
    this.#slots.set(unitId, slot)
    if (slot * 2 + 1 < this.#arc.length) return slot
    const grown = <T extends Int32Array | Float64Array>(array: T, larger: T): T => {
      larger.set(array)
      return larger
    }
    const size = this.#arc.length * 2
    this.#next = grown(this.#next, new Int32Array(size))
    this.#before = grown(this.#before, new Int32Array(size))
    this.#arc = grown(this.#arc, new Int32Array(size).fill(NONE))
    this.#share = grown(this.#share, new Float64Array(size))
    return slot
  }

  #link(entry: number, arc: number, share: number): void {
    const node = this.graph.arcHead[arc]!
    const first = this.#first[node]!
    this.#arc[entry] = arc
    this.#share[entry] = share
    this.#next[entry] = first
    this.#before[entry] = NONE
    if (first !== NONE) this.#before[first] = entry
    this.#first[node] = entry
    this.#entries += 1
  }

  #unlink(entry: number): void {
    const arc = this.#arc[entry]!
    if (arc === NONE) return
    const [next, before] = [this.#next[entry]!, this.#before[entry]!]
    if (before === NONE) this.#first[this.graph.arcHead[arc]!] = next
    else this.#next[before] = next
    if (next !== NONE) this.#before[next] = before
    this.#arc[entry] = NONE
    this.#entries -= 1
  }
}

export const slotOfEntry = (entry: number): number => entry >> 1
