/** Where the call is: the name of a street or crossing, coordinates, a click on the map, or the map's middle. */
import { useEffect, useState } from 'preact/hooks'
import type { FoundPlaceView } from '../../client/index.ts'
import { coordinates, readCoordinates } from '../format.ts'
import type { Shift } from '../shift.ts'
import { t } from '../strings.ts'
import { foundPlaceOf, nameOf, sureOf, useFoundPlaces } from './found-places.ts'
import { PlaceList } from './place-list.tsx'

interface PlaceProps {
  readonly shift: Shift
  /** It was tried without a place. */
  readonly isMissing: boolean
  /** What was typed when a place was taken by its name: a house number is in it alone. */
  readonly named: (text: string) => void
}

export function PlaceField({ shift, isMissing, named }: PlaceProps) {
  const { place } = shift
  const [text, setText] = useState(place === null ? '' : coordinates(place))
  const [taken, setTaken] = useState<FoundPlaceView | null>(null)
  const [marked, setMarked] = useState(0)
  const found = useFoundPlaces(shift, taken === null && readCoordinates(text) === null ? text : '')
  useEffect(() => setMarked(0), [found])
  useEffect(() => {
    // Clicked on the map; what is typed stays as it is typed, and so does the name of what was taken.
    if (place === null || isAt(place, readCoordinates(text)) || (taken !== null && isAt(place, foundPlaceOf(taken))))
      return
    setTaken(null)
    setText(coordinates(place))
  }, [place])
  const type = (value: string) => {
    setText(value)
    setTaken(null)
    shift.takePlace(readCoordinates(value))
  }
  const take = (chosen: FoundPlaceView) => {
    setTaken(chosen)
    shift.takePlace(foundPlaceOf(chosen))
    named(text.trim())
  }
  const { places } = found
  const keys = (event: KeyboardEvent) => {
    if (places.length === 0 || event.ctrlKey || event.altKey) return
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
    if (step !== 0) setMarked(now => (now + step + places.length) % places.length)
    else if (event.key === 'Enter') take(places[marked] ?? places[0]!)
    else return
    event.preventDefault()
  }
  const problem = problemOf(text, found.state, isMissing && place === null)
  return (
    <>
      <div class="row">
        <label class="grow">
          {t.call.place}
          <input
            name="place"
            role="combobox"
            autocomplete="off"
            placeholder={t.call.placeHint}
            value={text}
            aria-expanded={places.length > 0}
            aria-controls="found-places"
            aria-autocomplete="list"
            aria-activedescendant={places.length > 0 ? `found-${marked}` : undefined}
            aria-invalid={problem !== null}
            aria-describedby="place-problem"
            onInput={event => type(event.currentTarget.value)}
            onKeyDown={keys}
          />
        </label>
        <button type="button" onClick={() => shift.takePlace(shift.centre)}>
          {t.call.useCentre} <kbd>Alt+C</kbd>
        </button>
      </div>
      <PlaceList shift={shift} places={places} marked={marked} take={take} />
      {taken !== null && <Taken place={taken} />}
      <p id="place-problem" class="refusal" role="alert" hidden={problem === null}>
        {problem}
      </p>
    </>
  )
}

const Taken = ({ place }: { readonly place: FoundPlaceView }) => (
  <p class="found-taken" role="status">
    {t.desk.place.taken(nameOf(place), sureOf(place))}
  </p>
)

function problemOf(text: string, state: string, isMissing: boolean): string | null {
  if (state === 'none') return t.desk.place.none
  if (state === 'no-roads') return t.desk.place.noRoads
  if (!isMissing) return null
  return text.trim() === '' ? t.call.noPlace : t.call.badPlace
}

interface At {
  readonly lonDeg: number
  readonly latDeg: number
}

const isAt = (place: At, other: At | null): boolean =>
  other !== null && other.lonDeg === place.lonDeg && other.latDeg === place.latDeg
