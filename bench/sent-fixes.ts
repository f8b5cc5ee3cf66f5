/** What a generator sent, as columns by fix number, and how it compares with what a reader finds in the store. */
import type { SegmentFix } from '../src/store/location/segment-codec.ts'
import { unitIdOf } from './fleet.ts'

/** Every vehicle's receiver is equally good: 5 m. */
export const ACCURACY_DM = 50

/** Numbers as on the wire; `n` counts as in `OpenLoopSchedule`. Plain arrays, so that they pass between processes. */
export interface SentFixes {
  readonly drivers: number
  readonly fixedAtMs: Float64Array
  readonly lonE7: Int32Array
  readonly latE7: Int32Array
  readonly speedCmps: Uint16Array
  /** Tenths of a degree; `NO_HEADING` where there is none. */
  readonly headingDd: Uint16Array
  /** By driver: its fixes up to this seq were sent, and no others. */
  readonly sentSeq: Uint32Array
  /** By driver: its fixes up to this seq are durable, as the engine told it. */
  readonly toldSeq: Uint32Array
  /** By fix: 1 where it went with a phone before anybody had called it durable. It may be stored or not. */
  readonly abandoned: Uint8Array
}

export const NO_HEADING = 0xffff

export function emptySentFixes(drivers: number, fixes: number): SentFixes {
  return {
    drivers,
    fixedAtMs: new Float64Array(fixes),
    lonE7: new Int32Array(fixes),
    latE7: new Int32Array(fixes),
    speedCmps: new Uint16Array(fixes),
    headingDd: new Uint16Array(fixes),
    sentSeq: new Uint32Array(drivers),
    toldSeq: new Uint32Array(drivers),
    abandoned: new Uint8Array(fixes),
  }
}

export interface Verdict {
  readonly sent: number
  /** Fixes that the engine called durable and that are not in the store exactly as they were sent. */
  readonly lost: number
  /** Fixes that were sent and that the engine never called durable. */
  readonly unconfirmed: number
  /** Rows of the store beyond one a fix that was sent: written twice, or never sent as they stand. */
  readonly excess: number
  /** Of those that were sent, the fixes that went with a phone; neither lost nor unconfirmed. */
  readonly abandoned: number
}

/** Takes the store's rows in any order and then tells what is missing. */
export class StoreCheck {
  readonly #sent: SentFixes
  readonly #driverOf: Map<string, number>
  readonly #found: Uint8Array
  #excess = 0

  constructor(sent: SentFixes) {
    this.#sent = sent
    this.#found = new Uint8Array(sent.fixedAtMs.length)
    this.#driverOf = new Map(Array.from({ length: sent.drivers }, (_, driver) => [unitIdOf(driver), driver]))
  }

  see({ unitId, fix }: SegmentFix): void {
    const sent = this.#sent
    const driver = this.#driverOf.get(unitId)
    if (driver === undefined || fix.seq < 1 || fix.seq > sent.sentSeq[driver]!) {
      this.#excess++
      return
    }
    const n = (fix.seq - 1) * sent.drivers + driver
    const heading = sent.headingDd[n] === NO_HEADING ? null : sent.headingDd[n]!
    const same =
      fix.fixedAtMs === sent.fixedAtMs[n] &&
      Math.round(fix.lonDeg * 1e7) === sent.lonE7[n] &&
      Math.round(fix.latDeg * 1e7) === sent.latE7[n] &&
      whole(fix.accuracyM, 10) === ACCURACY_DM &&
      whole(fix.speedMps, 100) === sent.speedCmps[n] &&
      whole(fix.headingDeg, 10) === heading
    if (!same || this.#found[n] === 1) this.#excess++
    else this.#found[n] = 1
  }

  verdict(): Verdict {
    const { drivers, sentSeq, toldSeq, abandoned: gone } = this.#sent
    let sent = 0
    let lost = 0
    let unconfirmed = 0
    let abandoned = 0
    for (let driver = 0; driver < drivers; driver++) {
      const told = toldSeq[driver]!
      sent += sentSeq[driver]!
      for (let seq = 1; seq <= Math.max(told, sentSeq[driver]!); seq++) {
        const n = (seq - 1) * drivers + driver
        if (gone[n] === 1) abandoned++
        else if (seq > told) unconfirmed++
        else if (this.#found[n] !== 1) lost++
      }
    }
    return { sent, lost, unconfirmed, excess: this.#excess, abandoned }
  }
}

function whole(value: number | null, factor: number): number | null {
  return value === null ? null : Math.round(value * factor)
}
