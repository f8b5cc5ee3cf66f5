/** Where the crew brings its patient: the hospitals as they are reached first, each a button that a thumb hits. */
import { useEffect, useState } from 'preact/hooks'
import type { Destinations, TripView } from '../../client/index.ts'
import { distance, duration } from '../format.ts'
import { word } from '../spoken-words.ts'
import { ChoiceList } from './choice-list.tsx'
import type { CrewShift } from './crew-shift.ts'
import { say } from './crew-strings.ts'

interface HospitalChoiceProps {
  readonly shift: CrewShift
  readonly trip: TripView
  readonly back: () => void
}

type Hospital = Destinations['destinations'][number]

const SHOWN = 8

export function HospitalChoice({ shift, trip, back }: HospitalChoiceProps) {
  const { tripId } = trip
  const [found, setFound] = useState<readonly Hospital[] | 'asked' | 'failed'>('asked')
  useEffect(() => {
    let isWanted = true
    shift.client.bestDestinations({ tripId }, { k: SHOWN }).then(
      ({ result }) => isWanted && setFound(result.destinations),
      () => isWanted && setFound('failed'),
    )
    return () => {
      isWanted = false
    }
  }, [shift, tripId])
  const name = (hospital: Pick<Hospital, 'hospitalId' | 'name'> | null) => {
    back()
    const what = hospital === null ? say.hospital.none : say.hospital.to(hospital.name)
    const hospitalId = hospital?.hospitalId ?? null
    void shift.press(what, () => shift.client.nameDestination(tripId, hospitalId), { about: tripId })
  }
  const hospitals = typeof found === 'string' ? [] : found
  const title =
    hospitals.length > 0
      ? say.hospital.title
      : say.hospital[found === 'asked' || found === 'failed' ? found : 'nothing']
  return (
    <ChoiceList
      title={title}
      choices={[...hospitals.map(({ hospitalId }) => hospitalId), ...(trip.destination === null ? [] : [NONE])]}
      wordOf={id => (id === NONE ? say.hospital.none : wordsOf(hospitals.find(({ hospitalId }) => hospitalId === id)!))}
      choose={id => name(id === NONE ? null : hospitals.find(({ hospitalId }) => hospitalId === id)!)}
      back={back}
    />
  )
}

/** No hospital has such an id. */
const NONE = '/'

function wordsOf({ name, etaMs, distanceM, estimated, status, statusNote }: Hospital): string {
  const away =
    estimated === undefined ? say.hospital.near(name, duration(etaMs)) : say.hospital.far(name, distance(distanceM))
  return status === undefined ? away : say.hospital.notOpen(word('hospital', status), statusNote ?? null, away)
}
