/** Where the call is: typed as coordinates, clicked on the map, or the map's middle. */
import { useEffect, useState } from 'preact/hooks'
import { coordinates, readCoordinates } from '../format.ts'
import type { Shift } from '../shift.ts'
import { t } from '../strings.ts'

interface PlaceProps {
  readonly shift: Shift
  /** It was tried without a place. */
  readonly isMissing: boolean
}

export function PlaceField({ shift, isMissing }: PlaceProps) {
  const { place } = shift
  const [text, setText] = useState(place === null ? '' : coordinates(place))
  useEffect(() => {
    // Clicked on the map; what is typed stays as it is typed.
    const typed = readCoordinates(text)
    if (place !== null && (typed?.lonDeg !== place.lonDeg || typed.latDeg !== place.latDeg)) setText(coordinates(place))
  }, [place])
  const type = (value: string) => {
    setText(value)
    shift.takePlace(readCoordinates(value))
  }
  const problem =
    text.trim() !== '' && readCoordinates(text) === null
      ? t.call.badPlace
      : isMissing && place === null
        ? t.call.noPlace
        : null
  return (
    <>
      <div class="row">
        <label class="grow">
          {t.call.place}
          <input
            name="place"
            inputMode="text"
            placeholder={t.call.placeHint}
            value={text}
            aria-invalid={problem !== null}
            aria-describedby="place-problem"
            onInput={event => type(event.currentTarget.value)}
          />
        </label>
        <button type="button" onClick={() => shift.takePlace(shift.centre)}>
          {t.call.useCentre} <kbd>Alt+C</kbd>
        </button>
      </div>
      <p id="place-problem" class="refusal" role="alert" hidden={problem === null}>
        {problem}
      </p>
    </>
  )
}
