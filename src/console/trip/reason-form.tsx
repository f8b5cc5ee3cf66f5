/** Asks why before a step is taken: the words are the protocol's own closed list. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { word } from '../spoken-words.ts'
import { t } from '../strings.ts'

interface ReasonProps {
  readonly what: string
  readonly kind: 'reason' | 'disposition'
  readonly words: readonly string[]
  readonly take: (reason: string) => void
  readonly back: () => void
}

export function ReasonForm({ what, kind, words, take, back }: ReasonProps) {
  const [chosen, setChosen] = useState('')
  const select = useRef<HTMLSelectElement>(null)
  useLayoutEffect(() => select.current?.focus(), [])
  return (
    <form
      class="asked"
      onSubmit={event => {
        event.preventDefault()
        if (chosen !== '') take(chosen)
      }}
    >
      <label class="grow">
        {t.trip.reason}
        <select
          ref={select}
          name="reason"
          required
          value={chosen}
          onChange={event => setChosen(event.currentTarget.value)}
        >
          <option value="">{t.trip.choose}</option>
          {words.map(each => (
            <option key={each} value={each}>
              {word(kind, each)}
            </option>
          ))}
        </select>
      </label>
      <button type="submit" class="primary" disabled={chosen === ''}>
        {what}
      </button>
      <button type="button" onClick={back}>
        {t.trip.dont}
      </button>
    </form>
  )
}
