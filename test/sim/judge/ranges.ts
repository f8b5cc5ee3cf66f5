/** A set of whole numbers from 1 on that come mostly in runs, as the fixes of a stream do. */
export class Ranges {
  /** Sorted, and none touches the next. */
  readonly #ranges: [from: number, to: number][] = []

  /** How far it has all numbers from 1 on; 0 when 1 is missing. */
  get through(): number {
    const first = this.#ranges[0]
    return first === undefined || first[0] > 1 ? 0 : first[1]
  }

  get max(): number {
    return this.#ranges.at(-1)?.[1] ?? 0
  }

  has(number: number): boolean {
    return this.overlaps(number, number)
  }

  overlaps(from: number, to: number): boolean {
    // From the end: what is asked for is mostly new.
    for (let i = this.#ranges.length - 1; i >= 0; i -= 1) {
      const range = this.#ranges[i]!
      if (range[1] < from) return false
      if (range[0] <= to) return true
    }
    return false
  }

  add(from: number, to: number): void {
    const ranges = this.#ranges
    const last = ranges.at(-1)
    // The next number in order, as almost always.
    if (last !== undefined && last[1] === from - 1) {
      last[1] = to
      return
    }
    let at = ranges.length
    while (at > 0 && ranges[at - 1]![1] >= from - 1) at -= 1
    let end = at
    let merged: [number, number] = [from, to]
    while (end < ranges.length && ranges[end]![0] <= to + 1) {
      merged = [Math.min(merged[0], ranges[end]![0]), Math.max(merged[1], ranges[end]![1])]
      end += 1
    }
    if (end === at + 1 && merged[0] === ranges[at]![0]) ranges[at]![1] = merged[1]
    else ranges.splice(at, end - at, merged)
  }

  /** What is missing between 1 and its greatest number, as text; empty when nothing is. */
  gaps(): string[] {
    const gaps: string[] = []
    let next = 1
    for (const [from, to] of this.#ranges) {
      if (from > next) gaps.push(from - next === 1 ? `${next}` : `${next} to ${from - 1}`)
      next = to + 1
    }
    return gaps
  }
}
