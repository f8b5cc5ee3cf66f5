/** Takes a call, by keyboard alone if need be: place, priority, problem, needs; the units for it are ranked meanwhile. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { LEVELS_OF_CARE, type LevelOfCare, type OverrideReason, PRIORITIES, type Priority } from '../../client/index.ts'
import { shortNumber } from '../format.ts'
import { OverrideReasonField } from '../override-reason.tsx'
import type { Shift } from '../shift.ts'
import { word } from '../spoken-words.ts'
import { t } from '../strings.ts'
import { useTopic } from '../topic.ts'
import { nearTrips } from './near-trips.ts'
import { PlaceField } from './place-field.tsx'
import { RankedUnits, useRanked } from './ranked-units.tsx'

interface CallFormProps {
  readonly shift: Shift
}

interface Draft {
  readonly priority: Priority
  readonly problem: string
  readonly level: LevelOfCare
  readonly transport: boolean
  readonly count: number
  readonly callerName: string
  readonly phone: string
  readonly address: string
  readonly notes: string
}

const EMPTY: Draft = {
  ...{ priority: 2, problem: '', level: 'als', transport: true, count: 1 },
  ...{ callerName: '', phone: '', address: '', notes: '' },
}

export function CallForm({ shift }: CallFormProps) {
  useTopic(shift.choices)
  const [draft, setDraft] = useState(EMPTY)
  const [unitId, setUnitId] = useState<string | null>(null)
  const [reason, setReason] = useState<OverrideReason>('local-knowledge')
  const [isMissing, setMissing] = useState(false)
  const form = useRef<HTMLFormElement>(null)
  const receivedAtMs = useMemo(() => shift.nowMs(), [shift])
  const ranked = useRanked(shift, shift.place, draft.level)
  useEffect(() => form.current?.querySelector<HTMLInputElement>('[name=place]')?.focus(), [])

  const set = (change: Partial<Draft>) => setDraft(now => ({ ...now, ...change }))
  const submit = async () => {
    const { place } = shift
    if (place === null) {
      setMissing(true)
      form.current?.querySelector<HTMLInputElement>('[name=place]')?.focus()
      return
    }
    await enter(shift, { ...draft, ...place, receivedAtMs }, unitId === null ? null : { unitId, reason })
  }
  const keys = (event: KeyboardEvent) => {
    const number = event.altKey ? /^Digit([1-9])$/.exec(event.code)?.[1] : undefined
    if (event.key === 'Enter' && event.ctrlKey) void submit()
    else if (event.altKey && event.code === 'KeyC') shift.takePlace(shift.centre)
    else if (number !== undefined) setUnitId(ranked.units[Number(number) - 1]?.unitId ?? null)
    else return
    event.preventDefault()
  }
  const chosen = unitId === null ? null : shift.callSign(unitId)
  return (
    <aside class="panel" aria-labelledby="call-title">
      <form
        ref={form}
        onKeyDown={keys}
        onSubmit={event => {
          event.preventDefault()
          void submit()
        }}
      >
        <header class="panel-head">
          <h2 id="call-title">{t.call.title}</h2>
          <button type="button" onClick={() => shift.open({ is: 'none' })}>
            {t.call.cancel} <kbd>Esc</kbd>
          </button>
        </header>
        <PlaceField shift={shift} isMissing={isMissing} />
        <Needed draft={draft} set={set} />
        <NearTrips shift={shift} />
        <RankedUnits shift={shift} ranked={ranked} chosen={unitId} choose={setUnitId} />
        {unitId !== null && <OverrideReasonField label={t.call.reason} reason={reason} setReason={setReason} />}
        <Caller draft={draft} set={set} />
        <p class="row sticky">
          <button type="submit" class="primary wide">
            {chosen === null ? t.call.dispatch : t.call.dispatchTo(chosen)} <kbd>Ctrl+Enter</kbd>
          </button>
        </p>
      </form>
    </aside>
  )
}

interface PartProps {
  readonly draft: Draft
  readonly set: (change: Partial<Draft>) => void
}

function Needed({ draft, set }: PartProps) {
  return (
    <>
      <fieldset class="priorities">
        <legend>{t.call.priority}</legend>
        {PRIORITIES.map(priority => (
          <label key={priority} class={`priority p${priority}`}>
            <input
              type="radio"
              name="priority"
              value={priority}
              checked={draft.priority === priority}
              onChange={() => set({ priority })}
            />
            {priority}
          </label>
        ))}
      </fieldset>
      <div class="row">
        <label class="grow">
          {t.call.problem}
          <input
            name="problem"
            maxLength={64}
            placeholder={t.call.problemHint}
            value={draft.problem}
            onInput={event => set({ problem: event.currentTarget.value })}
          />
        </label>
        <label>
          {t.call.level}
          <select
            name="level"
            value={draft.level}
            onChange={event => set({ level: event.currentTarget.value as LevelOfCare })}
          >
            {LEVELS_OF_CARE.map(level => (
              <option key={level} value={level}>
                {word('level', level)}
              </option>
            ))}
          </select>
        </label>
        <label class="narrow">
          {t.call.unitsNeeded}
          <input
            name="count"
            type="number"
            min={1}
            max={8}
            value={draft.count}
            onInput={event => set({ count: Number(event.currentTarget.value) || 1 })}
          />
        </label>
      </div>
      <label class="check">
        <input
          type="checkbox"
          checked={draft.transport}
          onChange={event => set({ transport: event.currentTarget.checked })}
        />
        {t.call.carries}
      </label>
    </>
  )
}

function Caller({ draft, set }: PartProps) {
  const text = (name: 'callerName' | 'phone' | 'address', label: string, complete: string) => (
    <label class="grow">
      {label}
      <input
        name={name}
        autocomplete={complete}
        maxLength={200}
        value={draft[name]}
        onInput={event => set({ [name]: event.currentTarget.value })}
      />
    </label>
  )
  return (
    <>
      <div class="row">
        {text('callerName', t.call.caller, 'off')}
        {text('phone', t.call.phone, 'off')}
      </div>
      {text('address', t.call.address, 'off')}
      <label>
        {t.call.notes}
        <textarea
          name="notes"
          rows={2}
          maxLength={2_000}
          value={draft.notes}
          onInput={event => set({ notes: event.currentTarget.value })}
        />
      </label>
    </>
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

interface EnteredDraft extends Draft {
  readonly lonDeg: number
  readonly latDeg: number
  readonly receivedAtMs: number
}

/** Enters the call; a unit of the dispatcher's own choice is ordered to its first trip. */
async function enter(
  shift: Shift,
  { lonDeg, latDeg, priority, problem, level, transport, count, receivedAtMs, ...said }: EnteredDraft,
  own: { readonly unitId: string; readonly reason: OverrideReason } | null,
): Promise<void> {
  const details = Object.fromEntries(Object.entries(said).filter(([, text]) => text.trim() !== ''))
  const need = { levelOfCare: level, transport, capabilities: [] }
  const call = {
    ...{ lonDeg, latDeg, priority, receivedAtMs, problem: problem.trim() === '' ? null : problem.trim() },
    needs: Array.from({ length: count }, () => need),
    details: Object.keys(details).length === 0 ? null : details,
  }
  const entered = await shift.tryTo(t.call.title, () => shift.client.enterCall(call))
  const tripId = entered?.tripIds[0]
  if (tripId === undefined) return
  shift.open({ is: 'trip', tripId })
  if (own === null) return
  const what = t.call.dispatchTo(shift.callSign(own.unitId))
  await shift.tryTo(what, () => shift.client.assignUnit(tripId, own.unitId, own.reason))
}
