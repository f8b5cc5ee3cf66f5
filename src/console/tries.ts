/** Carries commands out and says what became of each: done, refused and what stands instead, or that nobody knows yet. */
import { ClientClosed, CommandRefused, type KeptBoard } from '../client/index.ts'
import type { DeedLog } from './deed-log.ts'
import { timeOfDay } from './format.ts'
import { kept } from './kept.ts'
import type { SaidOutcomes } from './outcomes.ts'
import { later } from './passing-time.ts'
import { word } from './spoken-words.ts'
import { t } from './strings.ts'

interface TryPorts {
  readonly outcomes: SaidOutcomes
  readonly board: KeptBoard
  readonly activity: DeedLog
  readonly timeZone: () => string
}

/** How long a command may stay unanswered before that is said. */
const UNANSWERED_MS = 3_000
/** Somebody else, or the engine, was faster: what stands now is what the dispatcher has to know. */
const OVERTAKEN: readonly string[] = [
  ...['wrong-phase', 'unit-not-fit', 'unknown-trip', 'unknown-call', 'conflict', 'not-your-trip'],
]

export class Tries {
  readonly #ports: TryPorts
  readonly #unanswered = new Set<{ readonly what: string }>()
  readonly #onLeave = (event: BeforeUnloadEvent): void => {
    if (this.#unanswered.size > 0) event.preventDefault()
  }

  constructor(ports: TryPorts) {
    this.#ports = ports
    for (const what of kept.unanswered()) ports.outcomes.say('refused', t.desk.outcome.left(what))
    kept.keepUnanswered([])
    addEventListener('beforeunload', this.#onLeave)
  }

  /** Input: the trip that it is about, where there is one. Output: its result; null where it was refused or nobody knows. */
  async to<Result>(
    what: string,
    command: () => Promise<{ readonly result: Result }>,
    tripId?: string,
  ): Promise<Result | null> {
    const { outcomes } = this.#ports
    const mark = { what }
    this.#mark(mark, true)
    let unknown: number | null = null
    const stop = later(UNANSWERED_MS, () => {
      unknown = outcomes.say('unknown', t.outcome.unknown(what))
    })
    try {
      const { result } = await command()
      outcomes.say('done', t.trip.done(what))
      return result
    } catch (error) {
      if (error instanceof ClientClosed) outcomes.say('refused', t.outcome.closed(what))
      else outcomes.say('refused', t.outcome.failed(what, `${(error as Error).message}${this.#instead(error, tripId)}`))
      return null
    } finally {
      this.#mark(mark, false)
      stop()
      if (unknown !== null) outcomes.dismiss(unknown)
    }
  }

  close(): void {
    removeEventListener('beforeunload', this.#onLeave)
  }

  #mark(mark: { readonly what: string }, isUnanswered: boolean): void {
    if (isUnanswered) this.#unanswered.add(mark)
    else this.#unanswered.delete(mark)
    kept.keepUnanswered([...this.#unanswered].map(({ what }) => what))
  }

  /** What happened instead of what was wanted, where the board shows it. */
  #instead(error: unknown, tripId: string | undefined): string {
    if (!(error instanceof CommandRefused) || !OVERTAKEN.includes(error.code) || tripId === undefined) return ''
    const { board, activity, timeZone } = this.#ports
    const trip = board.trips.get(tripId)
    const unitId = trip?.unitId ?? trip?.offer?.unitId ?? null
    const unit = unitId === null ? null : (board.units.get(unitId)?.callSign ?? unitId)
    const now = trip === undefined ? t.trip.gone : t.desk.outcome.now(word('phase', trip.phase), unit)
    const last = activity.lastOf(tripId)
    if (last === null) return ` ${now}`
    return ` ${now} ${t.desk.outcome.last(last.by, word('deed', last.what), timeOfDay(last.atMs, timeZone()))}`
  }
}
