/** One unit more for the call: of which level, and whether it must carry a patient. */
import { useState } from 'preact/hooks'
import { LEVELS_OF_CARE, type LevelOfCare, type TripView } from '../../client/index.ts'
import { word } from '../spoken-words.ts'
import { t } from '../strings.ts'

interface MoreUnitProps {
  readonly trip: TripView
  readonly take: (need: TripView['need']) => void
  readonly back: () => void
}

export function MoreUnitForm({ trip: { need }, take, back }: MoreUnitProps) {
  const [levelOfCare, setLevel] = useState(need.levelOfCare)
  const [transport, setTransport] = useState(need.transport === true)
  return (
    <form
      class="asked"
      onSubmit={event => {
        event.preventDefault()
        take({ levelOfCare, transport, capabilities: levelOfCare === need.levelOfCare ? need.capabilities : [] })
      }}
    >
      <label class="grow">
        {t.call.level}
        <select
          name="more-level"
          value={levelOfCare}
          onChange={event => setLevel(event.currentTarget.value as LevelOfCare)}
        >
          {LEVELS_OF_CARE.map(level => (
            <option key={level} value={level}>
              {word('level', level)}
            </option>
          ))}
        </select>
      </label>
      <label class="check">
        <input type="checkbox" checked={transport} onChange={event => setTransport(event.currentTarget.checked)} />
        {t.call.carries}
      </label>
      <button type="submit" class="primary">
        {t.trip.addUnit}
      </button>
      <button type="button" onClick={back}>
        {t.trip.dont}
      </button>
    </form>
  )
}
