/** How the queue stands, in a line: how many wait, the longest of them, who is over the limit or held, and how many units are free. */
import { duration } from '../format.ts'
import { useSeconds } from '../passing-time.ts'
import { isActive, type Shift } from '../shift.ts'
import { t } from '../strings.ts'
import { useTopic } from '../topic.ts'
import { isHeld } from './trip-filter.ts'

export function QueueLine({ shift }: { readonly shift: Shift }) {
  useTopic(shift.changes)
  useSeconds()
  const nowMs = shift.nowMs()
  const open = [...shift.board.trips.values()].filter(trip => !isActive(trip))
  const waiting = open.filter(trip => !isHeld(trip))
  const over = waiting.filter(trip => nowMs - trip.receivedAtMs > (shift.waitLimitMs[trip.priority] ?? Infinity))
  const free = [...shift.board.units.values()].filter(({ status }) => status === 'available').length
  const longestMs = Math.max(...waiting.map(({ receivedAtMs }) => nowMs - receivedAtMs))
  const held = open.length - waiting.length
  return (
    <p class="queue" data-waiting={waiting.length}>
      {waiting.length === 0 ? t.desk.queue.nothing : t.desk.queue.says(waiting.length)}
      {waiting.length > 0 && <span class="figures"> · {t.desk.queue.longest(duration(longestMs))}</span>}
      {over.length > 0 && <b class="late"> · {t.desk.queue.over(over.length)}</b>}
      {held > 0 && <span> · {t.desk.queue.onHold(held)}</span>}
      <span class={free === 0 ? 'late' : ''}> · {t.desk.queue.free(free)}</span>
    </p>
  )
}
