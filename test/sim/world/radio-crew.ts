/**
 * A crew that has no app, in a vehicle whose modem reports: it calls the desk by radio, and a dispatcher does for it what other
 * crews do with buttons. Who calls is not always heard, and some orders nobody answers.
 */
import type { UnitReference } from '../../../src/domain/events/unit-events.ts'
import type { Dice } from '../../fuzz/dice.ts'
import { HOUR_MS, happens, MINUTE_MS, SECOND_MS } from './chance.ts'
import type { Town } from './town.ts'
import { Vehicle } from './vehicle.ts'

const TO_SCENE_MPS = 12
/** What it reports of a trip, and how long after the step before. */
const STEPS = [
  { phase: 'en-route', afterMs: [10 * SECOND_MS, MINUTE_MS] },
  { phase: 'on-scene', afterMs: [2 * MINUTE_MS, 6 * MINUTE_MS] },
] as const

/** A desk as a crew hears it. */
export interface Desk {
  setByRadio(unitId: string, status: 'available' | 'off-duty'): void
  reportByRadio(tripId: string, phase: (typeof STEPS)[number]['phase'] | 'closed'): void
}

interface RadioCrewParts {
  readonly town: Town
  readonly name: string
  readonly unit: UnitReference
  readonly desks: () => readonly Desk[]
}

export class RadioCrew {
  readonly unitId: string
  readonly vehicle: Vehicle
  readonly #town: Town
  readonly #name: string
  readonly #desks: () => readonly Desk[]
  readonly #dice: Dice
  readonly #staysSilent: number
  #isOnDuty = false

  constructor({ town, name, unit, desks }: RadioCrewParts) {
    this.unitId = unit.unitId
    this.#town = town
    this.#name = name
    this.#desks = desks
    this.#dice = town.dice(name)
    this.vehicle = new Vehicle(this.#dice.pick(town.city.stations))
    this.#staysSilent = this.#dice.below(12) / 100
  }

  begin(): void {
    this.#town.loop.after(this.#dice.within([0, 5 * MINUTE_MS]), () => this.#comeOnDuty())
  }

  calm(): void {
    this.#town.loop.after(this.#dice.within([SECOND_MS, 20 * SECOND_MS]), () => this.#comeOnDuty())
  }

  /** Somebody calls it: whether it is heard. */
  answers(): boolean {
    return this.#isOnDuty && (this.#town.isCalm || !happens(this.#dice, this.#staysSilent))
  }

  /** It has taken a trip, and says by radio how it goes on. */
  takes(tripId: string): void {
    this.vehicle.driveTo(this.#dice.pick(this.#town.city.stations), this.#town.loop.nowMs, TO_SCENE_MPS)
    this.#report(tripId, 0)
  }

  #report(tripId: string, step: number): void {
    const { loop } = this.#town
    const next = STEPS[step]
    loop.after(this.#dice.within(next?.afterMs ?? [2 * MINUTE_MS, 10 * MINUTE_MS]), () => {
      this.#dice.pick(this.#desks()).reportByRadio(tripId, next?.phase ?? 'closed')
      if (next !== undefined) this.#report(tripId, step + 1)
    })
  }

  /** It says so again now and then: a dispatcher may have missed it. */
  #comeOnDuty(): void {
    const { chronicle, loop, isCalm } = this.#town
    if (!this.#isOnDuty) chronicle.tell(this.#name, 'comes on duty by radio')
    this.#isOnDuty = true
    this.#dice.pick(this.#desks()).setByRadio(this.unitId, 'available')
    if (isCalm) return
    const isOver = happens(this.#dice, 0.1)
    loop.after(this.#dice.within([5 * MINUTE_MS, HOUR_MS]), () => (isOver ? this.#goOffDuty() : this.#comeOnDuty()))
  }

  #goOffDuty(): void {
    if (this.#town.isCalm) return
    this.#isOnDuty = false
    this.#dice.pick(this.#desks()).setByRadio(this.unitId, 'off-duty')
    this.#town.loop.after(this.#dice.within([5 * MINUTE_MS, 40 * MINUTE_MS]), () => this.#comeOnDuty())
  }
}
