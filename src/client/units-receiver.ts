/** Follows single units on a connection: each is asked for anew on a new one, and told to all who want to hear of it. */
import { LIMITS } from '../protocol/limits.ts'
import type { TripView, UnitView } from '../protocol/wire/situation-views.ts'
import type { Commands } from './commands.ts'
import type { EngineConnection } from './connection.ts'
import { Signal } from './signal.ts'

/** A watched unit and its trip, as they are at a position of the log. */
export type UnitHandler = (unit: UnitView, trip: TripView | null, position: number) => void

export class UnitsReceiver {
  readonly #connection: EngineConnection
  readonly #commands: Commands
  readonly #units = new Map<string, Signal<Parameters<UnitHandler>>>()

  constructor(connection: EngineConnection, commands: Commands) {
    this.#connection = connection
    this.#commands = commands
    connection.on('opened', () => {
      for (const unitId of this.#units.keys()) this.#ask(unitId)
    })
    connection.on('unit', (position, unit, trip) => this.#units.get(unit.unitId)?.emit(unit, trip, position))
    connection.on('ended', () => this.#units.clear())
  }

  /** Output: call it to stop. Errors: throws RangeError when too many units are watched. */
  start(unitId: string, handler: UnitHandler): () => void {
    let news = this.#units.get(unitId)
    if (news === undefined) {
      if (this.#units.size >= LIMITS.unitsWatched) {
        throw new RangeError(`At most ${LIMITS.unitsWatched} units can be watched; stop watching another first.`)
      }
      news = new Signal()
      this.#units.set(unitId, news)
    }
    const stop = news.on(handler)
    // Asked again for a further handler, which then hears at once how the unit is.
    if (this.#connection.isOpen) this.#ask(unitId)
    return () => {
      stop()
      if (this.#units.get(unitId) === news && !news.isHeard) this.stop(unitId)
    }
  }

  /** For all handlers of the unit. */
  stop(unitId: string): void {
    if (!this.#units.delete(unitId)) return
    if (this.#connection.isOpen) this.#commands.askInstead(`unit/${unitId}`, id => ['unwatch-unit', id, unitId])
  }

  #ask(unitId: string): void {
    const refused = () => this.#units.delete(unitId)
    this.#commands.askInstead(`unit/${unitId}`, id => ['watch-unit', id, unitId], { refused })
  }
}
