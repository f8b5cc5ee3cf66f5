/** Chooses which trips are shown, with how many there are of each kind. */
import { PRIORITIES } from '../../client/index.ts'
import type { Shift } from '../shift.ts'
import { t } from '../strings.ts'
import { useTopic } from '../topic.ts'
import { BOARD_VIEWS, EVERY_TRIP, isShown, type TripFilter } from './trip-filter.ts'

interface FilterBarProps {
  readonly shift: Shift
  readonly filter: TripFilter
  readonly set: (filter: TripFilter) => void
}

export function FilterBar({ shift, filter, set }: FilterBarProps) {
  useTopic(shift.changes)
  const trips = [...shift.board.trips.values()]
  return (
    <fieldset class="filters">
      <legend class="hidden">{t.desk.filter.title}</legend>
      {BOARD_VIEWS.map(view => (
        <button
          key={view}
          type="button"
          aria-pressed={filter.view === view}
          data-view={view}
          onClick={() => set({ ...filter, view })}
        >
          {t.desk.filter[view]}{' '}
          <small class="figures">{trips.filter(trip => isShown(shift, trip, { ...EVERY_TRIP, view })).length}</small>
        </button>
      ))}
      <span class="room" />
      {PRIORITIES.map(priority => (
        <button
          key={priority}
          type="button"
          class={`priority p${priority}`}
          aria-pressed={filter.priority === priority}
          aria-label={t.desk.filter.priority(priority)}
          data-priority={priority}
          onClick={() => set({ ...filter, priority: filter.priority === priority ? null : priority })}
        >
          {priority}
        </button>
      ))}
    </fieldset>
  )
}
