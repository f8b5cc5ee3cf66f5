/** What a crew has to know of its trip: how urgent, what, where, and how far. */
import { placeInDegrees, type TripView } from '../../client/index.ts'
import { coordinates, distance, duration, metresBetween, shortNumber } from '../format.ts'
import { word } from '../spoken-words.ts'
import type { CrewShift } from './crew-shift.ts'
import { say } from './crew-strings.ts'

interface TripFactsProps {
  readonly shift: CrewShift
  readonly trip: TripView
}

export function TripFacts({ shift, trip }: TripFactsProps) {
  const { priority, problem, need, details, incidentNo, destination } = trip
  const place = placeInDegrees(trip)
  const needs = [word('level', need.levelOfCare), ...(need.transport ? [say.facts.carries] : []), ...need.capabilities]
  return (
    <section class="trip-facts">
      <p class="headline">
        <strong class={`urgency p${priority}`}>{say.order.priority(priority)}</strong>{' '}
        <strong>{problem ?? say.order.noProblem}</strong>
      </p>
      <dl>
        <dt>{say.facts.place}</dt>
        <dd>
          {details?.address ?? coordinates(place)}
          {details?.address != null && <small class="quiet"> {coordinates(place)}</small>}
          <NavigateLink to={place} />
        </dd>
        {destination !== null && (
          <>
            <dt>{say.facts.hospital}</dt>
            <dd data-hospital={destination.hospitalId}>
              {destination.name}
              <NavigateLink to={placeInDegrees(destination)} />
            </dd>
          </>
        )}
        <dt>{say.facts.way}</dt>
        <dd data-way>{wayWords(shift, trip)}</dd>
        <dt>{say.facts.need}</dt>
        <dd>{needs.join(', ')}</dd>
        {details !== null && (details.callerName ?? details.phone) !== null && (
          <>
            <dt>{say.facts.caller}</dt>
            <dd>
              {details.callerName}{' '}
              {details.phone !== null && (
                <a class="big button" href={`tel:${details.phone}`}>
                  {details.phone}
                </a>
              )}
            </dd>
          </>
        )}
        {details !== null && details.notes !== null && (
          <>
            <dt>{say.facts.said}</dt>
            <dd>{details.notes}</dd>
          </>
        )}
      </dl>
      {incidentNo !== undefined && <p class="quiet">{say.facts.call(shortNumber(incidentNo))}</p>}
    </section>
  )
}

function NavigateLink({ to: { lonDeg, latDeg } }: { readonly to: ReturnType<typeof placeInDegrees> }) {
  return (
    <a class="big button" href={`geo:${latDeg},${lonDeg}?q=${latDeg},${lonDeg}`}>
      {say.facts.navigate}
    </a>
  )
}

/** An older one was told before the connection was lost. */
const OLD_ETA_MS = 60_000

/** What the engine pushes, while it is of now; else the straight line from this phone, and what the desk predicted when it decided. */
function wayWords(shift: CrewShift, trip: TripView): string {
  const { eta, client } = shift
  const isNew = eta !== null && eta.tripId === trip.tripId && client.regionNowMs() - eta.atMs < OLD_ETA_MS
  if (!isNew || eta.etaMs === null || eta.distanceM === null) return guessedWay(shift, trip)
  const leftMs = Math.max(0, eta.atMs + eta.etaMs - client.regionNowMs())
  const left = distance(eta.distanceM)
  return [
    eta.basis === 'roads' ? say.facts.byRoad(left) : say.facts.straight(left),
    say.facts.thereIn(duration(leftMs)),
  ].join(', ')
}

function guessedWay({ receiver, unitId, client }: CrewShift, trip: TripView): string {
  const here = receiver.latest
  const way = here === null ? [] : [say.facts.straight(distance(metresBetween(here, placeInDegrees(trip))))]
  const own = trip.responses.findLast(response => response.unitId === unitId && response.end === null)
  if (own?.etaMs !== undefined && own.times['on-scene'] === undefined) {
    const leftMs = own.offeredAtMs + own.etaMs - client.regionNowMs()
    way.push(leftMs >= 0 ? say.facts.thereIn(duration(leftMs)) : say.facts.lateBy(duration(-leftMs)))
  }
  return way.length === 0 ? say.facts.noWay : way.join(', ')
}
