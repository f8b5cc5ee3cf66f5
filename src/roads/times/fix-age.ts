/**
 * By how much longer a unit may take, since nobody knows where it went since its last fix.
 *
 * A unit that is due to report and does not may have driven away all that time, and has to come back: the age of its fix
 * beyond what its cadence explains, times how fast it plausibly drove, by how fast it comes. So a stale unit is ranked by what
 * it may have become, behind one that is a little further away and known to be there. What is told as lost is worth no
 * estimate: its addition stays at the most there is, and whether it may be sent is not decided here.
 */
export interface FixAgeRules {
  /** No addition up to that age: of a unit that moved at its last fix, and of one that stood. */
  readonly freshMovingMs: number
  readonly freshStandingMs: number
  /** How fast a unit goes away, that stood or whose speed is not known; and how fast each comes back. */
  readonly awayMps: number
  readonly backMps: number
  /** Faster than that nobody is believed to have driven. */
  readonly mostAwayMps: number
  /** From that speed on it moves. */
  readonly movingFromMps: number
  /** Ages count no further. */
  readonly lostMs: number
}

/**
 * Defaults: 20 s and 90 s until a moving unit and one that stands are stale, 300 s until it is lost: four and three times the cadences of
 * 5 s and 30 s. Away at 27 km/h, back at 36 km/h: what ambulances make in a city without siren and with it (JEMSS, Manhattan, ratio
 * 4/3). At most 130 km/h and 10 km/h from when on it moves are judgements.
 */
export const USUAL_FIX_AGE: FixAgeRules = {
  freshMovingMs: 20_000,
  freshStandingMs: 90_000,
  awayMps: 27 / 3.6,
  backMps: 36 / 3.6,
  mostAwayMps: 130 / 3.6,
  movingFromMps: 10 / 3.6,
  lostMs: 300_000,
}

export interface FixAge {
  /** Since the fix was measured, and not since it came in. Below 0 where its clock is ahead. */
  readonly ageMs: number
  /** At the fix; null where it is not known. */
  readonly speedMps: number | null
}

/** Whole milliseconds of 0 or more, never less for an older fix; what a `RoadQuery` takes as `unsureOf`. */
export function unsureMs({ ageMs, speedMps }: FixAge, rules = USUAL_FIX_AGE): number {
  const isMoving = speedMps !== null && speedMps >= rules.movingFromMps
  const freshMs = isMoving ? rules.freshMovingMs : rules.freshStandingMs
  const beyondMs = Math.min(ageMs, rules.lostMs) - freshMs
  if (!(beyondMs > 0)) return 0
  const awayMps = isMoving ? Math.min(speedMps, rules.mostAwayMps) : rules.awayMps
  return Math.round((beyondMs * awayMps) / rules.backMps)
}
