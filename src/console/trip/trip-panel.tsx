/** All that is known of one trip, and all that can be done with it. */
import { useEffect, useState } from 'preact/hooks'
import { placeInDegrees, type TripView } from '../../client/index.ts'
import { ArrivalText } from '../board/arrival.tsx'
import { PriorityMark } from '../board/priority-mark.tsx'
import { coordinates, duration, shortNumber, timeOfDay } from '../format.ts'
import { useSeconds } from '../passing-time.ts'
import type { Shift } from '../shift.ts'
import { word } from '../spoken-words.ts'
import { t } from '../strings.ts'
import { useTopic } from '../topic.ts'
import { DestinationField } from './destination-field.tsx'
import { TimeLine } from './time-line.tsx'
import { TripActions } from './trip-actions.tsx'
import { TripNotes } from './trip-notes.tsx'
import { TripWhy } from './trip-why.tsx'

interface TripPanelProps {
  readonly shift: Shift
  readonly tripId: string
}

export function TripPanel({ shift, tripId }: TripPanelProps) {
  useTopic(shift.changes)
  const { trip, isOpen, details } = useTrip(shift, tripId)
  const title = t.trip.title(shortNumber(trip?.responseNo ?? tripId.slice(-6)))
  return (
    <aside class="panel" aria-labelledby="trip-title" data-panel={tripId}>
      <header class="panel-head">
        <h2 id="trip-title">
          {trip !== null && <PriorityMark priority={trip.priority} />} {title}
          {trip !== null && trip.problem !== null && <span class="problem"> {trip.problem}</span>}
        </h2>
        <button type="button" onClick={() => shift.open({ is: 'none' })}>
          {t.trip.close} <kbd>Esc</kbd>
        </button>
      </header>
      {trip === null ? (
        <p class="empty">{t.trip.loading}</p>
      ) : (
        <>
          <StateLine shift={shift} trip={trip} isOpen={isOpen} />
          {isOpen && <ArrivalLine shift={shift} trip={trip} />}
          {isOpen && <TripActions shift={shift} trip={trip} />}
          {isOpen && trip.need.transport === true && <DestinationField shift={shift} trip={trip} />}
          <Facts shift={shift} trip={{ ...trip, details }} />
          <TimeLine shift={shift} trip={trip} />
          <TripNotes shift={shift} trip={trip} />
          <TripWhy shift={shift} trip={trip} isOpen={isOpen} />
        </>
      )}
    </aside>
  )
}

/** The board's trip while it is open, else as it was read last; with the caller's words, which no board event has. */
function useTrip(shift: Shift, tripId: string) {
  const [read, setRead] = useState<TripView | null>(null)
  const onBoard = shift.board.trips.get(tripId)
  const isOpen = onBoard !== undefined
  useEffect(() => {
    let isWanted = true
    const take = (trip: TripView) => void (isWanted && setRead(trip))
    shift.reads.trip(tripId).then(take, () => undefined)
    return () => {
      isWanted = false
    }
  }, [shift, tripId, isOpen])
  return { trip: onBoard ?? read, isOpen, details: read?.details ?? onBoard?.details ?? null }
}

function StateLine({
  shift,
  trip,
  isOpen,
}: {
  readonly shift: Shift
  readonly trip: TripView
  readonly isOpen: boolean
}) {
  useSeconds()
  const unit = trip.unitId ?? trip.offer?.unitId ?? null
  return (
    <p class="state-line" data-trip-phase={trip.phase}>
      <span class={`state ${trip.phase}`}>{trip.onHold === null ? word('phase', trip.phase) : t.board.held}</span>
      {unit !== null && <b> {shift.callSign(unit)}</b>}
      {trip.disposition !== null && ` · ${word('disposition', trip.disposition)}`}
      {trip.cancelReason !== null && ` · ${word('reason', trip.cancelReason)}`}
      <span class="room" />
      {isOpen ? (
        <time class="figures" title={t.board.since}>
          {duration(shift.nowMs() - trip.receivedAtMs)}
        </time>
      ) : (
        <span class="quiet">{t.trip.gone}</span>
      )}
    </p>
  )
}

function ArrivalLine({ shift, trip }: { readonly shift: Shift; readonly trip: TripView }) {
  useSeconds()
  if (trip.unitId === null) return null
  return (
    <div class="arrival-line" data-route={shift.arrivals.route?.basis ?? ''}>
      <ArrivalText shift={shift} trip={trip} isFull />
    </div>
  )
}

function Facts({ shift, trip }: { readonly shift: Shift; readonly trip: TripView }) {
  const { need, details, loss } = trip
  const place = placeInDegrees(trip)
  const said = details === null ? [] : [details.callerName, details.phone, details.address, details.notes]
  const words = said.filter(each => typeof each === 'string' && each !== '')
  return (
    <dl class="facts">
      <dt>{t.trip.place}</dt>
      <dd class="figures">{coordinates(place)}</dd>
      <dt>{t.trip.need}</dt>
      <dd>
        {word('level', need.levelOfCare)}
        {need.transport === true && ` · ${t.call.carries}`}
        {need.capabilities.length > 0 && ` · ${need.capabilities.join(', ')}`}
        {loss !== null && <em class="late"> · {t.board.loss}</em>}
      </dd>
      <dt>{t.trip.received}</dt>
      <dd class="figures">{timeOfDay(trip.receivedAtMs, shift.info.timeZone)}</dd>
      <dt>{t.trip.caller}</dt>
      <dd>
        {words.length === 0 ? (
          <span class="quiet">{t.trip.noDetails}</span>
        ) : (
          words.map(each => <div key={each}>{each}</div>)
        )}
      </dd>
    </dl>
  )
}
