/**
 * What a connection shows to be let in: the ticket of its last welcome while that is good, the owner's token otherwise.
 *
 * A ticket costs neither side much, so a crowd that comes back after a loss is let in quickly, also while the service
 * that makes tokens is away. A refused ticket is forgotten and the token shown; a refused token is mended by asking its
 * function for another one, once.
 */
import { isRetryable } from './command-queue.ts'
import { ClientFault, type ServerRefusal, SignInRefused } from './errors.ts'

/** A fixed token, or a function that is asked whenever one is needed, so that short-lived tokens can be refreshed. */
export type TokenSource = string | (() => Promise<string>)

/** Refusals of a credential itself, as against what it is used for. */
const NO_GOOD: ReadonlySet<string> = new Set(['token-invalid', 'token-expired'])

export class Credentials {
  readonly #source: TokenSource
  #ticket: string | null = null
  #shown: 'ticket' | 'token' = 'token'
  #tokenRefused = false

  constructor(source: TokenSource) {
    this.#source = source
  }

  /** Errors: rejects with SignInRefused when no token will come of asking again, and with ClientFault when none came. */
  async show(): Promise<string> {
    this.#shown = this.#ticket === null ? 'token' : 'ticket'
    if (this.#ticket !== null) return this.#ticket
    if (typeof this.#source === 'string') return this.#source
    try {
      return await this.#source()
    } catch (cause) {
      // Who has to type a password again cannot be helped by asking again.
      if (cause instanceof SignInRefused && !isRetryable(cause.code)) throw cause
      throw new ClientFault('token', 'No token was to be had for this connection.', { cause })
    }
  }

  /** A hello was taken. Input: undefined from a server that gives no tickets, null where it gives none for this session. */
  accepted(ticket: string | null | undefined): void {
    this.#ticket = ticket ?? null
    this.#tokenRefused = false
  }

  /** Output: whether another credential may be taken where this one was not. */
  refused(refusal: ServerRefusal): boolean {
    const wasTicket = this.#shown === 'ticket'
    this.#ticket = null
    if (wasTicket && NO_GOOD.has(refusal.code)) return true
    // The same words said again will not be heard differently.
    if (typeof this.#source === 'string' || this.#tokenRefused) return false
    this.#tokenRefused = true
    return true
  }

  /** The server has ended the sign-in that the ticket stands for. */
  ended(): void {
    this.#ticket = null
  }
}
