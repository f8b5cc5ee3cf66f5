/** What everybody in the simulated world works with, and what a judge asks of them when all should be well. */
import type { UnitReference } from '../../../src/domain/events/unit-events.ts'
import type { Role } from '../../../src/domain/roles.ts'
import type { Dice } from '../../fuzz/dice.ts'
import type { Chronicle } from '../core/chronicle.ts'
import type { Device } from '../core/device.ts'
import type { Loop } from '../core/loop.ts'
import type { Plan } from '../plan.ts'

export interface WorldParts {
  readonly plan: Plan
  readonly loop: Loop
  readonly chronicle: Chronicle
  /** Chance of its own for each name. */
  dice(name: string): Dice
  /** A new device, switched on. */
  device(name: string): Device
  /** A credential that the engine takes; the same arguments give the same one. */
  token(who: {
    readonly sub: string
    readonly role: Role
    readonly unit?: string
    readonly units?: readonly string[]
  }): string
}

/** How a client stands, for whoever judges whether everything has come right. */
export interface ClientStanding {
  /** The person or program: `crew-3`, `desk-1`, `feed-1`, `console-2`. */
  readonly name: string
  /** Nobody is to be connected: the crew is off duty, or this client was superseded by a newer one of its own. */
  readonly isAway: boolean
  readonly isOpen: boolean
  /** Those that wait for their answer for longer than it takes on any day. */
  readonly commandsUnanswered: number
  readonly fixesNotDurable: number
  /** The unit whose position it reports by itself, with a clock that is right; null for all others. */
  readonly reportsFor: string | null
}

/** What a console shows. */
export interface Picture {
  readonly name: string
  /** The trips that have not ended, by id: phase and the unit that has it. */
  readonly trips: ReadonlyMap<string, { readonly phase: string; readonly unitId: string | null }>
  readonly units: ReadonlyMap<string, { readonly status: string }>
  /** The alarms that have not ended: whether the cause of each is gone, and who answers for it. */
  readonly alarms: ReadonlyMap<string, { readonly isGone: boolean; readonly by: string | null }>
  /** The zones of closed or slow roads. */
  readonly zones: ReadonlySet<string>
  /** Where the map shows units, of the area that is looked at; null for a console without a map. */
  readonly places: ReadonlyMap<
    string,
    { readonly lonE7: number; readonly latE7: number; readonly fixedAtMs: number }
  > | null
}

/** All people and programs of a run. Implemented by `world.ts`. */
export interface Inhabitants {
  /** The units as the service's reference data has them. */
  readonly units: readonly UnitReference[]
  /** Everybody begins their day. */
  start(): void
  /** Nobody makes trouble any more: phones are on and right, crews take their trips and finish them, no more calls. */
  calm(): void
  standings(): ClientStanding[]
  pictures(): Picture[]
}
