/**
 * The last board that was seen, kept in the tab for a page that is loaded again while the engine is away: without what callers and
 * crews said, and no more of it than a browser keeps for a tab.
 */
import type { KeptBoard } from '../client/index.ts'
import { readKept, writeKept } from './kept.ts'
import { every, wallMs } from './passing-time.ts'

type Snapshot = Parameters<KeptBoard['onSnapshot']>[0]

interface LastBoard extends Snapshot {
  readonly region: string
  readonly savedAtMs: number
}

const KEY = 'goldenhour.last-board'
const SEEN_KEY = 'goldenhour.last-board-seen'
const EVERY_MS = 5_000
/** Browsers keep five million characters for a page, of which these take some two, and writing more would be felt. */
const UNITS_MAX = 2_000
const TRIPS_MAX = 1_000

/** Output: the board that was kept of this region, and when it was seen last by the wall clock; null where there is none. */
export function readLastBoard(region: string): LastBoard | null {
  const last = readKept<Omit<LastBoard, 'savedAtMs'>>(sessionStorage, KEY)
  const savedAtMs = readKept<number>(sessionStorage, SEEN_KEY)
  if (last?.region !== region || savedAtMs === null) return null
  return Array.isArray(last.trips) && Array.isArray(last.units) ? { ...last, savedAtMs } : null
}

export function forgetLastBoard(): void {
  writeKept(sessionStorage, KEY, null)
  writeKept(sessionStorage, SEEN_KEY, null)
}

/** Keeps the board while it is current: every few seconds, and when the page goes. Output: stops that. */
export function keepLastBoards(region: string, board: KeptBoard, isCurrent: () => boolean): () => void {
  let keptPosition: number | null = null
  const keep = () => {
    if (!isCurrent()) return
    // A board on which nothing happens is seen all the same.
    writeKept(sessionStorage, SEEN_KEY, wallMs())
    if (board.position === keptPosition) return
    keptPosition = board.position
    writeKept(sessionStorage, KEY, shownOf(region, board))
  }
  const stop = every(EVERY_MS, keep)
  addEventListener('pagehide', keep)
  return () => {
    stop()
    removeEventListener('pagehide', keep)
  }
}

/** Of a large region the units at work alone. */
function shownOf(region: string, { position, trips, units, alarms }: KeptBoard) {
  const shown = [...trips.values()].slice(0, TRIPS_MAX)
  const onDuty = [...units.values()].filter(({ status }) => status !== 'off-duty')
  const atWork = onDuty.filter(({ tripId, offerId }) => tripId !== null || offerId !== null)
  const some = [[...units.values()], onDuty].find(({ length }) => length <= UNITS_MAX) ?? atWork.slice(0, UNITS_MAX)
  return {
    ...{ region, position, units: some, alarms: [...alarms.values()], zones: [] },
    trips: shown.map(({ notes: _, notesRead: __, ...trip }) => ({ ...trip, details: null })),
  }
}
