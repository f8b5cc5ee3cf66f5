/** What becomes of a call in the form: it is entered once, however often a key is pressed, and amended from then on. */
import { useMemo, useRef, useState } from 'preact/hooks'
import { lateMoment } from '../late-field.tsx'
import type { Place, Shift } from '../shift.ts'
import type { Draft } from './draft.ts'
import { amendByDraft, enterDraft, type OwnChoice } from './enter-call.ts'

interface SentCall {
  readonly callId: string
  readonly tripId: string
  readonly place: Place
}

interface CallEntry {
  /** It was tried without a place. */
  readonly isMissing: boolean
  /** What was entered before its triage was over. */
  readonly sent: SentCall | null
  readonly submit: (draft: Draft, own: OwnChoice | null) => Promise<void>
  /** Nobody is sent until somebody says so. */
  readonly hold: (draft: Draft) => Promise<void>
  readonly sendNow: (draft: Draft, own: OwnChoice | null) => Promise<void>
}

/** Input: what is done where the place is missing. */
export function useCallEntry(shift: Shift, missPlace: () => void): CallEntry {
  const [isMissing, setMissing] = useState(false)
  const [sent, setSent] = useState<SentCall | null>(null)
  const isBusy = useRef(false)
  const openedAtMs = useMemo(() => shift.nowMs(), [shift])

  /** Output: null where it is not to be entered now, or was refused. */
  const enter = async (draft: Draft, own: OwnChoice | null, onHold = false): Promise<SentCall | null> => {
    const { place } = shift
    setMissing(place === null)
    if (place === null) missPlace()
    if (place === null || lateMoment(shift, draft.received) === null || isBusy.current) return null
    isBusy.current = true
    try {
      const entered = await enterDraft(shift, draft, { place, openedAtMs, own, onHold })
      return entered === null ? null : { callId: entered.callId, tripId: entered.tripIds[0]!, place }
    } finally {
      isBusy.current = false
    }
  }
  const submit = async (draft: Draft, own: OwnChoice | null) => {
    const entered = sent ?? (await enter(draft, own))
    if (entered === null) return
    if (sent !== null && !(await amendByDraft(shift, sent.callId, draft, movedFrom(sent.place, shift.place)))) return
    shift.open({ is: 'trip', tripId: entered.tripId })
  }
  const sendNow = async (draft: Draft, own: OwnChoice | null) => {
    if (sent === null) setSent(await enter(draft, own))
  }
  const hold = async (draft: Draft) => {
    const entered = sent === null ? await enter(draft, null, true) : null
    if (entered !== null) shift.open({ is: 'trip', tripId: entered.tripId })
  }
  return { isMissing, sent, submit, hold, sendNow }
}

function movedFrom(before: Place, place: Place | null): Place | null {
  return place === null || (place.lonDeg === before.lonDeg && place.latDeg === before.latDeg) ? null : place
}
