/** Sends the unit of this trip to another one, in one step; the clocks of both are in sight. */
import { useState } from 'preact/hooks'
import type { TripView } from '../../client/index.ts'
import { duration, shortNumber } from '../format.ts'
import { useSeconds } from '../passing-time.ts'
import type { Shift } from '../shift.ts'
import { word } from '../spoken-words.ts'
import { t } from '../strings.ts'
import { DivertClocks } from './divert-clocks.tsx'

interface DivertProps {
  readonly shift: Shift
  readonly trip: TripView
  readonly reasons: readonly string[]
  readonly take: (toTripId: string, reason: string) => void
  readonly back: () => void
}

export function DivertForm({ shift, trip, reasons, take, back }: DivertProps) {
  useSeconds()
  const [to, setTo] = useState('')
  const [reason, setReason] = useState(reasons[0]!)
  const others = shift
    .tripsInOrder()
    .filter(({ tripId, phase }) => tripId !== trip.tripId && (phase === 'pending' || phase === 'offered'))
  if (others.length === 0) {
    return (
      <p class="asked quiet">
        {t.trip.noOther}{' '}
        <button type="button" onClick={back}>
          {t.trip.dont}
        </button>
      </p>
    )
  }
  const chosen = others.find(({ tripId }) => tripId === to)
  const waited = (each: TripView) => duration(shift.nowMs() - each.receivedAtMs)
  return (
    <form
      class="asked"
      onSubmit={event => {
        event.preventDefault()
        if (to !== '') take(to, reason)
      }}
    >
      <label class="grow">
        {t.trip.divert}
        <select name="to" required value={to} onChange={event => setTo(event.currentTarget.value)}>
          <option value="">{t.trip.choose}</option>
          {others.map(each => (
            <option key={each.tripId} value={each.tripId}>
              {`P${each.priority} ${shortNumber(each.responseNo ?? each.tripId.slice(-6))} ${each.problem ?? ''} · ${t.trip.clockNow(waited(each))}`}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t.trip.reason}
        <select name="reason" value={reason} onChange={event => setReason(event.currentTarget.value)}>
          {reasons.map(each => (
            <option key={each} value={each}>
              {word('reason', each)}
            </option>
          ))}
        </select>
      </label>
      {chosen !== undefined && <DivertClocks shift={shift} from={trip} to={chosen} />}
      <button type="submit" class="primary" disabled={to === ''}>
        {t.trip.divert}
      </button>
      <button type="button" onClick={back}>
        {t.trip.dont}
      </button>
    </form>
  )
}
