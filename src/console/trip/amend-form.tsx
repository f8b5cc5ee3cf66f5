/** Changes the call of a trip: more or less urgent, another problem, another place. */
import { useEffect, useState } from 'preact/hooks'
import { type Priority, placeInDegrees, type TripView } from '../../client/index.ts'
import { PriorityChoice } from '../board/priority-mark.tsx'
import { coordinates } from '../format.ts'
import type { Shift } from '../shift.ts'
import { t } from '../strings.ts'
import { useTopic } from '../topic.ts'
import { tripTexts } from './trip-texts.ts'

/** What is changed; what is left out stays. */
interface Amended {
  readonly priority?: Priority
  readonly problem?: string | null
  readonly lonDeg?: number
  readonly latDeg?: number
}

interface AmendProps {
  readonly shift: Shift
  readonly trip: TripView
  readonly take: (changes: Amended) => void
  readonly back: () => void
}

export function AmendForm({ shift, trip, take, back }: AmendProps) {
  useTopic(shift.choices)
  const [priority, setPriority] = useState(trip.priority)
  const [problem, setProblem] = useState(trip.problem ?? '')
  useEffect(() => () => shift.move(false), [shift])
  const moved = shift.isMoving ? movedTo(shift, trip) : null
  const said = problem.trim() === '' ? null : problem.trim()
  return (
    <form
      class="asked"
      onSubmit={event => {
        event.preventDefault()
        // The priority is told also where it stays: somebody has looked at the call anew.
        take({ priority, ...(said === trip.problem ? {} : { problem: said }), ...(moved ?? {}) })
      }}
    >
      <PriorityChoice legend={t.call.priority} priority={priority} take={setPriority} />
      <label class="grow">
        {t.call.problem}
        <input
          name="new-problem"
          maxLength={64}
          value={problem}
          onInput={event => setProblem(event.currentTarget.value)}
        />
      </label>
      <button type="button" aria-pressed={shift.isMoving} onClick={() => shift.move(!shift.isMoving)}>
        {tripTexts.move}
      </button>
      {moved !== null && <span class="figures">{tripTexts.moved(coordinates(moved))}</span>}
      <button type="submit" class="primary">
        {tripTexts.amendIt}
      </button>
      <button type="button" onClick={back}>
        {t.trip.dont}
      </button>
    </form>
  )
}

function movedTo({ place }: Shift, trip: TripView): { readonly lonDeg: number; readonly latDeg: number } | null {
  const now = placeInDegrees(trip)
  return place === null || (place.lonDeg === now.lonDeg && place.latDeg === now.latDeg) ? null : place
}
