/** What a driver's actor needs of its region: a way for its fixes, one for the marks of its streams, and one for its crew's requests. */

import type { Refusal } from '../../base/refusal.ts'
import type { Fix, PlacedFix } from '../../domain/fix.ts'
import type { StreamId, UnitId } from '../../domain/ids.ts'
import type { FixCounts, FixOutcome } from '../../telemetry/fix-classes.ts'
import type { CommandRequest, HelloRequest, QueryAnswer, Session } from '../region-handle.ts'
import type { FixLimits, Hole, Stream } from './location.ts'
import type { UnitActor } from './unit-actor.ts'

export interface DriverDoor {
  readonly fixes: FixDoor
  readonly marks: MarkDoor
  readonly crews: CrewDoor
}

export interface FixDoor {
  monotonicMs(): number
  /** The region time of a wall time. */
  regionMs(wallMs: number): number
  limits(): FixLimits
  /** Hands a fix to the segment writer; false when its queue is full and the fix is not taken. */
  store(unitId: UnitId, streamId: StreamId, fix: Fix, flags: number, receivedWallMs: number): boolean
  counted(counts: FixCounts): void
  countedOne(outcome: FixOutcome): void
  /** The unit's current position changed. */
  moved(unit: UnitActor, before: PlacedFix | null): void
  refuseFixes(session: Session, refusal: Refusal): void
}

export interface MarkDoor {
  /** A stream of the unit has left its memory, and waits to be forgotten. */
  left(unit: UnitActor, stream: Stream): void
  /** Reads the marks of forgotten streams, which `session` named; the answer comes as a message, `marks-read`. */
  readMarks(unit: UnitActor, session: Session, streamIds: readonly StreamId[]): void
  /** A durable mark was not told yet; the region reminds the driver later. */
  markWaits(unit: UnitActor): void
}

export interface CrewDoor {
  nowMs(): number
  command(request: CommandRequest): void
  readUnit(unit: UnitActor, answer: (answer: QueryAnswer) => void): void
  /** A crew's client signed in: records holes and answers with `welcome`. */
  opened(unit: UnitActor, hello: HelloRequest, holes: readonly Hole[]): void
  disconnected(unit: UnitActor): void
}
