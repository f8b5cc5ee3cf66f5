/**
 * Gives calls their numbers, and finds a call by its number.
 *
 * A number is given when the turn of its call is committed, and not when it is asked for: a turn that fails uses up none. What
 * the store has of the sequences and what the calls say are both looked at when a region is recovered, and the higher one
 * counts: a damaged row of either gives no number twice. The store refuses one that is not higher than the last.
 */
import type { CallState } from '../../domain/call.ts'
import type { CallId } from '../../domain/ids.ts'
import { type Incident, incidentOf } from '../../domain/incident-no.ts'

export class IncidentNumbers {
  /** The last number of each year. */
  readonly #last: Map<number, number>
  readonly #calls = new Map<string, CallId>()
  readonly #timeZone: () => string
  #format: { readonly timeZone: string; readonly yearAt: (atMs: number) => number } | null = null

  /** Input: the last number of each year as the store has it; the region's time zone, which may change. */
  constructor(stored: ReadonlyMap<number, number>, timeZone: () => string) {
    this.#last = new Map(stored)
    this.#timeZone = timeZone
  }

  /** The number of a call that is entered at a moment of region time. */
  next(atMs: number): Incident {
    const year = this.#yearAt(atMs)
    return { year, number: (this.#last.get(year) ?? 0) + 1 }
  }

  /** A call is there, with the number that it has. */
  took({ callId, incidentNo }: CallState): void {
    if (incidentNo === undefined || this.#calls.has(incidentNo)) return
    this.#calls.set(incidentNo, callId)
    const incident = incidentOf(incidentNo)
    if (incident === null) return
    const { year, number } = incident
    if (number > (this.#last.get(year) ?? 0)) this.#last.set(year, number)
  }

  /** The call has left memory; its number stays given. */
  forget({ incidentNo }: CallState): void {
    if (incidentNo !== undefined) this.#calls.delete(incidentNo)
  }

  callOf(incidentNo: string): CallId | undefined {
    return this.#calls.get(incidentNo)
  }

  #yearAt(atMs: number): number {
    const timeZone = this.#timeZone()
    if (this.#format?.timeZone !== timeZone) this.#format = { timeZone, yearAt: yearsOf(timeZone) }
    return this.#format.yearAt(atMs)
  }
}

/** A zone that this machine does not know counts as UTC. */
function yearsOf(timeZone: string): (atMs: number) => number {
  try {
    const format = new Intl.DateTimeFormat('en-u-ca-gregory-nu-latn', { timeZone, year: 'numeric' })
    return atMs => Number(format.format(atMs))
  } catch {
    return atMs => new Date(atMs).getUTCFullYear()
  }
}
