/** The region as the streams of crews see it: who remembers their marks, and who tells a crew its mark later. */
import type { StreamId } from '../../domain/ids.ts'
import type { MarkDoor } from '../driver/driver-door.ts'
import type { Stream } from '../driver/location.ts'
import type { UnitActor } from '../driver/unit-actor.ts'
import type { Session } from '../region-handle.ts'
import type { RegionMemory } from './memory.ts'
import type { StreamMarks } from './stream-marks.ts'

interface UnitMarksPorts {
  readonly memory: Pick<RegionMemory, 'driverRef'>
  readonly marks: StreamMarks
}

export class UnitMarks implements MarkDoor {
  readonly #ports: UnitMarksPorts
  /** Those with a durable mark that was not told yet. */
  readonly #waiters = new Set<UnitActor>()

  constructor(ports: UnitMarksPorts) {
    this.#ports = ports
  }

  left({ unitId, location }: UnitActor, stream: Stream): void {
    this.#ports.marks.left(unitId, location, stream)
  }

  readMarks({ unitId }: UnitActor, session: Session, streamIds: readonly StreamId[]): void {
    const { marks, memory } = this.#ports
    const streams = streamIds.map(streamId => ({ unitId, streamId }))
    marks.read(streams, read => void memory.driverRef(unitId)?.tell({ type: 'marks-read', session, read }))
  }

  markWaits(unit: UnitActor): void {
    this.#waiters.add(unit)
  }

  /** Tells the marks that have waited their time. */
  tellDueMarks(nowMonotonicMs: number): void {
    for (const unit of this.#waiters) {
      if (!unit.tellDueMarks(nowMonotonicMs)) this.#waiters.delete(unit)
    }
  }
}
