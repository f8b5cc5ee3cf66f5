/** One of a closed list of words, by its digit: the first nine, then 0; the others by Tab or the pointer. */
import { useLayoutEffect, useRef } from 'preact/hooks'
import { word } from '../spoken-words.ts'
import { t } from '../strings.ts'

interface ChosenWordsProps<Word extends string> {
  readonly title: string
  readonly kind: 'reason' | 'disposition'
  readonly words: readonly Word[]
  readonly take: (chosen: Word) => void
  readonly back: () => void
}

const KEYS = '1234567890'

export function ChosenWords<Word extends string>({ title, kind, words, take, back }: ChosenWordsProps<Word>) {
  const group = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => group.current?.focus(), [])
  const hear = (event: KeyboardEvent) => {
    if (event.key === 'Escape') back()
    else {
      const chosen = words[KEYS.indexOf(event.key)]
      if (event.key.length !== 1 || chosen === undefined || !KEYS.includes(event.key)) return
      take(chosen)
    }
    event.preventDefault()
    event.stopPropagation()
  }
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot hold the focus that hears the digits.
    <div class="keys" role="group" ref={group} tabIndex={-1} aria-label={title} onKeyDown={hear}>
      <h3>{title}</h3>
      {words.map((each, index) => (
        <button key={each} type="button" onClick={() => take(each)}>
          {index < KEYS.length ? <kbd>{KEYS[index]}</kbd> : <span class="no-key" />} {word(kind, each)}
        </button>
      ))}
      <button type="button" onClick={back}>
        {t.trip.dont} <kbd>Esc</kbd>
      </button>
    </div>
  )
}
