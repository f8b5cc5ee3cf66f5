/** A made-up ambulance on a made-up street plan: it drives straight to where it is sent, and about when it is not. */
import { distanceM, type Position } from '../domain/geo.ts'

/** West, south, east and north of the city, WGS 84 degrees: about 5 by 5 km. */
const CITY = { west: 174.73, south: -36.9, east: 174.79, north: -36.855 }
const SPEED_MPS = 18
/** Where patients are brought. */
const HOSPITALS: readonly Position[] = [
  { lonDeg: 174.744, latDeg: -36.866 },
  { lonDeg: 174.777, latDeg: -36.89 },
]

/** Somewhere in the city. Input: 0 to 1, each time another number. */
export function somewhere(random: () => number): Position {
  const { west, south, east, north } = CITY
  return { lonDeg: west + (east - west) * random(), latDeg: south + (north - south) * random() }
}

export const nearestHospital = (from: Position): Position =>
  HOSPITALS.reduce((best, next) => (distanceM(from, next) < distanceM(from, best) ? next : best))

export class Vehicle {
  readonly #random: () => number
  #place: Position
  #destination: Position | null = null
  #atMs: number

  constructor(random: () => number, nowMs: number) {
    this.#random = random
    this.#place = somewhere(random)
    this.#atMs = nowMs
  }

  get place(): Position {
    return this.#place
  }
  get hasArrived(): boolean {
    return this.#destination === null
  }

  driveTo(destination: Position): void {
    this.#destination = destination
  }
  roam(): void {
    if (this.hasArrived) this.driveTo(somewhere(this.#random))
  }
  stop(): void {
    this.#destination = null
  }

  /** Drives until now. */
  move(nowMs: number): void {
    const droveM = (SPEED_MPS * Math.max(0, nowMs - this.#atMs)) / 1_000
    this.#atMs = nowMs
    const to = this.#destination
    if (to === null) return
    const from = this.#place
    const wayM = distanceM(from, to)
    if (droveM >= wayM) {
      this.#place = to
      this.#destination = null
      return
    }
    const share = droveM / wayM
    this.#place = {
      lonDeg: from.lonDeg + (to.lonDeg - from.lonDeg) * share,
      latDeg: from.latDeg + (to.latDeg - from.latDeg) * share,
    }
  }
}
