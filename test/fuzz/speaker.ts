/** What any client of the fuzzing knows of itself, and learns from what it hears. */
import type { Role } from '../../src/domain/roles.ts'
import type { WireFormat } from '../../src/protocol/codec.ts'
import type { ServerMessage } from '../../src/protocol/wire/server-tuples.ts'
import type { Credential } from './tokens.ts'

export abstract class Speaker {
  readonly role: Role
  readonly unitId: string | null
  readonly credential: string
  readonly region: string
  readonly format: WireFormat
  /** What the next fix of its stream, or of each of its channels, is numbered. */
  readonly seqs: number[] = []
  /** What a crew was last told to work on. */
  work: { readonly tripId: string; readonly offerId: string | null } | null = null
  /** What was sent last. */
  last: Uint8Array = new Uint8Array()
  isOpen = false

  constructor(credential: Credential, region: string, format: WireFormat) {
    this.role = credential.role
    this.unitId = credential.unitId
    this.credential = credential.text
    this.region = region
    this.format = format
  }

  /** Milliseconds since its hello. */
  abstract get sentAtMs(): number
  abstract send(bytes: Uint8Array, isBinary: boolean): void

  protected learn(message: ServerMessage): void {
    if (message[0] === 'welcome') {
      for (const [i, [, durableSeq]] of message[2].streams.entries()) this.seqs[i] = durableSeq + 1
      this.#takeUp(message[2].driver?.trip ?? null)
    } else if (message[0] === 'unit-state') this.#takeUp(message[2].trip)
    else if (message[0] === 'error') {
      const { expectedSeq, streamIndex, channel, others = [] } = (message[4] ?? {}) as Record<string, unknown>
      if (typeof expectedSeq === 'number') this.seqs[Number(channel ?? streamIndex ?? 0)] = expectedSeq
      for (const [number, expected] of others as [number, number | null][]) this.seqs[number] = expected ?? 1
    }
  }

  #takeUp(trip: { tripId: string; offer: { offerId: string } | null } | null): void {
    this.work = trip && { tripId: trip.tripId, offerId: trip.offer?.offerId ?? null }
  }
}
