/** Days and times of day as the people of a place read them off the wall. */
import { InvalidInput } from './input.ts'

const DAY_MS = 86_400_000

export class LocalTime {
  readonly #format: Intl.DateTimeFormat

  /** Input: an IANA zone. Errors: InvalidInput for what is none. */
  constructor(timeZone: string) {
    try {
      this.#format = new Intl.DateTimeFormat('en-CA', {
        timeZone,
        hourCycle: 'h23',
        year: 'numeric',
        month: '2-digit',
        day: '2-digit',
        hour: '2-digit',
        minute: '2-digit',
        second: '2-digit',
      })
    } catch {
      throw new InvalidInput(`${timeZone} is no IANA time zone; write one such as America/Los_Angeles.`)
    }
  }

  /** `2020-04-07`. */
  day(atMs: number): string {
    return new Date(this.#wallAsUtc(atMs)).toISOString().slice(0, 10)
  }

  /** Milliseconds since the local midnight. */
  timeOfDayMs(atMs: number): number {
    return this.#wallAsUtc(atMs) % DAY_MS
  }

  /** The moment of a time of day on a day; where a clock change left it out, the one as much later. */
  at(day: string, timeOfDayMs: number): number {
    const wanted = Date.parse(`${day}T00:00:00Z`) + timeOfDayMs
    // The offset at the first guess may be that of the other side of a clock change; the second guess knows better.
    const guess = wanted - (this.#wallAsUtc(wanted) - wanted)
    return wanted - (this.#wallAsUtc(guess) - guess)
  }

  #wallAsUtc(atMs: number): number {
    const parts = Object.fromEntries(this.#format.formatToParts(atMs).map(({ type, value }) => [type, Number(value)]))
    const { year, month, day, hour, minute, second } = parts
    return Date.UTC(year!, month! - 1, day, hour, minute, second) + (((atMs % 1_000) + 1_000) % 1_000)
  }
}
