/**
 * What the wheels may say, and what stays a person's, as the log tells it and by no rule of the engine: nothing where the policy is off,
 * a phase only where it is automatic and behind a time of the same moment, and never instead of what a person has said.
 */
import type { DomainEvent } from '../../../src/domain/events.ts'
import type { TripState } from '../../../src/domain/trip/trip.ts'
import type { Findings } from './findings.ts'
import type { PolicyAccount } from './policy-account.ts'

type Said = Extract<DomainEvent, { type: 'TripPhaseReached' | 'TripTimeNoted' }>

interface Moment {
  byWheels: number | null
  byPerson: number | null
  isCorrected: boolean
}

const PHASES_OF_WHEELS: readonly string[] = ['en-route', 'on-scene', 'at-destination']
const TIMES_OF_WHEELS: readonly string[] = [...PHASES_OF_WHEELS, 'left-scene', 'at-station']

export class WheelWords {
  readonly #findings: Findings
  readonly #policies: PolicyAccount
  /** By trip and unit, since the unit was asked: each moment, as it was said. */
  readonly #moments = new Map<string, Map<string, Moment>>()

  constructor(findings: Findings, policies: PolicyAccount) {
    this.#findings = findings
    this.#policies = policies
  }

  /** Input: the trip as it is behind the event. */
  take(event: DomainEvent, position: number, trip: TripState | undefined): void {
    if (!('tripId' in event) || !('unitId' in event) || event.unitId === null) return
    const key = `${event.tripId} ${event.unitId}`
    if (event.type === 'OfferMade') return void this.#moments.set(key, new Map())
    if (event.type === 'TripTimeCorrected') {
      const known = this.#momentOf(key, event.time)
      known.isCorrected = true
      return
    }
    if (event.type !== 'TripPhaseReached' && event.type !== 'TripTimeNoted') return
    const time =
      event.type === 'TripTimeNoted' ? event.time : event.phase === 'transporting' ? 'left-scene' : event.phase
    const known = this.#momentOf(key, time)
    const what = `${event.type} of ${key} at position ${position}, ${time} at ${event.happenedAtMs},`
    if (event.cause === 'geofence') this.#byWheels(event, time, known, what)
    else known.byPerson ??= event.happenedAtMs
    const kept = trip?.responses.findLast(({ unitId }) => unitId === event.unitId)?.times[time]
    if (kept === undefined || known.isCorrected) return
    if (known.byPerson !== null && (kept.atMs !== known.byPerson || kept.cause === 'geofence'))
      this.#find(`${what} leaves ${kept.atMs} by ${kept.cause}, and a person had said ${known.byPerson}`)
    if (known.byWheels !== null && kept.wheelsAtMs !== known.byWheels)
      this.#find(`${what} leaves ${kept.wheelsAtMs} by the wheels, which had said ${known.byWheels}`)
  }

  #byWheels(event: Said, time: string, known: Moment, what: string): void {
    const modes = this.#policies.sinceReached(({ arrivals }) => arrivals)
    if (modes.every(mode => mode === 'off')) this.#find(`${what} is by the wheels, and nothing is to be made of them`)
    if (!TIMES_OF_WHEELS.includes(time)) this.#find(`${what} is nothing that wheels can say`)
    if (event.type === 'TripPhaseReached') {
      if (!PHASES_OF_WHEELS.includes(event.phase)) this.#find(`${what} is a phase that wheels cannot say`)
      if (!modes.includes('automatic')) this.#find(`${what} is a phase by the wheels, which may only suggest`)
      if (known.byWheels !== event.happenedAtMs) this.#find(`${what} is a phase that was not suggested before`)
    }
    known.byWheels = event.happenedAtMs
  }

  #momentOf(key: string, time: string): Moment {
    let moments = this.#moments.get(key)
    if (moments === undefined) {
      moments = new Map()
      this.#moments.set(key, moments)
    }
    let moment = moments.get(time)
    if (moment === undefined) {
      moment = { byWheels: null, byPerson: null, isCorrected: false }
      moments.set(time, moment)
    }
    return moment
  }

  #find(text: string): void {
    this.#findings.find('wheels-beside', text)
  }
}
