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
const EVERY_MS = 5_000
/** Browsers keep five million characters for a page; the sign-in has to fit in as well. */
const CHARS_MAX = 2_500_000

/** Output: the board that was kept of this region, and when by the wall clock; null where there is none. */
export function readLastBoard(region: string): LastBoard | null {
  const last = readKept<LastBoard>(sessionStorage, KEY)
  return last?.region === region && Array.isArray(last.trips) && Array.isArray(last.units) ? last : null
}

export const forgetLastBoard = (): void => writeKept(sessionStorage, KEY, null)

/** Keeps the board while it is current: every few seconds, and when the page goes. Output: stops that. */
export function keepLastBoards(region: string, board: KeptBoard, isCurrent: () => boolean): () => void {
  const keep = () => {
    if (!isCurrent() || board.position === null) return
    const text = textOf(region, board)
    if (text !== null) sessionStorage.setItem(KEY, text)
  }
  const tryToKeep = () => {
    try {
      keep()
    } catch {
      // A browser that keeps nothing is no reason to stop.
    }
  }
  const stop = every(EVERY_MS, tryToKeep)
  addEventListener('pagehide', tryToKeep)
  return () => {
    stop()
    removeEventListener('pagehide', tryToKeep)
  }
}

/** Output: null where it does not fit whatever is left out. */
function textOf(region: string, { position, trips, units, alarms }: KeptBoard): string | null {
  const shown = [...trips.values()].map(({ notes: _, notesRead: __, ...trip }) => ({ ...trip, details: null }))
  const onDuty = [...units.values()].filter(({ status }) => status !== 'off-duty')
  const atWork = onDuty.filter(({ tripId, offerId }) => tripId !== null || offerId !== null)
  const base = { region, savedAtMs: wallMs(), position, trips: shown, alarms: [...alarms.values()], zones: [] }
  for (const some of [[...units.values()], onDuty, atWork, []]) {
    const text = JSON.stringify({ ...base, units: some })
    if (text.length <= CHARS_MAX) return text
  }
  return null
}
