/**
 * The connections that the lanes of all regions share: opened as they are needed, at most so many, first come first served.
 *
 * A lane has one statement in flight, so one region never uses more than one of them, and a process with hundreds of
 * regions takes no more connections of the database than one with a few. A statement that waits for a lock keeps its
 * connection meanwhile; the others go on with the rest.
 */
import type pg from 'pg'
import { StoreUnavailable } from './journal.ts'
import { LaneConnection } from './lane-connection.ts'

export class LanePool {
  readonly #newConnection: () => LaneConnection
  readonly #connectionsMax: number
  readonly #all: LaneConnection[] = []
  readonly #free: LaneConnection[] = []
  #waiting: { readonly resolve: (connection: LaneConnection) => void; readonly reject: (error: Error) => void }[] = []
  #closed = false

  constructor(url: string, applicationName: string, connectionsMax: number) {
    this.#newConnection = () => new LaneConnection(url, applicationName)
    this.#connectionsMax = connectionsMax
  }

  /** As `LaneConnection.write`, on whichever connection is free first. Errors: those, and StoreUnavailable once closed. */
  async write<Row extends pg.QueryResultRow>(name: string, text: string, values: readonly unknown[]): Promise<Row[]> {
    const connection = await this.#take()
    try {
      return await connection.write<Row>(name, text, values)
    } finally {
      this.#giveBack(connection)
    }
  }

  /** Ends all connections, cutting off what is in flight, and refuses what waits. */
  async close(): Promise<void> {
    this.#closed = true
    const waiting = this.#waiting
    this.#waiting = []
    for (const { reject } of waiting) reject(closed())
    await Promise.all(this.#all.map(connection => connection.close()))
  }

  #take(): Promise<LaneConnection> {
    if (this.#closed) return Promise.reject(closed())
    // The one that was used last: those that are never needed at once are never opened.
    const free = this.#free.pop()
    if (free !== undefined) return Promise.resolve(free)
    if (this.#all.length < this.#connectionsMax) {
      const connection = this.#newConnection()
      this.#all.push(connection)
      return Promise.resolve(connection)
    }
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  #giveBack(connection: LaneConnection): void {
    const next = this.#waiting.shift()
    if (next !== undefined) next.resolve(connection)
    else this.#free.push(connection)
  }
}

const closed = (): StoreUnavailable => new StoreUnavailable('The journal is closed.')
