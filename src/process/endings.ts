/** What a start has begun, to be ended in the opposite order, each part within its share of the time that a stop may take. */
/** By which part of the drain's limit each thing is over; the rest is for whoever started the process. */
export const DRAIN_SHARES = {
  /** What was under way when the stop began has its answer. */
  settled: 0.1,
  /** What was decided is durable. */
  flushed: 0.3,
  /** Snapshots are written. */
  saved: 0.45,
  regionsClosed: 0.5,
  serverStopped: 0.97,
} as const
/** What each of the other parts may take. */
const STEP_SHARE = 0.05

interface Ending {
  /** For the log, when it is left undone. */
  readonly what: string
  readonly end: () => Promise<unknown> | undefined
  /** By which part of the limit it is over. */
  readonly byShare: number | null
}

interface EndingsPorts {
  readonly monotonicMs: () => number
  /** Whether a failure says only that something is away, which no stop waits for. */
  readonly isAway: (error: unknown) => boolean
}

export class Endings {
  readonly #ports: EndingsPorts
  readonly #endings: Ending[] = []

  constructor(ports: EndingsPorts) {
    this.#ports = ports
  }

  add(what: string, end: Ending['end'], byShare: number | null = null): void {
    this.#endings.push({ what, end, byShare })
  }

  /**
   * Ends everything, the newest first. `leftUndone` hears of what did not end in its time, or could not as something it needs is
   * away: nothing that was told to anybody depends on it. Errors: AggregateError of all other failures, at the end.
   */
  async run(startedMs: number, limitMs: number, leftUndone: (what: string) => void): Promise<void> {
    const failures: unknown[] = []
    for (const { what, end, byShare } of this.#endings.reverse()) {
      const leftMs = byShare === null ? limitMs * STEP_SHARE : startedMs + limitMs * byShare - this.#ports.monotonicMs()
      const isDone = await withinMs(async () => void (await end()), leftMs).catch(error => {
        if (!this.#ports.isAway(error)) failures.push(error)
        return false
      })
      if (!isDone) leftUndone(what)
    }
    if (failures.length > 0) throw new AggregateError(failures, 'Not everything could be stopped cleanly.')
  }
}

/** False when its time was over first; it may go on. Errors: those of the work. */
async function withinMs(work: () => Promise<void>, limitMs: number): Promise<boolean> {
  const working = work()
  // It may fail later, when nobody waits for it any more.
  working.catch(() => undefined)
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<boolean>(resolve => {
    timer = setTimeout(() => resolve(false), limitMs)
  })
  return Promise.race([working.then(() => true), over]).finally(() => clearTimeout(timer))
}
