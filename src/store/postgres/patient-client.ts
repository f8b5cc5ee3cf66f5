/**
 * A connection to Postgres that waits for as long as the server works, and no longer.
 *
 * A statement has no limit in time: a large one on a slow machine, or a loop that is held, would pass any. What is looked
 * for is a server that no longer works on it: after ten seconds of live time without an answer another connection asks
 * whether this one's backend is active. If it is not, or nobody can be asked, the connection is given up and the statement
 * fails as one that lost its connection. That happens where the other machine vanished without a word.
 */
import { Socket } from 'node:net'
import pg from 'pg'
import { afterLive } from './live-time.ts'

export interface Patience {
  /** Live time for a connection to be made. */
  readonly connectMs: number
  /** Live time without an answer after which the server is asked about the statement; null: never. */
  readonly silentMs: number | null
}

export const PATIENCE: Patience = { connectMs: 10_000, silentMs: 10_000 }

/** The backend may have answered in the moment of the question: its answer is on its way for so long. */
const UNDER_WAY_MS = 1_000
const TOO_MANY_CONNECTIONS = '53300'

export class PatientClient extends pg.Client {
  readonly #socket: Socket
  readonly #config: pg.ClientConfig
  readonly #patience: Patience

  constructor(config: pg.ClientConfig, patience: Patience = PATIENCE) {
    // Ours, so that it can be cut: `end` would wait for the other side.
    const socket = new Socket()
    super({ ...config, stream: () => socket })
    this.#socket = socket
    this.#config = config
    this.#patience = patience
  }

  override connect(): Promise<pg.Client>
  override connect(callback: (error: Error) => void): void
  override connect(callback?: (error: Error) => void): Promise<pg.Client> | undefined {
    const cancel = afterLive(this.#patience.connectMs, () => this.#cut('It was not made in time.'))
    // Refused by either side it would stay open, and keep the process, until the server has had enough of it.
    const over = (isMade: boolean) => {
      cancel()
      if (!isMade) this.#socket.destroy()
    }
    if (callback === undefined) {
      const made = super.connect()
      made.then(
        () => over(true),
        () => over(false),
      )
      return made
    }
    super.connect((error: Error | null) => {
      over(!error)
      callback(error as Error)
    })
    return undefined
  }

  // biome-ignore lint/suspicious/noExplicitAny: the eight overloads of pg, handed on as they are
  override query(...args: any[]): any {
    // biome-ignore lint/suspicious/noExplicitAny: as above
    const asked = (super.query as (...args: any[]) => unknown).apply(this, args)
    const { silentMs } = this.#patience
    return asked instanceof Promise && silentMs !== null ? this.#watched(asked, silentMs) : asked
  }

  async #watched<T>(asked: Promise<T>, silentMs: number): Promise<T> {
    let cancel = (): void => undefined
    let isAnswered = false
    const look = async (): Promise<void> => {
      const isWorkedOn = await this.#isWorkedOn()
      if (isAnswered) return
      if (isWorkedOn) cancel = afterLive(silentMs, () => void look())
      else cancel = afterLive(UNDER_WAY_MS, () => this.#cut('The server no longer works on what it was asked.'))
    }
    cancel = afterLive(silentMs, () => void look())
    try {
      return await asked
    } finally {
      isAnswered = true
      cancel()
    }
  }

  /** Asks over another connection whether the server works on what this one asked. */
  async #isWorkedOn(): Promise<boolean> {
    const { processID } = this as { processID?: number | null }
    const other = new PatientClient(this.#config, { ...this.#patience, silentMs: null })
    other.on('error', () => undefined)
    // The question itself could meet the same silence.
    const cancel = afterLive(this.#patience.connectMs * 2, () => other.#cut('The server does not answer.'))
    try {
      await other.connect()
      const ask = 'SELECT state FROM pg_stat_activity WHERE pid = $1'
      const { rows } = (await other.query(ask, [processID])) as pg.QueryResult<{ state: string | null }>
      return rows[0] !== undefined && rows[0].state !== 'idle'
    } catch (error) {
      // The server is there and has no connection left: that says nothing against this one.
      return (error as { code?: unknown }).code === TOO_MANY_CONNECTIONS
    } finally {
      cancel()
      void other.end().catch(() => undefined)
    }
  }

  #cut(why: string): void {
    this.#socket.destroy(new Error(`connection terminated: ${why}`))
  }
}
