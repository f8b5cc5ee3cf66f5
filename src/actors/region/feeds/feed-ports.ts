/** What a feed needs of its region. */
import type { MachineClock } from '../../../base/time.ts'
import type { FixHoleRecorded } from '../../../domain/events/unit-events.ts'
import type { StreamName } from '../../../store/log/journal.ts'
import type { FixDoor } from '../../driver/driver-door.ts'
import type { Stream } from '../../driver/location.ts'
import type { Session } from '../../region-handle.ts'
import type { Admission } from '../admission.ts'
import type { RegionMemory } from '../memory.ts'
import type { RecordNews } from '../news.ts'

export interface FeedPorts {
  readonly fixes: Pick<FixDoor, 'regionMs' | 'limits' | 'counted' | 'moved' | 'refuseFixes'>
  readonly memory: Pick<RegionMemory, 'driverActor'>
  readonly admission: Pick<Admission, 'isOverfull'>
  /** Reads the marks of forgotten streams; the answer comes as a message, `feed-marks-read`. */
  readonly readMarks: (session: Session, streams: readonly StreamName[]) => void
  /** Lets others have their turn; the feed goes on with a message, `feed-attach-more`. */
  readonly later: (session: Session) => void
  readonly record: RecordNews
  /**
   * Lets this leave when all that was decided so far is durable, in the order held; `position` is the log's head.
   * `refuse` runs instead when the store stalls.
   */
  readonly hold: (leave: (position: number) => void, refuse?: () => void) => void
  readonly machine: MachineClock
}

/** Streams with a hole that is not stored yet, and what it was found with. */
export type Unrecorded = Map<Stream, readonly FixHoleRecorded[]>
