/** What has become of a call that was sent before its triage was over: who goes, and when they will be there. */
import { TripStateText } from '../board/trip-state.tsx'
import { useSeconds } from '../passing-time.ts'
import type { Shift } from '../shift.ts'
import { t } from '../strings.ts'
import { useTopic } from '../topic.ts'

export function SentTrip({ shift, tripId }: { readonly shift: Shift; readonly tripId: string }) {
  useTopic(shift.changes)
  useSeconds()
  const trip = shift.board.trips.get(tripId)
  return (
    <div class="sent" role="status" data-sent={tripId}>
      <p class="quiet">{t.desk.call.sent}</p>
      {trip === undefined ? <p>{t.trip.gone}</p> : <TripStateText shift={shift} trip={trip} />}
    </div>
  )
}
