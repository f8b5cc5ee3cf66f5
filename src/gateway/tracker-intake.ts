/**
 * Carries a fix that a phone has posted to its region, and resolves when it is stored: the phone forgets it then.
 *
 * The fixes of one device for one unit go one after another, each when the former is answered. So what the store is asked of a
 * fix that may be a repetition [TK-5] holds until it is taken, and a repetition that overtakes its former is none.
 */
import type { RegionHandle, TrackerAnswer } from '../actors/region-handle.ts'
import type { Refusal } from '../base/refusal.ts'
import type { Result } from '../base/result.ts'
import type { Principal, UnitId } from '../domain/ids.ts'
import type { PostedFix } from '../protocol/trackers/posted-fix.ts'
import type { FixSought } from '../store/location/stored-fix.ts'

type Reached = Pick<RegionHandle, 'regionId' | 'trackerFix'>

export interface Posted extends PostedFix {
  readonly unitId: UnitId
  readonly principal: Principal
}

/** What became of it; `invalid` can never be taken. */
export type Fate = 'stored' | 'duplicate' | 'invalid'

interface IntakePorts {
  readonly wallClock: () => number
  readonly isStored: (sought: FixSought) => Promise<boolean>
}

/** Requests of one device that may wait for each other: a phone has one under way, and perhaps one that it gave up. */
const WAITING_MAX = 8
/** The store is asked of so many fixes at a time. Each reads the segments of a moment. */
const LOOKS_MAX = 4

const BUSY: Refusal = {
  code: 'overloaded',
  message: 'Other fixes of this device, or more late ones than can be looked up, are waiting; send it again shortly.',
  details: { retryAfterMs: 1_000 },
}

export class TrackerIntake {
  readonly #ports: IntakePorts
  /** Of each device and unit with requests under way: how many, and the end of the last one. */
  readonly #turns = new Map<string, { count: number; last: Promise<unknown> }>()
  #looks = 0

  constructor(ports: IntakePorts) {
    this.#ports = ports
  }

  /** Errors: those of the database. */
  async take(region: Reached, posted: Posted): Promise<Result<Fate>> {
    const key = `${region.regionId} ${posted.unitId} ${posted.principal}`
    const turns = this.#turns.get(key) ?? { count: 0, last: Promise.resolve() }
    if (turns.count >= WAITING_MAX) return { ok: false, refusal: BUSY }
    turns.count += 1
    this.#turns.set(key, turns)
    const fate = turns.last.then(() => this.#takeNext(region, posted))
    turns.last = fate.catch(() => undefined)
    try {
      return await fate
    } finally {
      turns.count -= 1
      if (turns.count === 0) this.#turns.delete(key)
    }
  }

  async #takeNext(region: Reached, posted: Posted): Promise<Result<Fate>> {
    const first = await this.#ask(region, posted, false)
    if (!first.ok) return first
    if (first.is !== 'doubtful') return fateOf(first)
    const { streamIds, seq, fixedAtMs } = first
    if (this.#looks >= LOOKS_MAX) return { ok: false, refusal: BUSY }
    this.#looks += 1
    try {
      const { unitId } = posted
      const isStored = await this.#ports.isStored({ region: region.regionId, unitId, streamIds, seq, fixedAtMs })
      if (isStored) return { ok: true, value: 'duplicate' }
    } finally {
      this.#looks -= 1
    }
    const second = await this.#ask(region, posted, true)
    return second.ok ? fateOf(second) : second
  }

  #ask(region: Reached, posted: Posted, isLate: boolean): Promise<TrackerAnswer> {
    const receivedWallMs = this.#ports.wallClock()
    return new Promise(answer => region.trackerFix({ ...posted, receivedWallMs, isLate, answer }))
  }
}

const fateOf = ({ is }: Extract<TrackerAnswer, { readonly ok: true }>): Result<Fate> => ({
  ok: true,
  value: is === 'stored' ? 'stored' : 'invalid',
})
