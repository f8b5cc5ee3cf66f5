/** What a dispatcher gives the engine, in degrees: calls, what changes of them, and closed or slow roads. */
import type { CallDetails } from '../domain/commands.ts'
import type { Need } from '../domain/events/call-events.ts'
import type { Priority } from '../domain/vocabulary.ts'
import type { WireZone } from '../protocol/wire/client-tuples.ts'

/** A request for help as a dispatcher enters it; each need becomes a trip. */
export interface NewCall {
  /** WGS 84 degrees. */
  readonly lonDeg: number
  readonly latDeg: number
  readonly priority: Priority
  /** The service's own triage code. */
  readonly problem?: string | null
  readonly needs: readonly Need[]
  /** Region time at which the caller reached the centre. Default: when the engine hears of it. */
  readonly receivedAtMs?: number | null
  readonly details?: Partial<CallDetails> | null
  /** Its trips wait for people, until `resumeTrip` or `assignUnit`. Default: the desk sends at once. */
  readonly onHold?: boolean
}

/** Closed or slow roads as a dispatcher draws them. */
export interface NewZone extends Omit<WireZone, 'points'> {
  /** WGS 84 degrees: the corners of an area in order, or the points of a line along a street. */
  readonly points: readonly { readonly lonDeg: number; readonly latDeg: number }[]
}

export interface EnteredCall {
  readonly callId: string
  readonly tripIds: readonly string[]
  /** The call's number on the radio, and those of its trips, in their order; engines of before gave none. */
  readonly incidentNo?: string
  readonly responseNos?: readonly string[]
}

/** What changes of a call; what is left out stays as it is, and `details` are replaced as a whole. */
export interface CallChanges {
  /** WGS 84 degrees; a change of place needs both. */
  readonly lonDeg?: number
  readonly latDeg?: number
  readonly priority?: Priority
  readonly problem?: string | null
  readonly details?: Partial<CallDetails> | null
}
