/** A region over Postgres in which a crew has served calls that are over and have left memory: what age is about. */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import type { Query, QueryAnswer } from '../../src/actors/region-handle.ts'
import type { Command, EnterCall } from '../../src/domain/commands.ts'
import { PostgresJournal } from '../../src/store/log/postgres-journal.ts'
import { openClient } from '../../src/store/postgres/database.ts'
import { testDatabase } from './postgres.ts'
import { callOf, type RecordingSession, RegionWorld } from './region-world.ts'
import { within } from './within.ts'

const KEPT_MS = 1_000

export async function until(what: string, isThere: () => boolean): Promise<void> {
  const wait = async () => {
    while (!isThere()) await sleep(2)
  }
  await within(what, wait())
}

export class ServedCalls {
  readonly database: Awaited<ReturnType<typeof testDatabase>>
  readonly owner: pg.Client
  readonly world: RegionWorld
  readonly #journal: PostgresJournal
  #crew: RecordingSession | null = null

  private constructor(
    database: Awaited<ReturnType<typeof testDatabase>>,
    owner: pg.Client,
    journal: PostgresJournal,
    world: RegionWorld,
  ) {
    this.database = database
    this.owner = owner
    this.#journal = journal
    this.world = world
  }

  /** Input: what the database has before the engine comes. */
  static async open(prepare: (owner: pg.Client) => Promise<void> = async () => {}): Promise<ServedCalls> {
    const database = await testDatabase()
    const owner = await openClient(database.url, { applicationName: 'goldenhour test' })
    await prepare(owner)
    const journal = new PostgresJournal(database.engineUrl)
    const world = await RegionWorld.open({ mode: 'ordered', journal, closedKeptMs: KEPT_MS })
    return new ServedCalls(database, owner, journal, world)
  }

  async close(): Promise<void> {
    await this.world.close()
    await this.#journal.close()
    await this.owner.end()
    await this.database.drop()
  }

  async desk(command: Command, id?: string): Promise<Readonly<Record<string, unknown>>> {
    return this.#done({ principal: 'desk-1', unitId: null }, command, id)
  }

  async ask<T>(query: Query): Promise<T> {
    const asked = new Promise<QueryAnswer>(resolve => this.world.host.query(query, resolve))
    return (await within('an answer', asked)) as T
  }

  /** The call in the way of a crew, up to where its unit goes. */
  async enter(call: Partial<EnterCall> = {}, id?: string): Promise<{ callId: string; tripId: string }> {
    this.#crew ??= await this.#onDuty('A1')
    const { callId, tripIds } = (await this.desk(callOf(call), id)) as { callId: string; tripIds: string[] }
    const crew = this.#crew
    await until('an order', () => crew.view.unit.offerId !== null)
    await this.#done(crew, { type: 'accept-offer', offerId: crew.view.unit.offerId!, happenedAtMs: this.world.nowMs })
    this.world.fixAt(crew, 200)
    return { callId, tripId: tripIds[0]! }
  }

  async end(tripId: string): Promise<void> {
    const happenedAtMs = this.world.nowMs
    await this.#done(this.#crew!, { type: 'close-trip', tripId, disposition: 'treated-on-scene', happenedAtMs })
  }

  async left(tripId: string): Promise<void> {
    const leave = async () => {
      for (; this.world.region.states.trip(tripId) !== undefined; await sleep(2)) await this.world.advance(KEPT_MS)
    }
    await within('the call leaves memory', leave())
  }

  /** All fixes that were sent are in the database. */
  async stored(): Promise<void> {
    const { world } = this
    const wait = async () => {
      for (; world.region.fixesNotDurable > 0; await sleep(2)) await world.advance(250)
    }
    await within('fixes are stored', wait())
  }

  /** The snapshots of a region that is stopped and starts again. */
  async saved(): Promise<void> {
    await this.world.host.close()
    this.#crew = null
    await this.world.start()
  }

  /** Every row of every table that has one of the texts in it, as `table: row`. */
  async rowsWith(...texts: readonly string[]): Promise<string[]> {
    const { rows: tables } = await this.owner.query<{ name: string }>(
      `SELECT table_schema || '.' || table_name AS name FROM information_schema.tables
       WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`,
    )
    const found: string[] = []
    for (const { name } of tables) {
      const { rows } = await this.owner.query<{ row: string }>(
        `SELECT t::text AS row FROM ${name} t WHERE ${texts.map((_, n) => `strpos(t::text, $${n + 1}) > 0`).join(' OR ')}`,
        [...texts],
      )
      for (const { row } of rows) found.push(`${name}: ${row}`)
    }
    return found
  }

  async #onDuty(unitId: string): Promise<RecordingSession> {
    const { world } = this
    await world.import([unitId])
    await until(unitId, () => world.region.states.driver(unitId) !== undefined)
    const session = world.connect(unitId)
    await until('a welcome', () => session.all('welcome').length > 0)
    world.fixAt(session, 100)
    await this.#done(session, { type: 'sign-on', happenedAtMs: world.nowMs })
    return session
  }

  async #done(
    by: { principal: string; unitId: string | null },
    command: Command,
    id?: string,
  ): Promise<Readonly<Record<string, unknown>>> {
    const answer = this.world.send(by, command, id)
    await until(command.type, () => answer.outcome !== null)
    const outcome = answer.outcome!
    return outcome.ok ? outcome.result : assert.fail(outcome.refusal.code)
  }
}
