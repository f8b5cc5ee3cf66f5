/** The actor of one trip: its durable state, and the door for commands and reads that name it. */
import type { TripState } from '../../domain/trip/trip.ts'
import type { ActorRef, Behaviour } from '../actor-system.ts'
import type { CommandRequest, QueryAnswer } from '../region-handle.ts'

export type TripMessage =
  | { readonly type: 'command'; readonly request: CommandRequest }
  | { readonly type: 'read'; readonly answer: (answer: QueryAnswer) => void }
  /** The region does not hold it any more; nobody tells this actor anything behind this. */
  | { readonly type: 'left-memory'; readonly ref: ActorRef<TripMessage> }

/** What a trip's actor needs of its region. */
export interface TripDoor {
  command(request: CommandRequest): void
  /** Of the trip as the region has it, which may have taken it back into memory as another actor. */
  readTrip(trip: TripState, answer: (answer: QueryAnswer) => void): void
  end(ref: ActorRef<TripMessage>): void
}

const ACCEPTS = ['command', 'read', 'left-memory'] as const
const NEVER_REFUSED = ['left-memory'] as const

export class TripActor implements Behaviour<TripMessage> {
  readonly accepts = ACCEPTS
  readonly neverRefused = NEVER_REFUSED
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
    else if (message.type === 'read') this.#door.readTrip(this.state, message.answer)
    else this.#door.end(message.ref)
  }
}
