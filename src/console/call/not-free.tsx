/** The units on duty that are no answer to who is near, since they work or rest: how many, and each with what it does. */
import type { UnitView } from '../../client/index.ts'
import { age } from '../format.ts'
import type { Shift } from '../shift.ts'
import { word } from '../spoken-words.ts'
import { t } from '../strings.ts'
import { useTopic } from '../topic.ts'

const SHOWN = 40

export function NotFree({ shift }: { readonly shift: Shift }) {
  useTopic(shift.changes)
  const units = [...shift.board.units.values()].filter(({ status }) => status !== 'available' && status !== 'off-duty')
  if (units.length === 0) return null
  const byStatus = new Map<string, number>()
  for (const { status } of units) byStatus.set(status, (byStatus.get(status) ?? 0) + 1)
  const counts = [...byStatus].map(([status, count]) => `${count} ${word('status', status)}`).join(', ')
  return (
    <details class="not-free">
      <summary>{t.desk.call.notFree(counts)}</summary>
      <ul>
        {units.slice(0, SHOWN).map(unit => (
          <li key={unit.unitId}>
            <b>{unit.callSign}</b> <span class="quiet">{sinceOf(shift, unit)}</span>
          </li>
        ))}
      </ul>
    </details>
  )
}

function sinceOf(shift: Shift, { status, unavailableReason, statusSinceMs }: UnitView): string {
  const why = unavailableReason === null ? '' : `, ${word('reason', unavailableReason)}`
  return `${word('status', status)}${why} · ${age(shift.nowMs() - statusSinceMs)}`
}
