/** Why the trip has the unit that it has: what was decided then, and who could go now. */
import { useEffect, useState } from 'preact/hooks'
import type { TripDecision, TripExplanation, TripView } from '../../client/index.ts'
import { distance, duration, timeOfDay } from '../format.ts'
import type { Shift } from '../shift.ts'
import { word } from '../spoken-words.ts'
import { t } from '../strings.ts'
import { tripTexts } from './trip-texts.ts'

interface WhyProps {
  readonly shift: Shift
  readonly trip: TripView
  readonly isOpen: boolean
}

const SHOWN = 6

export function TripWhy({ shift, trip, isOpen }: WhyProps) {
  const [decisions, setDecisions] = useState<readonly TripDecision[]>([])
  useEffect(() => {
    let isWanted = true
    shift.reads.decisions(trip.tripId).then(
      read => isWanted && setDecisions(read),
      () => undefined,
    )
    return () => {
      isWanted = false
    }
    // Whoever is asked, or has the trip, is another decision.
  }, [shift, trip.tripId, trip.offer?.offerId, trip.responses.length])
  return (
    <section aria-labelledby="why">
      <h3 id="why">{t.trip.why}</h3>
      <ol class="decisions">
        {decisions.toReversed().map(({ position, recordedAtMs, why, chosenBy }) => (
          <li key={position}>
            <time class="figures quiet">{timeOfDay(recordedAtMs, shift.info.timeZone)}</time> {why}
            {chosenBy !== null && <b> {tripTexts.chosenBy(chosenBy)}</b>}
          </li>
        ))}
      </ol>
      {isOpen && <WhoNow shift={shift} trip={trip} />}
    </section>
  )
}

function WhoNow({ shift, trip }: Omit<WhyProps, 'isOpen'>) {
  const [now, setNow] = useState<TripExplanation | null>(null)
  const ask = () =>
    void shift.client.explainTrip(trip.tripId, null, { retry: false }).then(
      ({ result }) => setNow(result),
      () => undefined,
    )
  if (now === null)
    return (
      <button type="button" onClick={ask}>
        {tripTexts.whyNow}
      </button>
    )
  const excluded = Object.values(now.excluded).reduce((sum, count) => sum + (count ?? 0), 0)
  return (
    <>
      <p>
        {tripTexts.eligible(now.eligible, excluded)}{' '}
        <button type="button" onClick={ask}>
          {tripTexts.ask}
        </button>
      </p>
      <ol class="who">
        {now.candidates.slice(0, SHOWN).map(each => (
          <li key={each.unitId}>
            <b>{shift.callSign(each.unitId)}</b> <span class="quiet">{word('level', each.levelOfCare)}</span>
            <span class="room" />
            <span class="figures">{howFar(each)}</span>
          </li>
        ))}
        {now.passedOver.slice(0, SHOWN).map(each => (
          <li key={each.unitId} class="quiet" title={each.why}>
            <span>{shift.callSign(each.unitId)}</span> <em>{word('reason', each.reason)}</em>
            <span class="room" />
            <span class="figures">{howFar(each)}</span>
          </li>
        ))}
      </ol>
    </>
  )
}

const howFar = ({ etaMs, distanceM }: { readonly etaMs?: number; readonly distanceM: number }): string =>
  etaMs === undefined ? distance(distanceM) : duration(etaMs)
