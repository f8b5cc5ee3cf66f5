/** How a client comes back after a loss: not when it was superseded, not too soon, not too often, and with its ticket. */
import type { Connection, Message, Rules } from '../connection.ts'
import { SLACK_MS } from '../connection.ts'
import type { Protocol } from '../protocol.ts'
import type { Verdicts } from '../verdicts.ts'

/** A connection within this was made by a program; what comes later may be a person who signs in anew. */
const BY_ITSELF_MS = 60_000
/** With delays of two seconds at most and some luck there are not more attempts than this in as many milliseconds. */
const ATTEMPTS_MAX = 10
const ATTEMPTS_IN_MS = 2_000

export class Returning implements Rules {
  readonly #verdicts: Verdicts
  readonly #closeCodes: Readonly<Record<string, number>>
  readonly #opens: number[] = []
  readonly #tickets = new Set<string>()
  readonly #badTokens = new Set<string>()
  #mustUseTicket = false
  #superseded: { readonly line: number; readonly atMs: number } | null = null
  #abused: { readonly line: number; readonly atMs: number } | null = null
  /** Not before this, and why. */
  #notBefore: { readonly atMs: number; readonly rule: string; readonly line: number } | null = null

  constructor(protocol: Protocol, verdicts: Verdicts) {
    this.#verdicts = verdicts
    this.#closeCodes = protocol.catalogue.closeCodes
  }

  onOpen({ line, openedAtMs }: Connection): void {
    this.#mayComeBack(
      this.#superseded,
      'HS-8',
      'closed with 4409: a newer session speaks for the unit',
      line,
      openedAtMs,
    )
    this.#mayComeBack(this.#abused, 'ER-5', 'closed with 4400: the client is to be mended first', line, openedAtMs)
    if (this.#notBefore !== null) {
      const { atMs, rule, line: saidOn } = this.#notBefore
      if (openedAtMs >= atMs - SLACK_MS) this.#verdicts.kept(rule)
      else this.#verdicts.client(rule, line, `back ${Math.round(atMs - openedAtMs)} ms sooner than line ${saidOn} said`)
      this.#notBefore = null
    }
    this.#opens.push(openedAtMs)
    if (this.#opens.length <= ATTEMPTS_MAX) return
    if (openedAtMs - this.#opens.shift()! >= ATTEMPTS_IN_MS) return
    this.#verdicts.client(
      'HS-9',
      line,
      `more than ${ATTEMPTS_MAX} connections in ${ATTEMPTS_IN_MS} ms: delays grow, and have jitter`,
    )
    this.#opens.length = 0
  }

  onClient({ type, connection, line }: Message): void {
    if (type !== 'hello' || connection.welcome !== null) return
    const { token } = connection.hello!
    if (this.#badTokens.has(token)) {
      this.#verdicts.client('ER-5', line, 'the token that was refused before: a good one is needed')
    } else if (this.#mustUseTicket) {
      if (this.#tickets.has(token)) this.#verdicts.kept('AU-21')
      else
        this.#verdicts.client(
          'HS-9',
          line,
          'hello after a loss with another token than the ticket of the welcome [AU-21]',
        )
    }
  }

  onServer({ type, fields, connection, line, atMs }: Message): void {
    if (type === 'welcome') {
      const { ticket } = connection.welcome!
      this.#mustUseTicket = ticket !== null
      if (ticket !== null) this.#tickets.add(ticket)
    } else if (type === 'going-away') {
      const [afterMs] = fields as [number, number]
      this.#notBefore = { atMs: atMs + afterMs / (connection.clock?.rate ?? 1), rule: 'HS-10', line }
    } else if (type === 'error' && fields[0] === connection.hello?.id && connection.welcome === null) {
      const [, code, , details] = fields as [string, string, string, { readonly retryAfterMs?: number } | null]
      if (code === 'token-invalid' || code === 'token-expired') {
        const { token } = connection.hello!
        this.#mustUseTicket = false
        // What was good once, and is refused now, may not be shown again; nor may what never was.
        this.#badTokens.add(token)
      }
      if (details?.retryAfterMs !== undefined)
        this.#notBefore = { atMs: atMs + details.retryAfterMs, rule: 'HS-11', line }
    }
  }

  onClosed({ closed }: Connection): void {
    const { code, line, atMs } = closed!
    if (code === this.#closeCodes.superseded) this.#superseded = { line, atMs }
    if (code === this.#closeCodes.protocolAbuse) this.#abused = { line, atMs }
    if (code === this.#closeCodes.unauthenticated) this.#mustUseTicket = false
  }

  onEnd(atMs: number): void {
    // Nobody came back within the time in which a program would have.
    for (const [end, rule] of [
      [this.#superseded, 'HS-8'],
      [this.#abused, 'ER-5'],
    ] as const) {
      if (end !== null && atMs - end.atMs >= 0) this.#verdicts.kept(rule)
    }
  }

  #mayComeBack(
    end: { line: number; atMs: number } | null,
    rule: string,
    why: string,
    line: number,
    atMs: number,
  ): void {
    if (end === null || atMs - end.atMs > BY_ITSELF_MS) return
    this.#verdicts.client(rule, line, `a connection ${Math.round(atMs - end.atMs)} ms after line ${end.line}, ${why}`)
  }
}
