/** A trip was taken from the crew: it has to say that it knows, before anything else. */
import { shortNumber } from '../format.ts'
import type { CrewShift } from './crew-shift.ts'
import { say } from './crew-strings.ts'

interface StandDownScreenProps {
  readonly shift: CrewShift
  readonly tripId: string
}

export function StandDownScreen({ shift, tripId }: StandDownScreenProps) {
  const taken = shift.lastTrip?.tripId === tripId ? shift.lastTrip : null
  const number = taken?.incidentNo
  const what = `${say.standDown.title}: ${say.standDown.acknowledge}`
  return (
    <section class="stand-down" role="alert">
      <h2>{say.standDown.title}</h2>
      <p class="words">
        {number === undefined ? say.standDown.unknown : say.standDown.words(shortNumber(number))}
        {taken !== null && <strong> {taken.problem}</strong>}
      </p>
      <button
        type="button"
        class="huge primary"
        data-button="stand-down"
        onClick={() => void shift.press(what, () => shift.client.acknowledgeStandDown(tripId), { about: tripId })}
      >
        {say.standDown.acknowledge}
      </button>
    </section>
  )
}
