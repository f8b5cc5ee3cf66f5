/** The actor of one trip: its durable state, and the door for commands and reads that name it. */
import type { TripState } from '../../domain/trip/trip.ts'
import type { Behaviour } from '../actor-system.ts'
import type { CommandRequest, QueryAnswer } from '../region-handle.ts'

export type TripMessage =
  | { readonly type: 'command'; readonly request: CommandRequest }
  | { readonly type: 'read'; readonly answer: (answer: QueryAnswer) => void }

/** What a trip's actor needs of its region. */
export interface TripDoor {
  command(request: CommandRequest): void
  readTrip(trip: TripState, answer: (answer: QueryAnswer) => void): void
}

const ACCEPTS = ['command', 'read'] as const

export class TripActor implements Behaviour<TripMessage> {
  readonly accepts = ACCEPTS
  readonly #door: TripDoor
  state: TripState
  /** The state that its snapshot has; null while it has none. */
  savedState: TripState | null = null

  constructor(door: TripDoor, state: TripState) {
    this.#door = door
    this.state = state
  }

  receive(message: TripMessage): void {
    if (message.type === 'command') this.#door.command(message.request)
    else this.#door.readTrip(this.state, message.answer)
  }
}
