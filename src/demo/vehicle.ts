/** A made-up ambulance in the demo's city: it drives along the roads to where it is sent, and about when it is not. */
import type { Position } from '../domain/geo.ts'
import type { DemoCity } from './demo-city.ts'
import { DriveAlong } from './drive-along.ts'

const STANDS = { speedMps: 0, headingDeg: null } as const

export class Vehicle {
  readonly #city: DemoCity
  readonly #random: () => number
  #place: Position
  #drive: DriveAlong | null = null
  #course: { readonly speedMps: number; readonly headingDeg: number | null } = STANDS
  #atMs: number

  constructor(city: DemoCity, random: () => number, nowMs: number) {
    this.#city = city
    this.#random = random
    this.#place = city.somewhere(random)
    this.#atMs = nowMs
  }

  get place(): Position {
    return this.#place
  }
  /** As its receiver tells it: a map draws it on between two of these. */
  get fix(): Position & { readonly speedMps: number; readonly headingDeg: number | null } {
    return { ...this.#place, ...this.#course }
  }
  get hasArrived(): boolean {
    return this.#drive === null
  }

  driveTo(destination: Position): void {
    this.#drive = new DriveAlong(this.#city.way(this.#place, destination), this.#atMs)
    this.#follow(this.#drive)
  }
  roam(): void {
    if (this.hasArrived) this.driveTo(this.#city.somewhere(this.#random))
  }
  stop(): void {
    this.#drive = null
    this.#course = STANDS
  }

  /** Drives until now. */
  move(nowMs: number): void {
    this.#atMs = Math.max(nowMs, this.#atMs)
    if (this.#drive !== null) this.#follow(this.#drive)
  }

  #follow(drive: DriveAlong): void {
    const driven = drive.at(this.#atMs)
    this.#place = driven?.place ?? drive.end
    if (driven === null) return this.stop()
    const { speedMps, headingDeg } = driven
    this.#course = { speedMps, headingDeg }
  }
}
