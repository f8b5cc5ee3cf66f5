/** What a driver's actor needs of its region: the clocks, the segment writer, the finder, and turns. */

import type { Refusal } from '../../base/refusal.ts'
import type { Fix, PlacedFix } from '../../domain/fix.ts'
import type { StreamId, UnitId } from '../../domain/ids.ts'
import type { CommandRequest, HelloRequest, QueryAnswer, Session } from '../region-handle.ts'
import type { FixLimits, Hole, Stream } from './location.ts'
import type { UnitActor } from './unit-actor.ts'

export interface DriverDoor {
  nowMs(): number
  monotonicMs(): number
  /** The region time of a wall time. */
  regionMs(wallMs: number): number
  limits(): FixLimits
  /** Hands a fix to the segment writer; false when its queue is full and the fix is not taken. */
  store(unitId: UnitId, streamId: StreamId, fix: Fix, flags: number, receivedWallMs: number): boolean
  counted(counts: Partial<Record<'current' | 'late' | 'duplicate' | 'future' | 'invalid' | 'hint', number>>): void
  /** The unit's current position changed. */
  moved(driver: UnitActor, before: PlacedFix | null): void
  refuseFixes(session: Session, refusal: Refusal): void
  command(request: CommandRequest): void
  readUnit(driver: UnitActor, answer: (answer: QueryAnswer) => void): void
  /** A crew's client signed in: records holes and answers with `welcome`. */
  opened(driver: UnitActor, hello: HelloRequest, holes: readonly Hole[]): void
  disconnected(driver: UnitActor): void
  /** A stream of the unit has left its memory, and waits to be forgotten. */
  left(driver: UnitActor, stream: Stream): void
  /** Reads the marks of forgotten streams, which `session` named; the answer comes as a message, `marks-read`. */
  readMarks(driver: UnitActor, session: Session, streamIds: readonly StreamId[]): void
  /** A durable mark was not told yet; the region reminds the driver later. */
  markWaits(driver: UnitActor): void
}
