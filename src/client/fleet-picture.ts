/**
 * The units on a map, as the tiles that are looked at name them.
 *
 * The picture is a function of what the tiles hold: a unit that several name stands where its newest fix says, so the
 * order in which frames of different tiles come makes no difference. A unit that no tile names any more stays for
 * `LEAVE_MS`, since the frame of the tile that it drove into may be the later one.
 */
import { type Freshness, type FreshnessPolicy, freshnessOf } from '../domain/policy.ts'
import type { LevelOfCare, UnitStatus } from '../domain/vocabulary.ts'
import { fromE7 } from '../protocol/fix-frame.ts'
import type { TileUnit } from '../protocol/wire/tile-tuples.ts'
import type { Moving, Placed } from './motion.ts'

/** A unit on the map. A change makes a new object, so one that is kept is the unit as it was. */
export interface FleetUnit extends Moving {
  readonly unitId: string
  readonly status: UnitStatus
  readonly levelOfCare: LevelOfCare
  /** By the fix's own age and the unit's status; a change with time alone is told as a change. */
  readonly freshness: Freshness
}

/** What one frame, one look elsewhere or the passing of time did to the picture. */
export interface FleetChange {
  readonly units: readonly FleetUnit[]
  /** Units that are not in the picture any more. */
  readonly gone: readonly string[]
}

/** What one tile says of a unit. */
interface Claim {
  readonly tile: string
  readonly frameAtMs: number
  readonly fixedAtMs: number
  readonly seen: TileUnit
}

interface Shown {
  unit: FleetUnit
  /** The fix before the one shown. */
  previous: Placed | null
  claims: readonly Claim[]
  /** By the monotonic clock; null while some tile names the unit. */
  leavesAtMs: number | null
}

/** Longer than the quarter of a second in which a tile's changes are gathered. */
const LEAVE_MS = 1_000

export class FleetPicture {
  readonly #policy: () => FreshnessPolicy
  readonly #units = new Map<string, Shown>()
  readonly #tiles = new Map<string, Set<string>>()
  readonly #changed = new Set<string>()
  readonly #gone = new Set<string>()

  /** Input: from what age on positions are stale, and lost; a change shows with the next sweep. */
  constructor(policy: () => FreshnessPolicy) {
    this.#policy = policy
  }

  get size(): number {
    return this.#units.size
  }

  get(unitId: string): FleetUnit | undefined {
    return this.#units.get(unitId)?.unit
  }

  previous(unitId: string): Placed | null {
    return this.#units.get(unitId)?.previous ?? null
  }

  *[Symbol.iterator](): IterableIterator<FleetUnit> {
    for (const { unit } of this.#units.values()) yield unit
  }

  /** All that the tile holds. Input: region time, and now by the monotonic clock. */
  replace(tile: string, atMs: number, units: readonly TileUnit[], regionMs: number, nowMs: number): void {
    const before = this.#tiles.get(tile) ?? new Set()
    this.#tiles.set(tile, new Set())
    for (const seen of units) {
      this.#claim(tile, atMs, seen, regionMs)
      before.delete(seen[0])
    }
    for (const unitId of before) this.#leave(tile, unitId, regionMs, nowMs)
  }

  /** What came into the tile, changed or moved in it, and what has left it. Input: a tile that `replace` has named. */
  update(
    tile: string,
    atMs: number,
    units: readonly TileUnit[],
    gone: readonly string[],
    regionMs: number,
    nowMs: number,
  ): void {
    const held = this.#tiles.get(tile)
    if (held === undefined) return
    for (const unitId of gone) if (held.delete(unitId)) this.#leave(tile, unitId, regionMs, nowMs)
    for (const seen of units) this.#claim(tile, atMs, seen, regionMs)
  }

  /** The tile is not looked at any more. Input: whether a tile that is to come may name such a unit. */
  drop(tile: string, regionMs: number, nowMs: number, isAwaited: (unit: FleetUnit) => boolean): void {
    const held = this.#tiles.get(tile) ?? []
    this.#tiles.delete(tile)
    for (const unitId of held) {
      this.#leave(tile, unitId, regionMs, nowMs)
      const shown = this.#units.get(unitId)!
      if (shown.leavesAtMs !== null && !isAwaited(shown.unit)) this.#remove(unitId)
    }
  }

  /** Lets go of what has left, unless a tile that is to come may name it, and of freshness that has passed. */
  sweep(regionMs: number, nowMs: number, isAwaited: (unit: FleetUnit) => boolean): void {
    for (const [unitId, shown] of this.#units) {
      if (shown.leavesAtMs !== null && shown.leavesAtMs <= nowMs && !isAwaited(shown.unit)) this.#remove(unitId)
      else this.#refresh(shown, regionMs)
    }
  }

  /** What has changed since it was asked last; null when nothing has. */
  takeChange(): FleetChange | null {
    if (this.#changed.size === 0 && this.#gone.size === 0) return null
    const units = [...this.#changed].map(unitId => this.#units.get(unitId)!.unit)
    const gone = [...this.#gone]
    this.#changed.clear()
    this.#gone.clear()
    return { units, gone }
  }

  #claim(tile: string, frameAtMs: number, seen: TileUnit, regionMs: number): void {
    const [unitId, , , ageMs] = seen
    this.#tiles.get(tile)?.add(unitId)
    const claim: Claim = { tile, frameAtMs, fixedAtMs: frameAtMs - ageMs, seen }
    const shown = this.#units.get(unitId)
    if (shown === undefined) {
      this.#units.set(unitId, {
        unit: this.#unitOf(claim, regionMs),
        previous: null,
        claims: [claim],
        leavesAtMs: null,
      })
      this.#gone.delete(unitId)
      this.#changed.add(unitId)
      return
    }
    shown.leavesAtMs = null
    shown.claims = [...shown.claims.filter(other => other.tile !== tile), claim]
    this.#show(shown, regionMs)
  }

  #leave(tile: string, unitId: string, regionMs: number, nowMs: number): void {
    const shown = this.#units.get(unitId)!
    shown.claims = shown.claims.filter(claim => claim.tile !== tile)
    if (shown.claims.length > 0) this.#show(shown, regionMs)
    else shown.leavesAtMs = nowMs + LEAVE_MS
  }

  #show(shown: Shown, regionMs: number): void {
    const before = shown.unit
    const unit = this.#unitOf(shown.claims.reduce(newer), regionMs)
    if (same(before, unit)) return
    if (unit.fixedAtMs > before.fixedAtMs) shown.previous = before
    // An engine that was killed may have lost the fix that it had shown; what was drawn since is no way to the older one.
    else if (unit.fixedAtMs < before.fixedAtMs) shown.previous = null
    shown.unit = unit
    this.#changed.add(unit.unitId)
  }

  #refresh(shown: Shown, regionMs: number): void {
    const { unit } = shown
    const freshness = freshnessOf(unit.status, regionMs - unit.fixedAtMs, this.#policy())
    if (freshness === unit.freshness) return
    shown.unit = { ...unit, freshness }
    this.#changed.add(unit.unitId)
  }

  #unitOf(claim: Claim, regionMs: number): FleetUnit {
    return unitOf(claim, regionMs, this.#policy())
  }

  #remove(unitId: string): void {
    this.#units.delete(unitId)
    this.#changed.delete(unitId)
    this.#gone.add(unitId)
  }
}

/** The newest fix wins; of one fix that two frames tell, the newer frame has the newer status. */
function newer(a: Claim, b: Claim): Claim {
  const order = a.fixedAtMs - b.fixedAtMs || a.frameAtMs - b.frameAtMs
  return order > 0 ? a : b
}

function unitOf(claim: Claim, regionMs: number, policy: FreshnessPolicy): FleetUnit {
  const [unitId, lonE7, latE7, , speedCmps, headingDd, status, levelOfCare] = claim.seen
  return {
    unitId,
    lonDeg: fromE7(lonE7),
    latDeg: fromE7(latE7),
    fixedAtMs: claim.fixedAtMs,
    speedMps: speedCmps === null ? null : speedCmps / 100,
    headingDeg: headingDd === null ? null : headingDd / 10,
    status,
    levelOfCare,
    freshness: freshnessOf(status, regionMs - claim.fixedAtMs, policy),
  }
}

function same(a: FleetUnit, b: FleetUnit): boolean {
  return (
    a.fixedAtMs === b.fixedAtMs &&
    a.lonDeg === b.lonDeg &&
    a.latDeg === b.latDeg &&
    a.status === b.status &&
    a.freshness === b.freshness &&
    a.speedMps === b.speedMps &&
    a.headingDeg === b.headingDeg &&
    a.levelOfCare === b.levelOfCare
  )
}
