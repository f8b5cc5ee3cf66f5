/**
 * The fixes of one unit as its client sent them. Each lies a centimetre east of the one before, so that a stored fix says
 * by its place alone which one it is, whatever stream and number it was stored under.
 */
export interface SentFix {
  readonly n: number
  readonly streamId: string
  readonly seq: number
  /** True wall time at which it was measured. */
  readonly trueAtMs: number
  /** True once all clocks were right again, so that nothing excuses a wrong time. */
  readonly clocksRight: boolean
}

const E7 = 1e7

export class FixLog {
  readonly unitId: string
  /** Of fix 0, in 1e-7 degrees. */
  readonly baseLonE7: number
  readonly baseLatE7: number
  /** By n; dropped when it has been checked. */
  readonly open = new Map<number, SentFix>()
  #last = 0

  constructor(unitId: string, place: { readonly lonDeg: number; readonly latDeg: number }) {
    this.unitId = unitId
    this.baseLonE7 = Math.round(place.lonDeg * E7)
    this.baseLatE7 = Math.round(place.latDeg * E7)
  }

  /** Where the next fix is measured. */
  next(): { readonly n: number; readonly lonDeg: number; readonly latDeg: number } {
    this.#last += 1
    return { n: this.#last, lonDeg: (this.baseLonE7 + this.#last) / E7, latDeg: this.baseLatE7 / E7 }
  }

  sent(fix: SentFix): void {
    this.open.set(fix.n, fix)
  }

  get sentCount(): number {
    return this.#last
  }
}

/** A unit's fixes, and how far its client was told that they are durable. */
export interface FixAccount {
  readonly log: FixLog
  readonly durable: () => { readonly streamId: string; readonly seq: number }
}
