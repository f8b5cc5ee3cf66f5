/**
 * A dispatcher: enters calls as they come, and now and then takes a hand in what becomes of them.
 *
 * What a dispatcher knows is what the board shows. Acting on it, he may be late, wrong, or not alone: every answer is
 * taken as it comes.
 */
import type { DispatcherClient, NewCall } from '../../../src/client/index.ts'
import type { TripAlarmRaised } from '../../../src/domain/events/alarm-events.ts'
import type { DomainEvent } from '../../../src/domain/events.ts'
import {
  CANCEL_REASONS,
  DISPOSITIONS,
  DIVERT_REASONS,
  OVERRIDE_REASONS,
  REPORTABLE_PHASES,
  UNAVAILABLE_REASONS,
} from '../../../src/domain/vocabulary.ts'
import { fromE7 } from '../../../src/protocol/fix-frame.ts'
import type { Dice } from '../../fuzz/dice.ts'
import { HOSPITALS, NO_HOSPITAL } from '../hospitals.ts'
import { Afterwards } from './afterwards.ts'
import { BoardScreen } from './board-screen.ts'
import { HOUR_MS, MINUTE_MS, SECOND_MS, untilNextMs } from './chance.ts'
import { positionOf } from './city.ts'
import { Computer } from './computer.ts'
import type { ClientStanding, Picture } from './parts.ts'
import { RoadWorks } from './road-works.ts'
import type { Town } from './town.ts'

/** A call that the engine has taken. */
export interface TakenCall {
  readonly callId: string
  readonly tripIds: readonly string[]
}

/** Kinds of a hand in what becomes of a call, and how often each is taken. */
const HANDS = {
  amend: 8,
  'cancel call': 4,
  'cancel trip': 3,
  assign: 6,
  withdraw: 4,
  divert: 3,
  hold: 3,
  'add need': 1,
  'phase by radio': 4,
  'close by radio': 1,
  nearest: 6,
} as const
type Hand = keyof typeof HANDS

export class Dispatcher {
  readonly name: string
  readonly #town: Town
  readonly #dice: Dice
  readonly #computer: Computer
  readonly #afterwards: Afterwards
  readonly #roadWorks: RoadWorks
  readonly #screen = new BoardScreen(event => this.#onNews(event))

  constructor(town: Town, name: string) {
    this.name = name
    this.#town = town
    this.#dice = town.dice(name)
    this.#computer = new Computer({
      town,
      dice: this.#dice,
      name,
      role: 'dispatcher',
      started: client => this.#watch(client),
    })
    this.#afterwards = new Afterwards({
      ...{ town, name },
      regionNowMs: () => this.#computer.client?.regionNowMs() ?? 0,
      command: (what, send) => this.#command(what, send as Parameters<Computer['command']>[1]),
      repeatSome: dice => this.#computer.repeatSome(dice),
    })
    this.#roadWorks = new RoadWorks({
      ...{ town, name },
      zones: () => [...(this.#screen.reader?.zones.keys() ?? [])],
      regionNowMs: () => this.#computer.client?.regionNowMs() ?? 0,
      command: (what, send) => this.#command(what, send as Parameters<Computer['command']>[1]),
    })
  }

  begin(): void {
    this.#computer.start()
    this.#planUnitStatus()
    this.#roadWorks.begin()
    this.#afterwards.begin()
    if (this.#town.plan.troubles.clumsiness > 0) this.#planTrouble()
  }

  calm(): void {
    this.#computer.start()
  }

  standing(): ClientStanding {
    return this.#computer.standing()
  }
  picture(): Picture | null {
    return this.#computer.isConnected ? this.#screen.picture(this.name, null) : null
  }

  /** Output: null when the engine has not taken it, or nobody knows. */
  async enterCall(call: NewCall): Promise<TakenCall | null> {
    const what = `enters a call of priority ${call.priority} for ${call.needs.length} units`
    const answer = await this.#computer.command(what, (client, id) => client.enterCall(call, { id }))
    if (!answer.ok) return null
    this.#afterwards.heard(answer.result)
    return answer.result
  }

  /** Does something about a call that goes its way; which depends on chance and on what the board shows of it. */
  takeAHand(call: TakenCall): void {
    if (this.#town.isCalm) return
    this.#do(this.#dice.weighed<Hand>(HANDS), call.callId, this.#dice.pick(call.tripIds))
  }

  #do(hand: Hand, callId: string, tripId: string): void {
    const dice = this.#dice
    const happenedAtMs = this.#computer.client?.regionNowMs() ?? 0
    const which = `${hand}, trip ${tripId}`
    switch (hand) {
      case 'amend':
        return this.#amend(callId)
      case 'cancel call':
        return this.#command(hand, (client, id) => client.cancelCall(callId, dice.pick(CANCEL_REASONS), { id }))
      case 'cancel trip':
        return this.#command(which, (client, id) => client.cancelTrip(tripId, dice.pick(CANCEL_REASONS), { id }))
      case 'assign':
        return this.#assign(tripId)
      case 'withdraw':
        return this.#command(which, (client, id) => client.withdrawUnit(tripId, dice.pick(OVERRIDE_REASONS), { id }))
      case 'divert': {
        const others = [...(this.#screen.reader?.trips.keys() ?? [])].filter(other => other !== tripId)
        if (others.length === 0) return
        const to = dice.pick(others)
        const reason = dice.pick(DIVERT_REASONS)
        return this.#command(`${which} to ${to}`, (client, id) => client.divertUnit(tripId, to, reason, { id }))
      }
      case 'hold':
        this.#command(which, (client, id) => client.holdTrip(tripId, { id }))
        return void this.#town.loop.after(dice.within([5 * SECOND_MS, 3 * MINUTE_MS]), () =>
          this.#command(`resumes ${tripId}`, (client, id) => client.resumeTrip(tripId, { id })),
        )
      case 'add need': {
        const need = { levelOfCare: dice.pick(['bls', 'als'] as const), capabilities: [] }
        return this.#command(hand, (client, id) => client.addNeed(callId, need, { id }))
      }
      case 'phase by radio': {
        const phase = dice.pick(REPORTABLE_PHASES)
        return this.#command(`${which}: ${phase}`, (client, id) =>
          client.reportPhase(tripId, phase, { id, happenedAtMs }),
        )
      }
      case 'close by radio': {
        const disposition = dice.pick(DISPOSITIONS)
        return this.#command(which, (client, id) => client.closeTrip(tripId, disposition, { id, happenedAtMs }))
      }
      case 'nearest':
        return this.#nearest(tripId)
    }
  }

  #amend(callId: string): void {
    const { city } = this.#town
    const dice = this.#dice
    const changes = dice.pick([
      { priority: dice.pick([1, 2, 3, 4, 5] as const) },
      positionOf(city.somewhere(dice)),
      { problem: dice.pick(['17D1', '9E1', null]) },
      { details: dice.pick([{ notes: 'at the back door' }, null]) },
    ])
    this.#command('amend', (client, id) => client.amendCall(callId, changes, { id }))
  }

  /** Any unit that looks fit, mostly; sometimes one that is not. */
  #assign(tripId: string): void {
    const units = [...(this.#screen.reader?.units.values() ?? [])]
    const free = units.filter(unit => unit.status === 'available')
    const from = free.length === 0 || this.#dice.oneIn(5) ? units : free
    if (from.length === 0) return
    const { unitId } = this.#dice.pick(from)
    const reason = this.#dice.pick(OVERRIDE_REASONS)
    this.#command(`gives trip ${tripId} to ${unitId}`, (client, id) =>
      client.assignUnit(tripId, unitId, reason, { id }),
    )
  }

  #nearest(tripId: string): void {
    const trip = this.#screen.reader?.trips.get(tripId)
    if (trip === undefined) return
    const query = { lonDeg: fromE7(trip.lonE7), latDeg: fromE7(trip.latE7), levelOfCare: trip.need.levelOfCare }
    this.#command(`asks who is nearest to trip ${tripId}`, (client, id) => client.nearest(query, { id }))
  }

  /** A crew called in by radio. */
  #planUnitStatus(): void {
    const { loop, plan } = this.#town
    const everyMs = (6 * HOUR_MS * plan.dispatchers) / Math.max(1, plan.drivers + plan.feedUnits)
    loop.after(untilNextMs(this.#dice, everyMs), () => {
      if (this.#town.isCalm) return
      this.#setSomeUnit()
      this.#planUnitStatus()
    })
  }

  #setSomeUnit(): void {
    const units = [...(this.#screen.reader?.units.keys() ?? [])]
    const client = this.#computer.client
    if (units.length === 0 || client === null) return
    const unitId = this.#dice.pick(units)
    const status = this.#dice.weighed({ available: 2, unavailable: 2, 'off-duty': 1 })
    const reason = status === 'unavailable' ? this.#dice.pick(UNAVAILABLE_REASONS) : null
    const how = { reason, happenedAtMs: client.regionNowMs() }
    this.#command(`sets ${unitId} ${status}`, (to, id) => to.setUnitStatus(unitId, status, { id, ...how }))
  }

  #planTrouble(): void {
    const { loop, plan } = this.#town
    loop.after(untilNextMs(this.#dice, HOUR_MS / (2 * plan.troubles.clumsiness)), () => {
      if (this.#town.isCalm) return
      this.#computer.restart()
      this.#planTrouble()
    })
  }

  /** Some alarms are not left alone. */
  #onNews(event: DomainEvent): void {
    if (event.type === 'TripPhaseReached' && this.#dice.oneIn(4 * this.#town.plan.dispatchers))
      this.#sayWhereTo(event.tripId)
    if (event.type === 'TripAlarmRaised' && this.#dice.oneIn(3 * this.#town.plan.dispatchers)) this.#answerSomeAlarm()
    if (event.type === 'UnitAlarmRaised' && event.alarm === 'emergency') this.#lookAfter(event.unitId)
    if (event.type !== 'TripAlarmRaised') return
    if (event.alarm === 'voice-order' && this.#dice.oneIn(this.#town.plan.dispatchers)) this.#callByRadio(event)
    if (event.alarm === 'receiver-unknown' && this.#dice.oneIn(this.#town.plan.dispatchers)) this.#askForPatient(event)
    // Nobody else gives such a trip any more.
    const isForPeople = event.alarm === 'rounds-over'
    if (!this.#dice.oneIn((isForPeople ? 2 : 8) * this.#town.plan.dispatchers)) return
    const { tripId } = event
    this.#town.loop.after(this.#dice.within([5 * SECOND_MS, 2 * MINUTE_MS]), () => {
      if (!this.#town.isCalm) this.#assign(tripId)
    })
  }

  // What crews without an app say by radio.

  setByRadio(unitId: string, status: 'available' | 'off-duty'): void {
    const happenedAtMs = this.#computer.client?.regionNowMs() ?? 0
    this.#command(`${unitId} calls in: ${status}`, (client, id) =>
      client.setUnitStatus(unitId, status, { id, happenedAtMs }),
    )
  }

  reportByRadio(tripId: string, phase: 'en-route' | 'on-scene' | 'closed'): void {
    const happenedAtMs = this.#computer.client?.regionNowMs() ?? 0
    this.#command(`${tripId} by radio: ${phase}`, (client, id) =>
      phase === 'closed'
        ? client.closeTrip(tripId, 'treated-on-scene', { id, happenedAtMs })
        : client.reportPhase(tripId, phase, { id, happenedAtMs }),
    )
  }

  /** Tells a crew of its order, which takes it where somebody hears. */
  #callByRadio({ tripId, unitId }: TripAlarmRaised): void {
    this.#town.loop.after(this.#dice.within([5 * SECOND_MS, MINUTE_MS]), () => {
      const happenedAtMs = this.#computer.client?.regionNowMs() ?? 0
      if (unitId === null || !this.#town.takesByRadio(unitId, tripId)) return
      this.#command(`${unitId} takes ${tripId} by radio`, (client, id) =>
        client.confirmOrder(tripId, { id, happenedAtMs }),
      )
    })
  }

  /** Asks by radio who has the patient, and gets all kinds of answers. */
  #askForPatient({ tripId }: TripAlarmRaised): void {
    this.#town.loop.after(this.#dice.within([5 * SECOND_MS, 3 * MINUTE_MS]), () => {
      const trips = [...(this.#screen.reader?.trips.keys() ?? [])]
      const toTripId = trips.length === 0 || this.#dice.oneIn(2) ? null : this.#dice.pick(trips)
      this.#command(`the patient of ${tripId} is with ${toTripId}`, (client, id) =>
        client.nameReceiver(tripId, toTripId, { id }),
      )
    })
  }

  /** Somebody finds out how the crew is. */
  #lookAfter(unitId: string): void {
    this.#town.loop.after(this.#dice.within([10 * SECOND_MS, 10 * MINUTE_MS]), () => {
      this.#command(`the crew of ${unitId} is safe`, (client, id) => client.endEmergency(unitId, { id }))
    })
  }

  #sayWhereTo(tripId: string): void {
    this.#town.loop.after(this.#dice.within([SECOND_MS, 3 * MINUTE_MS]), () => {
      if (this.#town.isCalm) return
      const ids = [...HOSPITALS.map(({ hospitalId }) => hospitalId), NO_HOSPITAL, null]
      const hospitalId = this.#dice.pick(ids)
      this.#command(`${tripId} goes to ${hospitalId}`, (client, id) =>
        client.nameDestination(tripId, hospitalId, { id }),
      )
    })
  }

  /** Any that is open on the board, so that two dispatchers sometimes take the same one. */
  #answerSomeAlarm(): void {
    this.#town.loop.after(this.#dice.within([2 * SECOND_MS, 3 * MINUTE_MS]), () => {
      const open = [...(this.#screen.reader?.alarms.keys() ?? [])]
      if (this.#town.isCalm || open.length === 0) return
      const alarmId = this.#dice.pick(open)
      if (this.#dice.oneIn(4)) {
        const forMs = this.#dice.within([SECOND_MS, MINUTE_MS])
        this.#command(`shelves ${alarmId}`, (client, id) => client.shelveAlarm(alarmId, forMs, { id }))
      } else this.#command(`acknowledges ${alarmId}`, (client, id) => client.acknowledgeAlarm(alarmId, { id }))
    })
  }

  #watch(client: DispatcherClient): void {
    this.#screen.clear()
    client.watchBoard(this.#screen)
  }

  #command(what: string, send: Parameters<Computer['command']>[1]): void {
    void this.#computer.command(what, send)
  }
}
