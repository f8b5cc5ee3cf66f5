/** The simulated dispatch desk: enters calls when they were received, cancels those that were cancelled, watches the board. */
import {
  type BoardEvents,
  type BoardSnapshot,
  ClientClosed,
  connect,
  type DispatcherClient,
} from '../../src/client/index.ts'
import type { TripPhase } from '../../src/domain/vocabulary.ts'
import type { CallBook } from './call-book.ts'
import type { ReplayCall } from './calls.ts'
import type { ClientLog, CommandSubject } from './client-log.ts'
import type { RegionTimers } from './region-timers.ts'

interface DeskOptions {
  readonly url: string
  readonly region: string
  readonly token: string
  readonly principal: string
  readonly log: ClientLog
  readonly book: CallBook
  readonly onRecord: (record: BoardEvents) => void
  readonly onFailure: (error: Error) => void
}

interface SeenTrip {
  readonly createdAt: number
  phase: TripPhase
}

export class Desk {
  readonly client: DispatcherClient
  readonly #options: DeskOptions
  readonly #trips = new Map<string, SeenTrip>()
  /** Calls that were not entered yet, and trips that were but are not on the board yet. */
  #ahead = new Set<string>()
  #boardHeardAtMs = performance.now()

  constructor(options: DeskOptions) {
    this.#options = options
    const { url, region, token } = options
    this.client = connect({ url, region, role: 'dispatcher', token: () => Promise.resolve(token) })
    this.client.watchBoard({
      onSnapshot: snapshot => this.#onSnapshot(snapshot),
      onEvents: record => this.#onRecord(record),
    })
    this.client.onClosed(end => {
      if (end.reason !== 'closed') options.onFailure(new Error(`The dispatcher: ${end.message}`, { cause: end }))
    })
  }

  /** Every call of the run has been entered, and every trip that came of them has ended. */
  get isDone(): boolean {
    return this.#ahead.size === 0 && [...this.#trips.values()].every(({ phase }) => hasEnded(phase))
  }
  /** Since when nothing was heard on the board, monotonic. */
  get boardHeardAtMs(): number {
    return this.#boardHeardAtMs
  }

  tripsIn(...phases: readonly TripPhase[]): number {
    return [...this.#trips.values()].filter(({ phase }) => phases.includes(phase)).length
  }
  get tripsEnded(): number {
    return this.tripsIn('closed', 'cancelled')
  }
  get tripsSeen(): number {
    return this.#trips.size
  }

  /** Enters each call when it was received, as seen from `baseMs`, the region time at which the trace starts. */
  schedule(calls: readonly ReplayCall[], baseMs: number, timers: RegionTimers): void {
    this.#ahead = new Set(calls.map(call => call.key))
    for (const call of calls) {
      const receivedAtMs = Math.round(baseMs + call.offsetMs)
      timers.at(receivedAtMs, () => {
        this.#enter(call, receivedAtMs, timers).catch((error: Error) => {
          if (!(error instanceof ClientClosed)) this.#options.onFailure(error)
        })
      })
    }
  }

  close(): void {
    this.client.close()
  }

  async #enter(call: ReplayCall, receivedAtMs: number, timers: RegionTimers): Promise<void> {
    const { lonDeg, latDeg, priority, problem, levelOfCare } = call
    const needs = [{ levelOfCare, capabilities: [] }]
    const body = { lonDeg, latDeg, priority, problem, needs, receivedAtMs }
    const answer = await this.#command({ kind: 'enter-call', callKey: call.key }, id =>
      this.client.enterCall(body, { id }),
    )
    if (!answer.ok) throw new Error(`Call ${call.key} was refused: ${answer.code}.`)
    const [tripId] = answer.result.tripIds as string[]
    this.#options.book.entered(call, tripId!)
    if (!this.#trips.has(tripId!)) this.#trips.set(tripId!, { createdAt: answer.position, phase: 'pending' })
    this.#ahead.delete(call.key)
    if (call.cancelAfterMs === null) return
    timers.at(receivedAtMs + call.cancelAfterMs, () => {
      const subject = { kind: 'cancel-trip', tripId: tripId! } as const
      this.#command(subject, id => this.client.cancelTrip(tripId!, 'no-longer-needed', { id })).catch(
        (error: Error) => {
          if (!(error instanceof ClientClosed)) this.#options.onFailure(error)
        },
      )
    })
  }

  #command(subject: CommandSubject, send: Parameters<ClientLog['command']>[2]) {
    return this.#options.log.command(this.#options.principal, subject, send)
  }

  #onSnapshot({ position, trips }: BoardSnapshot): void {
    this.#boardHeardAtMs = performance.now()
    this.#options.log.board.push({ kind: 'snapshot', position })
    const open = new Map(trips.map(trip => [trip.tripId, trip.phase]))
    for (const [tripId, phase] of open) {
      const seen = this.#trips.get(tripId)
      if (seen === undefined) this.#trips.set(tripId, { createdAt: position, phase })
      else seen.phase = phase
    }
    for (const [tripId, seen] of this.#trips) {
      // A snapshot shows the trips that have not ended; how the others did is the log's to say.
      if (!open.has(tripId) && seen.createdAt <= position && !hasEnded(seen.phase)) seen.phase = 'closed'
    }
  }

  #onRecord(record: BoardEvents): void {
    this.#boardHeardAtMs = performance.now()
    const { position, events } = record
    this.#options.log.board.push({ kind: 'record', position, eventTypes: events.map(event => event.type) })
    for (const event of events) {
      if (!('tripId' in event) || event.tripId === undefined) continue
      const seen = this.#trips.get(event.tripId) ?? { createdAt: position, phase: 'pending' }
      this.#trips.set(event.tripId, seen)
      switch (event.type) {
        case 'OfferMade':
          seen.phase = 'offered'
          break
        case 'OfferAccepted':
          seen.phase = 'assigned'
          break
        case 'OfferDeclined':
        case 'OfferTimedOut':
        case 'OfferRevoked':
          seen.phase = 'pending'
          break
        case 'TripPhaseReached':
          seen.phase = event.phase
          break
        case 'TripClosed':
          seen.phase = 'closed'
          break
        case 'TripCancelled':
          seen.phase = 'cancelled'
      }
    }
    this.#options.onRecord(record)
  }
}

const hasEnded = (phase: TripPhase): boolean => phase === 'closed' || phase === 'cancelled'
