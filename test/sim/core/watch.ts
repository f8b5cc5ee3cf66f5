/** What a judge may see of a run: what clients sent and received, what the database committed, and the engine's states. */
import type { RegionStates } from '../../../src/actors/region/memory.ts'
import type { DomainEvent } from '../../../src/domain/events.ts'
import type { TripId } from '../../../src/domain/ids.ts'
import type { ClosedCallWrite, RecordWrite, SegmentWrite } from '../../../src/store/log/journal.ts'

/** One WebSocket, from the client's opening of it to its end. */
export interface Wire {
  readonly no: number
  /** The device that opened it. */
  readonly device: string
}

/** How far the database was when a frame left the engine. */
export interface DurableEnds {
  readonly logEnd: number
  readonly segmentEnd: number
}

/** The clients' end of every wire. */
export interface WireWatch {
  opened(wire: Wire): void
  /**
   * The client gave a frame to its socket; it may never arrive. Output: what to call when an engine begins to read it,
   * with the time for which that engine has run; null where nobody asks.
   */
  sent(wire: Wire, frame: Uint8Array | string): ((ranMs: number) => void) | null
  /**
   * A frame arrived at the client. Input: the ends of the database at the moment when the engine sent it, and for how
   * long that engine had run then.
   */
  received(wire: Wire, frame: Uint8Array | string, ends: DurableEnds, ranMs: number): void
  /** The client's side is over: closed, lost, or the device lost power. */
  closed(wire: Wire): void
}

/** The database itself, at the moment at which something stands. */
export interface StoreWatch {
  acquired(epoch: number): void
  recordsCommitted(epoch: number, batch: readonly RecordWrite[]): void
  segmentCommitted(epoch: number, segment: SegmentWrite): void
  snapshotsPut(): void
  /** Calls that leave memory stand, with their trips. */
  callsPutAway(calls: readonly ClosedCallWrite[]): void
}

/** The memory of a region that its process believes to own. */
export interface OwnedRegion {
  readonly states: RegionStates
  readonly logHead: number
  readonly logDurable: number
  readonly policyVersion: number
  isQueued(tripId: TripId): boolean
}

/** The engine's own memory. */
export interface EngineWatch {
  /** A region was recovered and is served from now on. Input: its process, which has one region at a time. */
  recovered(process: string, region: OwnedRegion): void
  turned(process: string, region: OwnedRegion, events: readonly DomainEvent[]): void
  /** The process has lost its memory of the region: crash, fence, drain, or a refused batch. */
  dropped(process: string): void
  /** The engine says that it has made a mistake: an error in its log that no fault of the world explains. */
  failed(process: string, what: string): void
}
