/** The truth of predicted arrivals in groups: by hour of the local day, by priority, and with siren or without. */
import { PRIORITIES, type Priority } from '../domain/vocabulary.ts'
import { LocalHours } from '../roads/times/local-hours.ts'
import { type Arrival, NOT_COMPARED_REASONS, type NotCompared } from './arrivals.ts'
import { type Interval, type Truth, truthOf } from './eta-truth.ts'

export interface EtaReportSettings {
  /** IANA name; whose hours of the day are meant. */
  readonly timeZone: string
  readonly interval: Interval
  /** The priorities that are driven with siren. */
  readonly siren: readonly Priority[]
}

/** What is said where nobody says otherwise. */
export const USUAL_INTERVAL: Interval = { from: 0.75, to: 1.5 }
export const USUAL_SIREN: readonly Priority[] = [1, 2]

interface EtaGroup {
  /** `all`, `hour 17`, `priority 1`, `siren`, `no siren`, `estimated`: those by the straight line. */
  readonly group: string
  readonly truth: Truth
}

export interface EtaReport {
  /** Groups in which anybody arrived. Without those that were estimated, but for the last group. */
  readonly groups: readonly EtaGroup[]
  /** How many units were sent that nothing can be compared of, by why. */
  readonly leftOut: Readonly<Record<NotCompared, number>>
}

/** Errors: RangeError for a time zone that there is not. */
export function etaReport(found: Iterable<Arrival | NotCompared>, settings: EtaReportSettings): EtaReport {
  const leftOut = Object.fromEntries(NOT_COMPARED_REASONS.map(reason => [reason, 0])) as Record<NotCompared, number>
  const byRoad: Arrival[] = []
  const estimated: Arrival[] = []
  for (const each of found) {
    if (typeof each === 'string') leftOut[each] += 1
    else (each.isEstimated ? estimated : byRoad).push(each)
  }
  const local = new LocalHours(settings.timeZone)
  const hours = Array.from({ length: 24 }, (): Arrival[] => [])
  for (const arrival of byRoad) hours[Math.floor(local.at(arrival.decidedAtMs).minute / 60)]!.push(arrival)
  const isSiren = ({ priority }: Arrival) => settings.siren.includes(priority)
  const grouped: readonly (readonly [string, readonly Arrival[]])[] = [
    ['all', byRoad],
    ...hours.map((arrivals, hour) => [`hour ${String(hour).padStart(2, '0')}`, arrivals] as const),
    ...PRIORITIES.map(each => [`priority ${each}`, byRoad.filter(({ priority }) => priority === each)] as const),
    ['siren', byRoad.filter(isSiren)],
    ['no siren', byRoad.filter(arrival => !isSiren(arrival))],
    ['estimated', estimated],
  ]
  const groups = grouped.flatMap(([group, arrivals]): EtaGroup[] => {
    const truth = truthOf(arrivals, settings.interval)
    return truth === null ? [] : [{ group, truth }]
  })
  return { groups, leftOut }
}
