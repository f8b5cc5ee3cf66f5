/**
 * Tells whoever watches the board when positions become stale or lost, or are heard of again: what has changed, at most four
 * times a second, and to who has just come, or read too slowly, first all that are not fresh.
 */
import type { MachineClock } from '../../base/time.ts'
import type { Told } from '../../protocol/told.ts'
import type { UnitFreshness } from '../../protocol/wire/situation-views.ts'
import type { UnitActor } from '../driver/unit-actor.ts'
import type { Session, SharedFrame } from '../region-handle.ts'
import type { Board } from './board.ts'
import type { RegionMemory } from './memory.ts'

/** Wall time between two tellings. */
const TELL_EVERY_MS = 250
/** Units in one frame, 30 to 60 bytes each. */
const UNITS_A_FRAME = 1_000

interface FreshnessNewsPorts {
  readonly memory: Pick<RegionMemory, 'driverActors'>
  readonly clock: { nowMs(): number }
  readonly machine: MachineClock
  readonly board: Pick<Board, 'watchers' | 'isWatched'>
}

/** What a session is owed: all that are not fresh; of those that are left, the next ones. */
type Owed = { readonly units: readonly UnitActor[]; next: number } | null

export class FreshnessNews {
  readonly #ports: FreshnessNewsPorts
  #changed = new Set<UnitActor>()
  readonly #owed = new Map<Session, Owed>()
  #cancel: (() => void) | null = null
  #isStopped = false

  constructor(ports: FreshnessNewsPorts) {
    this.#ports = ports
  }

  changed(unit: UnitActor): void {
    if (!this.#ports.board.isWatched) return
    this.#changed.add(unit)
    this.#later()
  }

  /** The session watches the board from now on, or does anew. */
  owe(session: Session): void {
    this.#owed.set(session, null)
    this.#pay(session)
    if (this.#owed.has(session)) this.#later()
  }

  stop(): void {
    this.#isStopped = true
    this.#cancel?.()
  }

  #later(): void {
    if (this.#isStopped) return
    this.#cancel ??= this.#ports.machine.after(TELL_EVERY_MS, () => {
      this.#cancel = null
      this.#tell()
      if (this.#owed.size > 0) this.#later()
    })
  }

  #tell(): void {
    const watchers = new Set(this.#ports.board.watchers)
    for (const session of this.#owed.keys()) if (!watchers.has(session)) this.#owed.delete(session)
    const changed = [...this.#changed]
    this.#changed = new Set()
    const frames = this.#framesOf(changed)
    for (const session of watchers) {
      if (this.#owed.has(session) && this.#owed.get(session) === null) continue
      // What it does not hear now it hears with all the others.
      if (session.isBehind && frames.length > 0) this.#owed.set(session, null)
      else for (const frame of frames) session.tellShared(frame)
    }
    for (const session of this.#owed.keys()) this.#pay(session)
  }

  /** As much of it as the session takes. */
  #pay(session: Session): void {
    while (!session.isBehind) {
      const owed: Owed = this.#owed.get(session) ?? { units: this.#notFresh(), next: 0 }
      const isFirst = owed.next === 0
      const units = owed.units.slice(owed.next, owed.next + UNITS_A_FRAME)
      owed.next += UNITS_A_FRAME
      session.tell(this.#told(units, isFirst))
      if (owed.next >= owed.units.length) return void this.#owed.delete(session)
      this.#owed.set(session, owed)
    }
  }

  #notFresh(): UnitActor[] {
    const isOld = ({ followed }: UnitActor) => followed?.freshness === 'stale' || followed?.freshness === 'lost'
    return Array.from(this.#ports.memory.driverActors()).filter(isOld)
  }

  #framesOf(units: readonly UnitActor[]): SharedFrame[] {
    const frames: SharedFrame[] = []
    for (let from = 0; from < units.length; from += UNITS_A_FRAME) {
      frames.push({ told: this.#told(units.slice(from, from + UNITS_A_FRAME), false), encoded: {} })
    }
    return frames
  }

  #told(units: readonly UnitActor[], isWhole: boolean): Told {
    const shown = units.flatMap(({ unitId, followed, location: { current } }): UnitFreshness[] => {
      const freshness = followed?.freshness ?? null
      // It has gone off duty since.
      return freshness === null || current === null ? [] : [[unitId, freshness, current.fixedAtMs]]
    })
    return { type: 'freshness', isWhole, atMs: this.#ports.clock.nowMs(), units: shown }
  }
}
