/**
 * A crew and its ambulance: a day of shifts and breaks, of offers answered or not, of trips and buttons.
 *
 * What a crew wants is its own; what stands is what its screen shows. Where the two differ, it presses a button after a
 * while, and again if that did not help. So a crew comes right after anything that befell its phone or the engine.
 */
import type { ClientClosed } from '../../../src/client/index.ts'
import type { UnitReference } from '../../../src/domain/events/unit-events.ts'
import {
  DECLINE_REASONS,
  type TripPhase,
  UNAVAILABLE_REASONS,
  type UnavailableReason,
  WORK_PHASES,
} from '../../../src/domain/vocabulary.ts'
import type { DriverView, OfferView, TripView } from '../../../src/protocol/wire/situation-views.ts'
import type { Dice } from '../../fuzz/dice.ts'
import { HOUR_MS, happens, MINUTE_MS, SECOND_MS, untilNextMs } from './chance.ts'
import type { Point } from './city.ts'
import { someMistake } from './mistakes.ts'
import type { ClientStanding } from './parts.ts'
import type { Phone, PhoneUser, Press } from './phone.ts'
import { Phones } from './phones.ts'
import type { Town } from './town.ts'
import { Vehicle } from './vehicle.ts'
import { type Button, Work } from './work.ts'

interface CrewParts {
  readonly town: Town
  readonly name: string
  readonly unit: UnitReference
  /** True: its phone knows where it is; false: a feed reports for it. */
  readonly reports: boolean
}

/** What it makes of offers: shares of them. */
interface Habits {
  readonly declines: number
  readonly staysSilent: number
  readonly isLate: number
  readonly forgets: number
}

type Reply = 'accept' | 'decline' | 'stay silent' | 'accept late'

interface Wish {
  readonly what: string
  readonly press: Press
}

/** Between two phones or buttons gone wrong, for a crew that does nothing right. */
const TROUBLE_EVERY_MS = 15 * MINUTE_MS
const HOMEWARD_MPS = 9

export class Crew implements PhoneUser {
  readonly name: string
  readonly unitId: string
  readonly vehicle: Vehicle
  readonly #town: Town
  readonly #dice: Dice
  readonly #home: Point
  readonly #habits: Habits
  readonly #phones: Phones
  #wantsDuty = false
  /** As its phone was told. */
  #carries = true
  /** Why it wants a break; null while it does not. */
  #breakFor: UnavailableReason | null = null
  #work: Work | null = null
  #offer: { readonly offerId: string; readonly reply: Reply } | null = null
  #replyTimer: (() => void) | null = null
  #lookTimer: { readonly atMs: number; cancel(): void } | null = null

  constructor({ town, name, unit, reports }: CrewParts) {
    this.name = name
    this.unitId = unit.unitId
    this.#town = town
    const dice = town.dice(name)
    this.#dice = dice
    this.#home = dice.pick(town.city.stations)
    this.vehicle = new Vehicle(this.#home)
    this.#habits = {
      declines: dice.below(10) / 100,
      staysSilent: dice.below(8) / 100,
      isLate: dice.below(4) / 100,
      forgets: dice.below(10) / 100,
    }
    const vehicle = reports ? this.vehicle : null
    this.#phones = new Phones({ town, dice, name, unitId: unit.unitId, vehicle, user: this })
  }

  /** Some crews never say that they know: they are seen to turn round. */
  get #ignoresStandDowns(): boolean {
    return !this.#town.isCalm && this.unitId.endsWith('3')
  }

  begin(): void {
    const { loop, plan } = this.#town
    const latestMs = this.#dice.oneIn(6) ? plan.hours * HOUR_MS : 5 * MINUTE_MS
    loop.after(this.#dice.within([0, latestMs]), () => this.#comeOnDuty())
    this.#planBreak()
    if (plan.troubles.clumsiness > 0) this.#planTrouble()
  }

  standings(): ClientStanding[] {
    return this.#phones.standings()
  }

  /** Comes to work, answers, and finishes what it has. */
  calm(): void {
    this.#wantsDuty = true
    this.#breakFor = null
    this.#offer = null
    this.#phones.calm()
    this.#work?.hurry()
    this.#look(this.#within(2, 8))
  }

  /** Somebody calls it by radio. */
  answersRadio(): boolean {
    return this.#wantsDuty && !happens(this.#dice, this.#habits.staysSilent)
  }

  /** Its app crashes again and again. Input: chance that is no other's. */
  crashApp(dice: Dice): void {
    this.#phones.crashAgainAndAgain(dice)
  }

  // What the phone tells.

  seen(phone: Phone, driver: DriverView): void {
    if (phone !== this.#phones.inHand) return
    this.#followTrip(driver)
    if (!this.#wantsDuty && driver.unit.crew === null) this.#phones.leave()
    else if (this.#hasToDo(driver)) this.#look(this.#within(2, 15))
  }

  offered(phone: Phone, { offerId, deadlineAtMs, mode }: OfferView, trip: TripView): void {
    const town = this.#town
    town.trips.hear(trip.tripId)
    town.offers.hear(offerId)
    if (phone !== this.#phones.inHand) return
    if (this.#offer?.offerId !== offerId) this.#offer = { offerId, reply: this.#replyTo(mode) }
    const { reply } = this.#offer
    if (reply === 'stay silent') return town.chronicle.tell(this.name, `does not answer offer ${offerId}`)
    const overMs = deadlineAtMs - (phone.client?.regionNowMs() ?? deadlineAtMs)
    const delayMs = reply === 'accept late' ? Math.max(0, overMs) + this.#within(1, 30) : this.#within(2, 10)
    this.#replyTimer?.()
    this.#replyTimer = town.loop.after(delayMs, () => this.#reply(offerId, reply))
  }

  ended(phone: Phone, why: ClientClosed['reason']): void {
    this.#town.chronicle.tell(phone.name, `the app has ended: ${why}`)
    if (phone === this.#phones.inHand) this.#phones.openLater()
  }

  // Shifts.

  #comeOnDuty(): void {
    if (this.#wantsDuty) return
    this.#town.chronicle.tell(this.name, 'comes on duty')
    this.#wantsDuty = true
    this.#phones.signIn()
    if (this.#dice.oneIn(2)) this.#signOn()
    this.#town.loop.after(this.#dice.within([45 * MINUTE_MS, 10 * HOUR_MS]), () => this.#goOffDuty())
  }

  #goOffDuty(): void {
    if (this.#town.isCalm) return
    this.#town.chronicle.tell(this.name, 'wants to go off duty')
    this.#wantsDuty = false
    this.#look(0)
    this.#town.loop.after(this.#dice.within([10 * MINUTE_MS, 2 * HOUR_MS]), () => this.#comeOnDuty())
  }

  #planBreak(): void {
    const { loop } = this.#town
    loop.after(untilNextMs(this.#dice, 3 * HOUR_MS), () => {
      if (this.#town.isCalm) return
      this.#rest(this.#dice.pick(UNAVAILABLE_REASONS), () => this.#planBreak())
      this.#look(0)
    })
  }

  #rest(reason: UnavailableReason, then = () => {}): void {
    this.#breakFor = reason
    this.#town.loop.after(this.#dice.within([4 * MINUTE_MS, 25 * MINUTE_MS]), () => {
      this.#breakFor = null
      this.#look(this.#within(1, 20))
      then()
    })
  }

  #planTrouble(): void {
    const { loop, plan } = this.#town
    loop.after(untilNextMs(this.#dice, TROUBLE_EVERY_MS / plan.troubles.clumsiness), () => {
      if (this.#town.isCalm) return
      if (this.#wantsDuty) this.#trouble()
      this.#planTrouble()
    })
  }

  #trouble(): void {
    switch (this.#dice.weighed({ restart: 3, clock: 2, phone: 2, button: 4 })) {
      case 'restart':
        return this.#phones.restart()
      case 'clock':
        return this.#phones.loseClock()
      case 'phone':
        return this.#phones.change()
      case 'button': {
        const mistake = someMistake(this.#town, this.#dice, this.#work?.tripId ?? null)
        if (mistake !== null) this.#press(mistake.what, mistake.press)
      }
    }
  }

  // Offers.

  #replyTo(mode: OfferView['mode']): Reply {
    if (this.#town.isCalm) return 'accept'
    const { declines, staysSilent, isLate } = this.#habits
    // An order can only be acknowledged; now and then a crew tries to decline it all the same.
    if (happens(this.#dice, mode === 'ordered' ? declines / 10 : declines)) return 'decline'
    if (happens(this.#dice, staysSilent)) return 'stay silent'
    return happens(this.#dice, isLate) ? 'accept late' : 'accept'
  }

  #reply(offerId: string, reply: Reply): void {
    this.#replyTimer = null
    const { screen } = this.#phones.inHand
    const isGone = screen !== null && screen.trip?.offer?.offerId !== offerId
    if (isGone && reply !== 'accept late') return
    if (reply === 'decline') {
      const reason = this.#dice.pick(DECLINE_REASONS)
      if (reason !== 'too-far' && reason !== 'other') this.#rest(reason)
      return this.#press('decline', (client, { id }) => client.declineOffer(offerId, reason, { id }))
    }
    this.#press('accept', (client, how) => client.acceptOffer(offerId, how))
  }

  // Trips.

  #followTrip({ unit, trip }: DriverView): void {
    this.#carries = unit.transports
    const isOurs = trip !== null && trip.unitId === this.unitId && isWorkedOn(trip.phase)
    if (this.#work !== null && !(isOurs && trip.tripId === this.#work.tripId)) this.#leaveWork()
    if (!isOurs) return
    if (this.#work !== null) return this.#work.see(trip)
    this.#maybeCallForHelp()
    this.#work = new Work(trip, {
      town: this.#town,
      dice: this.#dice,
      vehicle: this.vehicle,
      press: button => this.#pressButton(trip.tripId, button),
      carries: () => this.#carries,
      forgetful: this.#habits.forgets,
    })
  }

  /** Somebody threatens the crew, now and then. */
  #maybeCallForHelp(): void {
    if (this.#town.isCalm || !this.#dice.oneIn(20)) return
    this.#town.loop.after(this.#dice.within([10 * SECOND_MS, 10 * MINUTE_MS]), () => {
      this.#press('emergency', (client, how) => client.callEmergency(how))
    })
  }

  #leaveWork(): void {
    this.#work?.stop()
    this.#work = null
    this.vehicle.driveTo(this.#home, this.#town.loop.nowMs, HOMEWARD_MPS)
  }

  #pressButton(tripId: string, button: Button): void {
    const { what, press } = wishOf(tripId, button)
    this.#press(what, press)
  }

  // Wishes.

  /** What is to be pressed so that the screen shows what the crew wants; null when it does. */
  #wish(screen: DriverView): Wish | null {
    const { unit, trip } = screen
    if (unit.crew !== this.#phones.inHand.principal) {
      // Another crew's name stands there: only who is signed on can sign off.
      if (!this.#wantsDuty && unit.crew === null) return null
      return { what: 'sign-on', press: (client, how) => client.signOn(how) }
    }
    const missing = trip === null || trip.tripId !== this.#work?.tripId ? null : this.#work.missing(trip)
    if (missing !== null) return wishOf(trip!.tripId, missing)
    const taken = unit.takenTripId
    if (taken !== null && !this.#ignoresStandDowns && (trip?.offer ?? null) === null) {
      return { what: 'stand-down', press: (client, how) => client.acknowledgeStandDown(taken, how) }
    }
    const isFree = trip === null || trip.unitId !== this.unitId
    if (!this.#wantsDuty) return isFree ? { what: 'sign-off', press: (client, how) => client.signOff(how) } : null
    const reason = this.#breakFor
    if (reason !== null && unit.status === 'available') {
      return { what: `unavailable: ${reason}`, press: (client, how) => client.becomeUnavailable(reason, how) }
    }
    if (unit.status === 'standing-down') return { what: 'clear', press: (client, how) => client.becomeAvailable(how) }
    if (reason !== null || unit.status !== 'unavailable') return null
    return { what: 'available', press: (client, how) => client.becomeAvailable(how) }
  }

  /** Whether an offer is open that the crew has made up no mind about. */
  #isAsked({ trip }: DriverView): boolean {
    const offer = trip?.offer ?? null
    return offer !== null && offer.unitId === this.unitId && offer.offerId !== this.#offer?.offerId
  }

  #hasToDo(screen: DriverView): boolean {
    return this.#wish(screen) !== null || this.#isAsked(screen)
  }

  /** Looks at the screen in a while, and does something about it; not later than it meant to anyway. */
  #look(delayMs: number): void {
    const { loop } = this.#town
    const atMs = loop.nowMs + delayMs
    if (this.#lookTimer !== null && this.#lookTimer.atMs <= atMs) return
    this.#lookTimer?.cancel()
    const cancel = loop.after(delayMs, () => {
      this.#lookTimer = null
      this.#act()
    })
    this.#lookTimer = { atMs, cancel }
  }

  #act(): void {
    const { screen, client } = this.#phones.inHand
    // Without a connection the next welcome makes it look again, and so does the answer to what is on its way.
    if (screen === null || client === null || client.commandsPending > 0) return
    const wish = this.#wish(screen)
    if (wish !== null) return this.#press(wish.what, wish.press)
    if (this.#isAsked(screen)) this.offered(this.#phones.inHand, screen.trip!.offer!, screen.trip!)
  }

  #signOn(): void {
    this.#press('sign-on', (client, how) => client.signOn(how))
  }

  #press(what: string, press: Press): void {
    const { clumsiness } = this.#town.plan.troubles
    const phone = this.#phones.inHand
    const { answer, repeat } = phone.press(what, press)
    void answer.then(() => this.#lookAgain())
    if (!happens(this.#dice, 0.01 + clumsiness / 5)) return
    switch (this.#dice.below(3)) {
      case 0:
        return repeat()
      case 1:
        this.#town.loop.after(this.#within(1, 20), repeat)
        return
      default:
        void phone.press(what, press).answer
    }
  }

  /** Something was answered; if that was not what the crew wanted, it tries again. */
  #lookAgain(): void {
    const { screen } = this.#phones.inHand
    if (screen !== null && this.#hasToDo(screen)) this.#look(this.#within(5, 40))
  }

  #within(fromS: number, toS: number): number {
    const drawnMs = this.#dice.within([fromS * SECOND_MS, toS * SECOND_MS])
    return this.#town.isCalm ? Math.min(5 * SECOND_MS, drawnMs) : drawnMs
  }
}

const isWorkedOn = (phase: TripPhase): boolean => (WORK_PHASES as readonly TripPhase[]).includes(phase)

function wishOf(tripId: string, button: Button): Wish {
  if ('disposition' in button) {
    const { disposition } = button
    return { what: `close: ${disposition}`, press: (client, how) => client.closeTrip(tripId, disposition, how) }
  }
  const { phase } = button
  return { what: phase, press: (client, how) => client.reportPhase(tripId, phase, how) }
}
