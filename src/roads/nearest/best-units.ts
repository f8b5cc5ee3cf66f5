/** The best few units that a search has found so far, each once, the first to arrive first, of equal ones by unit id. */
import type { RoadUnits } from './road-units.ts'

/** A unit and how soon it can be there. */
export interface UnitByRoad {
  readonly unitId: string
  /** On the road, in the way to drive that was asked for. */
  readonly driveMs: number
  /** What the caller adds: turnout, or the time until it is free. */
  readonly addedMs: number
  /** By how much longer it may take, since nobody knows where the unit is by now. */
  readonly unsureMs: number
  /** Along the way that takes `driveMs`. */
  readonly roadM: number
}

/** Adds to a unit's time, in whole milliseconds of 0 or more; a number below 0 keeps the unit out. */
export type AddedTo = (unitId: string) => number

/** How units are compared. */
interface Ranked {
  readonly k: number
  readonly addedTo: AddedTo
  /** Whole milliseconds of 0 or more that count as well, and are told apart. Default: none. */
  readonly unsureOf?: AddedTo | undefined
  /** Units that arrive later are left out. Default: none. */
  readonly withinMs?: number | undefined
}

const sure = () => 0

export class BestUnits {
  readonly #units: RoadUnits
  readonly #k: number
  readonly #addedTo: AddedTo
  readonly #unsureOf: AddedTo
  readonly #withinMs: number
  readonly #slots: number[] = []
  readonly #driveMs: number[] = []
  readonly #addedMs: number[] = []
  readonly #unsureMs: number[] = []
  readonly #totalMs: number[] = []
  readonly #marks: number[] = []
  readonly #nodes: number[] = []

  constructor(units: RoadUnits, { k, addedTo, unsureOf, withinMs }: Ranked) {
    this.#units = units
    this.#k = k
    this.#addedTo = addedTo
    this.#unsureOf = unsureOf ?? sure
    this.#withinMs = withinMs ?? Infinity
  }

  get size(): number {
    return this.#slots.length
  }

  /** No unit that takes longer on the road alone can be among the best. Equal ones can, by their id. */
  get worstMs(): number {
    return this.size < this.#k ? this.#withinMs : (this.#totalMs[this.size - 1] ?? -1)
  }

  /** How many of them arrive within a time. */
  within(ms: number): number {
    return this.#totalMs.filter(each => each <= ms).length
  }

  /** In their order, with the length of each way by the slot, mark and node that it was offered with. */
  told(lengthCm: (slot: number, mark: number, node: number) => number): UnitByRoad[] {
    return this.#slots.map((slot, index) => ({
      unitId: this.#units.idOf(slot),
      driveMs: this.#driveMs[index]!,
      addedMs: this.#addedMs[index]!,
      unsureMs: this.#unsureMs[index]!,
      roadM: Math.round(lengthCm(slot, this.#marks[index]!, this.#nodes[index]!) / 100),
    }))
  }

  /** Takes the unit, or its shorter way, if it is among the best. What `mark` and `node` mean is up to whoever searches. */
  offer(slot: number, driveMs: number, mark: number, node: number): void {
    if (driveMs > this.worstMs) return
    const unitId = this.#units.idOf(slot)
    const addedMs = this.#addedTo(unitId)
    if (addedMs < 0) return
    const unsureMs = this.#unsureOf(unitId)
    const totalMs = driveMs + addedMs + unsureMs
    if (totalMs > this.#withinMs) return
    const known = this.#slots.indexOf(slot)
    if (known >= 0) {
      if (this.#driveMs[known]! <= driveMs) return
      this.#takeOut(known)
    } else if (this.size === this.#k) {
      if (!this.#isBefore(totalMs, unitId, this.size - 1)) return
      this.#takeOut(this.size - 1)
    }
    let at = this.size
    while (at > 0 && this.#isBefore(totalMs, unitId, at - 1)) at -= 1
    this.#slots.splice(at, 0, slot)
    this.#driveMs.splice(at, 0, driveMs)
    this.#addedMs.splice(at, 0, addedMs)
    this.#unsureMs.splice(at, 0, unsureMs)
    this.#totalMs.splice(at, 0, totalMs)
    this.#marks.splice(at, 0, mark)
    this.#nodes.splice(at, 0, node)
  }

  #isBefore(totalMs: number, unitId: string, at: number): boolean {
    const other = this.#totalMs[at]!
    return totalMs < other || (totalMs === other && unitId < this.#units.idOf(this.#slots[at]!))
  }

  #takeOut(at: number): void {
    for (const list of [
      this.#slots,
      this.#driveMs,
      this.#addedMs,
      this.#unsureMs,
      this.#totalMs,
      this.#marks,
      this.#nodes,
    ])
      list.splice(at, 1)
  }
}
