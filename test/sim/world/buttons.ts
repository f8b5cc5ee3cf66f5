/**
 * The commands that somebody gave on a device: each is kept under its id until it was answered, also across restarts.
 *
 * A person hears what became of it and never sees an error: a refusal is an answer, and so is that it was lost.
 */
import { ClientClosed, type CommandOutcome, CommandRefused } from '../../../src/client/index.ts'
import type { Chronicle } from '../core/chronicle.ts'

export type Answer<Result> =
  | { readonly ok: true; readonly result: Result }
  /** A code of the engine, or `lost`: nobody will ever say. */
  | { readonly ok: false; readonly code: string }

/** Gives the command to a client, under the id. */
export type Send<Client, Result> = (client: Client, id: string) => Promise<CommandOutcome<Result>>

interface Pressed<Client> {
  readonly what: string
  /** Gives it to a client; what comes of that settles it. */
  readonly send: (client: Client) => void
  readonly lose: () => void
  /** False for what a restart forgets: its moment was not known when it was pressed. */
  readonly isKept: boolean
  /** When it was pressed, since the world began. */
  readonly atMs: number
}

export class Buttons<Client extends { repeat(id: string): Promise<unknown> }> {
  readonly #who: string
  readonly #chronicle: Chronicle
  readonly #unanswered = new Map<string, Pressed<Client>>()

  constructor(who: string, chronicle: Chronicle) {
    this.#who = who
    this.#chronicle = chronicle
  }

  /** How many wait for their answer for longer than that. */
  unansweredFor(ms: number): number {
    return [...this.#unanswered.values()].filter(({ atMs }) => this.#chronicle.nowMs - atMs >= ms).length
  }

  press<Result>(
    client: Client,
    id: string,
    what: string,
    send: Send<Client, Result>,
    isKept = true,
  ): Promise<Answer<Result>> {
    this.#chronicle.tell(this.#who, what)
    return new Promise(resolve => {
      const settle = (answer: Answer<Result>) => {
        if (!this.#unanswered.delete(id)) return
        if (!answer.ok) this.#chronicle.tell(this.#who, `${what}: ${answer.code}`)
        resolve(answer)
      }
      const pressed: Pressed<Client> = {
        what,
        isKept,
        atMs: this.#chronicle.nowMs,
        lose: () => settle({ ok: false, code: 'lost' }),
        send: to => {
          send(to, id).then(
            ({ result }) => settle({ ok: true, result }),
            (error: unknown) => {
              if (error instanceof CommandRefused) return settle({ ok: false, code: error.code })
              // The device still has it, and the next client sends it again.
              if (error instanceof ClientClosed) return
              throw error
            },
          )
        },
      }
      this.#unanswered.set(id, pressed)
      pressed.send(client)
    })
  }

  /** The same command once more, as by somebody who presses twice; its first answer is the one that counts. */
  repeat(client: Client, id: string): void {
    client.repeat(id).then(
      () => {},
      (error: unknown) => {
        if (!(error instanceof CommandRefused || error instanceof ClientClosed)) throw error
      },
    )
  }

  /** The device has started anew: gives what it kept to the new client, under the old ids. */
  resend(client: Client): void {
    for (const { isKept, lose, send } of [...this.#unanswered.values()]) {
      if (isKept) send(client)
      else lose()
    }
  }

  /** Nothing was kept. */
  forget(): void {
    for (const { lose } of [...this.#unanswered.values()]) lose()
  }
}
