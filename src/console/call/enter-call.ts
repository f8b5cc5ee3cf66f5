/** Enters a call, or says more of one that has a unit already. */
import type { EnteredCall, OverrideReason } from '../../client/index.ts'
import { lateMoment } from '../late-field.tsx'
import type { Place, Shift } from '../shift.ts'
import { t } from '../strings.ts'
import { type Draft, needOf, saidDetails, saidProblem } from './draft.ts'

export interface OwnChoice {
  readonly unitId: string
  readonly reason: OverrideReason
}

interface Entry {
  readonly place: Place
  readonly openedAtMs: number
  readonly own: OwnChoice | null
  /** Nobody goes until somebody says so. */
  readonly onHold: boolean
}

/** Output: the call; null where it was refused or nobody knows. A unit of the dispatcher's own choice is ordered to its first trip. */
export async function enterDraft(
  shift: Shift,
  draft: Draft,
  { place, openedAtMs, own, onHold }: Entry,
): Promise<EnteredCall | null> {
  const call = {
    ...{ ...place, priority: draft.priority, problem: saidProblem(draft), details: saidDetails(draft) },
    receivedAtMs: lateMoment(shift, draft.received) ?? openedAtMs,
    needs: Array.from({ length: draft.count }, () => needOf(draft)),
    // Or the desk would send another unit before this one is named.
    ...(onHold || own !== null ? { onHold: true } : {}),
  }
  const entered = await shift.tryTo(t.call.title, () => shift.client.enterCall(call))
  const tripId = entered?.tripIds[0]
  if (entered === null || tripId === undefined) return null
  if (own !== null) void orderOwn(shift, entered.tripIds, own)
  if (draft.paperNo.trim() !== '') {
    const note = t.desk.late.note(draft.paperNo.trim())
    void shift.tryTo(t.trip.addNote, () => shift.client.addNote(entered.callId, note))
  }
  return entered
}

/** Orders the unit to the first trip; the desk sends to the others, and to the first one too where that unit could not be ordered. */
async function orderOwn(shift: Shift, tripIds: readonly string[], { unitId, reason }: OwnChoice): Promise<void> {
  const what = t.call.dispatchTo(shift.callSign(unitId))
  const [first, ...others] = tripIds as [string, ...string[]]
  const ordered = shift.tryTo(what, () => shift.client.assignUnit(first, unitId, reason))
  const resume = (tripId: string) => void shift.tryTo(t.trip.resume, () => shift.client.resumeTrip(tripId))
  others.forEach(resume)
  if ((await ordered) === null) resume(first)
}

/** Says what came of the triage of a call that was sent before it was over. Output: whether it stands. */
export async function amendByDraft(shift: Shift, callId: string, draft: Draft, moved: Place | null): Promise<boolean> {
  const details = saidDetails(draft)
  const changes = {
    ...{ priority: draft.priority, problem: saidProblem(draft) },
    ...(details === null ? {} : { details }),
    ...(moved === null ? {} : moved),
  }
  return (await shift.tryTo(t.desk.call.amend, () => shift.client.amendCall(callId, changes))) !== null
}
