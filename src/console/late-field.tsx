/** When something happened that is told late: a time of day, and how long ago that was, so that a slip is seen. */
import { age, timeOfDay } from './format.ts'
import { readTimeOfDay } from './late-moment.ts'
import { useSeconds } from './passing-time.ts'
import type { Shift } from './shift.ts'
import { t } from './strings.ts'

interface LateFieldProps {
  readonly shift: Shift
  readonly name: string
  readonly label: string
  readonly text: string
  readonly setText: (text: string) => void
}

export function LateField({ shift, name, label, text, setText }: LateFieldProps) {
  useSeconds()
  const nowMs = shift.nowMs()
  const { timeZone } = shift.info
  const atMs = text.trim() === '' ? null : readTimeOfDay(text, nowMs, timeZone)
  const isBad = atMs === null && text.trim() !== ''
  return (
    <label class="late-field">
      {label}
      <input
        name={name}
        inputMode="numeric"
        autocomplete="off"
        placeholder={t.desk.late.now}
        value={text}
        aria-invalid={isBad}
        onInput={event => setText(event.currentTarget.value)}
      />
      {isBad && <small class="refusal">{t.desk.late.bad}</small>}
      {atMs !== null && <small class="figures">{t.desk.late.ago(timeOfDay(atMs, timeZone), age(nowMs - atMs))}</small>}
    </label>
  )
}

/** The moment of such a field; undefined for now. Output: null for a text that is no time. */
export function lateMoment(shift: Shift, text: string): number | null | undefined {
  return text.trim() === '' ? undefined : readTimeOfDay(text, shift.nowMs(), shift.info.timeZone)
}
