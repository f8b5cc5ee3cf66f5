/**
 * One session that looks at tiles or units, and what the session is still owed.
 *
 * Modes, for each tile and unit: *followed*, every frame is sent; *owed*, frames are left out until a snapshot has been
 * sent. A newly watched tile begins as owed; one becomes owed again when the session reads too slowly.
 */
import type { UnitActor } from '../../driver/unit-actor.ts'
import type { Session, SharedFrame } from '../../region-handle.ts'

/** A tile as those see it who look at it. */
export interface ViewedTile {
  readonly name: string
  readonly viewers: Set<Viewer>
  /** False until the units that were here before it was watched have been found. */
  readonly isScanned: boolean
  /** Monotonic; null while it has viewers. */
  unwatchedSinceMs: number | null
  snapshot(atMs: number): SharedFrame
}

/** A unit that somebody watches. */
export interface WatchedUnit {
  readonly actor: UnitActor
  readonly viewers: Set<Viewer>
}

/** Why a snapshot is owed: the session asked for it, or frames were left out. */
type Owed = 'asked' | 'thinned'

export class Viewer {
  readonly session: Session
  readonly tiles = new Set<ViewedTile>()
  readonly units = new Set<WatchedUnit>()
  readonly owedTiles = new Map<ViewedTile, Owed>()
  readonly owedUnits = new Map<WatchedUnit, Owed>()
  /** Requests that wait for the session's welcome to leave. */
  waiting = 0
  isGreeted = false
  isGone = false

  constructor(session: Session) {
    this.session = session
  }

  get isOwed(): boolean {
    return this.owedTiles.size > 0 || this.owedUnits.size > 0
  }

  /** Sends a tile's next frame if the session can take it. Output: false when it was left out for being too slow. */
  takeTile(tile: ViewedTile, frame: SharedFrame): boolean {
    return this.#take(this.owedTiles, tile, frame)
  }

  takeUnit(unit: WatchedUnit, frame: SharedFrame): boolean {
    return this.#take(this.owedUnits, unit, frame)
  }

  #take<What>(owed: Map<What, Owed>, what: What, frame: SharedFrame): boolean {
    const why = owed.get(what)
    if (why !== undefined) return why !== 'thinned'
    if (this.session.isBehind) {
      owed.set(what, 'thinned')
      return false
    }
    this.session.tellShared(frame)
    return true
  }
}
