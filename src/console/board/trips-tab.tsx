/** The trips of the board, under what is shown of them and how the queue stands. */
import type { Shift } from '../shift.ts'
import { FilterBar } from './filter-bar.tsx'
import { QueueLine } from './queue-line.tsx'
import { TripBoard } from './trip-board.tsx'
import type { TripFilter } from './trip-filter.ts'

interface TripsTabProps {
  readonly shift: Shift
  readonly filter: TripFilter
  readonly setFilter: (filter: TripFilter) => void
}

export const TripsTab = ({ shift, filter, setFilter }: TripsTabProps) => (
  <>
    <FilterBar shift={shift} filter={filter} set={setFilter} />
    <QueueLine shift={shift} />
    <TripBoard shift={shift} filter={filter} />
  </>
)
