/** Whether a region takes more. It takes nothing once its memory is dropped, or while too much waits for the store. */
import type { Refusal } from '../../base/refusal.ts'
import type { Command } from '../../domain/commands.ts'
import { OVERLOADED, tooManyTrips, UNAVAILABLE } from '../refusals.ts'
import type { StoreWatch } from './store-watch.ts'

const PENDING_MAX = 50_000
/** Ten for each unit of the largest services that are known; with all that a call may have, 90 MB. */
const OPEN_TRIPS_MAX = 20_000

interface AdmissionPorts {
  readonly log: { readonly pending: number }
  readonly outbox: { readonly depth: number }
  /** Whether the store keeps up. */
  readonly store: Pick<StoreWatch, 'refusesCommands'>
  readonly memory: { readonly openTrips: number }
}

export interface AdmissionSettings {
  /** Records or answers that wait to be durable, beyond which nothing more is decided. */
  readonly pendingMax?: number | undefined
  /** No call is taken that would make more of them. */
  readonly openTripsMax?: number | undefined
}

export class Admission {
  readonly #ports: AdmissionPorts
  readonly #pendingMax: number
  readonly #openTripsMax: number
  #isOver = false

  constructor(ports: AdmissionPorts, { pendingMax, openTripsMax }: AdmissionSettings = {}) {
    this.#ports = ports
    this.#pendingMax = pendingMax ?? PENDING_MAX
    this.#openTripsMax = openTripsMax ?? OPEN_TRIPS_MAX
  }

  /** The region's memory was dropped: nothing more is decided. */
  get isOver(): boolean {
    return this.#isOver
  }
  /** So much waits for the store that nothing more may be put behind it. */
  get isOverfull(): boolean {
    const { log, outbox } = this.#ports
    return log.pending > this.#pendingMax || outbox.depth > this.#pendingMax
  }
  /** Nobody could say when a record would be durable. */
  get isStalled(): boolean {
    return this.#ports.store.refusesCommands
  }

  /** Why no command is taken now. */
  get refusal(): Refusal | null {
    if (this.#isOver) return UNAVAILABLE
    return this.isOverfull ? OVERLOADED : null
  }

  /** Why this command is not taken, for what is there already. */
  refusalOf(command: Command): Refusal | null {
    const trips = command.type === 'enter-call' ? command.needs.length : 0
    const isTooMany = trips > 0 && this.#ports.memory.openTrips + trips > this.#openTripsMax
    return isTooMany ? tooManyTrips(this.#openTripsMax) : null
  }

  end(): void {
    this.#isOver = true
  }
}
