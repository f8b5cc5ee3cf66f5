/** Follows arrivals on a connection: asks for them anew on a new one, and keeps those that stand. */
import type { TripEta } from '../domain/trip/way.ts'
import type { Commands } from './commands.ts'
import type { EngineConnection } from './connection.ts'
import { Signal } from './signal.ts'

/** The arrivals that stand, by trip, and the trips of those that are new, changed or gone. */
export type EtaHandler = (etas: ReadonlyMap<string, TripEta>, changed: readonly string[]) => void

const ABOUT = 'etas'

export class EtaReceiver {
  readonly #connection: EngineConnection
  readonly #commands: Commands
  readonly #news = new Signal<Parameters<EtaHandler>>()
  #etas = new Map<string, TripEta>()

  constructor(connection: EngineConnection, commands: Commands) {
    this.#connection = connection
    this.#commands = commands
    connection.on('opened', () => {
      if (this.#news.isHeard) this.#ask()
    })
    connection.on('etas', (isWhole, etas, gone) => this.#take(isWhole, etas, gone))
  }

  /** Output: call it to stop. */
  start(handler: EtaHandler): () => void {
    const stop = this.#news.on(handler)
    // Asked again for a further handler, which then hears at once what stands.
    if (this.#connection.isOpen) this.#ask()
    return () => {
      stop()
      if (this.#news.isHeard) return
      this.#etas = new Map()
      if (this.#connection.isOpen) this.#commands.askInstead(ABOUT, id => ['unwatch-etas', id])
    }
  }

  #ask(): void {
    this.#commands.askInstead(ABOUT, id => ['watch-etas', id])
  }

  #take(isWhole: boolean, etas: readonly TripEta[], gone: readonly string[]): void {
    if (!this.#news.isHeard) return
    const changed = new Set([...(isWhole ? this.#etas.keys() : gone), ...etas.map(({ tripId }) => tripId)])
    const next = new Map(isWhole ? [] : this.#etas)
    for (const tripId of gone) next.delete(tripId)
    for (const eta of etas) next.set(eta.tripId, eta)
    this.#etas = next
    this.#news.emit(next, [...changed])
  }
}
