/** The responses of a trip as a console carries them on, by what `docs/protocol/events.md` says of each event and by nothing else. */
import type { DomainEvent } from '../../src/domain/events.ts'
import type { ResponseView, TripView } from '../../src/protocol/wire/situation-views.ts'

type Time = keyof ResponseView['times']
type Moment = NonNullable<ResponseView['times'][Time]>
type Shown = Pick<TripView, 'phase' | 'offer' | 'responses'>

/** How many of them a trip keeps. */
const SHOWN = 20
const LATER: Readonly<Record<string, readonly string[]>> = {
  notified: [
    ...['acknowledged', 'en-route', 'staged', 'on-scene', 'at-patient', 'left-scene', 'landing-area'],
    ...['at-destination', 'transferred', 'back-in-service', 'cancelled', 'at-station', 'completed'],
  ],
  'en-route': [
    'staged',
    'on-scene',
    'left-scene',
    'landing-area',
    'at-destination',
    'transferred',
    'back-in-service',
    'cancelled',
  ],
  'on-scene': ['left-scene', 'landing-area', 'at-destination', 'transferred', 'back-in-service'],
  'at-patient': ['left-scene', 'landing-area', 'at-destination', 'transferred', 'back-in-service'],
  'left-scene': ['landing-area', 'at-destination', 'transferred', 'back-in-service'],
  'at-destination': ['transferred', 'back-in-service'],
  transferred: ['back-in-service'],
}

export class BoardResponses {
  #all: ResponseView[]

  constructor(shown: readonly ResponseView[]) {
    this.#all = [...shown]
  }

  /** Input: the trip as it was before the event; the time by which what has no moment of its own is told. */
  read(trip: Shown, event: DomainEvent, atMs: number): void {
    switch (event.type) {
      case 'OfferMade': {
        const { unitId, offerId, offeredAtMs, decision } = event
        const sent = decision.candidates.filter(candidate => candidate.unitId === unitId)
        const predicted = sent[0]?.etaMs === undefined ? {} : { etaMs: sent[0].etaMs }
        this.#all = [...this.#all, { unitId, offerId, offeredAtMs, ...predicted, end: null, times: {} }].slice(-SHOWN)
        return
      }
      case 'UnitNotified': {
        const { offerId, notifiedAtMs } = event
        const index = this.#all.findLastIndex(each => each.offerId === offerId)
        const unknown = notifiedAtMs === null ? ({ why: 'restarted' } as const) : {}
        return this.#say(index, 'notified', { atMs: notifiedAtMs, cause: event.cause ?? 'system', ...unknown })
      }
      case 'OfferAccepted': {
        const { happenedAtMs, cause = 'driver' } = event
        const isSaid = event.implied !== true
        return this.#say(
          this.#open(),
          'acknowledged',
          isSaid ? { atMs: happenedAtMs, cause } : { atMs: null, cause, why: 'implied' },
        )
      }
      case 'OfferDeclined':
      case 'OfferTimedOut':
      case 'OfferRevoked':
        this.#all = this.#all.filter(each => each.offerId !== event.offerId)
        return
      case 'TripPhaseReached': {
        return this.#say(this.#open(), event.phase === 'transporting' ? 'left-scene' : event.phase, reported(event))
      }
      case 'TripTimeNoted': {
        const { unitId, time } = event
        const index = this.#all.findLastIndex(each => each.unitId === unitId)
        return this.#say(index, time, reported(event))
      }
      case 'TripTimeCorrected': {
        const { unitId, time, newAtMs, reason } = event
        const index = this.#all.findLastIndex(each => each.unitId === unitId)
        const response = this.#all[index]
        if (response === undefined) return
        const { otherAtMs } = response.times[time] ?? {}
        const moment: Moment = {
          ...{ atMs: newAtMs, cause: 'dispatcher', corrected: reason },
          ...(newAtMs === null ? { why: 'corrected' } : {}),
          ...(otherAtMs === undefined ? {} : { otherAtMs }),
          ...ofWheels(response.times[time] ?? {}),
        }
        this.#all = this.#all.with(index, { ...response, times: { ...response.times, [time]: moment } })
        return
      }
      case 'UnitWithdrawn':
        return this.#left(trip, 'withdrawn', event.standsDown, atMs)
      case 'AssignmentOverridden':
        return this.#left(trip, 'overridden', event.standsDown, atMs)
      case 'UnitCleared': {
        const { unitId, happenedAtMs, cause = 'driver' } = event
        const isOut = (each: ResponseView) =>
          each.unitId === unitId && each.end !== null && each.times['back-in-service'] === undefined
        return this.#say(this.#all.findLastIndex(isOut), 'back-in-service', { atMs: happenedAtMs, cause })
      }
    }
  }

  shown(): ResponseView[] {
    return this.#all
      .filter(({ end, times }) => end === null || times.notified !== undefined || times.acknowledged !== undefined)
      .map(doubted)
  }

  #open(): number {
    return this.#all.findLastIndex(each => each.end === null)
  }

  #say(index: number, time: Time, moment: Moment): void {
    const response = this.#all[index]
    if (response === undefined) return
    const known = response.times[time]
    const isFirst = known === undefined || (known.atMs === null && known.corrected === undefined)
    const other = moment.atMs === null ? {} : { otherAtMs: moment.atMs }
    const isWheels = moment.cause === 'geofence'
    const kept = isWheels ? { ...known, ...ofWheels(moment) } : { ...known, ...other }
    const wereWheels = known?.cause === 'geofence'
    const better = isWheels ? moment : { ...moment, ...ofWheels(known ?? {}) }
    const times = { ...response.times, [time]: isFirst || wereWheels ? better : kept }
    this.#all = this.#all.with(index, { ...response, times })
  }

  #left(
    { phase, offer }: Shown,
    end: NonNullable<ResponseView['end']>,
    standsDown: true | undefined,
    atMs: number,
  ): void {
    if (offer?.mode === 'offered') {
      this.#all = this.#all.filter(each => each.offerId !== offer.offerId)
      return
    }
    const index = this.#open()
    const response = this.#all[index]
    if (response === undefined) return
    const moment = { atMs, cause: 'dispatcher' } as const
    const { times } = response
    const wasThere = times['on-scene'] !== undefined || times['at-patient'] !== undefined
    const ended = {
      ...times,
      ...(phase === 'en-route' && !wasThere ? { cancelled: moment } : {}),
      ...(standsDown === true ? {} : { 'back-in-service': moment }),
    }
    this.#all = this.#all.with(index, { ...response, end, times: ended })
  }
}

const ofWheels = ({ wheelsAtMs, lateEvidence }: Partial<Moment>): Partial<Moment> => ({
  ...(wheelsAtMs === undefined ? {} : { wheelsAtMs }),
  ...(lateEvidence === undefined ? {} : { lateEvidence }),
})

function reported(event: Extract<DomainEvent, { type: 'TripPhaseReached' | 'TripTimeNoted' }>): Moment {
  const { happenedAtMs: atMs, cause, lateEvidence } = event
  return { atMs, cause, ...(cause === 'geofence' ? ofWheels({ wheelsAtMs: atMs, lateEvidence }) : {}) }
}

function doubted(response: ResponseView): ResponseView {
  const { offeredAtMs, times } = response
  const at = (time: string) => times[time as Time]?.atMs ?? (time === 'notified' ? offeredAtMs : null)
  const isBehind = (earlier: string, later: string) => {
    const [first, second] = [at(earlier), at(later)]
    return first !== null && second !== null && second < first
  }
  // What the wheels say speaks against no other moment.
  const isOfWheels = (time: string) => times[time as Time]?.cause === 'geofence'
  const isDoubtful = (time: string) =>
    Object.entries(LATER).some(([earlier, laters]) =>
      laters.some(later => {
        const other = time === earlier ? later : time === later ? earlier : null
        return other !== null && !isOfWheels(other) && isBehind(earlier, later)
      }),
    )
  const told = Object.entries(times).map(([time, moment]) => {
    const { implausible: _, ...said } = moment!
    return [time, said.atMs !== null && isDoubtful(time) ? { ...said, implausible: true } : said]
  })
  return { ...response, times: Object.fromEntries(told) }
}
