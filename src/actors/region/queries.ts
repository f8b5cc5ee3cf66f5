/** Answers queries. Each answer is formed from the states of now, and leaves once the log is durable up to them. */

import type { MachineClock } from '../../base/time.ts'
import { levelsServing } from '../../domain/dispatch/eligibility.ts'
import type { ChoiceBasis } from '../../domain/dispatch/far.ts'
import type { Position } from '../../domain/geo.ts'
import type { CallId, TripId, UnitId } from '../../domain/ids.ts'
import { isEnded, type TripState } from '../../domain/trip/trip.ts'
import { LEVELS_OF_CARE } from '../../domain/vocabulary.ts'
import type { ExplanationShown, Shown } from '../../protocol/told.ts'
import type { RegionClock } from '../clock.ts'
import type { UnitActor } from '../driver/unit-actor.ts'
import {
  OVERLOADED,
  tripEnded,
  UNAVAILABLE,
  unknownCall,
  unknownIncident,
  unknownTrip,
  unknownUnit,
  WRITES_STALLED,
} from '../refusals.ts'
import type { QueryAnswer } from '../region-handle.ts'
import type { Admission } from './admission.ts'
import type { FoundFar, UnitSearch } from './how-far.ts'
import type { RegionMemory } from './memory.ts'
import type { Answer, ExplainQuery, NearestQuery, RegionQuery } from './messages.ts'
import type { Outbox } from './outbox.ts'
import { heldView } from './quarantine.ts'

/** How long a query waits for the log to become durable, wall time. */
const QUERY_WAIT_MS = 1_000

interface QueriesPorts {
  readonly memory: RegionMemory
  /** The units as they are now, and what the answer goes by. */
  readonly search: (place: Position, query: Omit<UnitSearch, 'accept'>) => UnitsFound
  readonly explain: (trip: TripState, unitId: UnitId | null) => ExplanationShown
  readonly clock: RegionClock
  readonly machine: MachineClock
  readonly outbox: Outbox
  readonly log: { readonly head: number }
  readonly admission: Pick<Admission, 'isOverfull'>
}

interface UnitsFound {
  readonly basis: ChoiceBasis
  readonly units: readonly FoundFar[]
}

export class Queries {
  readonly #ports: QueriesPorts

  constructor(ports: QueriesPorts) {
    this.#ports = ports
  }

  take(query: RegionQuery, answer: Answer): void {
    if (query.type === 'nearest') this.#nearest(query, answer)
    else if (query.type === 'explain-trip') this.#explain(query, answer)
    else if (query.type === 'read-decisions') this.#decisions(query.tripId, answer)
    else if (query.type === 'read-trip') this.#trip(query.tripId, answer)
    else if (query.type === 'read-call') this.#call(query.callId, answer)
    else if (query.type === 'read-incident') this.#incident(query.incidentNo, answer)
    else if (query.type === 'read-zones')
      this.settle(answer, { type: 'zones', zones: this.#ports.memory.regionState.zones ?? [] })
    else this.settle(answer, { type: 'held', held: heldView(this.#ports.memory.quarantine) })
  }

  #trip(tripId: TripId, answer: Answer): void {
    const trip = this.#ports.memory.trip(tripId)
    if (trip === undefined) return answer({ ok: false, refusal: unknownTrip(tripId) })
    this.settle(answer, { type: 'trip', trip: this.#ports.memory.tripView(trip) })
  }

  unit(unit: UnitActor, answer: Answer): void {
    this.settle(answer, { type: 'unit', unit: this.#ports.memory.unitView(unit, this.#ports.clock.nowMs()) })
  }

  #nearest(query: NearestQuery, answer: Answer): void {
    const { memory, search, clock } = this.#ports
    const { lonDeg, latDeg, k, levelOfCare } = query
    const levels = levelOfCare === null ? LEVELS_OF_CARE : levelsServing(levelOfCare)
    const found = search({ lonDeg, latDeg }, { k, levels })
    const nowMs = clock.nowMs()
    const units = found.units.map(unit => memory.nearestUnit(unit, nowMs))
    this.settle(answer, { type: 'nearest', nearest: { ...found.basis, units } })
  }

  #explain({ tripId, unitId }: ExplainQuery, answer: Answer): void {
    const { memory, explain } = this.#ports
    const trip = memory.trip(tripId)
    if (trip === undefined) return answer({ ok: false, refusal: unknownTrip(tripId) })
    if (isEnded(trip)) return answer({ ok: false, refusal: tripEnded(trip) })
    if (unitId !== null && memory.driver(unitId) === undefined)
      return answer({ ok: false, refusal: unknownUnit(unitId) })
    this.settle(answer, { type: 'explanation', explanation: explain(trip, unitId) })
  }

  #decisions(tripId: TripId, answer: Answer): void {
    const trip = this.#ports.memory.trip(tripId)
    if (trip === undefined) return answer({ ok: false, refusal: unknownTrip(tripId) })
    this.settle(answer, { type: 'decisions', positions: trip.decidedAt ?? [] })
  }

  #incident(incidentNo: string, answer: Answer): void {
    const callId = this.#ports.memory.numbers.callOf(incidentNo)
    if (callId === undefined) return answer({ ok: false, refusal: unknownIncident(incidentNo) })
    this.#call(callId, answer)
  }

  #call(callId: CallId, answer: Answer): void {
    const { memory } = this.#ports
    const call = memory.call(callId)
    if (call === undefined) return answer({ ok: false, refusal: unknownCall(callId) })
    this.settle(answer, { type: 'call', call: memory.callView(call) })
  }

  /** A query waits until what it saw is durable, but not for long. Then the reader is told to come again. */
  settle(answer: Answer, shown: Shown): void {
    const { outbox, machine, log, admission } = this.#ports
    if (admission.isOverfull) return answer({ ok: false, refusal: OVERLOADED })
    const position = log.head
    let answered = false
    const once = (told: QueryAnswer) => {
      if (answered) return
      answered = true
      cancel()
      answer(told)
    }
    const cancel = machine.after(QUERY_WAIT_MS, () => once({ ok: false, refusal: WRITES_STALLED }))
    outbox.hold(position, () => once({ ok: true, position, shown }), {
      drop: () => once({ ok: false, refusal: UNAVAILABLE }),
      refuse: () => once({ ok: false, refusal: WRITES_STALLED }),
    })
  }
}
