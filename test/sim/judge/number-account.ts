/** The numbers of calls and trips: each is the next of its year, or of its call, and none is given twice. */
import type { DomainEvent } from '../../../src/domain/events.ts'
import type { Findings } from './findings.ts'

export class NumberAccount {
  readonly #findings: Findings
  /** The last number of each year. */
  readonly #last = new Map<string, number>()
  /** The number of each call, and how many of its trips have theirs. */
  readonly #calls = new Map<string, { readonly no: string; trips: number }>()

  constructor(findings: Findings) {
    this.#findings = findings
  }

  /** Input: region time of the event; these worlds keep UTC. Calls of before there were numbers have none. */
  take(event: DomainEvent, atMs: number, position: number): void {
    if (event.type === 'CallEntered') {
      if (event.incidentNo === undefined) {
        if (this.#last.size > 0) this.#find(`call ${event.callId} at position ${position} has no number`)
        return
      }
      this.#calls.set(event.callId, { no: event.incidentNo, trips: 0 })
      const [year, digits, ...rest] = event.incidentNo.split('-')
      const own = `call ${event.callId} at position ${position} has number ${event.incidentNo}`
      const expectedYear = new Date(atMs).toISOString().slice(0, 4)
      if (year !== expectedYear || rest.length > 0) this.#find(`${own}, and was entered in ${expectedYear}`)
      const number = Number(digits)
      const last = this.#last.get(year!) ?? 0
      if (number !== last + 1) this.#find(`${own}, and the last of that year was ${last}`)
      this.#last.set(year!, Math.max(last, number))
    } else if (event.type === 'TripCreated' || event.type === 'HelpAdded') {
      const call = this.#calls.get(event.callId)
      if (call === undefined) return
      call.trips += 1
      const expected = `${call.no}-${call.trips}`
      if (event.responseNo !== expected) {
        this.#find(`trip ${event.tripId} at position ${position} has number ${event.responseNo}, not ${expected}`)
      }
    }
  }

  #find(text: string): void {
    this.#findings.find('numbers-once', text)
  }
}
