/**
 * A crew's work on one trip: sets out, drives to the scene, treats, carries, hands over, and presses a button at each.
 *
 * The work goes on whatever the phone says: a crew without a connection drives all the same. It ends with the closing
 * of the trip, or when the crew hears that the trip is not theirs any more.
 */

import {
  DISPOSITIONS,
  type Disposition,
  type ReportablePhase,
  type TripPhase,
  WORK_PHASES,
} from '../../../src/domain/vocabulary.ts'
import type { TripView } from '../../../src/protocol/wire/situation-views.ts'
import type { Dice } from '../../fuzz/dice.ts'
import { happens, SECOND_MS } from './chance.ts'
import { crossingAt, type Point, wayM } from './city.ts'
import type { Town } from './town.ts'
import type { Vehicle } from './vehicle.ts'

/** A button that is to be pressed. */
export type Button = { readonly phase: ReportablePhase } | { readonly disposition: Disposition }

interface WorkParts {
  readonly town: Town
  readonly dice: Dice
  readonly vehicle: Vehicle
  readonly press: (button: Button) => void
  /** Whether the vehicle can carry a patient. */
  readonly carries: () => boolean
  /** A share of buttons that nobody thinks of. */
  readonly forgetful: number
}

const SPEED_MPS = 14
const AT_REST: readonly Disposition[] = DISPOSITIONS.filter(disposition => disposition !== 'transported')
/** When the day is over every step is done in at most this long. */
const HURRY_MS = 20 * SECOND_MS

export class Work {
  readonly tripId: string
  readonly #parts: WorkParts
  #scene: Point
  #drivesToScene = false
  /** The furthest button that was pressed, or that the engine knew of when the work began. */
  #owed: TripPhase
  #closing: Disposition | null = null
  #next: { readonly run: () => void; cancel(): void; readonly atMs: number } | null = null

  constructor(trip: TripView, parts: WorkParts) {
    this.tripId = trip.tripId
    this.#parts = parts
    this.#scene = crossingAt(trip)
    this.#owed = trip.phase
    this.#goOnFrom(trip.phase)
  }

  /** The button that the engine should have heard of by now; null when it has. */
  missing(trip: TripView): Button | null {
    // The service may have said meanwhile that the vehicle cannot carry.
    if (this.#closing === 'transported') this.#closing = this.#carriedBy()
    if (this.#closing !== null) return { disposition: this.#closing }
    return orderOf(this.#owed) > orderOf(trip.phase) ? { phase: this.#owed as ReportablePhase } : null
  }

  /** The trip as it is now: the scene may be elsewhere, or the desk may have reported a later phase by radio. */
  see(trip: TripView): void {
    const scene = crossingAt(trip)
    const isElsewhere = wayM(scene, this.#scene) > 0
    this.#scene = scene
    if (this.#closing !== null) return
    if (orderOf(trip.phase) > orderOf(this.#owed)) {
      this.#owed = trip.phase
      this.#goOnFrom(trip.phase)
    } else if (isElsewhere && this.#drivesToScene) this.#drive()
  }

  /** Whatever is being done is done soon. */
  hurry(): void {
    const { loop } = this.#parts.town
    if (this.#next === null || this.#next.atMs - loop.nowMs <= HURRY_MS) return
    this.#after(HURRY_MS, this.#next.run)
  }

  stop(): void {
    this.#next?.cancel()
    this.#next = null
  }

  #goOnFrom(phase: TripPhase): void {
    switch (phase) {
      case 'en-route':
        return this.#drive()
      case 'on-scene':
      case 'at-patient':
        return this.#treat()
      case 'transporting':
        return this.#carry()
      case 'at-destination':
      case 'transferred':
        return this.#handOver()
      default:
        return this.#after(this.#within(5, 90), () => {
          this.#button('en-route')
          this.#drive()
        })
    }
  }

  #drive(): void {
    this.#drivesToScene = true
    this.#driveTo(this.#scene, () => {
      this.#drivesToScene = false
      this.#button('on-scene')
      this.#treat()
    })
  }

  #treat(): void {
    this.#drivesToScene = false
    this.#after(this.#within(60, 600), () => {
      const { dice } = this.#parts
      // A crew that cannot carry goes along with the patient now and then.
      if (dice.oneIn(5) || (!this.#parts.carries() && !dice.oneIn(5))) return this.#close(dice.pick(AT_REST))
      if (!dice.oneIn(3)) return this.#setOutForHospital()
      this.#button('at-patient')
      this.#after(this.#within(60, 600), () => this.#setOutForHospital())
    })
  }

  #setOutForHospital(): void {
    this.#button('transporting')
    this.#carry()
  }

  #carry(): void {
    this.#drivesToScene = false
    const { town, vehicle } = this.#parts
    this.#driveTo(town.city.hospitalNear(vehicle.pointAt(town.loop.nowMs)), () => {
      this.#button('at-destination')
      this.#handOver()
    })
  }

  #handOver(): void {
    this.#after(this.#within(120, 900), () => {
      const { dice } = this.#parts
      if (!dice.oneIn(4)) return this.#close(this.#carriedBy())
      this.#button('transferred')
      this.#after(this.#within(30, 300), () => this.#close(this.#carriedBy()))
    })
  }

  #carriedBy(): Disposition {
    return this.#parts.carries() ? 'transported' : 'transferred-to-other-unit'
  }

  #close(disposition: Disposition): void {
    this.#closing = disposition
    this.#parts.press({ disposition })
  }

  #button(phase: ReportablePhase): void {
    if (happens(this.#parts.dice, this.#parts.forgetful)) return
    if (orderOf(phase) > orderOf(this.#owed)) this.#owed = phase
    this.#parts.press({ phase })
  }

  #driveTo(point: Point, arrived: () => void): void {
    const { town, vehicle } = this.#parts
    const { nowMs } = town.loop
    const metres = wayM(vehicle.pointAt(nowMs), point)
    const speedMps = town.isCalm ? Math.max(SPEED_MPS, (metres / HURRY_MS) * SECOND_MS) : SPEED_MPS
    this.#after(vehicle.driveTo(point, nowMs, speedMps) - nowMs, arrived)
  }

  #within(fromS: number, toS: number): number {
    const { town, dice } = this.#parts
    const drawnMs = dice.within([fromS * SECOND_MS, toS * SECOND_MS])
    return town.isCalm ? Math.min(HURRY_MS, drawnMs) : drawnMs
  }

  #after(delayMs: number, run: () => void): void {
    this.stop()
    const { loop } = this.#parts.town
    const cancel = loop.after(delayMs, () => {
      this.#next = null
      run()
    })
    this.#next = { run, cancel, atMs: loop.nowMs + delayMs }
  }
}

/** Place of a phase in the work; -1 before it is accepted. */
const orderOf = (phase: TripPhase): number => (WORK_PHASES as readonly TripPhase[]).indexOf(phase)
