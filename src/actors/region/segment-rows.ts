/** The fixes of a stored segment. */
import { decodeSegment, SegmentCorrupt, type SegmentFix } from '../../store/location/segment-codec.ts'
import type { SegmentWrite } from '../../store/log/journal.ts'
import { damagedSegment } from '../../store/log/stored-rows.ts'
import type { DamageReport } from './damage.ts'

/** None of one that is damaged, which is noted. */
export function rowsOf(segment: SegmentWrite, damage: DamageReport): readonly SegmentFix[] {
  if (segment.damage !== undefined) {
    damage.note(segment.damage)
    return []
  }
  try {
    return decodeSegment(segment.bytes)
  } catch (error) {
    if (!(error instanceof SegmentCorrupt)) throw error
    damage.note(damagedSegment(segment).damage!)
    return []
  }
}
