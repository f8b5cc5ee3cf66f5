/** Says when a moment of a unit's work really was. What was said before stays in the log. */
import { useState } from 'preact/hooks'
import {
  CORRECTION_REASONS,
  type CorrectionReason,
  RESPONSE_TIMES,
  type ResponseTime,
  type ResponseView,
} from '../../client/index.ts'
import { LateField, lateMoment } from '../late-field.tsx'
import type { Shift } from '../shift.ts'
import { word } from '../spoken-words.ts'
import { t } from '../strings.ts'
import { tripTexts } from './trip-texts.ts'

interface CorrectProps {
  readonly shift: Shift
  readonly tripId: string
  readonly response: ResponseView
  readonly back: () => void
}

export function CorrectForm({ shift, tripId, response: { unitId, times }, back }: CorrectProps) {
  const [time, setTime] = useState<ResponseTime>(RESPONSE_TIMES.find(each => times[each] !== undefined) ?? 'on-scene')
  const [text, setText] = useState('')
  const [isNever, setNever] = useState(false)
  const [reason, setReason] = useState<CorrectionReason>('button-forgotten')
  const newAtMs = isNever ? null : lateMoment(shift, text)
  const isReady = isNever || typeof newAtMs === 'number'
  const submit = (event: Event) => {
    event.preventDefault()
    if (!isReady || newAtMs === undefined) return
    back()
    const correction = { time, newAtMs, reason }
    void shift.tryTo(tripTexts.correctTime, () => shift.client.correctTime(tripId, unitId, correction), tripId)
  }
  return (
    <form class="asked" onSubmit={submit}>
      <label>
        {tripTexts.whichTime}
        <select name="time" value={time} onChange={event => setTime(event.currentTarget.value as ResponseTime)}>
          {RESPONSE_TIMES.map(each => (
            <option key={each} value={each}>
              {word('time', each)}
            </option>
          ))}
        </select>
      </label>
      {!isNever && (
        <LateField shift={shift} name="new-time" label={t.desk.late.happened} text={text} setText={setText} />
      )}
      <label class="check">
        <input type="checkbox" checked={isNever} onChange={event => setNever(event.currentTarget.checked)} />
        {tripTexts.never}
      </label>
      <label>
        {t.trip.reason}
        <select
          name="reason"
          value={reason}
          onChange={event => setReason(event.currentTarget.value as CorrectionReason)}
        >
          {CORRECTION_REASONS.map(each => (
            <option key={each} value={each}>
              {word('reason', each)}
            </option>
          ))}
        </select>
      </label>
      <button type="submit" class="primary" disabled={!isReady}>
        {tripTexts.correct}
      </button>
      <button type="button" onClick={back}>
        {t.trip.dont}
      </button>
    </form>
  )
}
