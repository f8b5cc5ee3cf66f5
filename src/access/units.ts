/**
 * The units that a credential may speak for, as they are sent and shown: a list, or `all`.
 *
 * All of them is said, and never what comes of leaving it out: whoever may take any unit reads any unit's patient.
 */

import { z } from 'zod'
import { invalidField } from '../base/refusal.ts'
import type { Result } from '../base/result.ts'
import { UNIT_ID, type UnitId } from '../domain/ids.ts'
import { orNull } from '../protocol/nullable.ts'

const ALL = 'all'

/** Null is for those who have no units. */
export type SentUnits = readonly UnitId[] | typeof ALL | null

/** The form of the field. Input: how many a list has at most. */
export function sentUnits(max: number) {
  const error = `must be a list of 1 to ${max} unit ids, or ${ALL}`
  const list = z
    .array(z.string({ error }).regex(UNIT_ID, { error }), { error })
    .min(1, { error })
    .max(max, { error })
    .transform(items => [...new Set(items)])
  return orNull(z.union([z.literal(ALL), list], { error }))
}

/**
 * As they are kept: null for all, and for those who have none. Input: the role that has units, whether this is one, and
 * what was sent. Refusal: `invalid-field`.
 */
export function keptUnits(
  role: string,
  hasUnits: boolean,
  sent: SentUnits | undefined,
): Result<readonly UnitId[] | null> {
  if (!hasUnits) {
    if (sent === undefined || sent === null) return { ok: true, value: null }
    return { ok: false, refusal: invalidField('units', `must be null, except for a ${role}`) }
  }
  if (sent === undefined || sent === null) {
    return { ok: false, refusal: invalidField('units', `must name the units of the ${role}, or be "${ALL}"`) }
  }
  return { ok: true, value: sent === ALL ? null : sent }
}

export const shownUnits = (hasUnits: boolean, kept: readonly UnitId[] | null): SentUnits =>
  hasUnits && kept === null ? ALL : kept

/** The form of what is shown. */
export const SHOWN_UNITS = z.union([z.literal(ALL), z.array(z.string().regex(UNIT_ID))]).nullable()
