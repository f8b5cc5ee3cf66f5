/** Every fix that was told durable is stored once, where and when it was measured; what nobody sent is not stored. */
import type { Find } from './findings.ts'
import { readSegment, type StoredFix, UnreadableSegment } from './segment-reader.ts'
import type { StoredSegment } from './stored.ts'

/** A unit's fixes as its client knows them; a fix says by its place which one it is. */
export interface FixesOfUnit {
  readonly unitId: string
  readonly baseLonE7: number
  readonly baseLatE7: number
  /** How many were ever sent: n runs from 1. */
  readonly sentCount: number
  /** By n, those that were not found stored yet; found ones are taken out here. */
  readonly open: Map<number, Sent>
  /** Told durable: everything of this stream up to this seq. */
  readonly durable: { readonly streamId: string; readonly seq: number }
}

interface Sent {
  readonly n: number
  readonly streamId: string
  readonly seq: number
  readonly trueAtMs: number
  readonly clocksRight: boolean
}

/** A phone's clock and the engine's may be so far apart, and both are believed. */
const MISDATED_MS = 2_500

export class FixCheck {
  /** By unit and stream: which numbers are stored, as runs without holes. */
  readonly #stored = new Map<string, Runs>()
  readonly #storedN = new Map<string, Runs>()
  #count = 0
  #misdated = 0

  /** Fixes stored of those that were sent. */
  get count(): number {
    return this.#count
  }
  /** Stored at a wrong time, also while a clock was wrong. */
  get misdated(): number {
    return this.#misdated
  }

  segment({ segmentNo, fixCount, bytes }: StoredSegment, units: ReadonlyMap<string, FixesOfUnit>, find: Find): void {
    let fixes: StoredFix[]
    try {
      fixes = readSegment(bytes)
    } catch (error) {
      if (!(error instanceof UnreadableSegment)) throw error
      return find('segment-broken', `segment ${segmentNo}`, error.message)
    }
    if (fixes.length !== fixCount) {
      find('segment-broken', `segment ${segmentNo}`, `it holds ${fixes.length} fixes, and its row says ${fixCount}`)
    }
    for (const fix of fixes) this.#one(fix, segmentNo, units.get(fix.unitId), find)
  }

  /** Input: after all new segments. */
  judgeDurable(units: ReadonlyMap<string, FixesOfUnit>, find: Find): void {
    for (const { unitId, open, durable } of units.values()) {
      for (const { n, streamId, seq } of open.values()) {
        if (streamId !== durable.streamId || seq > durable.seq) continue
        find(
          'fix-lost',
          `fix ${n} of ${unitId}`,
          `its stream ${streamId} is told durable up to ${durable.seq}, and ${seq} is not stored`,
        )
        open.delete(n)
      }
    }
  }

  #one(fix: StoredFix, segmentNo: number, unit: FixesOfUnit | undefined, find: Find): void {
    const { unitId, streamId, seq, lonE7, latE7, fixedAtMs } = fix
    const about = `fix ${seq} of ${unitId} ${streamId}`
    if (!runsOf(this.#stored, `${unitId} ${streamId}`).add(seq)) {
      return find('fix-doubled', about, `it is stored again in segment ${segmentNo}`)
    }
    const n = unit === undefined ? 0 : lonE7 - unit.baseLonE7
    if (unit === undefined || latE7 !== unit.baseLatE7 || n < 1 || n > unit.sentCount) {
      return find('nobody-asked', about, `it is stored in segment ${segmentNo}, and nobody sent it`)
    }
    if (!runsOf(this.#storedN, unitId).add(n)) {
      return find('fix-doubled', about, `the same measurement is stored under another number in segment ${segmentNo}`)
    }
    this.#count += 1
    const sent = unit.open.get(n)
    unit.open.delete(n)
    if (sent === undefined) return
    const offMs = Math.round(fixedAtMs - sent.trueAtMs)
    if (Math.abs(offMs) <= MISDATED_MS) return
    this.#misdated += 1
    if (sent.clocksRight)
      find('fix-misdated', about, `it is stored ${offMs} ms beside the time at which it was measured`)
  }
}

function runsOf(all: Map<string, Runs>, key: string): Runs {
  const known = all.get(key)
  if (known !== undefined) return known
  const runs = new Runs()
  all.set(key, runs)
  return runs
}

/** A set of whole numbers that mostly come in order, kept as runs. */
class Runs {
  readonly #runs: { from: number; to: number }[] = []

  /** Output: false when it was there already. */
  add(value: number): boolean {
    // From the end: what is new is nearly always the next one.
    let at = this.#runs.length - 1
    while (at >= 0 && this.#runs[at]!.from > value) at -= 1
    const run = this.#runs[at]
    if (run !== undefined && value <= run.to) return false
    const next = this.#runs[at + 1]
    if (run !== undefined && run.to === value - 1) {
      run.to = value
      if (next?.from === value + 1) {
        run.to = next.to
        this.#runs.splice(at + 1, 1)
      }
    } else if (next?.from === value + 1) next.from = value
    else this.#runs.splice(at + 1, 0, { from: value, to: value })
    return true
  }
}
