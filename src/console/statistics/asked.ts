/** What is typed above the statistics, and what the engine is asked by it. */
import { momentTyped } from '../office/office-words.ts'
import { s } from './statistics-strings.ts'

export interface AskedStatistics {
  readonly window: keyof typeof s.windows
  /** `2026-01-31T08:00`, in the time zone of who looks; of a window of one's own. */
  readonly from: string
  readonly to: string
  readonly limit: string
  readonly percent: string
  readonly priorities: string
  readonly start: keyof typeof s.starts
  readonly rounding: keyof typeof s.roundings
  readonly counts: keyof typeof s.countsOf
  readonly cancelled: keyof typeof s.cancelledAre
}

export const USUAL: AskedStatistics = {
  ...{ window: 'day', from: '', to: '', limit: '8:00', percent: '90', priorities: '' },
  ...{ start: 'received', rounding: 'exact', counts: 'any', cancelled: 'judged' },
}

const DAY_MS = 86_400_000
const DAYS = { day: 1, week: 7, month: 30, year: 365 } as const

type StatisticsQuery = Readonly<Record<string, string | number>>

/** Output: the parameters of `GET /v1/statistics`, or why there are none. */
export function queryOf(
  asked: AskedStatistics,
  nowMs: number,
): { readonly query: StatisticsQuery } | { readonly bad: string } {
  const limitMs = limitTyped(asked.limit)
  if (limitMs === null) return { bad: s.bad.limit }
  const percent = Number(asked.percent)
  if (asked.percent.trim() === '' || !(percent > 0 && percent <= 100)) return { bad: s.bad.percent }
  const priority = asked.priorities.replaceAll(/\s/g, '')
  if (priority !== '' && !/^[1-5](,[1-5])*$/.test(priority)) return { bad: s.bad.priorities }
  const window = windowOf(asked, nowMs)
  if (window === null) return { bad: s.bad.window }
  const { start, rounding, counts, cancelled } = asked
  const query = { ...window, limitMs, percent, start, rounding, counts, cancelled }
  return { query: priority === '' ? query : { ...query, priority } }
}

function windowOf({ window, from, to }: AskedStatistics, nowMs: number): { fromMs: number; toMs: number } | null {
  if (window !== 'own') return { fromMs: nowMs - DAYS[window] * DAY_MS, toMs: nowMs }
  const [fromMs, toMs] = [momentTyped(from), momentTyped(to)]
  return fromMs !== null && toMs !== null && fromMs < toMs ? { fromMs, toMs } : null
}

/** Minutes, or minutes and seconds. */
function limitTyped(text: string): number | null {
  const [, minutes, seconds = '0'] = /^\s*(\d{1,4})(?::([0-5]?\d))?\s*$/.exec(text) ?? []
  const ms = minutes === undefined ? 0 : (Number(minutes) * 60 + Number(seconds)) * 1_000
  return ms > 0 && ms <= DAY_MS ? ms : null
}
