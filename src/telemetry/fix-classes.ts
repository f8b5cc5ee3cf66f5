/** What becomes of a fix that comes in; each counts once. */

/** Of those that are read as fixes one by one. */
export const FIX_OUTCOMES = [
  /** Stored, and where the unit is. */
  'current',
  /** Stored, and older than where the unit is. */
  'late',
  'duplicate',
  'future',
  /** Not believed: no unit is that fast, or it is less accurate than what is taken. */
  'impossible',
  'inaccurate',
  /** Not believed by itself, and where the unit is, as those before it agree. */
  'anchored',
  'invalid',
  'hint',
] as const
export type FixOutcome = (typeof FIX_OUTCOMES)[number]

export type FixCounts = Record<FixOutcome, number>

/** Field by field, as one is made for every frame. */
export const noFixes = (): FixCounts => ({
  current: 0,
  late: 0,
  duplicate: 0,
  future: 0,
  impossible: 0,
  inaccurate: 0,
  anchored: 0,
  invalid: 0,
  hint: 0,
})

/** Those, and what was not taken. */
export type FixClass = FixOutcome | 'gap' | 'refused'
