/** The connection of one lane: opened when it is needed, opened again after it broke, one statement after another. */
import type pg from 'pg'
import { openClient } from '../postgres/database.ts'
import { unavailable, writeFault } from '../postgres/postgres-faults.ts'

/**
 * Whatever an operator's defaults are: what a commit reports is on disk, and a waiting fence sees what it waited for.
 * Stricter settings (a synchronous replica) are left as they are.
 */
const HOLD_TO_DURABILITY = `SELECT set_config('default_transaction_isolation', 'read committed', false),
  set_config('synchronous_commit',
    CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false)`

export class LaneConnection {
  readonly #url: string
  readonly #applicationName: string
  #client: Promise<pg.Client> | null = null

  constructor(url: string, applicationName: string) {
    this.#url = url
    this.#applicationName = applicationName
  }

  /**
   * Runs one statement that writes, prepared once a connection under `name`; waits for locks as long as it takes.
   * Errors: StoreUnavailable, OutcomeUnknown, ContentRejected.
   */
  async write<Row extends pg.QueryResultRow>(name: string, text: string, values: readonly unknown[]): Promise<Row[]> {
    this.#client ??= this.#open()
    const opening = this.#client
    let client: pg.Client
    try {
      client = await opening
    } catch (error) {
      this.#forget(opening)
      throw unavailable(error)
    }
    try {
      const { rows } = await client.query<Row>({ name, text, values: values as unknown[] })
      return rows
    } catch (error) {
      const fault = writeFault(error)
      if (fault.name === 'OutcomeUnknown') void this.close()
      throw fault
    }
  }

  /** Ends the connection, cutting off what is in flight; the next write opens another. */
  async close(): Promise<void> {
    const client = this.#client
    this.#client = null
    await client?.then(opened => opened.end()).catch(() => undefined)
  }

  #open(): Promise<pg.Client> {
    const opening = openClient(this.#url, { applicationName: this.#applicationName }).then(async client => {
      await client.query(HOLD_TO_DURABILITY)
      // Broken while idle: known before anything is sent on it, so the next write just opens another.
      client.once('end', () => this.#forget(opening))
      return client
    })
    return opening
  }

  #forget(client: Promise<pg.Client>): void {
    if (this.#client === client) this.#client = null
  }
}
