/** The people who call for help: when, from where, how badly, and for which units. */
import type { NewCall } from '../../../src/client/index.ts'
import type { Need } from '../../../src/domain/events/call-events.ts'
import type { UnitReference } from '../../../src/domain/events/unit-events.ts'
import { LEVELS_OF_CARE, type Priority } from '../../../src/domain/vocabulary.ts'
import type { Dice } from '../../fuzz/dice.ts'
import { HOUR_MS, happens, MINUTE_MS, untilNextMs } from './chance.ts'
import { positionOf } from './city.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { Town } from './town.ts'

/** Of calls, how many somebody takes a hand in; and of those, how many by two people at the same moment. */
const HANDS_SHARE = 0.25
const TWO_HANDS_SHARE = 0.3
const CAPABILITIES = ['bariatric', 'neonatal', 'rescue'] as const

export class Callers {
  readonly #town: Town
  readonly #units: readonly UnitReference[]
  readonly #desks: readonly Dispatcher[]
  readonly #dice: Dice
  /** Of who has to be carried, and of what is preferred. */
  readonly #carriage: Dice

  constructor(town: Town, units: readonly UnitReference[], desks: readonly Dispatcher[]) {
    this.#town = town
    this.#units = units
    this.#desks = desks
    this.#dice = town.dice('callers')
    this.#carriage = town.dice('carriage')
  }

  begin(): void {
    const isServed = this.#units.length > 0 && this.#desks.length > 0
    if (isServed && this.#town.plan.callsPerHour > 0) this.#planCall()
  }

  #planCall(): void {
    const { loop, plan } = this.#town
    loop.after(untilNextMs(this.#dice, HOUR_MS / plan.callsPerHour), () => {
      if (this.#town.isCalm) return
      void this.#call()
      this.#planCall()
    })
  }

  async #call(): Promise<void> {
    const dice = this.#dice
    const taken = await dice.pick(this.#desks).enterCall(this.#someCall())
    if (taken === null || !happens(dice, HANDS_SHARE)) return
    this.#town.loop.after(dice.within([0, 12 * MINUTE_MS]), () => {
      dice.pick(this.#desks).takeAHand(taken)
      if (happens(dice, TWO_HANDS_SHARE)) dice.pick(this.#desks).takeAHand(taken)
    })
  }

  #someCall(): NewCall {
    const dice = this.#dice
    const priority = Number(dice.weighed({ 1: 1, 2: 2, 3: 3, 4: 2, 5: 1 })) as Priority
    const needs = Array.from({ length: Number(dice.weighed({ 1: 12, 2: 3, 3: 1 })) }, () => this.#someNeed())
    const details = { callerName: 'the caller', phone: '555-0100', address: null, notes: null }
    return {
      ...positionOf(this.#town.city.somewhere(dice)),
      priority,
      problem: dice.pick(['10D2', '6E1', '26A8', null]),
      needs,
      // Entered from paper, long after it was received.
      ...(dice.oneIn(15) ? { receivedAtMs: this.#town.loop.nowMs - dice.within([1, 60]) * MINUTE_MS } : {}),
      ...(dice.oneIn(3) ? { details } : {}),
    }
  }

  /** As a rule something that one of the units can do. */
  #someNeed(): Need {
    const dice = this.#dice
    if (dice.oneIn(40)) return { levelOfCare: dice.pick(LEVELS_OF_CARE), capabilities: [dice.pick(CAPABILITIES)] }
    const { levelOfCare, transports, capabilities } = dice.pick(this.#units)
    const levels = LEVELS_OF_CARE.slice(0, LEVELS_OF_CARE.indexOf(levelOfCare) + 1)
    const need = { levelOfCare: dice.pick(levels), capabilities: dice.oneIn(6) ? capabilities : [] }
    // A client of before transport was told by itself leaves it out.
    if (this.#carriage.oneIn(3)) return need
    const told = { ...need, transport: transports !== false && !this.#carriage.oneIn(4) }
    return this.#carriage.oneIn(3) ? { ...told, preferred: [this.#carriage.pick(CAPABILITIES)] } : told
  }
}

/** The units of the service. Input: as many of each as have a crew; chance, and that of which of them carry. */
export function unitsOf(count: number, dice: Dice, carriage: Dice): UnitReference[] {
  return Array.from({ length: count }, (_, index) => ({
    unitId: `U${String(index + 1).padStart(3, '0')}`,
    callSign: `A${index + 1}`,
    levelOfCare: dice.weighed({ bls: 4, als: 4, cct: 1, 'first-responder': 1 }),
    // A fly-car cares and does not carry.
    ...(carriage.oneIn(5) ? { transports: false } : {}),
    capabilities: CAPABILITIES.filter(() => dice.oneIn(4)),
    homeStation: null,
  }))
}
