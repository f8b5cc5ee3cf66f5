/** A drive along a way: where the vehicle is after a while, how fast it goes, and in which direction. */
import { distanceM, type Position } from '../domain/geo.ts'
import type { TimedWay } from '../roads/nearest/timed-way.ts'

interface Driven {
  readonly place: Position
  readonly speedMps: number
  /** Degrees clockwise from north, 0 up to but not including 360. */
  readonly headingDeg: number
}

export class DriveAlong {
  readonly #way: TimedWay
  readonly #startMs: number
  /** The end of the piece that it was on. */
  #next = 1

  constructor(way: TimedWay, startMs: number) {
    this.#way = way
    this.#startMs = startMs
  }

  get arrivesAtMs(): number {
    return this.#startMs + this.#way.atMs.at(-1)!
  }
  get end(): Position {
    return this.#way.line.at(-1)!
  }

  /** Null once it is there. Input: a moment that is not before the one of the last question. */
  at(nowMs: number): Driven | null {
    const { line, atMs } = this.#way
    const sinceMs = Math.max(0, nowMs - this.#startMs)
    while (this.#next < line.length && atMs[this.#next]! <= sinceMs) this.#next += 1
    const to = line[this.#next]
    if (to === undefined) return null
    const from = line[this.#next - 1]!
    const takesMs = atMs[this.#next]! - atMs[this.#next - 1]!
    const place = partOf(from, to, Math.max(0, sinceMs - atMs[this.#next - 1]!) / takesMs)
    return { place, speedMps: (1_000 * distanceM(from, to)) / takesMs, headingDeg: headingDeg(from, to) }
  }
}

const partOf = (from: Position, to: Position, share: number): Position => ({
  lonDeg: from.lonDeg + (to.lonDeg - from.lonDeg) * share,
  latDeg: from.latDeg + (to.latDeg - from.latDeg) * share,
})

/** On a plane: pieces of roads are short. */
function headingDeg(from: Position, to: Position): number {
  const eastDeg = (to.lonDeg - from.lonDeg) * Math.cos((from.latDeg * Math.PI) / 180)
  const deg = (Math.atan2(eastDeg, to.latDeg - from.latDeg) * 180) / Math.PI
  return (deg + 360) % 360
}
