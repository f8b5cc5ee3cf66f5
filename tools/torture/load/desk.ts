/** A desk: enters calls and cancels some, repeats its commands from its own connection and from another, watches the board. */
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type DispatcherClient } from '../../../src/client/index.ts'
import { type DroppableSocket, droppableSocket } from '../../shared/droppable-socket.ts'
import { principalOf, REGION } from '../world/fleet.ts'
import { callNear, type LoadWorld } from './load.ts'

const EVERY_MS = 600
const CANCELLED = 0.15
const DROPPED = 0.01
const REPEATED = 0.1

export class Desk {
  readonly client: DispatcherClient
  readonly #world: LoadWorld
  readonly #format: 'binary' | 'json'
  readonly #socket: DroppableSocket = droppableSocket()
  #ended = false

  /** Input: whether this one watches the board, and hears every record. */
  constructor(world: LoadWorld, token: string, format: 'binary' | 'json', watches: boolean) {
    this.#world = world
    this.#format = format
    this.client = connect({
      url: world.url,
      region: REGION,
      role: 'dispatcher',
      token: () => Promise.resolve(token),
      format,
      webSocket: this.#socket.socketClass,
    })
    this.client.onClosed(end => {
      if (end.reason !== 'closed') world.log.ended.push(`the desk (${format}): ${end.message}`)
      this.#ended = true
    })
    if (!watches) return
    this.client.watchBoard({
      onSnapshot: ({ trips }) => world.openTrips.replace(trips.map(({ tripId }) => tripId)),
      onEvents: ({ position, events }) => {
        world.log.heard({ position, eventTypes: events.map(({ type }) => type) })
        for (const event of events) {
          if (event.type === 'TripCreated' || event.type === 'HelpAdded') world.openTrips.add(event.tripId)
          if (event.type === 'TripClosed' || event.type === 'TripCancelled') world.openTrips.delete(event.tripId)
        }
      },
    })
  }

  get hasEnded(): boolean {
    return this.#ended
  }

  drop(): void {
    this.#socket.drop()
  }

  close(): void {
    this.#ended = true
    this.client.close()
  }

  /** Works until it is closed. Input: another connection of the same person, for repeats. */
  async work(other: () => Desk): Promise<void> {
    const { gate, random, openTrips } = this.#world
    while (!this.#ended) {
      await sleep(EVERY_MS * (0.5 + random()))
      await gate.pass()
      if (this.#ended) return
      if (openTrips.isFull) continue
      await this.#enterCall(other())
    }
  }

  /** Output: the trip; null when the call was not entered. */
  async enterCall(): Promise<string | null> {
    return this.#enterCall(null)
  }

  async #enterCall(other: Desk | null): Promise<string | null> {
    const { log, random } = this.#world
    const call = callNear(random)
    const what = { principal: principalOf.desk, kind: 'enter-call', via: this.#format, body: { ...call } }
    let sentId = ''
    const answered = log.command(
      what,
      id => {
        sentId = id
        return this.client.enterCall(call, { id })
      },
      id => this.client.repeat(id),
    )
    const luck = random()
    if (luck < DROPPED) this.#world.dropSoon(() => this.drop())
    else if (luck < REPEATED) this.client.repeat(sentId).catch(() => undefined)
    const answer = await answered
    if (answer?.ok !== true) return null
    const [tripId] = answer.result.tripIds as string[]
    if (tripId === undefined) return null
    if (other !== null && luck > 1 - REPEATED) {
      // The same person, from another place: one command, one outcome.
      this.#world.repeatSoon(what.principal, sentId, id => other.client.enterCall(call, { id }))
    }
    if (random() < CANCELLED) void this.#cancel(tripId).catch(error => this.#world.failed(error))
    return tripId
  }

  async #cancel(tripId: string): Promise<void> {
    await sleep(this.#world.random() * 2_000)
    await this.#world.gate.pass()
    if (this.#ended) return
    await this.#world.log.command(
      { principal: principalOf.desk, kind: 'cancel-trip', via: this.#format, body: { tripId } },
      id => this.client.cancelTrip(tripId, 'no-longer-needed', { id }),
      id => this.client.repeat(id),
    )
  }
}
