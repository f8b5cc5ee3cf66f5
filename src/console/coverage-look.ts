/**
 * What the free units reach within a time: which share of the demand, and along which roads.
 *
 * The share is one question for all units. Roads are asked for unit by unit, slowly, since each answer costs the engine a search
 * of a whole area: a unit's stay until it has moved, or they have grown old.
 */
import { CommandRefused, type CoverageView, type DispatcherClient, type ReachView } from '../client/index.ts'
import { metresBetween } from './format.ts'
import { kept } from './kept.ts'
import { later } from './passing-time.ts'
import { Topic } from './topic.ts'

interface At {
  readonly lonDeg: number
  readonly latDeg: number
}

export interface FreeUnit extends At {
  readonly unitId: string
}

interface CoveragePorts {
  readonly client: DispatcherClient
  /** Those who may go, with a position, the nearest to where one looks first. */
  readonly freeUnits: () => readonly FreeUnit[]
  readonly nowMs: () => number
}

interface Reached {
  /** Null of a unit that is on no road. */
  readonly view: ReachView | null
  readonly from: At
  readonly atMs: number
}

/** A road question counts as 50 of the 50 queries a second that a session has; there is more to ask for. */
const PAUSE_MS = 1_500
const IDLE_MS = 5_000
const SHARE_AGAIN_MS = 30_000
const REACH_AGAIN_MS = 120_000
const MOVED_M = 250
/** Of more units the nearest to the middle of the map are drawn. */
const UNITS_DRAWN = 40
const LINE_BYTES = 15_000
/** As for the most urgent calls: with as much of a siren as these have. */
const PRIORITY = 1
export const TARGETS_MIN = [4, 6, 8, 10, 15, 20] as const

export class CoverageLook {
  readonly changes = new Topic()
  readonly #ports: CoveragePorts
  readonly #reached = new Map<string, Reached>()
  #isOn = false
  #targetMin = kept.coverageMin() ?? 8
  #share: { readonly view: CoverageView; readonly atMs: number } | null = null
  #problem: string | null = null
  #drawn = 0
  #edition = 0
  #stop: (() => void) | null = null

  constructor(ports: CoveragePorts) {
    this.#ports = ports
  }

  get isOn(): boolean {
    return this.#isOn
  }
  get targetMin(): number {
    return this.#targetMin
  }
  /** Null until it is known. */
  get share(): { readonly view: CoverageView; readonly atMs: number } | null {
    return this.#share
  }
  /** Why nothing is known; null while nothing is wrong. */
  get problem(): string | null {
    return this.#problem
  }
  /** How many units are to be drawn. */
  get drawn(): number {
    return this.#drawn
  }
  /** What is known of their roads, unit by unit. */
  get reached(): readonly ReachView[] {
    return this.#isOn ? [...this.#reached.values()].flatMap(({ view }) => view ?? []) : []
  }
  /** Rises with each change of that. */
  get edition(): number {
    return this.#edition
  }

  turn(isOn: boolean): void {
    this.#isOn = isOn
    this.#edition += 1
    this.#stop?.()
    this.#stop = null
    if (isOn) void this.#go()
    this.changes.tell()
  }

  take(targetMin: number): void {
    this.#targetMin = targetMin
    kept.keepCoverageMin(targetMin)
    this.#reached.clear()
    this.#edition += 1
    this.#share = null
    this.turn(this.#isOn)
  }

  close(): void {
    this.#stop?.()
    this.#isOn = false
  }

  async #go(): Promise<void> {
    const targetMin = this.#targetMin
    const pauseMs = this.#ports.client.connectionState === 'open' ? await this.#ask() : IDLE_MS
    // Another target, or another press of the key, has begun a row of its own.
    if (!this.#isOn || this.#stop !== null || targetMin !== this.#targetMin) return
    this.changes.tell()
    this.#stop = later(pauseMs, () => {
      this.#stop = null
      void this.#go()
    })
  }

  /** Asks for what is wanted most. Output: after which pause to go on. */
  async #ask(): Promise<number> {
    const { client, nowMs } = this.#ports
    const targetMs = this.#targetMin * 60_000
    const [due] = this.#due()
    try {
      if (this.#share === null || nowMs() - this.#share.atMs > SHARE_AGAIN_MS) {
        const { result } = await client.coverage({ targetMs, priority: PRIORITY }, { retry: false })
        if (targetMs === this.#targetMin * 60_000) this.#share = { view: result, atMs: nowMs() }
      } else if (due === undefined) {
        return IDLE_MS
      } else {
        await this.#askReach(due, targetMs)
      }
      this.#problem = null
      return PAUSE_MS
    } catch (error) {
      this.#problem = (error as Error).message
      return IDLE_MS
    }
  }

  async #askReach(unit: FreeUnit, withinMs: number): Promise<void> {
    const asked = { withinMs, priority: PRIORITY, maxBytes: LINE_BYTES } as const
    const view = await this.#ports.client.reach({ unitId: unit.unitId }, asked, { retry: false }).then(
      ({ result }) => result,
      error => {
        if (error instanceof CommandRefused && error.code === 'off-road') return null
        throw error
      },
    )
    if (withinMs !== this.#targetMin * 60_000) return
    this.#reached.set(unit.unitId, { view, from: unit, atMs: this.#ports.nowMs() })
    this.#edition += 1
  }

  /** The units whose roads are missing or old, the oldest first; what is free no more is forgotten. */
  #due(): FreeUnit[] {
    const free = this.#ports.freeUnits().slice(0, UNITS_DRAWN)
    this.#drawn = free.length
    const ids = new Set(free.map(({ unitId }) => unitId))
    for (const unitId of this.#reached.keys()) {
      if (!ids.has(unitId) && this.#reached.delete(unitId)) this.#edition += 1
    }
    const nowMs = this.#ports.nowMs()
    const atMs = ({ unitId }: FreeUnit) => this.#reached.get(unitId)?.atMs ?? 0
    return free
      .filter(unit => {
        const known = this.#reached.get(unit.unitId)
        return known === undefined || nowMs - known.atMs > REACH_AGAIN_MS || metresBetween(known.from, unit) > MOVED_M
      })
      .sort((a, b) => atMs(a) - atMs(b))
  }
}
