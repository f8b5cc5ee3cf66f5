/** The statuses that units have had: what a map shows must be one of those that were durable by then. */

import { driverKey } from '../../../src/domain/entity.ts'
import type { UnitId } from '../../../src/domain/ids.ts'
import type { DriverState } from '../../../src/domain/unit/driver.ts'
import type { UnitStatus } from '../../../src/domain/vocabulary.ts'
import type { TileUnit } from '../../../src/protocol/wire/tile-tuples.ts'
import type { DurableEnds } from '../core/watch.ts'
import type { Findings } from './findings.ts'
import type { StateHistory } from './history.ts'

export class UnitHistory {
  readonly #history: StateHistory
  readonly #findings: Findings
  /** The first position at which a unit had a status. */
  readonly #first = new Map<UnitId, Map<UnitStatus, number>>()

  constructor(history: StateHistory, findings: Findings) {
    this.#history = history
    this.#findings = findings
  }

  /** A record has changed the unit. */
  changed(unitId: UnitId, position: number): void {
    const state = this.#history.driver(unitId)
    if (state === undefined) return
    let first = this.#first.get(unitId)
    if (first === undefined) {
      first = new Map()
      this.#first.set(unitId, first)
    }
    if (!first.has(state.status)) first.set(state.status, position)
  }

  /** A frame shows these units. Input: how far the database was when it left. */
  shown(units: readonly TileUnit[], { logEnd }: DurableEnds, to: string): void {
    for (const [unitId, , , , , , status] of units) {
      const since = this.#first.get(unitId)?.get(status) ?? Number.POSITIVE_INFINITY
      if (since <= logEnd) continue
      const state = this.#history.at(driverKey(unitId), logEnd) as DriverState | undefined
      const text = `${to} was shown ${unitId} as ${status}, which it had never been by position ${logEnd}; it was ${state?.status}`
      this.#findings.find('no-reply-before-durable', text)
    }
  }
}
