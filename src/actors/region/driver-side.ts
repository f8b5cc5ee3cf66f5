/** The region as its drivers' actors see it: clocks, the way to a turn, and where fixes and presence go. */

import type { Refusal } from '../../base/refusal.ts'
import type { MachineClock } from '../../base/time.ts'
import { alarmCleared } from '../../domain/dispatch/alarms.ts'
import { driverKey } from '../../domain/entity.ts'
import type { DomainEvent } from '../../domain/events.ts'
import type { PlacedFix } from '../../domain/fix.ts'
import type { StreamId, TripId, UnitId } from '../../domain/ids.ts'
import { isLost, type Policy } from '../../domain/policy.ts'
import type { TripState } from '../../domain/trip.ts'
import { LIMITS } from '../../protocol/limits.ts'
import type { SegmentWriter } from '../../store/location/segment-writer.ts'
import type { Metrics } from '../../telemetry/metrics.ts'
import type { ActorRef } from '../actor-system.ts'
import type { RegionClock } from '../clock.ts'
import type { DriverMessage } from '../driver/driver-actor.ts'
import type { DriverDoor } from '../driver/driver-door.ts'
import type { FixLimits, Hole, Stream } from '../driver/location.ts'
import type { UnitActor } from '../driver/unit-actor.ts'
import type { CommandRequest, HelloRequest, Session } from '../region-handle.ts'
import type { DeadlineKeeper } from './deadline-keeper.ts'
import type { Desk } from './desk.ts'
import type { LiveView } from './live/live-view.ts'
import type { Answer } from './messages.ts'
import type { RegionReads } from './reads.ts'
import type { StreamMarks } from './stream-marks.ts'

interface DriverSideParts {
  readonly clock: RegionClock
  readonly machine: MachineClock
  readonly policy: Policy
  readonly metrics: Metrics
  readonly desk: Desk
  readonly live: LiveView
  readonly reads: RegionReads
  readonly deadlines: DeadlineKeeper
  readonly segments: SegmentWriter
  readonly marks: StreamMarks
  readonly driverRef: (unitId: UnitId) => ActorRef<DriverMessage> | undefined
  readonly trip: (tripId: TripId) => TripState | undefined
  readonly command: (request: CommandRequest) => void
  readonly record: (events: readonly DomainEvent[]) => void
  readonly askForMatch: () => void
}

export class DriverSide implements DriverDoor {
  readonly #parts: DriverSideParts
  /** Those with a durable mark that was not told yet. */
  readonly #markWaiters = new Set<UnitActor>()

  constructor(parts: DriverSideParts) {
    this.#parts = parts
  }

  nowMs(): number {
    return this.#parts.clock.nowMs()
  }
  monotonicMs(): number {
    return this.#parts.machine.monotonicMs()
  }
  regionMs(wallMs: number): number {
    return this.#parts.clock.regionMs(wallMs)
  }
  limits(): FixLimits {
    const { clock } = this.#parts
    const aheadMs = LIMITS.aheadMs * clock.rate
    return { futureMs: clock.latestMs() + aheadMs, outdatedMs: clock.shownLatestMs() + aheadMs }
  }

  command(request: CommandRequest): void {
    this.#parts.command(request)
  }

  readUnit(driver: UnitActor, answer: Answer): void {
    this.#parts.reads.unit(driver, answer)
  }

  opened(driver: UnitActor, hello: HelloRequest, holes: readonly Hole[]): void {
    const { trip: tripOf, record, reads, live, askForMatch } = this.#parts
    const { unitId, session } = driver
    if (session === null) return
    const trip = driver.state.work === null ? undefined : tripOf(driver.state.work.tripId)
    record([
      ...holes.map(hole => ({ type: 'FixHoleRecorded', v: 1, entity: driverKey(unitId), unitId, ...hole }) as const),
      ...(trip === undefined ? [] : alarmCleared(trip, 'unit-lost', unitId)),
    ])
    reads.welcome(session, hello, driver)
    live.presenceChanged(unitId)
    askForMatch()
  }

  disconnected(driver: UnitActor): void {
    const { deadlines, clock, live } = this.#parts
    deadlines.watchDisconnect(driver.unitId, clock.nowMs())
    live.presenceChanged(driver.unitId)
  }

  store(...[unitId, streamId, fix, flags, receivedWallMs]: Parameters<DriverDoor['store']>): boolean {
    return this.#parts.segments.add(unitId, streamId, fix, flags, receivedWallMs)
  }

  counted(counts: Parameters<DriverDoor['counted']>[0]): void {
    const { metrics } = this.#parts
    if (counts.current !== undefined) metrics.fix('current', counts.current)
    if (counts.late !== undefined) metrics.fix('late', counts.late)
    if (counts.duplicate !== undefined) metrics.fix('duplicate', counts.duplicate)
    if (counts.future !== undefined) metrics.fix('future', counts.future)
    if (counts.invalid !== undefined) metrics.fix('invalid', counts.invalid)
    if (counts.hint !== undefined) metrics.fix('hint', counts.hint)
  }

  moved(driver: UnitActor, before: PlacedFix | null): void {
    const { desk, live, clock, policy, askForMatch } = this.#parts
    desk.placeUnit(driver.state, driver.location.current)
    live.moved(driver)
    if (driver.state.status !== 'available' || desk.pendingCount === 0) return
    // A unit that nobody could be sent to has come back: somebody may be waiting for it.
    const wasLost = before === null || isLost(clock.nowMs() - before.fixedAtMs, policy)
    if (wasLost) askForMatch()
  }

  refuseFixes(session: Session, refusal: Refusal): void {
    // Those that are left out for good are counted one by one.
    if (refusal.details?.leftOut === undefined)
      this.#parts.metrics.fix(refusal.code === 'fix-gap' ? 'gap' : 'refused', 1)
    session.send(['error', null, refusal.code, refusal.message, refusal.details ?? null])
  }

  left({ unitId, location }: UnitActor, stream: Stream): void {
    this.#parts.marks.left(unitId, location, stream)
  }

  readMarks({ unitId }: UnitActor, session: Session, streamIds: readonly StreamId[]): void {
    const { marks, driverRef } = this.#parts
    const streams = streamIds.map(streamId => ({ unitId, streamId }))
    marks.read(streams, read => void driverRef(unitId)?.tell({ type: 'marks-read', session, read }))
  }

  markWaits(driver: UnitActor): void {
    this.#markWaiters.add(driver)
  }

  /** Tells the marks that have waited their time. */
  tellDueMarks(nowMonotonicMs: number): void {
    for (const driver of this.#markWaiters) {
      if (!driver.tellDueMarks(nowMonotonicMs)) this.#markWaiters.delete(driver)
    }
  }
}
