/** One of several reasons, each a button that a thumb hits. */
import { useEffect, useRef } from 'preact/hooks'
import { say } from './crew-strings.ts'

interface ChoiceListProps<Choice extends string> {
  readonly title: string
  readonly choices: readonly Choice[]
  readonly wordOf: (choice: Choice) => string
  readonly choose: (choice: Choice) => void
  readonly back: () => void
}

export function ChoiceList<Choice extends string>({ title, choices, wordOf, choose, back }: ChoiceListProps<Choice>) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => heading.current?.focus(), [])
  return (
    <section class="choices">
      <h2 ref={heading} tabIndex={-1}>
        {title}
      </h2>
      {choices.map(choice => (
        <button key={choice} type="button" class="big" data-choice={choice} onClick={() => choose(choice)}>
          {wordOf(choice)}
        </button>
      ))}
      <button type="button" class="big quiet" onClick={back}>
        {say.duty.back}
      </button>
    </section>
  )
}
