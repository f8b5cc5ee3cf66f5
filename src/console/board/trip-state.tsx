/** What a trip's state is, who has it or is asked, and when they will be there. */
import type { TripView } from '../../client/index.ts'
import { age, duration } from '../format.ts'
import type { Shift } from '../shift.ts'
import { word } from '../spoken-words.ts'
import { t } from '../strings.ts'
import { ArrivalText } from './arrival.tsx'

export function TripStateText({ shift, trip }: { readonly shift: Shift; readonly trip: TripView }) {
  const { phase, offer, onHold, unitId } = trip
  const asked = unitId ?? offer?.unitId ?? null
  const leftMs = offer === null ? 0 : offer.deadlineAtMs - shift.nowMs()
  return (
    <>
      <span class={`state ${phase}`}>{onHold === null ? word('phase', phase) : t.board.held}</span>
      {asked !== null && <b class="unit"> {shift.callSign(asked)}</b>}
      {onHold !== null && (
        <div class="second">
          {t.desk.queue.heldBy(onHold.by ?? '', age(shift.nowMs() - onHold.sinceMs))}
          {onHold.why === 'order-unanswered' && <em> · {t.desk.queue.unanswered}</em>}
        </div>
      )}
      {offer !== null && (
        <div class={leftMs > 0 ? 'second' : 'second late'}>
          {leftMs > 0 ? t.board.answerIn(duration(leftMs)) : t.board.deadline}
          {offer.byVoice === true && ` · ${t.board.byVoice}`}
        </div>
      )}
      <ArrivalText shift={shift} trip={trip} />
    </>
  )
}
