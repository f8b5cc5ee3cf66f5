/** What the database has of calls that left memory: the only thing that may stand for what a memory lacks. */

import type { CallState } from '../../../src/domain/call.ts'
import type { EntityKey } from '../../../src/domain/entity.ts'
import type { TripState } from '../../../src/domain/trip/trip.ts'
import type { ClosedCallWrite } from '../../../src/store/log/journal.ts'
import type { Findings } from './findings.ts'
import type { EntityState, StateHistory } from './history.ts'
import { sameStates } from './rebuild.ts'

interface Stored {
  readonly call: CallState
  readonly trips: readonly TripState[]
}

export class PutAway {
  readonly #states = new Map<EntityKey, EntityState>()
  readonly #positions = new Map<EntityKey, number>()

  /** The database has taken these rows. A row must have what the log says up to its position, and every trip of its call. */
  put(rows: readonly ClosedCallWrite[], history: StateHistory, findings: Findings): void {
    for (const { callId, position, state } of rows) {
      const { call, trips } = state as Stored
      const states: [EntityKey, EntityState][] = [
        [`call/${callId}`, call],
        ...trips.map((trip): [EntityKey, EntityState] => [`trip/${trip.tripId}`, trip]),
      ]
      const lacking = call.tripIds.filter(tripId => !trips.some(trip => trip.tripId === tripId))
      if (lacking.length > 0)
        findings.find('snapshot-equals-log', `call ${callId} left memory without ${lacking.join(', ')}`)
      for (const [entity, kept] of states) this.#put(entity, kept, position, history, findings)
    }
  }

  #put(entity: EntityKey, kept: EntityState, position: number, history: StateHistory, findings: Findings): void {
    const logged = history.at(entity, position)
    if (logged === undefined || !sameStates(logged, kept)) {
      const text = `${entity} left memory as ${JSON.stringify(kept)}; by position ${position} the log makes it ${JSON.stringify(logged)}`
      findings.find('snapshot-equals-log', text)
    }
    if ((this.#positions.get(entity) ?? 0) > position) return
    this.#positions.set(entity, position)
    this.#states.set(entity, kept)
  }

  /** Whether this is what somebody finds who looks the entity up; of a memory that is older than the row, nothing can be said. */
  has(entity: EntityKey, logged: EntityState): boolean {
    const kept = this.#states.get(entity)
    return kept !== undefined && (kept.version > logged.version || sameStates(kept, logged))
  }
}
