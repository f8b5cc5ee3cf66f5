/** Connections of the journal that serve one statement, or one reader, each; beyond a few at a time they wait for each other. */
import type pg from 'pg'
import { openClient } from '../postgres/database.ts'
import { unavailable } from '../postgres/postgres-faults.ts'

export class OwnConnections {
  readonly #url: string
  readonly #most: number
  #open = 0
  readonly #waiting: (() => void)[] = []

  constructor(url: string, most: number) {
    this.#url = url
    this.#most = most
  }

  /** One statement on a connection of its own, of those that may be made again. Errors: StoreUnavailable. */
  async once<Row extends pg.QueryResultRow>(text: string, values: readonly unknown[]): Promise<Row[]> {
    const client = await this.open()
    try {
      return (await client.query<Row>(text, values as unknown[])).rows
    } catch (error) {
      throw unavailable(error)
    } finally {
      this.end(client)
    }
  }

  /** Waits for its turn; whoever gets it ends it by `end`. Errors: StoreUnavailable. */
  async open(): Promise<pg.Client> {
    if (this.#open >= this.#most) await new Promise<void>(resolve => this.#waiting.push(resolve))
    else this.#open += 1
    try {
      return await openClient(this.#url, { applicationName: 'goldenhour journal' })
    } catch (error) {
      this.#nextClient()
      throw unavailable(error)
    }
  }

  end(client: pg.Client): void {
    client
      .end()
      .catch(() => undefined)
      .finally(() => this.#nextClient())
  }

  /** A turn is handed on to whoever waits, so the number stays. */
  #nextClient(): void {
    const next = this.#waiting.shift()
    if (next !== undefined) next()
    else this.#open -= 1
  }
}
