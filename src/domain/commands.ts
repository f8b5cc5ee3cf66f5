/** What clients ask for, after validation: imperatives that a decider answers with events or a refusal. */
import type { Need } from './events.ts'
import type { OfferId, TripId } from './ids.ts'
import type {
  CancelReason,
  DeclineReason,
  Disposition,
  Priority,
  ReportablePhase,
  UnavailableReason,
} from './vocabulary.ts'

/** Personal data of a call. Kept apart from events under a key of its own, so that it can be erased. */
export interface CallDetails {
  readonly callerName: string | null
  readonly phone: string | null
  readonly address: string | null
  readonly notes: string | null
}

export interface SignOn {
  readonly type: 'sign-on'
  readonly happenedAtMs: number
}
export interface SignOff {
  readonly type: 'sign-off'
  readonly happenedAtMs: number
}
export interface SetStatus {
  readonly type: 'set-status'
  readonly status: 'available' | 'unavailable'
  /** Required when `unavailable`, null otherwise. */
  readonly reason: UnavailableReason | null
  readonly happenedAtMs: number
}
interface AcceptOffer {
  readonly type: 'accept-offer'
  readonly offerId: OfferId
  readonly happenedAtMs: number
}
export interface DeclineOffer {
  readonly type: 'decline-offer'
  readonly offerId: OfferId
  readonly reason: DeclineReason
}
export interface ReportPhase {
  readonly type: 'report-phase'
  readonly tripId: TripId
  readonly phase: ReportablePhase
  readonly happenedAtMs: number
}
export interface CloseTrip {
  readonly type: 'close-trip'
  readonly tripId: TripId
  readonly disposition: Disposition
  readonly happenedAtMs: number
}
export interface EnterCall {
  readonly type: 'enter-call'
  readonly lonDeg: number
  readonly latDeg: number
  readonly priority: Priority
  readonly problem: string | null
  /** 1 to 8 needs; each becomes a trip. */
  readonly needs: readonly Need[]
  /** NEMSIS eTimes.01; null means the moment the engine hears of it. */
  readonly receivedAtMs: number | null
  readonly details: CallDetails | null
}
export interface CancelTrip {
  readonly type: 'cancel-trip'
  readonly tripId: TripId
  readonly reason: CancelReason
}

export type DriverCommand = SignOn | SignOff | SetStatus | AcceptOffer | DeclineOffer | ReportPhase | CloseTrip
type DispatcherCommand = EnterCall | CancelTrip
export type Command = DriverCommand | DispatcherCommand
