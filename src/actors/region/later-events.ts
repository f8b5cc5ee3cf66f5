/**
 * Events of a later version of this program: of a type that it does not know, or of a version of one.
 *
 * Their checksum says that an engine wrote them, so they are no damage. Whoever went on without them would send units by states
 * that are not true, and write records that fit no longer once the later version is back: the region is not served.
 */
import type { RegionId } from '../../domain/ids.ts'
import { EVENT_TYPES } from '../../store/log/event-forms.ts'
import type { LogRecord } from '../../store/log/journal.ts'

/** What was found first. */
export interface LaterEvent {
  readonly position: number
  /** With its version, where that is what is not known. */
  readonly what: string
}

/** The region is not served by this version. */
export class LogOfLaterVersion extends Error {
  override readonly name = 'LogOfLaterVersion'

  constructor(region: RegionId, { position, what }: LaterEvent) {
    super(
      `The log of region ${region} has ${what} at position ${position}, which this version does not know: a later one wrote it. Start that version, or one after it; this one cannot serve the region.`,
    )
  }
}

const KNOWN: ReadonlySet<string> = new Set(EVENT_TYPES)
/** Of every type, for now. */
const VERSION = 1

/** Null where all of it is known. Input: a record that is not damaged. */
export function laterEventIn({ position, events }: Pick<LogRecord, 'position' | 'events'>): LaterEvent | null {
  for (const { type, v } of events as readonly { readonly type: string; readonly v: number }[]) {
    if (!KNOWN.has(type)) return { position, what: type }
    if (v !== VERSION) return { position, what: `${type} in version ${v}` }
  }
  return null
}
