/** The units that a feed carries, by name and by the number that each has on the connection. */
import { STREAM_ID, UNIT_ID } from '../domain/ids.ts'
import { RANGES } from '../protocol/limits.ts'
import type { ClientMessage } from '../protocol/wire/client-tuples.ts'
import type { ClientDevice } from './device.ts'
import { CarriedChannel } from './feed-channel.ts'
import { newStreamId } from './fix-stream.ts'

/** A unit to carry. */
export interface FeedUnit {
  readonly unitId: string
  /** With a buffer that outlives the process, as for drivers. Default: a new random stream from 1. */
  readonly streamId?: string
  readonly firstSeq?: number
}

const [FIRST_CHANNEL, LAST_CHANNEL] = RANGES.channel

export class FeedUnits implements Iterable<CarriedChannel> {
  readonly #device: ClientDevice
  readonly #bufferedFixesMax: number
  readonly #byName = new Map<string, CarriedChannel>()
  readonly #byNumber = new Map<number, CarriedChannel>()
  readonly #freeNumbers: number[] = []
  #nextNumber: number = FIRST_CHANNEL

  constructor(device: ClientDevice, bufferedFixesMax: number) {
    this.#device = device
    this.#bufferedFixesMax = bufferedFixesMax
  }

  get names(): string[] {
    return [...this.#byName.keys()]
  }
  [Symbol.iterator](): IterableIterator<CarriedChannel> {
    return this.#byName.values()
  }
  named(unitId: string): CarriedChannel | undefined {
    return this.#byName.get(unitId)
  }
  numbered(channel: unknown): CarriedChannel | undefined {
    return this.#byNumber.get(channel as number)
  }

  sum(of: (channel: CarriedChannel) => number): number {
    let sum = 0
    for (const channel of this) sum += of(channel)
    return sum
  }

  /** Errors: throws RangeError for names that no server takes, and when there are more units than channels. */
  add({ unitId, streamId = newStreamId(this.#device.newId), firstSeq = 1 }: FeedUnit): CarriedChannel {
    if (!UNIT_ID.test(unitId) || !STREAM_ID.test(streamId)) {
      throw new RangeError(`No server takes unit ${unitId} with stream ${streamId}; see [EN-8] in PROTOCOL.md.`)
    }
    const number = this.#nextNumber <= LAST_CHANNEL ? this.#nextNumber : this.#freeNumbers.shift()
    if (number === undefined) throw new RangeError(`A feed carries at most ${LAST_CHANNEL + 1} units.`)
    if (number === this.#nextNumber) this.#nextNumber += 1
    const bufferedFixesMax = this.#bufferedFixesMax
    const channel = new CarriedChannel(number, unitId, this.#device.time, { streamId, firstSeq, bufferedFixesMax })
    this.#byName.set(unitId, channel)
    this.#byNumber.set(number, channel)
    return channel
  }

  remove({ unitId, channel }: CarriedChannel): void {
    this.#byName.delete(unitId)
    this.#byNumber.delete(channel)
    this.#freeNumbers.push(channel)
  }

  /** The last number is the last to be given, so that letting go of it harms none unless there are a million units. */
  probe(): ClientMessage {
    return this.#byName.size > LAST_CHANNEL ? ['mark', LAST_CHANNEL] : ['detach', this.#device.newId(), [LAST_CHANNEL]]
  }
}
