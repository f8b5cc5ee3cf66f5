/** A made-up ambulance in the demo's city: it drives along the roads to where it is sent, and about when it is not. */
import { distanceM, type Position } from '../domain/geo.ts'
import type { DemoCity } from './demo-city.ts'

interface Drive {
  readonly line: readonly Position[]
  readonly metresPerMs: number
  /** The end of the piece that it is on. */
  next: number
}

export class Vehicle {
  readonly #city: DemoCity
  readonly #random: () => number
  #place: Position
  #drive: Drive | null = null
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
    const { line, driveMs } = this.#city.way(this.#place, destination)
    const metres = line.reduce((sum, to, index) => sum + (index === 0 ? 0 : distanceM(line[index - 1]!, to)), 0)
    this.#drive = metres === 0 ? null : { line, metresPerMs: metres / driveMs, next: 1 }
  }
  roam(): void {
    if (this.hasArrived) this.driveTo(this.#city.somewhere(this.#random))
  }
  stop(): void {
    this.#drive = null
  }

  /** Drives until now. */
  move(nowMs: number): void {
    const droveMs = Math.max(0, nowMs - this.#atMs)
    this.#atMs = nowMs
    const drive = this.#drive
    if (drive === null) return
    let leftM = droveMs * drive.metresPerMs
    for (;;) {
      const to = drive.line[drive.next]
      if (to === undefined) return this.stop()
      const pieceM = distanceM(this.#place, to)
      if (leftM < pieceM) {
        this.#place = partOf(this.#place, to, leftM / pieceM)
        return
      }
      leftM -= pieceM
      this.#place = to
      drive.next += 1
    }
  }
}

const partOf = (from: Position, to: Position, share: number): Position => ({
  lonDeg: from.lonDeg + (to.lonDeg - from.lonDeg) * share,
  latDeg: from.latDeg + (to.latDeg - from.latDeg) * share,
})
