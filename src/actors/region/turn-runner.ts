/**
 * Runs turns, and lets out what they say once the record is durable.
 *
 * A turn is: its body, the steps that the engine adds, then the commit: the record goes to the log writer, memory gets
 * the new states, and what is to be told waits in the outbox for the record. Whoever must know of it is a follower
 * (`followers.ts`), called at each of these moments in the order of the list.
 */

import type { Refusal } from '../../base/refusal.ts'
import type { Sync } from '../../base/sync.ts'
import { NO_DETAILS } from '../../domain/commands.ts'
import type { EntityKey } from '../../domain/entity.ts'
import type { UnitReference } from '../../domain/events/unit-events.ts'
import type { DriverState } from '../../domain/unit/driver.ts'
import type { LogAppend } from '../../store/log/log-writer.ts'
import type { RegionClock } from '../clock.ts'
import { INTERNAL } from '../refusals.ts'
import { bySystem, type Origin } from './cause.ts'
import type { CommandResult } from './command-outcome.ts'
import type { ChangedUnit, TurnFollower, TurnStep } from './followers.ts'
import type { Outbox } from './outbox.ts'
import { EventRejected, type Quarantine, quarantined } from './quarantine.ts'
import { type States, Turn } from './turn.ts'

/** What a turn does; it answers the result to keep under the command's id, if any. */
export type TurnBody = (turn: Turn) => Sync<CommandResult | undefined>

/** The region's memory as turns need it. */
interface TurnMemory extends States {
  readonly quarantine: Quarantine
  readonly heldReferences: Map<EntityKey, UnitReference>
  has(entity: EntityKey): boolean
}

interface TurnRunnerPorts {
  readonly memory: TurnMemory
  readonly clock: Pick<RegionClock, 'moment'>
  readonly log: { readonly head: number; append(write: LogAppend): number }
  readonly outbox: Outbox
  readonly steps: readonly TurnStep[]
  readonly followers: readonly TurnFollower[]
  /** A turn threw; it changed nothing. */
  readonly failed: (error: unknown, cause: Origin) => void
}

export class TurnRunner {
  readonly #ports: TurnRunnerPorts
  #lastRecordedAtMs: number

  constructor(ports: TurnRunnerPorts, lastRecordedAtMs: number) {
    this.#ports = ports
    this.#lastRecordedAtMs = lastRecordedAtMs
  }

  get lastRecordedAtMs(): number {
    return this.#lastRecordedAtMs
  }

  /**
   * Runs one turn to its end. One that records nothing and keeps no outcome writes nothing.
   * Output: null when it ran; else why it has changed nothing: `internal` when it threw, or `quarantined`.
   */
  run(cause: Origin, body: TurnBody): Refusal | null {
    // An actor that brought the turn down is left aside the next time, so there are no more rounds than actors.
    for (;;) {
      const ended = this.#runOnce(cause, body)
      if (ended !== 'again') return ended
    }
  }

  #runOnce(cause: Origin, body: TurnBody): Refusal | null | 'again' {
    const { memory, clock, log, steps, failed } = this.#ports
    // Never behind the last record, whatever the clock does: `recordedAt` does not run backwards.
    const { nowMs, recordedAtMs } = clock.moment()
    const turn = new Turn(memory, memory.quarantine, nowMs, log.head + 1, recordedAtMs)
    let result: CommandResult | undefined
    let isOurOwn = cause.bodyHash === null
    try {
      result = body(turn)
      // The engine's own work follows the command. One actor must not make it fail for all actors that it could serve.
      isOurOwn = true
      for (const step of steps) if (turn.heldBy === null) step.extend(turn)
    } catch (error) {
      failed(error, cause)
      return error instanceof EventRejected && this.#hold(error) && isOurOwn ? 'again' : INTERNAL
    }
    if (turn.heldBy !== null) return quarantined(turn.heldBy)
    // A command that changed nothing still has an outcome to keep: its id must not be decided anew.
    if (turn.events.length > 0 || (cause.bodyHash !== null && result !== undefined)) this.#commit(turn, cause, result)
    for (const step of steps) step.over?.(turn)
    // The desk had it held while this turn matched.
    if (turn.releases !== null) {
      return this.run(bySystem(), next => {
        next.deskAsked = true
        return undefined
      })
    }
    return null
  }

  /** Puts the actor that an event did not fit into quarantine. False when nothing was committed of it: then it is gone. */
  #hold(rejected: EventRejected): boolean {
    const { memory, followers } = this.#ports
    if (!memory.has(rejected.entity)) return false
    memory.quarantine.hold(rejected)
    for (const follower of followers) follower.held?.(rejected)
    return true
  }

  #release(entity: EntityKey): void {
    const { memory, followers } = this.#ports
    memory.quarantine.release(entity)
    memory.heldReferences.delete(entity)
    for (const follower of followers) follower.released?.(entity)
  }

  #commit(turn: Turn, cause: Origin, result: CommandResult | undefined): void {
    const { log, outbox, followers } = this.#ports
    const { events, position, recordedAtMs, callDetails, callNote, incident } = turn
    const { principal, commandId, bodyHash, trace } = cause
    const changed = changedUnits(turn)
    this.#lastRecordedAtMs = recordedAtMs
    log.append({
      record: { recordedAtMs, principal, commandId, trace, events },
      command: bodyHash === null || commandId === null || result === undefined ? null : { bodyHash, result },
      ...turn.bindings(),
      callDetails: callDetails && { ...callDetails, details: callDetails.details ?? NO_DETAILS },
      callNote,
      incident,
    })
    // Before desk and finder look at its new state.
    if (turn.releases !== null) this.#release(turn.releases)
    for (const follower of followers) follower.decided?.(turn, { cause, result })
    for (const follower of followers) follower.committed?.(turn, changed)
    outbox.hold(position, () => {
      for (const follower of followers) follower.stored?.(turn)
    })
  }
}

/** Input: a turn that memory does not have yet. */
function changedUnits(turn: Turn): ChangedUnit[] {
  const changed: ChangedUnit[] = []
  for (const after of turn.drivers.values()) {
    const before = turn.driverBefore(after.unitId)
    if (isOther(before, after)) changed.push({ before, after })
  }
  return changed
}

/** Whether a unit is another in anything but the record that it was last named in. */
function isOther(before: DriverState | undefined, after: DriverState): boolean {
  if (before === undefined) return true
  const keys = Object.keys(after) as (keyof DriverState)[]
  return keys.length !== Object.keys(before).length || keys.some(key => before[key] !== after[key] && key !== 'version')
}
