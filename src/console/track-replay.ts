/** The way that a unit has driven for a trip, as its positions were stored, and a moment of it that is looked at. Supervisors may read it. */
import type { EngineReads, TrackedFix } from '../client/index.ts'
import { every } from './passing-time.ts'
import { Topic } from './topic.ts'

const DAY_MS = 24 * 3_600_000
/** All of it plays in twenty seconds. */
const STEP_EVERY_MS = 100
const STEPS = 200

export interface Replayed {
  /** The response that it belongs to. */
  readonly offerId: string
  readonly fixes: readonly TrackedFix[]
  /** False: there is more than one page has. */
  readonly isWhole: boolean
}

export class TrackReplay {
  readonly changes = new Topic()
  readonly #reads: EngineReads
  readonly #region: string
  #shown: Replayed | null = null
  #atMs = 0
  #stopPlaying: (() => void) | null = null

  constructor(reads: EngineReads, region: string) {
    this.#reads = reads
    this.#region = region
  }

  get shown(): Replayed | null {
    return this.#shown
  }
  get atMs(): number {
    return this.#atMs
  }
  get isPlaying(): boolean {
    return this.#stopPlaying !== null
  }
  /** The last position that was known by then. */
  get at(): TrackedFix | null {
    return this.#shown?.fixes.findLast(({ fixedAtMs }) => fixedAtMs <= this.#atMs) ?? null
  }

  /** Errors: as all reads. */
  async open(offerId: string, unitId: string, fromMs: number, toMs: number): Promise<void> {
    const range = { fromMs: Math.floor(fromMs), toMs: Math.floor(Math.min(toMs, fromMs + DAY_MS)) }
    const { items, isWhole } = await this.#reads.track(this.#region, unitId, range)
    this.close()
    this.#shown = { offerId, fixes: items, isWhole }
    this.#atMs = items[0]?.fixedAtMs ?? fromMs
    this.changes.tell()
  }

  close(): void {
    this.#stopPlaying?.()
    this.#stopPlaying = null
    this.#shown = null
    this.changes.tell()
  }

  seek(atMs: number): void {
    this.#atMs = atMs
    this.changes.tell()
  }

  play(): void {
    const { fixes } = this.#shown ?? { fixes: [] }
    const [first, last] = [fixes[0], fixes.at(-1)]
    this.#stopPlaying?.()
    if (first === undefined || last === undefined) return
    if (this.#atMs >= last.fixedAtMs) this.#atMs = first.fixedAtMs
    const stepMs = Math.max(1, (last.fixedAtMs - first.fixedAtMs) / STEPS)
    this.#stopPlaying = every(STEP_EVERY_MS, () => {
      this.#atMs = Math.min(last.fixedAtMs, this.#atMs + stepMs)
      if (this.#atMs >= last.fixedAtMs) this.pause()
      this.changes.tell()
    })
    this.changes.tell()
  }

  pause(): void {
    this.#stopPlaying?.()
    this.#stopPlaying = null
    this.changes.tell()
  }
}
