/** How long a street takes for a drive, as docs/roads.md and the policy say it, by the judge's own arithmetic. */
import type { PlacedFix } from '../../../src/domain/fix.ts'
import type { StandingPolicy } from '../../../src/domain/policy.ts'
import type { Priority } from '../../../src/domain/vocabulary.ts'

/** The city's classes at a peak, without siren. */
const AT_PEAK: Readonly<Record<string, number>> = { motorway: 1.28, primary: 1.13, street: 1.08 }
const NIGHT_WITH_SIREN = 1.28

export interface JudgedDrive {
  readonly priority: Priority
  readonly atMs: number
  readonly timeZone: string
  readonly policy: Pick<StandingPolicy, 'sirenPercent' | 'sirenTimePercent'>
}

export const isNight = (hour: number): boolean => hour >= 22 || hour < 6

export function localHour(atMs: number, timeZone: string): { readonly isWeekday: boolean; readonly hour: number } {
  const [day, time] = new Date(atMs).toLocaleString('sv-SE', { timeZone }).split(' ') as [string, string]
  const weekday = new Date(`${day}T00:00:00Z`).getUTCDay()
  return { isWeekday: weekday >= 1 && weekday <= 5, hour: Number(time.slice(0, 2)) }
}

/** What becomes of an ordinary time. */
export function drivenMs({ priority, atMs, timeZone, policy }: JudgedDrive): (ms: number, roadClass: string) => number {
  const { isWeekday, hour } = localHour(atMs, timeZone)
  const isPeak = isWeekday && ((hour >= 7 && hour < 10) || (hour >= 16 && hour < 19))
  const share = policy.sirenPercent[priority] / 100
  return (ms, roadClass) => {
    const without = ms * (isPeak ? AT_PEAK[roadClass]! : 1)
    const siren = ((ms * policy.sirenTimePercent) / 100) * (isNight(hour) ? NIGHT_WITH_SIREN : 1)
    return Math.round(without * (1 - share) + siren * share)
  }
}

/** What a unit takes beside its drive, in parts; of who is busy its status may have been another one at the decision, so each is granted. */
export interface JudgedDelays {
  readonly turnoutMs: readonly number[]
  readonly unsureMs: readonly number[]
}

type DelayPolicy = Pick<StandingPolicy, 'turnoutMs' | 'unsurePercent' | 'staleAfterMs' | 'lostAfterMs'>

const ROLLS_MPS = 10 / 3.6
const [AWAY_MPS, MOST_AWAY_MPS, BACK_MPS] = [7.5, 130 / 3.6, 10]

/** Input: `isFree`, whether it was available when it was chosen. */
export function judgedDelays(
  fix: Pick<PlacedFix, 'fixedAtMs' | 'speedMps'>,
  isFree: boolean,
  isAtStation: boolean,
  { atMs, timeZone, policy }: Pick<JudgedDrive, 'atMs' | 'timeZone'> & { readonly policy: DelayPolicy },
): JudgedDelays {
  const { moving, atPost, stationDay, stationNight } = policy.turnoutMs
  const rolls = fix.speedMps !== null && fix.speedMps >= ROLLS_MPS
  const atStation = isNight(localHour(atMs, timeZone).hour) ? stationNight : stationDay
  const standing = isAtStation ? (isFree ? [atStation] : [atStation, atPost]) : [atPost]
  const { staleAfterMs } = policy
  const fresh = isFree ? [staleAfterMs.moving] : Object.values(staleAfterMs)
  const awayMps = rolls ? Math.min(MOST_AWAY_MPS, fix.speedMps!) : AWAY_MPS
  const ageMs = Math.min(policy.lostAfterMs, atMs - fix.fixedAtMs)
  const unsureMs = fresh.map(
    freshMs => (Math.max(0, ageMs - freshMs) * (awayMps / BACK_MPS) * policy.unsurePercent) / 100,
  )
  return { turnoutMs: rolls ? [moving] : standing, unsureMs }
}
