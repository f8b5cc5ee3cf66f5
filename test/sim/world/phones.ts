/**
 * The phones that a unit's crew may use, one of them in hand: what goes wrong with them, and who signs in with which.
 *
 * The second phone belongs to the same person; the relief's to another one, who takes the unit over with it. Whoever
 * signs in last has the unit, and the app of the other ends.
 */
import type { Dice } from '../../fuzz/dice.ts'
import { MINUTE_MS, SECOND_MS } from './chance.ts'
import { loseClock } from './clock-trouble.ts'
import type { ClientStanding } from './parts.ts'
import { Phone, type PhoneUser } from './phone.ts'
import type { Town } from './town.ts'
import type { Vehicle } from './vehicle.ts'

const KINDS = ['first', 'second', 'relief'] as const
type Kind = (typeof KINDS)[number]

interface PhonesParts {
  readonly town: Town
  readonly dice: Dice
  /** Of the crew: `crew-3`. */
  readonly name: string
  readonly unitId: string
  /** Null: a feed reports for the unit. */
  readonly vehicle: Vehicle | null
  readonly user: PhoneUser
}

export class Phones {
  readonly #parts: PhonesParts
  readonly #all = new Map<Kind, Phone>()
  #inHand: Phone
  /** The crew is at work, so the phone in hand is to run. */
  #isWanted = false

  constructor(parts: PhonesParts) {
    this.#parts = parts
    this.#inHand = this.#phone('first')
  }

  get inHand(): Phone {
    return this.#inHand
  }

  signIn(): void {
    this.#isWanted = true
    this.#inHand.open()
  }

  leave(): void {
    this.#isWanted = false
    this.#inHand.closeWhenStored()
  }

  /** Starts the app in hand again after it has ended. */
  openLater(): void {
    const { town, dice } = this.#parts
    town.loop.after(dice.within([5 * SECOND_MS, MINUTE_MS]), () => {
      if (this.#isWanted) this.#inHand.open()
    })
  }

  standings(): ClientStanding[] {
    return [...this.#all.values()].map(phone => phone.standing(phone !== this.#inHand || !this.#isWanted))
  }

  /** The phones work, and there is one of them. */
  calm(): void {
    for (const phone of this.#all.values()) {
      phone.switchOn()
      if (phone !== this.#inHand) phone.close()
      phone.device.setClock(0)
    }
    this.signIn()
  }

  // What goes wrong.

  restart(): void {
    const { town, dice } = this.#parts
    const keepsDisk = !dice.oneIn(3)
    const downMs = dice.oneIn(3) ? dice.within([MINUTE_MS, 20 * MINUTE_MS]) : dice.within([5 * SECOND_MS, MINUTE_MS])
    const phone = this.#inHand
    if (!phone.isOn) return
    const lost = keepsDisk ? '' : ', and all that it held is lost'
    this.#tell(phone, `goes off for ${Math.round(downMs / SECOND_MS)} s${lost}`)
    phone.switchOff()
    if (!keepsDisk) phone.emptyDisk()
    town.loop.after(downMs, () => {
      if (phone.isOn) return
      this.#tell(phone, 'is on again')
      phone.switchOn()
      if (this.#isWanted && phone === this.#inHand) phone.open()
    })
  }

  /** More often than an engine remembers streams of a unit. */
  crashAgainAndAgain(dice: Dice): void {
    const phone = this.#inHand
    const times = dice.within([3, 20])
    this.#tell(phone, `has an app that crashes ${times} times`)
    phone.crashAgainAndAgain(times, () => this.#isWanted && phone === this.#inHand)
  }

  loseClock(): void {
    const { town, dice } = this.#parts
    loseClock(town, dice, this.#inHand.device)
  }

  /** Somebody signs in with another phone; this one is superseded. */
  change(): void {
    const { dice } = this.#parts
    const others = KINDS.filter(kind => this.#all.get(kind) !== this.#inHand)
    const phone = this.#phone(dice.pick(others))
    if (!phone.isOn) return
    this.#inHand = phone
    this.#tell(phone, 'signs in, as another phone of the unit')
    phone.open()
  }

  #phone(kind: Kind): Phone {
    const known = this.#all.get(kind)
    if (known !== undefined) return known
    const { town, dice, name, unitId, vehicle, user } = this.#parts
    const phone = new Phone({
      town,
      dice,
      name: kind === 'first' ? name : `${name}-${kind}`,
      principal: kind === 'relief' ? `${name}-relief` : name,
      unitId,
      streamPrefix: kind[0]!,
      vehicle,
      user,
    })
    this.#all.set(kind, phone)
    return phone
  }

  #tell(phone: Phone, what: string): void {
    this.#parts.town.chronicle.tell(phone.name, what)
  }
}
