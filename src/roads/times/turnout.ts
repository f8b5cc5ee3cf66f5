/** How long a unit takes from being told until it rolls: part of its ETA, by what its crew does and where. */
import type { UnitStatus } from '../../domain/vocabulary.ts'
import type { LocalQuarter } from './local-hours.ts'

export interface TurnoutRules {
  /** It rolls already; whoever drives needs this to read where to. */
  readonly movingMs: number
  /** The crew is in or at the vehicle: on the air, at a post, or out on the way back. */
  readonly atPostMs: number
  readonly atStationByDayMs: number
  readonly atStationByNightMs: number
  /** Minutes since local midnight; the night goes over it. */
  readonly nightFromMin: number
  readonly nightUntilMin: number
  /** It moves from that speed on. */
  readonly movingFromMps: number
}

/**
 * Defaults: 60 s of NFPA 1710 by day and 90 s by night from station, as Mooresville has it; 10 s and 30 s are judgements, and so
 * are 22 to 6 as the night. 10 km/h is from where a vehicle counts as under way.
 */
export const USUAL_TURNOUT: TurnoutRules = {
  movingMs: 10_000,
  atPostMs: 30_000,
  atStationByDayMs: 60_000,
  atStationByNightMs: 90_000,
  nightFromMin: 22 * 60,
  nightUntilMin: 6 * 60,
  movingFromMps: 10 / 3.6,
}

export interface TurnoutOf {
  readonly status: UnitStatus
  /** Null where it is not known: then it stands. */
  readonly speedMps: number | null
  /** Free at a station, rather than by radio. */
  readonly isAtStation: boolean
}

/** A crew with one of them is with its vehicle, wherever that is. */
const WITH_VEHICLE: readonly UnitStatus[] = [
  'assigned',
  'en-route',
  'on-scene',
  'transporting',
  'at-destination',
  'standing-down',
]

export function turnoutMs(unit: TurnoutOf, { minute }: Pick<LocalQuarter, 'minute'>, rules = USUAL_TURNOUT): number {
  if (unit.speedMps !== null && unit.speedMps >= rules.movingFromMps) return rules.movingMs
  if (!unit.isAtStation || WITH_VEHICLE.includes(unit.status)) return rules.atPostMs
  const { nightFromMin, nightUntilMin } = rules
  const isNight =
    nightFromMin <= nightUntilMin
      ? minute >= nightFromMin && minute < nightUntilMin
      : minute >= nightFromMin || minute < nightUntilMin
  return isNight ? rules.atStationByNightMs : rules.atStationByDayMs
}
