/** Troubles that nobody listens for: told once, since a program that only waits shows nothing of what it waits for. */
import type { ClientClosed, ClientFault } from './errors.ts'

export class Unheard {
  readonly #url: string
  readonly #warn: (message: string) => void
  #hasTold = false

  constructor(url: string, warn: (message: string) => void) {
    this.#url = url
    this.#warn = warn
  }

  /** The client has never been connected, and tries again by itself. */
  cannotConnect({ kind, message }: ClientFault): void {
    const mayBeTls = kind === 'connection' && this.#url.startsWith('ws:')
    const hint = mayBeTls ? ' Is an engine there, and without TLS (else wss://)?' : ''
    this.#tell(
      `not connected to ${this.#url} yet: ${sentence(message)}${hint} It is tried on; onFault tells of each try.`,
    )
  }

  ended({ message }: ClientClosed): void {
    this.#tell(`the client of ${this.#url} has ended: ${sentence(message)} onClosed tells of it.`)
  }

  #tell(message: string): void {
    if (this.#hasTold) return
    this.#hasTold = true
    this.#warn(`goldenhour: ${message}`)
  }
}

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`)
