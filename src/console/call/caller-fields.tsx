/** Who calls, from where, and what was said; and when, of a call that was written on paper first. */
import { LateField } from '../late-field.tsx'
import type { Shift } from '../shift.ts'
import { t } from '../strings.ts'
import type { Draft } from './draft.ts'

interface CallerProps {
  readonly shift: Shift
  readonly draft: Draft
  readonly set: (change: Partial<Draft>) => void
  /** It is entered already, with its moment. */
  readonly isSent: boolean
}

export function CallerFields({ shift, draft, set, isSent }: CallerProps) {
  const text = (name: 'callerName' | 'phone' | 'address', label: string, maxLength: number) => (
    <label class="grow">
      {label}
      <input
        name={name}
        autocomplete="off"
        maxLength={maxLength}
        value={draft[name]}
        onInput={event => set({ [name]: event.currentTarget.value })}
      />
    </label>
  )
  return (
    <>
      <div class="row">
        {text('callerName', t.call.caller, 120)}
        {text('phone', t.call.phone, 40)}
      </div>
      {text('address', t.call.address, 240)}
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
      {!isSent && (
        <details class="late-entry">
          <summary>{t.desk.late.summary}</summary>
          <div class="row">
            <LateField
              shift={shift}
              name="received"
              label={t.desk.late.received}
              text={draft.received}
              setText={received => set({ received })}
            />
            <label class="grow">
              {t.desk.late.paperNo}
              <input
                name="paperNo"
                autocomplete="off"
                maxLength={40}
                value={draft.paperNo}
                onInput={event => set({ paperNo: event.currentTarget.value })}
              />
            </label>
          </div>
        </details>
      )}
    </>
  )
}
