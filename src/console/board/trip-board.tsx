/** The trips that have not ended: those that wait, those that are held, then those that a unit works on. */
import type { TripView } from '../../client/index.ts'
import { duration, shortNumber } from '../format.ts'
import { useSeconds } from '../passing-time.ts'
import { isActive, type Shift } from '../shift.ts'
import { word } from '../spoken-words.ts'
import { t } from '../strings.ts'
import { useTopic } from '../topic.ts'
import { PriorityMark } from './priority-mark.tsx'
import { isHeld, isShown, type TripFilter } from './trip-filter.ts'
import { TripStateText } from './trip-state.tsx'

interface BoardProps {
  readonly shift: Shift
  readonly filter: TripFilter
}

/** More rows than these nobody reads, and a page is slow with. */
const SHOWN = 200

export function TripBoard({ shift, filter }: BoardProps) {
  useTopic(shift.changes)
  useTopic(shift.choices)
  useSeconds()
  const all = shift.tripsInOrder()
  const trips = all.filter(trip => isShown(shift, trip, filter))
  if (trips.length === 0) return <p class="empty">{all.length === 0 ? t.board.empty : t.board.noneMatch}</p>
  const waiting = trips.filter(trip => !isActive(trip) && !isHeld(trip))
  const held = trips.filter(isHeld)
  const active = trips.filter(isActive)
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard.
    <section class="scroll" tabIndex={0} aria-label={t.frame.trips}>
      <table class="trips">
        <thead>
          <tr>
            <th scope="col">
              <span class="hidden">{t.board.priority}</span>
            </th>
            <th scope="col">{t.board.what}</th>
            <th scope="col">{t.board.state}</th>
            <th scope="col" class="end">
              {t.board.clock}
            </th>
          </tr>
        </thead>
        <Group shift={shift} title={t.board.waitingTitle} trips={waiting} />
        <Group shift={shift} title={t.desk.queue.held} trips={held} />
        <Group shift={shift} title={t.board.activeTitle} trips={active} />
      </table>
    </section>
  )
}

interface GroupProps {
  readonly shift: Shift
  readonly title: string
  readonly trips: readonly TripView[]
}

function Group({ shift, title, trips }: GroupProps) {
  if (trips.length === 0) return null
  return (
    <tbody>
      <tr class="group">
        <th colSpan={4} scope="rowgroup">
          {title} <span class="figures">{trips.length}</span>
        </th>
      </tr>
      {trips.slice(0, SHOWN).map(trip => (
        <TripRow key={trip.tripId} shift={shift} trip={trip} />
      ))}
      {trips.length > SHOWN && (
        <tr>
          <td colSpan={4} class="quiet">
            {t.board.more(trips.length - SHOWN)}
          </td>
        </tr>
      )}
    </tbody>
  )
}

function TripRow({ shift, trip }: { readonly shift: Shift; readonly trip: TripView }) {
  const { tripId, priority, problem, need, phase } = trip
  const open = () => shift.open({ is: 'trip', tripId })
  const isSelected = shift.selectedTripId === tripId
  return (
    <tr class={isSelected ? 'selected' : ''} data-trip={tripId} data-phase={phase} onClick={open}>
      <td>
        <PriorityMark priority={priority} />
      </td>
      <td>
        <button type="button" class="row-button" aria-current={isSelected} onClick={open}>
          <b class="figures">{shortNumber(trip.responseNo ?? tripId.slice(-6))}</b> {problem ?? '—'}
        </button>
        <div class="second">
          {word('level', need.levelOfCare)}
          {need.capabilities.length > 0 && ` · ${need.capabilities.join(', ')}`}
          {trip.helps !== null && ` · ${t.board.help}`}
          {trip.loss !== null && <em> · {t.board.loss}</em>}
        </div>
      </td>
      <td>
        <TripStateText shift={shift} trip={trip} />
      </td>
      <td class="end">
        <ClockOf shift={shift} trip={trip} />
      </td>
    </tr>
  )
}

/** Since the call was received; while the trip waits against what the region's policy lets it. */
function ClockOf({ shift, trip }: { readonly shift: Shift; readonly trip: TripView }) {
  const waitedMs = shift.nowMs() - trip.receivedAtMs
  const limitMs = isActive(trip) ? undefined : shift.waitLimitMs[trip.priority]
  const isLate = limitMs !== undefined && waitedMs > limitMs
  return (
    <span title={t.board.since}>
      <time class={isLate ? 'figures late' : 'figures'}>{duration(waitedMs)}</time>
      {limitMs !== undefined && <div class={isLate ? 'second late' : 'second'}>{t.board.limit(duration(limitMs))}</div>}
    </span>
  )
}
