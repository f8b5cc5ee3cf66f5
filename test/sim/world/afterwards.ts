/** Dispatchers who come back to what is over: they say more of a call, try what is too late, or send again what was answered long ago. */
import type { DispatcherClient } from '../../../src/client/index.ts'
import { CANCEL_REASONS, DISPOSITIONS } from '../../../src/domain/vocabulary.ts'
import type { Dice } from '../../fuzz/dice.ts'
import { MINUTE_MS, untilNextMs } from './chance.ts'
import type { TakenCall } from './dispatcher.ts'
import type { Town } from './town.ts'

const EVERY_MS = 2 * MINUTE_MS
/** Calls that somebody still remembers. */
const CALLS_MAX = 100

interface AfterwardsPorts {
  readonly town: Town
  readonly name: string
  readonly regionNowMs: () => number
  readonly command: (what: string, send: (client: DispatcherClient, id: string) => Promise<unknown>) => void
  /** Sends one of the commands again that were given before. */
  readonly repeatSome: (dice: Dice) => void
}

export class Afterwards {
  readonly #ports: AfterwardsPorts
  readonly #dice: Dice
  readonly #calls: TakenCall[] = []

  constructor(ports: AfterwardsPorts) {
    this.#ports = ports
    this.#dice = ports.town.dice(`${ports.name} afterwards`)
  }

  /** Only where memory is short: what is over has left it by then. */
  begin(): void {
    if (this.#ports.town.plan.troubles.memoryShort > 0) this.#planNext()
  }

  heard(call: TakenCall): void {
    this.#calls.push(call)
    if (this.#calls.length > CALLS_MAX) this.#calls.shift()
  }

  #planNext(): void {
    const { town } = this.#ports
    town.loop.after(untilNextMs(this.#dice, EVERY_MS), () => {
      if (town.isCalm) return
      this.#act()
      this.#planNext()
    })
  }

  #act(): void {
    const { command, repeatSome, regionNowMs } = this.#ports
    const dice = this.#dice
    const kind = dice.weighed({ note: 4, again: 4, cancel: 1, close: 1, receiver: 1, unknown: 1 })
    if (kind === 'again') return repeatSome(dice)
    if (this.#calls.length === 0) return
    const { callId, tripIds } = dice.pick(this.#calls)
    const tripId = dice.pick(tripIds)
    const which = `long after it, ${kind} for ${tripId}`
    switch (kind) {
      case 'note':
        return command(which, (client, id) => client.addNote(callId, 'a word more', { id }))
      case 'cancel':
        return command(which, (client, id) => client.cancelTrip(tripId, dice.pick(CANCEL_REASONS), { id }))
      case 'close':
        return command(which, (client, id) =>
          client.closeTrip(tripId, dice.pick(DISPOSITIONS), { id, happenedAtMs: regionNowMs() }),
        )
      case 'receiver': {
        const toTripId = dice.pick(dice.pick(this.#calls).tripIds)
        return command(which, (client, id) => client.nameReceiver(tripId, toTripId, { id }))
      }
      case 'unknown':
        return command(which, (client, id) => client.cancelTrip(`${tripId.slice(0, -1)}x`, 'other', { id }))
    }
  }
}
