/** The places of a name, the surest first: what each is, how sure that is, how large it is, and how far away. */
import type { FoundPlaceView } from '../../client/index.ts'
import { distance, metresBetween } from '../format.ts'
import type { Shift } from '../shift.ts'
import { t } from '../strings.ts'
import { foundPlaceOf, nameOf, sureOf } from './found-places.ts'

interface PlaceListProps {
  readonly shift: Shift
  readonly places: readonly FoundPlaceView[]
  readonly marked: number
  readonly take: (place: FoundPlaceView) => void
}

export function PlaceList({ shift, places, marked, take }: PlaceListProps) {
  return (
    <div class="found" hidden={places.length === 0}>
      <p class="quiet">{t.desk.place.choose}</p>
      <div id="found-places" role="listbox" aria-label={t.desk.place.looked}>
        {places.map((place, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field that the list belongs to has the keys.
          <div
            key={`${nameOf(place)} ${index}`}
            id={`found-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === marked}
            onClick={() => take(place)}
          >
            <b>{nameOf(place)}</b> <span class="quiet">{moreOf(shift, place)}</span>
            <span class="room" />
            <span class="figures">{t.desk.place.sure(sureOf(place))}</span>
          </div>
        ))}
      </div>
    </div>
  )
}

function moreOf({ centre }: Shift, place: FoundPlaceView): string {
  const kind = t.desk.place.kind[place.kind] ?? place.kind
  const size = place.kind === 'street' ? [t.desk.place.within(distance(place.radiusM))] : []
  const away = centre === null ? [] : [t.desk.place.away(distance(metresBetween(centre, foundPlaceOf(place))))]
  return [kind, ...size, ...away].join(' · ')
}
