/**
 * A response: what one unit did for a trip, as a record of its own. It outlives that the trip is taken from the unit.
 *
 * A unit is sent once it is bound: by an order, or by its own yes to an offer. Whoever did not answer, declined or lost an
 * offer was not sent, and leaves none.
 */

import type { OfferId, UnitId } from '../ids.ts'
import type { AbsentReason, Cause, CorrectionReason, ResponseEnd, ResponseTime } from '../vocabulary.ts'

/** How many responses a trip keeps, the newest of them; the log has all. */
export const RESPONSES_KEPT = 20

/** A moment of a response, as it stands. */
export interface KeptTime {
  /** Null: there was such a moment, and nobody knows when; `why` says why not. */
  readonly atMs: number | null
  readonly cause: Cause
  readonly why?: AbsentReason
  /** What was said of it again, the newest. */
  readonly otherAtMs?: number
  /** What the unit's wheels say of it, whoever else has told it: the newest. Absent where they say nothing. */
  readonly wheelsAtMs?: number
  /** What proves that came late. */
  readonly lateEvidence?: true
  /** Set where a dispatcher corrected it. */
  readonly corrected?: CorrectionReason
}

/** What one unit did for the trip, and when. */
export interface UnitResponse {
  readonly unitId: UnitId
  /** By which it was sent. */
  readonly offerId: OfferId
  /** When the desk decided on it. Its crew cannot have heard of it before. */
  readonly offeredAtMs: number
  /** How long it was to take from then to the scene. Absent where it was chosen by the straight line, and in records of before. */
  readonly etaMs?: number
  /** Absent while it goes on. */
  readonly end?: ResponseEnd
  readonly times: Readonly<Partial<Record<ResponseTime, KeptTime>>>
}

/** The newest response of the unit. */
export function responseOf(
  { responses }: { readonly responses: readonly UnitResponse[] },
  unitId: UnitId,
): UnitResponse | undefined {
  return responses.findLast(response => response.unitId === unitId)
}

/** The response that goes on and of which nobody has said yet when its unit was told; none where a person tells it. */
export function untoldOffer({
  responses,
  offer,
}: {
  readonly responses: readonly UnitResponse[]
  readonly offer: { readonly byVoice?: true } | null
}): UnitResponse | undefined {
  if (offer?.byVoice === true) return undefined
  const response = responses.at(-1)
  return response?.end === undefined && response?.times.notified === undefined ? response : undefined
}
