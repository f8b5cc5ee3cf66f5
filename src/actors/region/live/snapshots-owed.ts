/**
 * Snapshots that viewers are owed, and when each gets them: as soon as it is asked for, and again while it reads too slowly.
 *
 * A tile that is newly watched is scanned for its units before its first snapshot.
 */
import type { MachineClock } from '../../../base/time.ts'
import type { Metrics } from '../../../telemetry/metrics.ts'
import type { RegionClock } from '../../clock.ts'
import type { RegionMemory } from '../memory.ts'
import type { Job, Slices } from './slices.ts'
import type { UnitMap, WatchedTile } from './unit-map.ts'
import type { UnitWatches } from './unit-watches.ts'
import type { Viewer, WatchedUnit } from './viewer.ts'

/** How soon a session is looked at again that was too slow for what it is owed. */
const OWED_RETRY_MS = 25

interface SnapshotsOwedPorts {
  readonly memory: Pick<RegionMemory, 'driverActors'>
  readonly map: UnitMap
  readonly units: UnitWatches
  readonly slices: Slices
  readonly clock: RegionClock
  readonly machine: MachineClock
  readonly metrics: Metrics
  /** Position of the newest durable record. */
  readonly log: { readonly durable: number }
}

export class SnapshotsOwed {
  readonly #ports: SnapshotsOwedPorts
  readonly #owing = new Set<Viewer>()
  #unscanned = new Set<WatchedTile>()
  #isGiving = false
  #cancelGiving: (() => void) | null = null
  #isStopped = false

  constructor(ports: SnapshotsOwedPorts) {
    this.#ports = ports
  }

  /** The viewer is owed something, which it says itself. */
  owe(viewer: Viewer): void {
    this.#owing.add(viewer)
  }

  drop(viewer: Viewer): void {
    this.#owing.delete(viewer)
  }

  /** A tile is new. */
  scan(tile: WatchedTile): void {
    this.#unscanned.add(tile)
  }

  /** A tile is forgotten. */
  leaveUnscanned(tile: WatchedTile): void {
    this.#unscanned.delete(tile)
  }

  stop(): void {
    this.#isStopped = true
    this.#cancelGiving?.()
  }

  /** Somebody has asked for something: that does not wait for the next round. */
  giveSoon(): void {
    if (this.#isGiving || this.#owing.size === 0) return
    this.#isGiving = true
    this.#ports.slices.add(this.#give())
  }

  *#give(): Job {
    try {
      yield* this.#scanNew()
      yield* this.#giveOwed()
    } finally {
      this.#isGiving = false
    }
    if (this.#unscanned.size > 0) this.giveSoon()
    else this.giveLater()
  }

  /** What could not be given now is tried again soon: the socket may have taken what was gathered for it. */
  giveLater(): void {
    if (this.#owing.size === 0 || this.#isStopped) return
    this.#cancelGiving ??= this.#ports.machine.after(OWED_RETRY_MS, () => {
      this.#cancelGiving = null
      this.giveSoon()
    })
  }

  *#scanNew(): Job {
    if (this.#unscanned.size === 0) return
    const tiles = this.#unscanned
    this.#unscanned = new Set()
    yield* this.#ports.map.scan(tiles, this.#ports.memory.driverActors())
  }

  /** Gives every viewer what it is owed, as far as the viewer can take it. */
  *#giveOwed(): Job {
    for (const viewer of [...this.#owing]) {
      for (const [tile, why] of [...viewer.owedTiles]) {
        if (viewer.session.isBehind) break
        if (!tile.isScanned || !viewer.owedTiles.has(tile)) continue
        viewer.owedTiles.delete(tile)
        viewer.session.tellShared(tile.snapshot(this.#ports.clock.nowMs()))
        if (why === 'thinned') this.#ports.metrics.resynced('tile')
        yield
      }
      for (const [unit, why] of [...viewer.owedUnits]) {
        if (viewer.session.isBehind) break
        if (!viewer.owedUnits.has(unit)) continue
        this.#giveUnit(viewer, unit, why === 'thinned')
        yield
      }
      if (!viewer.isOwed) this.#owing.delete(viewer)
    }
  }

  #giveUnit(viewer: Viewer, unit: WatchedUnit, wasThinned: boolean): void {
    const { clock, log, metrics, units } = this.#ports
    const frame = units.frame(unit, log.durable, clock.nowMs())
    if (frame === null) return
    viewer.owedUnits.delete(unit)
    viewer.session.tellShared(frame)
    if (wasThinned) metrics.resynced('unit')
  }
}
