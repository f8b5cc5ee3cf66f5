/**
 * Where one vehicle is that drives on roads while it has a trip, and goes by its recorded trace while it has none.
 *
 * - `trace`: it is where its record says.
 * - `standing`: it stands, from the acceptance of an offer on, at a scene and at a hospital.
 * - `driving`: it is on its way to a scene or a hospital, where it stands.
 * - `returning`: its trip is over, and it drives to where its trace is by now, and again if that has moved on; then `trace`. One that
 *   keeps moving away is given up for a jump: a record need not keep to the speeds of the roads.
 */
import { DriveAlong } from '../../src/demo/drive-along.ts'
import { distanceM, type Position } from '../../src/domain/geo.ts'
import type { Priority } from '../../src/domain/vocabulary.ts'
import type { TimedWay } from '../../src/roads/nearest/timed-way.ts'
import type { Streets } from './streets.ts'

export interface PlacedOnWheels extends Position {
  readonly speedMps: number
  readonly headingDeg: number | null
}

type Mode =
  | { readonly name: 'trace' | 'standing' }
  | { readonly name: 'driving'; readonly drive: DriveAlong }
  | { readonly name: 'returning'; readonly drive: DriveAlong; readonly tries: number }

/** So near to its trace a vehicle goes by it again: what a vehicle drives between two fixes a quarter of a minute apart. */
const REJOIN_M = 300
/** Ways back after a trip. */
const RETURNS_MAX = 3

export class Wheels {
  readonly #streets: Streets
  #mode: Mode = { name: 'trace' }
  #place: Position | null = null
  /** The last place of its trace. */
  #recorded: Position | null = null

  constructor(streets: Streets) {
    this.#streets = streets
  }

  /** Whether it is not where its trace says. */
  get isOffTrace(): boolean {
    return this.#mode.name !== 'trace'
  }
  get isMoving(): boolean {
    return this.#mode.name === 'driving' || this.#mode.name === 'returning'
  }

  /** Its record says so. Output: whether it is there. */
  recorded(place: Position): boolean {
    this.#recorded = place
    if (this.isOffTrace) return false
    this.#place = place
    return true
  }

  stand(nowMs: number): void {
    this.at(nowMs)
    this.#mode = { name: 'standing' }
  }

  /** Output: when it will be there; null for a vehicle that nobody has seen yet. */
  driveTo(scene: Position, priority: Priority, nowMs: number): number | null {
    return this.#drive(place => this.#streets.toScene(place, scene, priority, nowMs), nowMs)
  }
  driveToHospital(nowMs: number): number | null {
    return this.#drive(place => this.#streets.toHospital(place, nowMs), nowMs)
  }

  /** Its trip is over. */
  goBack(nowMs: number): void {
    if (this.isOffTrace) this.#return(nowMs, 1)
  }

  #return(nowMs: number, tries: number): void {
    const [place, recorded] = [this.#place, this.#recorded]
    if (place === null || recorded === null || tries > RETURNS_MAX || distanceM(place, recorded) <= REJOIN_M) {
      this.#mode = { name: 'trace' }
      return
    }
    const way = this.#streets.back(place, recorded, nowMs)
    this.#mode = { name: 'returning', drive: new DriveAlong(way, nowMs), tries }
  }

  /** Drives until now. Output: null for a vehicle that nobody has seen yet. */
  at(nowMs: number): PlacedOnWheels | null {
    const mode = this.#mode
    if (mode.name === 'driving' || mode.name === 'returning') {
      const driven = mode.drive.at(nowMs)
      this.#place = driven?.place ?? mode.drive.end
      if (driven !== null) return { ...driven.place, speedMps: driven.speedMps, headingDeg: driven.headingDeg }
      if (mode.name === 'driving') this.#mode = { name: 'standing' }
      else this.#return(nowMs, mode.tries + 1)
    }
    return this.#place === null ? null : { ...this.#place, speedMps: 0, headingDeg: null }
  }

  #drive(way: (from: Position) => TimedWay, nowMs: number): number | null {
    const from = this.at(nowMs)
    if (from === null) return null
    const drive = new DriveAlong(way(from), nowMs)
    this.#mode = { name: 'driving', drive }
    return drive.arrivesAtMs
  }
}
