/** What a phone's tracker says of one place, made a fix: units as everywhere here, and what is unknown null. */
import type { Fix } from '../../domain/fix.ts'
import { noMinusZero } from '../fix-frame.ts'
import { RANGES } from '../limits.ts'

export interface PostedFix {
  /** The phone's clock when it measured, whole epoch milliseconds. */
  readonly measuredWallMs: number
  readonly measured: Omit<Fix, 'seq' | 'fixedAtMs'>
}

/** As read; NaN where it is no number, undefined where it is not there. */
export interface Measured {
  readonly measuredWallMs: number
  readonly lonDeg: number
  readonly latDeg: number
  readonly accuracyM?: number | undefined
  readonly speedMps?: number | undefined
  readonly headingDeg?: number | undefined
}

/**
 * Null: such a fix can never be taken, as it has no time, or no place on Earth. Of the other numbers phones say -1, or nothing,
 * when they do not know; one that is out of range is as good as that, but for a circle too large to be written, which is
 * the largest.
 */
export function postedFix(read: Measured): PostedFix | null {
  const { lonDeg, latDeg, accuracyM, speedMps, headingDeg } = read
  const measuredWallMs = Math.round(read.measuredWallMs)
  const lonE7 = Math.round(lonDeg * 1e7)
  const latE7 = Math.round(latDeg * 1e7)
  if (!Number.isSafeInteger(measuredWallMs) || !isIn(lonE7, RANGES.lonE7) || !isIn(latE7, RANGES.latE7)) return null
  const measured = {
    lonDeg: noMinusZero(lonE7 / 1e7),
    latDeg: noMinusZero(latE7 / 1e7),
    accuracyM: known(accuracyM === undefined ? undefined : Math.min(accuracyM, RANGES.accuracyDm[1] / 10), {
      times: 10,
      range: RANGES.accuracyDm,
    }),
    speedMps: known(speedMps, { times: 100, range: RANGES.speedCmps }),
    headingDeg: known(headingDeg, { times: 10, range: RANGES.headingDd }),
  }
  return { measuredWallMs, measured }
}

type Range = readonly [number, number] | readonly number[]

const isIn = (value: number, [min, max]: Range): boolean => value >= min! && value <= max!

function known(value: number | undefined, { times, range }: { readonly times: number; readonly range: Range }) {
  if (value === undefined) return null
  const whole = Math.round(value * times)
  return isIn(whole, range) ? noMinusZero(whole) / times : null
}
