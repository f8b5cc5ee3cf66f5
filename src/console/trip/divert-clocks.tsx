/** What a diversion does to both trips: how long each has waited and who comes when, now and after it. */
import { useEffect, useState } from 'preact/hooks'
import type { TripExplanation, TripView } from '../../client/index.ts'
import { duration, shortNumber } from '../format.ts'
import { useSeconds } from '../passing-time.ts'
import type { Shift } from '../shift.ts'
import { t } from '../strings.ts'
import { tripTexts } from './trip-texts.ts'

interface ClocksProps {
  readonly shift: Shift
  readonly from: TripView
  readonly to: TripView
}

interface Coming {
  readonly unitId: string
  /** From now; null where nobody knows. */
  readonly leftMs: number | null
}

export function DivertClocks({ shift, from, to }: ClocksProps) {
  useSeconds()
  const nextFor = useExplained(shift, from.tripId, to.tripId)
  const fromThere = useExplained(shift, to.tripId, from.tripId)
  const unitId = from.unitId ?? from.offer?.unitId ?? ''
  return (
    <table class="clocks" aria-label={tripTexts.clocks}>
      <thead>
        <tr>
          <th scope="col">{tripTexts.clocks}</th>
          <th scope="col">{tripTexts.before}</th>
          <th scope="col">{tripTexts.after}</th>
        </tr>
      </thead>
      <tbody>
        <Row shift={shift} trip={from} before={comingTo(shift, from)} after={nextTo(nextFor)} />
        <Row shift={shift} trip={to} before={comingTo(shift, to)} after={divertedTo(fromThere, unitId)} />
      </tbody>
    </table>
  )
}

interface RowProps {
  readonly shift: Shift
  readonly trip: TripView
  readonly before: Coming | null
  /** Undefined while it is asked. */
  readonly after: Coming | null | undefined
}

function Row({ shift, trip, before, after }: RowProps) {
  const waitedMs = shift.nowMs() - trip.receivedAtMs
  const said = (coming: Coming | null | undefined) => {
    if (coming === undefined) return t.trip.loading
    if (coming === null) return tripTexts.nobody
    const { leftMs } = coming
    const unit = shift.callSign(coming.unitId)
    return leftMs === null
      ? `${unit} · ${tripTexts.unknown}`
      : `${tripTexts.hasUnit(unit, duration(leftMs))} · ${tripTexts.sinceCall(duration(waitedMs + leftMs))}`
  }
  return (
    <tr>
      <th scope="row">
        P{trip.priority} {shortNumber(trip.responseNo ?? trip.tripId.slice(-6))}
        <div class="second">{tripTexts.waits(duration(waitedMs))}</div>
      </th>
      <td class="figures">{before === null ? '—' : said(before)}</td>
      <td class="figures">{said(after)}</td>
    </tr>
  )
}

/** Who is on the way there now. */
function comingTo(shift: Shift, trip: TripView): Coming | null {
  const unitId = trip.unitId ?? trip.offer?.unitId
  if (unitId === undefined) return null
  const eta = shift.arrivals.of(trip.tripId)
  return {
    unitId,
    leftMs: eta === null || eta.etaMs === null ? null : Math.max(0, eta.atMs + eta.etaMs - shift.nowMs()),
  }
}

/** Who would go there as things are. */
function nextTo(explained: TripExplanation | null): Coming | null | undefined {
  if (explained === null) return undefined
  const [first] = explained.candidates
  return first === undefined ? null : { unitId: first.unitId, leftMs: first.etaMs ?? null }
}

/** The unit that is diverted there: it works, so the desk passes it over, but says how far it is. */
function divertedTo(explained: TripExplanation | null, unitId: string): Coming | undefined {
  if (explained === null) return undefined
  return { unitId, leftMs: explained.passedOver.find(each => each.unitId === unitId)?.etaMs ?? null }
}

function useExplained(shift: Shift, tripId: string, otherId: string): TripExplanation | null {
  const [explained, setExplained] = useState<TripExplanation | null>(null)
  useEffect(() => {
    let isWanted = true
    setExplained(null)
    shift.client.explainTrip(tripId, null, { retry: false }).then(
      ({ result }) => isWanted && setExplained(result),
      () => undefined,
    )
    return () => {
      isWanted = false
    }
  }, [shift, tripId, otherId])
  return explained
}
