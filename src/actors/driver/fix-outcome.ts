/** What became of a fix that was stored, for the count. */
import { DOUBTED, FIX_FLAGS } from '../../store/location/segment-codec.ts'
import type { FixOutcome } from '../../telemetry/fix-classes.ts'

/** Input: the flags under which it was stored; whether it moved the unit's current position. */
export function outcomeOf(flags: number, isPlaced: boolean): FixOutcome {
  if ((flags & (FIX_FLAGS.future | DOUBTED)) === 0) return isPlaced ? 'current' : 'late'
  if ((flags & FIX_FLAGS.future) !== 0) return 'future'
  if (isPlaced) return 'anchored'
  return (flags & FIX_FLAGS.impossible) !== 0 ? 'impossible' : 'inaccurate'
}
