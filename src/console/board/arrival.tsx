/** When a trip's unit will be there: by what that is told, how old what is known is, and by how much it is later than was said. */
import type { TripEta, TripView } from '../../client/index.ts'
import { age, distance, duration, timeOfDay } from '../format.ts'
import type { Shift } from '../shift.ts'
import { word } from '../spoken-words.ts'
import { t } from '../strings.ts'

interface ArrivalProps {
  readonly shift: Shift
  readonly trip: TripView
  /** With the moment, the way that is left and what it is by. */
  readonly isFull?: boolean
}

/** Arrivals are told each half minute at least; an older one was told before the connection was lost. */
const OLD_NEWS_MS = 60_000
const OLD_FIX_MS = 60_000
/** Less than this is no delay to speak of. */
const LATER_MS = 60_000

export function ArrivalText({ shift, trip, isFull = false }: ArrivalProps) {
  const eta = shift.arrivals.of(trip.tripId)
  if (eta === null) return <Predicted shift={shift} trip={trip} />
  if (eta.etaMs === null) {
    return (
      <div class="second doubtful" data-arrival={eta.unknown}>
        {word('unknown', eta.unknown ?? '')}
      </div>
    )
  }
  const nowMs = shift.nowMs()
  const leftMs = eta.atMs + eta.etaMs - nowMs
  const later = laterThanSaid(trip, eta.toward, eta.atMs + eta.etaMs)
  return (
    <div class={leftMs >= 0 ? 'second' : 'second late'} data-arrival={eta.basis}>
      {leftMs >= 0
        ? t.desk.arrival.in(word('toward', eta.toward), duration(leftMs))
        : t.desk.arrival.due(duration(-leftMs))}
      {eta.basis === 'straight-line' && ` · ${t.call.straightLine}`}
      {later > 0 && <em> · {t.desk.arrival.later(duration(later))}</em>}
      <Age eta={eta} nowMs={nowMs} />
      {isFull && <More shift={shift} eta={eta} />}
    </div>
  )
}

/** What is not of now says so. */
function Age({ eta, nowMs }: { readonly eta: TripEta; readonly nowMs: number }) {
  const sinceMs = nowMs - eta.atMs
  if (sinceMs > OLD_NEWS_MS) return <span class="doubtful"> · {t.desk.arrival.told(age(sinceMs))}</span>
  const fixMs = (eta.fixAgeMs ?? 0) + sinceMs
  return fixMs > OLD_FIX_MS ? <span class="doubtful"> · {t.desk.arrival.fix(age(fixMs))}</span> : null
}

function More({ shift, eta }: { readonly shift: Shift; readonly eta: TripEta }) {
  const { turnoutMs = 0, unsureMs = 0, distanceM, notByRoad } = eta
  const said = [
    t.desk.arrival.at(timeOfDay(eta.atMs + (eta.etaMs ?? 0), shift.info.timeZone)),
    distanceM === null ? null : t.desk.arrival.left(distance(distanceM)),
    eta.basis === 'roads' ? t.call.byRoad : notByRoad === undefined ? null : word('estimated', notByRoad),
    turnoutMs > 0 ? t.desk.call.turnout(duration(turnoutMs)) : null,
    unsureMs > 0 ? t.desk.call.unsure(duration(unsureMs)) : null,
  ]
  return <div>{said.filter(each => each !== null).join(' · ')}</div>
}

/** Before the first word of it: when the unit was to be there as it was sent. */
function Predicted({ shift, trip }: ArrivalProps) {
  const saidAtMs = predictedAtMs(trip)
  if (saidAtMs === null || (trip.phase !== 'assigned' && trip.phase !== 'en-route')) return null
  const leftMs = saidAtMs - shift.nowMs()
  return leftMs >= 0 ? (
    <div class="second">{t.board.eta(duration(leftMs))}</div>
  ) : (
    <div class="second late">{t.board.late(duration(-leftMs))}</div>
  )
}

function predictedAtMs({ responses }: TripView): number | null {
  const response = responses.findLast(({ end }) => end === null)
  return response?.etaMs === undefined ? null : response.offeredAtMs + response.etaMs
}

/** By how much it is later than when it was sent; 0 where it is not, or nothing was said. */
function laterThanSaid(trip: TripView, toward: TripEta['toward'], atMs: number): number {
  const saidAtMs = toward === 'scene' ? predictedAtMs(trip) : null
  return saidAtMs === null || atMs - saidAtMs < LATER_MS ? 0 : atMs - saidAtMs
}
