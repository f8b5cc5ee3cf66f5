/** What units of a region take beside their drive: turnout, by what their crews do, where and at which hour, and the age of their fixes. */
import type { Driving, StartDelay, UnitAtStart } from '../../domain/dispatch/travel-times.ts'
import { rhythmOf } from '../../domain/policy.ts'
import { USUAL_FIX_AGE, unsureMs } from '../times/fix-age.ts'
import { LocalHours } from '../times/local-hours.ts'
import { type TurnoutRules, turnoutMs, USUAL_TURNOUT } from '../times/turnout.ts'

export class StartDelays {
  readonly driving: Driving
  readonly leastMs: number
  readonly #hours: LocalHours
  readonly #turnout: TurnoutRules

  constructor(driving: Driving) {
    const { moving, atPost, stationDay, stationNight } = driving.policy.turnoutMs
    const spans = { movingMs: moving, atPostMs: atPost, atStationByDayMs: stationDay, atStationByNightMs: stationNight }
    this.driving = driving
    this.leastMs = Math.min(moving, atPost, stationDay, stationNight)
    this.#hours = new LocalHours(driving.timeZone)
    this.#turnout = { ...USUAL_TURNOUT, ...spans }
  }

  of({ status, speedMps, isAtStation, fixAgeMs }: UnitAtStart, atMs: number): StartDelay {
    const { policy } = this.driving
    // A fix counts as fresh for as long as the desk calls it so.
    const { staleAfterMs } = rhythmOf(status, policy)
    const ages = { freshMovingMs: staleAfterMs, freshStandingMs: staleAfterMs, lostMs: policy.lostAfterMs }
    const unsure = unsureMs({ ageMs: fixAgeMs, speedMps }, { ...USUAL_FIX_AGE, ...ages })
    return {
      turnoutMs: turnoutMs({ status, speedMps, isAtStation }, this.#hours.at(atMs), this.#turnout),
      unsureMs: Math.round((unsure * policy.unsurePercent) / 100),
    }
  }
}
