/** A made-up ambulance in the demo's city: it drives along the roads to where it is sent, and about when it is not. */
import type { Position } from '../domain/geo.ts'
import type { DemoCity } from './demo-city.ts'
import { DriveAlong } from './drive-along.ts'

export class Vehicle {
  readonly #city: DemoCity
  readonly #random: () => number
  #place: Position
  #drive: DriveAlong | null = null
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
  }

  /** Drives until now. */
  move(nowMs: number): void {
    this.#atMs = Math.max(nowMs, this.#atMs)
    if (this.#drive !== null) this.#follow(this.#drive)
  }

  #follow(drive: DriveAlong): void {
    const driven = drive.at(this.#atMs)
    this.#place = driven?.place ?? drive.end
    if (driven === null) this.stop()
  }
}
