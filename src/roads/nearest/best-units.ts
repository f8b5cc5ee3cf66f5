/** The best few units that a search has found so far, each once, the first to arrive first, of equal ones by unit id. */
import type { RoadUnits } from './road-units.ts'

/** A unit and how soon it can be there. */
export interface UnitByRoad {
  readonly unitId: string
  /** On the road, in the way to drive that was asked for. */
  readonly driveMs: number
  /** What the caller adds: turnout, or the time until it is free. */
  readonly addedMs: number
  /** Along the way that takes `driveMs`. */
  readonly roadM: number
}

/** Adds to a unit's time, in whole milliseconds of 0 or more; a number below 0 keeps the unit out. */
export type AddedTo = (unitId: string) => number

export class BestUnits {
  readonly #units: RoadUnits
  readonly #k: number
  readonly #addedTo: AddedTo
  readonly slots: number[] = []
  readonly driveMs: number[] = []
  readonly addedMs: number[] = []
  readonly #totalMs: number[] = []
  /** What whoever found them needs to tell the way. */
  readonly entries: number[] = []
  readonly nodes: number[] = []

  constructor(units: RoadUnits, k: number, addedTo: AddedTo) {
    this.#units = units
    this.#k = k
    this.#addedTo = addedTo
  }

  get size(): number {
    return this.slots.length
  }

  /** No unit that takes longer on the road alone can be among the best. Equal ones can, by their id. */
  get worstMs(): number {
    return this.size < this.#k ? Infinity : (this.#totalMs[this.size - 1] ?? -1)
  }

  /** How many of them arrive within a time. */
  within(ms: number): number {
    return this.#totalMs.filter(each => each <= ms).length
  }

  offer(slot: number, driveMs: number, entry: number, node: number): void {
    if (driveMs > this.worstMs) return
    const unitId = this.#units.idOf(slot)
    const addedMs = this.#addedTo(unitId)
    if (addedMs < 0) return
    const totalMs = driveMs + addedMs
    const known = this.slots.indexOf(slot)
    if (known >= 0) {
      if (this.driveMs[known]! <= driveMs) return
      this.#takeOut(known)
    } else if (this.size === this.#k) {
      if (!this.#isBefore(totalMs, unitId, this.size - 1)) return
      this.#takeOut(this.size - 1)
    }
    let at = this.size
    while (at > 0 && this.#isBefore(totalMs, unitId, at - 1)) at -= 1
    this.slots.splice(at, 0, slot)
    this.driveMs.splice(at, 0, driveMs)
    this.addedMs.splice(at, 0, addedMs)
    this.#totalMs.splice(at, 0, totalMs)
    this.entries.splice(at, 0, entry)
    this.nodes.splice(at, 0, node)
  }

  #isBefore(totalMs: number, unitId: string, at: number): boolean {
    const other = this.#totalMs[at]!
    return totalMs < other || (totalMs === other && unitId < this.#units.idOf(this.slots[at]!))
  }

  #takeOut(at: number): void {
    for (const list of [this.slots, this.driveMs, this.addedMs, this.#totalMs, this.entries, this.nodes])
      list.splice(at, 1)
  }
}
