/** Which hour of which weekday it is where a region lies. */
import type { HourBand } from './travel-model.ts'

/** Everywhere on Earth clocks are set, and differ, by multiples of that. */
const QUARTER_MS = 900_000
const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']

export interface LocalQuarter {
  /** 1 Monday to 7 Sunday. */
  readonly weekday: number
  /** Minutes since midnight, a multiple of 15. */
  readonly minute: number
}

export class LocalHours {
  readonly #format: Intl.DateTimeFormat
  #quarter = Number.NaN
  #known: LocalQuarter = { weekday: 1, minute: 0 }

  /** Input: a name of the IANA time zone database. Errors: RangeError for one that is not in it. */
  constructor(timeZone: string) {
    const parts = { weekday: 'short', hour: '2-digit', minute: '2-digit' } as const
    this.#format = new Intl.DateTimeFormat('en-GB', { timeZone, hourCycle: 'h23', ...parts })
  }

  /** Remembers the last quarter of an hour, since asking the calendar takes longer than finding a unit. */
  at(ms: number): LocalQuarter {
    const quarter = Math.floor(ms / QUARTER_MS)
    if (quarter === this.#quarter) return this.#known
    const parts = this.#format.formatToParts(quarter * QUARTER_MS)
    const said = (type: string) => parts.find(part => part.type === type)!.value
    this.#quarter = quarter
    const minute = Number(said('hour')) * 60 + Math.floor(Number(said('minute')) / 15) * 15
    this.#known = { weekday: WEEKDAYS.indexOf(said('weekday')) + 1, minute }
    return this.#known
  }
}

/** The band's place in the list; -1 outside of all of them. */
export const bandAt = (bands: readonly HourBand[], { weekday, minute }: LocalQuarter): number =>
  bands.findIndex(({ spans }) =>
    spans.some(
      ({ weekdays, fromMin, untilMin }) => weekdays.includes(weekday) && minute >= fromMin && minute < untilMin,
    ),
  )
