/** A computer of the control room with one client for the desk: it may go off, and starts the client anew. */
import { DispatcherClient } from '../../../src/client/dispatcher-client.ts'
import type { Dice } from '../../fuzz/dice.ts'
import type { Device } from '../core/device.ts'
import { type Answer, Buttons, type Send } from './buttons.ts'
import { ANSWERED_WITHIN_MS, MINUTE_MS, SECOND_MS } from './chance.ts'
import type { ClientStanding } from './parts.ts'
import type { Town } from './town.ts'

interface ComputerParts {
  readonly town: Town
  readonly dice: Dice
  readonly name: string
  readonly role: 'dispatcher' | 'supervisor'
  /** A client is there, and has not connected yet: whoever sits here sets it up. */
  readonly started: (client: DispatcherClient) => void
}

/** A client keeps the messages of more of them. */
const GIVEN_MAX = 100

export class Computer {
  readonly name: string
  readonly device: Device
  readonly #parts: ComputerParts
  readonly #buttons: Buttons<DispatcherClient>
  #client: DispatcherClient | null = null
  #ids = 0
  /** The commands that this client was given last, by their ids. */
  #given: string[] = []

  constructor(parts: ComputerParts) {
    this.#parts = parts
    this.name = parts.name
    this.device = parts.town.device(parts.name)
    this.#buttons = new Buttons(parts.name, parts.town.chronicle)
  }

  /** Null while it is off. */
  get client(): DispatcherClient | null {
    return this.#client
  }
  get isConnected(): boolean {
    return this.#client?.connectionState === 'open'
  }

  standing(): ClientStanding {
    return {
      name: this.name,
      isAway: false,
      isOpen: this.isConnected,
      commandsUnanswered: this.#buttons.unansweredFor(ANSWERED_WITHIN_MS),
      fixesNotDurable: 0,
      reportsFor: null,
    }
  }

  start(): void {
    this.device.powerOn()
    if (this.#client !== null) return
    const { town, role, started } = this.#parts
    const client = new DispatcherClient({ ...this.device.clientOptions(town.token({ sub: this.name, role })), role })
    this.#client = client
    this.#given = []
    client.onClosed(({ reason }) => {
      town.chronicle.tell(this.name, `the client has ended: ${reason}`)
      if (this.#client !== client) return
      this.#client = null
      this.device.after(30 * SECOND_MS, () => this.start())
    })
    started(client)
    this.#buttons.resend(client)
  }

  /** It goes off, and comes back after a while. */
  restart(): void {
    const { town, dice } = this.#parts
    if (!this.device.isOn) return
    const downMs = dice.within([10 * SECOND_MS, 4 * MINUTE_MS])
    town.chronicle.tell(this.name, `goes off for ${Math.round(downMs / SECOND_MS)} s`)
    this.device.powerOff()
    this.#client = null
    town.loop.after(downMs, () => {
      if (this.device.isOn) return
      town.chronicle.tell(this.name, 'is on again')
      this.start()
    })
  }

  /** Somebody goes back in the page and sends something again. */
  repeatSome(dice: Dice): void {
    if (this.#client === null || this.#given.length === 0) return
    const id = dice.pick(this.#given)
    this.#parts.town.chronicle.tell(this.name, `sends ${id} again`)
    this.#buttons.repeat(this.#client, id)
  }

  /** Gives a command. Output: as of `Buttons.press`, and at once `lost` while the computer is off. */
  command<Result>(what: string, send: Send<DispatcherClient, Result>): Promise<Answer<Result>> {
    const client = this.#client
    if (client === null) return Promise.resolve({ ok: false, code: 'lost' })
    const { town, dice } = this.#parts
    this.#ids += 1
    const id = `${this.#ids.toString(36)}-${this.name}`
    const answer = this.#buttons.press(client, id, what, send)
    this.#given.push(id)
    if (this.#given.length > GIVEN_MAX) this.#given.shift()
    const repeat = () => {
      if (this.#client === client) this.#buttons.repeat(client, id)
    }
    if (dice.oneIn(20)) repeat()
    else if (dice.oneIn(40)) town.loop.after(dice.within([SECOND_MS, 30 * SECOND_MS]), repeat)
    return answer
  }
}
