/** How a sender of fixes, of one unit or of many, goes on when the server did not take some. */

/** Refusals without an id that mean: fixes were not taken, send them again. */
export const FIX_REFUSALS: ReadonlySet<string> = new Set([
  'fix-gap',
  'overloaded',
  'unavailable',
  'rate-limited',
  'internal',
])

/** The first pause before they are sent again; each further one is longer, up to the cap. */
export const PAUSE_BASE_MS = 100
export const PAUSE_CAP_MS = 5_000
