/** An ambulance on the streets: where it is at any moment follows from where it set out, when, and how fast. */
import { BLOCK_M, type Point, positionOf, wayM } from './city.ts'

/** What the receiver in the vehicle measures. */
export interface Measured {
  readonly lonDeg: number
  readonly latDeg: number
  readonly speedMps: number
  readonly headingDeg: number | null
}

export class Vehicle {
  #from: Point
  /** Where the way turns. */
  #corner: Point
  #to: Point
  #startMs = 0
  #arrivalMs = 0
  #speedMps = 1
  /** What is measured where it has arrived: most vehicles stand most of the time. */
  #standing: Measured | null = null

  /** It stands at a crossing. */
  constructor(at: Point) {
    this.#from = at
    this.#corner = at
    this.#to = at
  }

  isMoving(nowMs: number): boolean {
    return nowMs < this.#arrivalMs
  }

  /** Sets out for a crossing from wherever it is. Output: true time of its arrival. */
  driveTo(to: Point, nowMs: number, speedMps: number): number {
    const from = this.pointAt(nowMs)
    this.#from = from
    // Along the street that it is on, to the one that leads there.
    this.#corner = isOnStreet(from.yM) ? { xM: to.xM, yM: from.yM } : { xM: from.xM, yM: to.yM }
    this.#to = to
    this.#standing = null
    this.#startMs = nowMs
    this.#speedMps = speedMps
    this.#arrivalMs = nowMs + (wayM(from, to) / speedMps) * 1_000
    return this.#arrivalMs
  }

  pointAt(nowMs: number): Point {
    if (!this.isMoving(nowMs)) return this.#to
    const goneM = ((nowMs - this.#startMs) / 1_000) * this.#speedMps
    const firstM = wayM(this.#from, this.#corner)
    return goneM < firstM
      ? along(this.#from, this.#corner, goneM / firstM)
      : along(this.#corner, this.#to, (goneM - firstM) / wayM(this.#corner, this.#to))
  }

  measuredAt(nowMs: number): Measured {
    if (!this.isMoving(nowMs)) {
      this.#standing ??= { ...positionOf(this.#to), speedMps: 0, headingDeg: null }
      return this.#standing
    }
    const position = positionOf(this.pointAt(nowMs))
    const goneM = ((nowMs - this.#startMs) / 1_000) * this.#speedMps
    const isFirst = goneM < wayM(this.#from, this.#corner)
    const [a, b] = isFirst ? [this.#from, this.#corner] : [this.#corner, this.#to]
    return { ...position, speedMps: this.#speedMps, headingDeg: headingOf(a, b) }
  }
}

const isOnStreet = (metres: number): boolean => metres % BLOCK_M === 0

const along = (a: Point, b: Point, share: number): Point => ({
  xM: a.xM + (b.xM - a.xM) * share,
  yM: a.yM + (b.yM - a.yM) * share,
})

function headingOf(a: Point, b: Point): number {
  if (a.xM !== b.xM) return b.xM > a.xM ? 90 : 270
  return b.yM > a.yM ? 0 : 180
}
