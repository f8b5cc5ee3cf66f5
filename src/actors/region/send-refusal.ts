/** How a region refuses what a session has asked for, or sent. */
import type { Refusal } from '../../base/refusal.ts'
import { WRITES_STALLED } from '../refusals.ts'
import type { Session } from '../region-handle.ts'

export function refuseRequest(session: Session, requestId: string | null, refusal: Refusal): void {
  session.tell({ type: 'refused', id: requestId, refusal })
}

export function refuseStalled(session: Session, requestId: string): void {
  refuseRequest(session, requestId, WRITES_STALLED)
}
