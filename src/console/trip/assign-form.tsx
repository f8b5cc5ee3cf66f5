/** Orders a unit to the trip by hand: who could go first, then who the desk passes over, each with the reason. */
import { useEffect, useState } from 'preact/hooks'
import type { OverrideReason, TripExplanation, TripView } from '../../client/index.ts'
import { distance, duration } from '../format.ts'
import { OverrideReasonField } from '../override-reason.tsx'
import type { Shift } from '../shift.ts'
import { word } from '../spoken-words.ts'
import { t } from '../strings.ts'

interface AssignProps {
  readonly shift: Shift
  readonly trip: TripView
  readonly take: (unitId: string, reason: OverrideReason) => void
  readonly back: () => void
}

export function AssignForm({ shift, trip, take, back }: AssignProps) {
  const [now, setNow] = useState<TripExplanation | null>(null)
  const [unitId, setUnitId] = useState('')
  const [reason, setReason] = useState<OverrideReason>('closer-unit')
  useEffect(() => {
    let isWanted = true
    shift.client.explainTrip(trip.tripId).then(
      ({ result }) => isWanted && setNow(result),
      () => isWanted && back(),
    )
    return () => {
      isWanted = false
    }
  }, [shift, trip.tripId])
  const far = ({ etaMs, distanceM }: { readonly etaMs?: number; readonly distanceM: number }) =>
    etaMs === undefined ? distance(distanceM) : duration(etaMs)
  return (
    <form
      class="asked"
      onSubmit={event => {
        event.preventDefault()
        if (unitId !== '') take(unitId, reason)
      }}
    >
      <label class="grow">
        {t.trip.assign}
        <select name="unit" required value={unitId} onChange={event => setUnitId(event.currentTarget.value)}>
          <option value="">{now === null ? t.trip.loading : t.trip.choose}</option>
          {now?.candidates.map(each => (
            <option key={each.unitId} value={each.unitId}>{`${shift.callSign(each.unitId)} · ${far(each)}`}</option>
          ))}
          {now !== null && now.passedOver.length > 0 && (
            <optgroup label={t.trip.passedOver}>
              {now.passedOver.map(each => (
                <option
                  key={each.unitId}
                  value={each.unitId}
                >{`${shift.callSign(each.unitId)} · ${far(each)} · ${word('reason', each.reason)}`}</option>
              ))}
            </optgroup>
          )}
        </select>
      </label>
      <OverrideReasonField label={t.trip.reason} reason={reason} setReason={setReason} />
      <button type="submit" class="primary" disabled={unitId === ''}>
        {t.trip.assignTo}
      </button>
      <button type="button" onClick={back}>
        {t.trip.dont}
      </button>
    </form>
  )
}
