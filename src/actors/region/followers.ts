/**
 * Followers of turns, and of the moves of units. A part that wants to know stands in a list of `assembly.ts`.
 *
 * All of it is synchronous. A follower does not throw: the turn has been decided, and those behind it must hear of it too.
 */
import type { Sync } from '../../base/sync.ts'
import type { EntityKey } from '../../domain/entity.ts'
import type { PlacedFix } from '../../domain/fix.ts'
import type { DriverState } from '../../domain/unit/driver.ts'
import type { UnitActor } from '../driver/unit-actor.ts'
import type { Origin } from './cause.ts'
import type { CommandResult } from './command-outcome.ts'
import type { EventRejected } from './quarantine.ts'
import type { Turn } from './turn.ts'

/** A unit that is another after a turn, in anything but the record that it was last named in. */
export interface ChangedUnit {
  /** Undefined: it was not there. */
  readonly before: DriverState | undefined
  readonly after: DriverState
}

/** The purpose of a turn, and the id to remember the turn by. */
export interface Decided {
  readonly cause: Origin
  /** Of a client's command that was carried out. */
  readonly result: CommandResult | undefined
}

/** What the engine adds to a turn of its own accord, behind the turn's body. */
export interface TurnStep {
  /** Records more into the turn; one that throws undoes the turn. */
  extend(turn: Turn): Sync<void>
  /** The turn is over: committed, or with nothing to commit. */
  over?(turn: Turn): Sync<void>
}

/** Moments of a turn, in their order. At each all followers are called, in the order of their list. */
export interface TurnFollower {
  /** Its record has its position in the log; memory has the states of before. */
  decided?(turn: Turn, decided: Decided): Sync<void>
  /** Memory has the states that it made. What is to be told of them as they are now is captured here. */
  committed?(turn: Turn, changed: readonly ChangedUnit[]): Sync<void>
  /** Its record is durable: only now may anybody hear of it. */
  stored?(turn: Turn): Sync<void>

  /** Beside turns that are recorded: an event did not fit the actor, which is in quarantine from now on. */
  held?(rejected: EventRejected): Sync<void>
  /** The turn lets the actor go on; it is decided next. */
  released?(entity: EntityKey): Sync<void>
}

/** Follows the places of units. Called for every fix that moves a unit, so it must cost nothing while nobody asks. */
export interface MoveFollower {
  /** The unit's current position is another; null: it had none. */
  moved(unit: UnitActor, before: PlacedFix | null): Sync<void>
}

/** Follows whether a crew's client is there. */
export interface PresenceFollower {
  connected?(unit: UnitActor): Sync<void>
  disconnected?(unit: UnitActor): Sync<void>
}
