/** Which trips of the board are shown: by what they are at, by priority, and by words. */
import type { TripView } from '../../client/index.ts'
import { isActive, type Shift } from '../shift.ts'
import { word } from '../spoken-words.ts'
import { t } from '../strings.ts'

export const BOARD_VIEWS = ['all', 'waiting', 'held', 'active', 'mine'] as const
export type BoardView = (typeof BOARD_VIEWS)[number]

export interface TripFilter {
  readonly view: BoardView
  /** Null: every priority. */
  readonly priority: number | null
  readonly text: string
}

export const EVERY_TRIP: TripFilter = { view: 'all', priority: null, text: '' }

export const nextView = (view: BoardView): BoardView =>
  BOARD_VIEWS[(BOARD_VIEWS.indexOf(view) + 1) % BOARD_VIEWS.length]!

export function isShown(shift: Shift, trip: TripView, { view, priority, text }: TripFilter): boolean {
  return isOfView(shift, trip, view) && (priority === null || trip.priority === priority) && hasWords(shift, trip, text)
}

export const isHeld = ({ onHold }: Pick<TripView, 'onHold'>): boolean => onHold !== null

function isOfView({ activity }: Shift, trip: TripView, view: BoardView): boolean {
  switch (view) {
    case 'all':
      return true
    case 'waiting':
      return !isActive(trip) && !isHeld(trip)
    case 'held':
      return isHeld(trip)
    case 'active':
      return isActive(trip)
    case 'mine':
      return activity.isMine(trip.tripId)
  }
}

function hasWords(shift: Shift, trip: TripView, words: string): boolean {
  if (words.trim() === '') return true
  const unit = trip.unitId ?? trip.offer?.unitId
  const text = [
    ...[trip.responseNo, trip.problem, word('phase', trip.phase), word('level', trip.need.levelOfCare)],
    ...[`p${trip.priority}`, unit === undefined ? null : shift.callSign(unit), isHeld(trip) ? t.board.held : null],
  ]
    .filter(each => typeof each === 'string')
    .join(' ')
    .toLowerCase()
  return words
    .toLowerCase()
    .trim()
    .split(/\s+/)
    .every(part => text.includes(part))
}
