/** What became of the last commands, at the bottom of the page; screen readers are told. */
import type { SaidOutcomes } from '../outcomes.ts'
import { t } from '../strings.ts'
import { useTopic } from '../topic.ts'

export function OutcomeList({ outcomes }: { readonly outcomes: SaidOutcomes }) {
  useTopic(outcomes.changes)
  return (
    <ul class="outcomes" aria-live="polite">
      {outcomes.notes.map(({ key, kind, text }) => (
        <li key={key} class={kind}>
          <span>{text}</span>
          <button type="button" aria-label={t.outcome.dismiss} onClick={() => outcomes.dismiss(key)}>
            ×
          </button>
        </li>
      ))}
    </ul>
  )
}
