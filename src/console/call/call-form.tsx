/**
 * Takes a call, by keyboard alone if need be: place, priority, problem, needs; the units for it are ranked meanwhile.
 *
 * A call whose triage is not over can be sent as it is: it is entered with the priority that it has by then, and the form goes on
 * with what is said of it later.
 */
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { OverrideReason } from '../../client/index.ts'
import { shortNumber } from '../format.ts'
import { OverrideReasonField } from '../override-reason.tsx'
import type { Shift } from '../shift.ts'
import { word } from '../spoken-words.ts'
import { t } from '../strings.ts'
import { useTopic } from '../topic.ts'
import { useCallEntry } from './call-entry.ts'
import { CallerFields } from './caller-fields.tsx'
import { EMPTY_DRAFT, needOf } from './draft.ts'
import { nearTrips } from './near-trips.ts'
import { NeededFields } from './needed-fields.tsx'
import { PlaceField } from './place-field.tsx'
import { RankedUnits, rankedFor, useRanked } from './ranked-units.tsx'
import { SentTrip } from './sent-trip.tsx'

interface CallFormProps {
  readonly shift: Shift
}

export function CallForm({ shift }: CallFormProps) {
  useTopic(shift.choices)
  const [draft, setDraft] = useState(EMPTY_DRAFT)
  const [unitId, setUnitId] = useState<string | null>(null)
  const [reason, setReason] = useState<OverrideReason>('local-knowledge')
  const form = useRef<HTMLFormElement>(null)
  const focusPlace = () => form.current?.querySelector<HTMLInputElement>('[name=place]')?.focus()
  const { isMissing, sent, submit, hold, sendNow } = useCallEntry(shift, focusPlace)
  const ranked = useRanked(shift, sent === null ? shift.place : null, draft.level)
  // Before the next key: what is typed on would be taken for keys of the board.
  useLayoutEffect(focusPlace, [])

  const set = (change: Partial<typeof draft>) => setDraft(now => ({ ...now, ...change }))
  const own = unitId === null ? null : { unitId, reason }
  const keys = (event: KeyboardEvent) => {
    const number = event.altKey ? /^Digit([1-9])$/.exec(event.code)?.[1] : undefined
    if (event.key === 'Enter' && event.ctrlKey) void (event.shiftKey ? sendNow : submit)(draft, own)
    else if (event.altKey && event.code === 'KeyH') void hold(draft)
    else if (event.altKey && event.code === 'KeyC') shift.takePlace(shift.centre)
    else if (number !== undefined && sent === null)
      setUnitId(rankedFor(shift, ranked, needOf(draft))[Number(number) - 1]?.unit.unitId ?? null)
    // It would send the call from any field, and who takes a place by it may press it once too often.
    else if (event.key !== 'Enter' || !(event.target instanceof HTMLInputElement)) return
    event.preventDefault()
  }
  const take = (event: Event) => {
    event.preventDefault()
    void submit(draft, own)
  }
  return (
    <aside class="panel" aria-labelledby="call-title">
      <form ref={form} onKeyDown={keys} onSubmit={take}>
        <CallHead shift={shift} tripId={sent?.tripId ?? null} />
        <PlaceField
          shift={shift}
          isMissing={isMissing}
          named={address => setDraft(now => (now.address === '' ? { ...now, address } : now))}
        />
        <NeededFields shift={shift} draft={draft} set={set} isSent={sent !== null} />
        {sent === null ? (
          <>
            <NearTrips shift={shift} />
            <RankedUnits shift={shift} ranked={ranked} need={needOf(draft)} chosen={unitId} choose={setUnitId} />
            {unitId !== null && <OverrideReasonField label={t.call.reason} reason={reason} setReason={setReason} />}
          </>
        ) : (
          <SentTrip shift={shift} tripId={sent.tripId} />
        )}
        <CallerFields shift={shift} draft={draft} set={set} isSent={sent !== null} />
        <p class="row sticky">
          <button type="submit" class="primary grow">
            {sent !== null
              ? t.desk.call.amend
              : own === null
                ? t.call.dispatch
                : t.call.dispatchTo(shift.callSign(own.unitId))}{' '}
            <kbd>Ctrl+Enter</kbd>
          </button>
          {sent === null && <OtherWays send={() => void sendNow(draft, own)} hold={() => void hold(draft)} />}
        </p>
      </form>
    </aside>
  )
}

const OtherWays = ({ send, hold }: { readonly send: () => void; readonly hold: () => void }) => (
  <>
    <button type="button" title={t.desk.call.sendNowHint} onClick={send}>
      {t.desk.call.sendNow} <kbd>Ctrl+⇧+Enter</kbd>
    </button>
    <button type="button" title={t.desk.call.holdHint} onClick={hold}>
      {t.desk.call.hold} <kbd>Alt+H</kbd>
    </button>
  </>
)

function CallHead({ shift, tripId }: CallFormProps & { readonly tripId: string | null }) {
  const number = tripId === null ? null : (shift.board.trips.get(tripId)?.responseNo ?? tripId.slice(-6))
  return (
    <header class="panel-head">
      <h2 id="call-title">{number === null ? t.call.title : t.desk.call.goesOn(shortNumber(number))}</h2>
      <button type="button" onClick={() => shift.open({ is: 'none' })}>
        {number === null ? t.call.cancel : t.trip.close} <kbd>Esc</kbd>
      </button>
    </header>
  )
}

function NearTrips({ shift }: CallFormProps) {
  useTopic(shift.changes)
  const near = nearTrips(shift)
  if (near.length === 0) return null
  return (
    <div class="near" role="status">
      <p>{t.call.near(near.length)}</p>
      <ul>
        {near.map(trip => (
          <li key={trip.tripId}>
            <button type="button" class="link" onClick={() => shift.open({ is: 'trip', tripId: trip.tripId })}>
              {shortNumber(trip.responseNo ?? trip.tripId.slice(-6))} · P{trip.priority} · {trip.problem ?? '—'} ·{' '}
              {word('phase', trip.phase)}
            </button>
          </li>
        ))}
      </ul>
    </div>
  )
}
