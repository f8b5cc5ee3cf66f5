/**
 * Calls over HTTP: one under way at any time, asked again under its key until it is answered, now and then once more.
 *
 * It has no pauses that grow as the client library's do, so the longest time without an answer is the engine's own.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { CommandOutcome } from '../../../src/client/index.ts'
import { CommandRefused } from '../../../src/client/index.ts'
import { principalOf, REGION } from '../world/fleet.ts'
import { callNear, type LoadWorld } from './load.ts'

const EVERY_MS = 400
const RETRY_MS = 100
const ANSWER_LIMIT_MS = 3_000
/** A read that was too much is made again after about this, and so often at most. */
const SLOWER_MS = 400
const ASKED_MAX = 8
const REPEATED = 0.1

export class HttpDesk {
  readonly #world: LoadWorld
  readonly #token: string
  /** Requests that got neither answer nor refusal in their time, since the last `takeSilent`. */
  #silent = 0
  #closed = false

  constructor(world: LoadWorld, token: string) {
    this.#world = world
    this.#token = token
  }

  close(): void {
    this.#closed = true
  }

  takeSilent(): number {
    const silent = this.#silent
    this.#silent = 0
    return silent
  }

  async work(): Promise<void> {
    const { gate, random, openTrips } = this.#world
    while (!this.#closed) {
      await sleep(EVERY_MS * (0.5 + random()))
      await gate.pass()
      if (this.#closed) return
      if (!openTrips.isFull) await this.enterCall()
    }
  }

  /** Output: the trip; null when the tool was ended first, or the call was refused for good. */
  async enterCall(): Promise<string | null> {
    const { log, random } = this.#world
    const call = callNear(random)
    const what = { principal: principalOf.desk, kind: 'enter-call', via: 'http', body: { ...call } }
    let sentId = ''
    const send = (id: string) => {
      sentId = id
      return this.#post(id, call)
    }
    const answer = await log.command(what, send, send)
    if (answer?.ok !== true) return null
    if (random() < REPEATED) this.#world.repeatSoon(what.principal, sentId)
    return (answer.result.tripIds as string[])[0] ?? null
  }

  /** What a read of the API says; asked again later while it is told to ask less. Errors: Error for any other answer but 200. */
  async get(path: string): Promise<Readonly<Record<string, unknown>>> {
    for (let asked = 1; ; asked++) {
      const { status, body } = await this.#ask(path)
      if (status === 200) return body
      if (status !== 429 || asked === ASKED_MAX) throw new Error(`${path} was answered ${status}: ${String(body.code)}`)
      await sleep(SLOWER_MS * (0.5 + Math.random()))
    }
  }

  async #ask(path: string): Promise<{ status: number; body: Record<string, unknown> }> {
    const response = await fetch(`${this.#world.httpUrl}${path}`, {
      headers: { authorization: `Bearer ${this.#token}` },
      signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
    })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }

  async #post(id: string, call: ReturnType<typeof callNear>): Promise<CommandOutcome<unknown>> {
    for (;;) {
      const outcome = await this.#tryPost(id, call)
      if (outcome !== null) return outcome
      await sleep(RETRY_MS)
      if (this.#closed) throw new CommandRefused(id, { code: 'given-up', message: 'The run was ended.', details: null })
    }
  }

  /** Output: null when the same request is to be sent again. */
  async #tryPost(id: string, call: ReturnType<typeof callNear>): Promise<CommandOutcome<unknown> | null> {
    let status: number
    let body: Record<string, unknown>
    try {
      const response = await fetch(`${this.#world.httpUrl}/v1/calls?region=${REGION}`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${this.#token}`,
          'content-type': 'application/json',
          'idempotency-key': id,
          // One connection a request: it leads to the engine of the moment.
          connection: 'close',
        },
        body: JSON.stringify(call),
        signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
      })
      status = response.status
      body = (await response.json()) as Record<string, unknown>
    } catch (error) {
      if ((error as Error).name === 'TimeoutError') this.#silent += 1
      return null
    }
    if (status === 201) {
      const { position, ...result } = body
      return { id, position: position as number, result }
    }
    if (status === 429 || status >= 500) return null
    throw new CommandRefused(id, { code: String(body.code), message: String(body.detail), details: null })
  }
}
