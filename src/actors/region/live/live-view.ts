/**
 * What consoles see move: tiles of the map and single units, gathered and sent at most four times a second.
 *
 * A fix marks the unit's tiles as changed. A round then makes one frame for each changed tile, whatever the number of
 * its viewers. Rounds begin soon after the first change, 250 ms apart at least, on wall time. Who is owed a snapshot gets
 * it apart from the rounds. All of it runs in slices, so that a big region's picture never holds up a command.
 */

import type { Refusal } from '../../../base/refusal.ts'
import type { MachineClock } from '../../../base/time.ts'
import type { UnitId } from '../../../domain/ids.ts'
import { LIMITS } from '../../../protocol/limits.ts'
import { parseTile } from '../../../protocol/tiles.ts'
import type { TileWatch } from '../../../protocol/wire/tile-tuples.ts'
import type { Metrics } from '../../../telemetry/metrics.ts'
import type { RegionClock } from '../../clock.ts'
import type { UnitActor } from '../../driver/unit-actor.ts'
import { unknownUnit } from '../../refusals.ts'
import type { Session } from '../../region-handle.ts'
import type { MoveFollower, PresenceFollower, TurnFollower } from '../followers.ts'
import type { RegionMemory } from '../memory.ts'
import type { Outbox } from '../outbox.ts'
import type { Overload } from '../overload/overload.ts'
import { refuseRequest } from '../send-refusal.ts'
import type { Turn } from '../turn.ts'
import { DurableStates } from './durable-states.ts'
import { type Job, Slices } from './slices.ts'
import { SnapshotsOwed } from './snapshots-owed.ts'
import { UnitMap, WatchedTile } from './unit-map.ts'
import { UnitWatches } from './unit-watches.ts'
import { type ViewedTile, Viewer } from './viewer.ts'

/** Wall time between two rounds. */
const ROUND_MS = 250
/** The same while the region is overloaded so far. */
const THINNED_ROUND_MS = 1_000
/** How long a round waits for more after the first change: the fixes of one feed frame come in several messages. */
const GATHER_MS = 10
/** How long a tile goes on being followed for viewers that may come back. */
const KEPT_UNWATCHED_MS = 15_000

interface LiveViewPorts {
  readonly memory: RegionMemory
  readonly clock: RegionClock
  readonly machine: MachineClock
  readonly outbox: Outbox
  readonly metrics: Metrics
  /** A fresh, random id of the region. */
  readonly newId: () => string
  /** Position of the newest record, durable or not, and of the newest durable one. */
  readonly log: { readonly head: number; readonly durable: number }
  readonly onError: (error: unknown) => void
}

export class LiveView implements TurnFollower, MoveFollower, PresenceFollower {
  readonly #ports: LiveViewPorts
  readonly #overload: Pick<Overload, 'step' | 'counted'>
  readonly #durable: DurableStates
  readonly #map: UnitMap
  readonly #units: UnitWatches
  readonly #slices: Slices
  readonly #viewers = new Map<Session, Viewer>()
  readonly #snapshots: SnapshotsOwed
  #isInRound = false
  #roundEndedMs = Number.NEGATIVE_INFINITY
  #cancelRound: (() => void) | null = null
  #cancelSweep: (() => void) | null = null
  #isStopped = false

  constructor(ports: LiveViewPorts, overload: Pick<Overload, 'step' | 'counted'>) {
    const { memory, clock, machine, metrics, log, onError } = ports
    this.#ports = ports
    this.#overload = overload
    this.#durable = new DurableStates(memory)
    this.#map = new UnitMap(this.#durable, () => this.#askRound())
    this.#units = new UnitWatches(memory, this.#durable, () => this.#askRound())
    this.#slices = new Slices({ machine, onSlice: ms => metrics.fanOut(ms), onError })
    const followed = { memory, map: this.#map, units: this.#units }
    this.#snapshots = new SnapshotsOwed({ ...followed, slices: this.#slices, clock, machine, metrics, log })
  }

  // What happens to units. The first three are called for every fix and every turn, also when nobody watches.

  moved(driver: UnitActor): void {
    if (!this.#map.grid.isEmpty) this.#map.moved(driver)
    if (!this.#units.isEmpty) this.#units.changed(driver.unitId)
  }

  /** A turn is about to replace the states in memory. */
  decided(turn: Turn): void {
    this.#durable.decided(turn)
  }

  /** A turn's record is durable. */
  stored(turn: Turn): void {
    this.#durable.stored(turn)
    if (!this.#units.isEmpty) this.#units.stored(turn)
    if (this.#map.grid.isEmpty) return
    for (const unitId of turn.drivers.keys()) this.#map.changed(this.#ports.memory.driverActor(unitId)!)
  }

  /** Its position counts as stale, lost or fresh, and did not before. */
  grewOld({ unitId }: UnitActor): void {
    this.#units.changed(unitId)
  }
  connected({ unitId }: UnitActor): void {
    this.#units.changed(unitId)
  }
  disconnected({ unitId }: UnitActor): void {
    this.#units.changed(unitId)
  }

  // What sessions ask for.

  /** The tiles that a session looks at from now on. Input: as validated at the border, each tile once. */
  watchTiles(session: Session, requestId: string, watches: readonly TileWatch[]): void {
    this.#behindWelcome(session, viewer => this.#watchTiles(viewer, requestId, watches))
  }

  watchUnit(session: Session, requestId: string, unitId: UnitId): void {
    this.#behindWelcome(session, viewer => oneStep(() => this.#watchUnit(viewer, requestId, unitId)))
  }

  unwatchUnit(session: Session, requestId: string, unitId: UnitId): void {
    this.#behindWelcome(session, viewer => oneStep(() => this.#unwatchUnit(viewer, requestId, unitId)))
  }

  closed(session: Session): void {
    const viewer = this.#viewers.get(session)
    if (viewer === undefined) return
    viewer.isGone = true
    this.#viewers.delete(session)
    this.#snapshots.drop(viewer)
    for (const tile of [...viewer.tiles]) this.#unwatchTile(viewer, tile)
    for (const unit of [...viewer.units]) this.#units.unwatch(unit, viewer)
  }

  stop(): void {
    this.#isStopped = true
    this.#slices.stop()
    this.#cancelRound?.()
    this.#snapshots.stop()
    this.#cancelSweep?.()
  }

  /**
   * Does a session's request once its welcome has left, in the order of its requests. After that requests wait for
   * nothing durable: a dispatcher can move the map also while Postgres is away. A request is a job, so no round and no
   * snapshot comes between its answer and what follows it.
   */
  #behindWelcome(session: Session, request: (viewer: Viewer) => Job): void {
    let viewer = this.#viewers.get(session)
    if (viewer === undefined) {
      viewer = new Viewer(session)
      this.#viewers.set(session, viewer)
    }
    const known = viewer
    const run = (viewer: Viewer) => this.#slices.add(request(viewer))
    if (known.isGreeted && known.waiting === 0) return run(known)
    known.waiting += 1
    const leave = () => {
      known.waiting -= 1
      known.isGreeted = true
      if (!known.isGone) run(known)
    }
    // When the store stalls a welcome that still waits before it is refused, and its session closed; else it has left.
    this.#ports.outbox.hold(this.#ports.log.head, leave, { refuse: leave })
  }

  // Tiles.

  *#watchTiles(viewer: Viewer, requestId: string, watches: readonly TileWatch[]): Job {
    const { session } = viewer
    if (viewer.isGone) return
    session.tell({ type: 'reply', id: requestId, position: this.#ports.log.durable, result: { tiles: watches.length } })
    const wanted = new Set(watches.map(([name]) => name))
    for (const tile of [...viewer.tiles]) if (!wanted.has(tile.name)) this.#unwatchTile(viewer, tile)
    for (const [name, streamId, seq] of watches) {
      if (viewer.isGone) return
      const tile = this.#map.grid.named(name) ?? this.#openTile(name)
      tile.viewers.add(viewer)
      tile.unwatchedSinceMs = null
      viewer.tiles.add(tile)
      this.#bring(viewer, tile, streamId, seq)
      yield
    }
    this.#snapshots.giveSoon()
  }

  #openTile(name: string): WatchedTile {
    // The random part alone: a stream's name has no dot.
    const tile = new WatchedTile(parseTile(name)!, this.#ports.newId().split('.').at(-1)!)
    this.#map.grid.add(tile)
    this.#snapshots.scan(tile)
    return tile
  }

  /** Gives a viewer the frames that it misses of a tile, or a snapshot when those frames are gone. */
  #bring(viewer: Viewer, tile: WatchedTile, streamId: string | null, seq: number | null): void {
    const { session, owedTiles } = viewer
    const missed = streamId === null || seq === null || session.isBehind ? null : tile.since(streamId, seq)
    if (missed === null || !tile.isScanned) {
      owedTiles.set(tile, 'asked')
      this.#snapshots.owe(viewer)
      return
    }
    owedTiles.delete(tile)
    for (const frame of missed) session.tellShared(frame)
  }

  #unwatchTile(viewer: Viewer, tile: ViewedTile): void {
    viewer.tiles.delete(tile)
    viewer.owedTiles.delete(tile)
    tile.viewers.delete(viewer)
    if (tile.viewers.size > 0) return
    tile.unwatchedSinceMs = this.#ports.machine.monotonicMs()
    this.#sweepLater(KEPT_UNWATCHED_MS)
  }

  #sweepLater(delayMs: number): void {
    this.#cancelSweep ??= this.#ports.machine.after(delayMs, () => {
      this.#cancelSweep = null
      this.#slices.add(this.#sweep())
    })
  }

  /** Forgets the tiles that nobody has watched for long. */
  *#sweep(): Job {
    const nowMs = this.#ports.machine.monotonicMs()
    let nextMs = Number.POSITIVE_INFINITY
    for (const tile of [...this.#map.grid.all()]) {
      if (tile.unwatchedSinceMs === null) continue
      const leftMs = tile.unwatchedSinceMs + KEPT_UNWATCHED_MS - nowMs
      if (leftMs > 0) nextMs = Math.min(nextMs, leftMs)
      else {
        this.#snapshots.leaveUnscanned(tile)
        yield* this.#map.forget(tile)
        yield
      }
    }
    if (nextMs < Number.POSITIVE_INFINITY) this.#sweepLater(nextMs)
  }

  // Single units.

  #watchUnit(viewer: Viewer, requestId: string, unitId: UnitId): void {
    if (viewer.isGone) return
    const { session } = viewer
    const actor = this.#ports.memory.driverActor(unitId)
    if (actor === undefined) return refuseRequest(session, requestId, unknownUnit(unitId))
    const known = this.#units.find(unitId)
    const isAnother = known === undefined || !viewer.units.has(known)
    if (isAnother && viewer.units.size >= LIMITS.unitsWatched) return refuseRequest(session, requestId, tooManyUnits())
    session.tell({ type: 'reply', id: requestId, position: this.#ports.log.durable, result: {} })
    viewer.owedUnits.set(this.#units.watch(actor, viewer), 'asked')
    this.#snapshots.owe(viewer)
    this.#snapshots.giveSoon()
  }

  #unwatchUnit(viewer: Viewer, requestId: string, unitId: UnitId): void {
    if (viewer.isGone) return
    const unit = this.#units.find(unitId)
    if (unit !== undefined && viewer.units.has(unit)) this.#units.unwatch(unit, viewer)
    viewer.session.tell({ type: 'reply', id: requestId, position: this.#ports.log.durable, result: {} })
  }

  // Rounds.

  #askRound(): void {
    if (this.#isInRound || this.#cancelRound !== null || this.#isStopped) return
    const { machine } = this.#ports
    const sinceMs = machine.monotonicMs() - this.#roundEndedMs
    const isThinned = this.#overload.step === 'thinning'
    if (isThinned) this.#overload.counted('round')
    const everyMs = isThinned ? THINNED_ROUND_MS : ROUND_MS
    this.#cancelRound = machine.after(Math.max(GATHER_MS, everyMs - sinceMs), () => {
      this.#cancelRound = null
      this.#isInRound = true
      this.#slices.add(this.#round())
    })
  }

  *#round(): Job {
    try {
      yield* this.#tellTiles()
      yield* this.#tellUnits()
    } finally {
      this.#isInRound = false
      // From its end: a round that took long must not be followed at once by the next.
      this.#roundEndedMs = this.#ports.machine.monotonicMs()
    }
    if (this.#map.hasNews || this.#units.hasNews) this.#askRound()
    this.#snapshots.giveLater()
  }

  *#tellTiles(): Job {
    const { clock, machine, metrics } = this.#ports
    for (const tile of this.#map.takeChanged()) {
      if (!tile.hasNews) continue
      const frame = tile.next(clock.nowMs(), machine.monotonicMs())
      for (const viewer of tile.viewers) {
        if (viewer.takeTile(tile, frame)) continue
        metrics.thinned('tile-moves')
        this.#snapshots.owe(viewer)
      }
      yield
    }
  }

  *#tellUnits(): Job {
    const { clock, log, metrics } = this.#ports
    for (const unit of this.#units.takeChanged()) {
      const frame = this.#units.frame(unit, log.durable, clock.nowMs())
      if (frame === null) continue
      for (const viewer of unit.viewers) {
        if (viewer.takeUnit(unit, frame)) continue
        metrics.thinned('unit')
        this.#snapshots.owe(viewer)
      }
      yield
    }
  }
}

/** A job that is done in one go. */
function* oneStep(run: () => void): Job {
  run()
  yield
}

function tooManyUnits(): Refusal {
  const message = `A session watches at most ${LIMITS.unitsWatched} units; unwatch one first.`
  return { code: 'invalid-field', message, details: { path: 'unitId', max: LIMITS.unitsWatched } }
}
