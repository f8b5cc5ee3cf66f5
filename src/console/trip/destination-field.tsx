/** Where the patient is brought: what was said, and the hospitals that are reached first, to say it. */
import { useEffect, useState } from 'preact/hooks'
import type { Destinations, TripView } from '../../client/index.ts'
import { distance, duration } from '../format.ts'
import type { Shift } from '../shift.ts'
import { word } from '../spoken-words.ts'
import { tripTexts } from './trip-texts.ts'

interface DestinationProps {
  readonly shift: Shift
  readonly trip: TripView
}

type Ranked = Destinations['destinations'][number]

const SHOWN = 8

export function DestinationField({ shift, trip }: DestinationProps) {
  const { tripId, destination, phase } = trip
  const [ranked, setRanked] = useState<readonly Ranked[] | null>(null)
  useEffect(() => {
    let isWanted = true
    shift.client.bestDestinations({ tripId }, { k: SHOWN, retry: false }).then(
      ({ result }) => isWanted && setRanked(result.destinations),
      // Those of the reference data, without times, can be named as well.
      () => isWanted && setRanked(null),
    )
    return () => {
      isWanted = false
    }
    // With a patient on board they are ranked from where the unit is.
  }, [shift, tripId, phase])
  const others = shift.hospitals.filter(
    each => ranked?.every(({ hospitalId }) => hospitalId !== each.hospitalId) ?? true,
  )
  const name = (hospitalId: string) =>
    void shift.tryTo(
      tripTexts.destination.name,
      () => shift.client.nameDestination(tripId, hospitalId === '' ? null : hospitalId),
      tripId,
    )
  const chosen = shift.hospitals.find(({ hospitalId }) => hospitalId === destination?.hospitalId)
  if (shift.hospitals.length === 0 && (ranked?.length ?? 0) === 0) return null
  return (
    <p class="destination" data-destination={destination?.hospitalId ?? ''}>
      <label>
        {tripTexts.destination.title}
        <select
          name="destination"
          value={destination?.hospitalId ?? ''}
          onChange={event => name(event.currentTarget.value)}
        >
          <option value="">{tripTexts.destination.none}</option>
          {ranked?.map(each => (
            <option key={each.hospitalId} value={each.hospitalId}>
              {wordsOf(each)}
            </option>
          ))}
          {others.map(each => (
            <option key={each.hospitalId} value={each.hospitalId}>
              {[each.name, ...statusWords(each)].join(' · ')}
            </option>
          ))}
        </select>
      </label>
      {chosen !== undefined && statusWords(chosen).length > 0 && (
        <strong class="not-open" role="status">
          {tripTexts.destination.notOpen(chosen.name, statusWords(chosen).join(': '))}
        </strong>
      )}
    </p>
  )
}

const statusWords = ({ status = 'open', statusNote }: Pick<Ranked, 'statusNote'> & { status?: string }): string[] =>
  status === 'open' ? [] : [word('hospital', status), ...(statusNote == null ? [] : [statusNote])]

function wordsOf(hospital: Ranked): string {
  const { name, etaMs, distanceM, estimated, emergencyDepartment } = hospital
  const away = estimated === undefined ? duration(etaMs) : tripTexts.destination.straight(distance(distanceM))
  const lacks = emergencyDepartment ? [] : [tripTexts.destination.noEmergency]
  return [name, ...statusWords(hospital), away, ...lacks].join(' · ')
}
