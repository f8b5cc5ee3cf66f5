/** Who did what, since the page is open. */
import type { Deed } from '../deed-log.ts'
import { shortNumber, timeOfDay } from '../format.ts'
import type { Shift } from '../shift.ts'
import { word } from '../spoken-words.ts'
import { t } from '../strings.ts'
import { useTopic } from '../topic.ts'

export function LogList({ shift }: { readonly shift: Shift }) {
  useTopic(shift.activity.changes)
  const { deeds } = shift.activity
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard.
    <section class="scroll" tabIndex={0} aria-label={t.desk.log.title}>
      <p class="quiet foot">{deeds.length === 0 ? t.desk.log.empty : t.desk.log.since}</p>
      <ol class="log">
        {deeds.map(deed => (
          <DeedRow key={deed.key} shift={shift} deed={deed} />
        ))}
      </ol>
    </section>
  )
}

function DeedRow({ shift, deed }: { readonly shift: Shift; readonly deed: Deed }) {
  const { atMs, by, what, tripId, unitId } = deed
  const number = tripId === null ? null : (shift.board.trips.get(tripId)?.responseNo ?? tripId.slice(-6))
  return (
    <li>
      <time class="figures quiet">{timeOfDay(atMs, shift.info.timeZone)}</time> <b>{by}</b> {word('deed', what)}
      {unitId !== null && ` · ${shift.callSign(unitId)}`}{' '}
      {tripId !== null && number !== null && (
        <button type="button" class="link figures" onClick={() => shift.open({ is: 'trip', tripId })}>
          {shortNumber(number)}
        </button>
      )}
    </li>
  )
}
