/**
 * How many units were heard of last in each second, so that a unit that falls silent costs no look at the others.
 *
 * There is one number for each second in which there is a unit. What lies longer ago than `forget` is told is one number for
 * all, but for as long as somebody is watched: so there are as many numbers as that span has seconds, and never more than units.
 * Moments are region time: when that steps, `stepped` moves all of them.
 */

/** Units that were heard of last from `fromMs` on, before `toMs`. */
export interface Silent {
  readonly fromMs: number
  readonly toMs: number
  readonly units: number
}

/** The units that one alarm is about. */
interface Watched {
  readonly fromS: number
  readonly toS: number
  units: number
}

export class HeardCount {
  readonly #bySecond = new Map<number, number>()
  #total = 0
  /** Units whose second is forgotten. */
  #past = 0
  /** Seconds before this are forgotten. */
  #fromS = Number.NEGATIVE_INFINITY
  #shiftMs = 0
  #watched: Watched | null = null

  /** Input: when the unit was heard of last; null while it is here. */
  add(lastMs: number | null): void {
    this.#count(lastMs, 1)
  }

  /** Input: as it was counted, in the region time of now. */
  remove(lastMs: number | null): void {
    this.#count(lastMs, -1)
  }

  /** Region time has stepped, and these moments with it. */
  stepped(byMs: number): void {
    this.#shiftMs += byMs
  }

  /** Seconds before this are not asked for any more, but for those that are watched and what lies behind them. */
  forget(beforeMs: number): void {
    const beforeS = Math.min(this.#secondOf(beforeMs), this.#watched?.fromS ?? Number.POSITIVE_INFINITY)
    if (beforeS <= this.#fromS) return
    for (const [second, units] of this.#between(this.#fromS, beforeS)) {
      this.#bySecond.delete(second)
      this.#past += units
    }
    this.#fromS = beforeS
  }

  /**
   * The span of `withinMs` with a moment in it in which most units were heard of last, the latest of several; only seconds up
   * to `untilMs` count. It costs two looks for each second of the span.
   */
  most(atMs: number, withinMs: number, untilMs: number): Silent {
    const width = Math.max(1, Math.ceil(withinMs / 1_000))
    const at = this.#secondOf(atMs)
    const until = this.#secondOf(untilMs)
    const unitsIn = (second: number) => (second > until ? 0 : (this.#bySecond.get(second) ?? 0))
    let units = 0
    for (let second = at - width + 1; second <= at; second++) units += unitsIn(second)
    let best = { fromS: at - width + 1, units }
    for (let fromS = at - width + 2; fromS <= at; fromS++) {
      units += unitsIn(fromS + width - 1) - unitsIn(fromS - 1)
      if (units >= best.units) best = { fromS, units }
    }
    return { fromMs: this.#msOf(best.fromS), toMs: this.#msOf(best.fromS + width), units: best.units }
  }

  /** How many units were heard of last from one moment on and before another. */
  lastIn(fromMs: number, toMs: number): number {
    let last = 0
    for (const [, units] of this.#between(this.#secondOf(fromMs), this.#secondOf(toMs))) last += units
    return last
  }

  /** How many units are here or were heard of since then, as far as that is not forgotten. */
  heardSince(fromMs: number): number {
    let heard = this.#total - this.#past
    for (const [, units] of this.#between(this.#fromS, this.#secondOf(fromMs))) heard -= units
    return heard
  }

  /** These are counted on, however long ago they were heard of; null: nobody is. */
  watch(span: Pick<Silent, 'fromMs' | 'toMs'> | null): void {
    this.#watched = null
    if (span === null) return
    const { fromMs, toMs } = span
    this.#watched = { fromS: this.#secondOf(fromMs), toS: this.#secondOf(toMs), units: this.lastIn(fromMs, toMs) }
  }

  /** Those who are watched, as they are now. */
  get watched(): Silent | null {
    if (this.#watched === null) return null
    const { fromS, toS, units } = this.#watched
    return { fromMs: this.#msOf(fromS), toMs: this.#msOf(toS), units }
  }

  #count(lastMs: number | null, by: 1 | -1): void {
    this.#total += by
    if (lastMs === null) return
    const second = this.#secondOf(lastMs)
    if (second < this.#fromS) {
      this.#past += by
      return
    }
    const watched = this.#watched
    if (watched !== null && second >= watched.fromS && second < watched.toS) watched.units += by
    const units = (this.#bySecond.get(second) ?? 0) + by
    if (units === 0) this.#bySecond.delete(second)
    else this.#bySecond.set(second, units)
  }

  /** The seconds from one to before another in which there are units. */
  *#between(fromS: number, toS: number): Iterable<readonly [second: number, units: number]> {
    // There may be far fewer numbers than seconds.
    if (toS - fromS > this.#bySecond.size) {
      for (const each of this.#bySecond) if (each[0] >= fromS && each[0] < toS) yield each
      return
    }
    for (let second = fromS; second < toS; second++) {
      const units = this.#bySecond.get(second)
      if (units !== undefined) yield [second, units]
    }
  }

  #secondOf(ms: number): number {
    return Math.floor((ms - this.#shiftMs) / 1_000)
  }

  #msOf(second: number): number {
    return second * 1_000 + this.#shiftMs
  }
}
