/** The table of leases in Postgres, over one connection of its own that is opened when it is needed. */
import type pg from 'pg'
import type { RegionId } from '../../domain/ids.ts'
import { StoreUnavailable } from '../log/journal.ts'
import { openClient } from '../postgres/database.ts'
import { unavailable } from '../postgres/postgres-faults.ts'
import type { ForeignLease, LeaseHolder, LeaseTable, Renewed } from './lease-table.ts'

// Rows are locked in one order everywhere, or two processes could wait for each other's. A taking locks foreign rows, too.
const inOrder = (condition: string): string => `WITH locked AS MATERIALIZED (
  SELECT region FROM log.region_lease WHERE region = ANY ($1) AND ${condition} ORDER BY region FOR UPDATE)`
const TAKE = `INSERT INTO log.region_lease AS l (region, node, incarnation, until)
  SELECT r, $2, $3, clock_timestamp() + $4 * interval '1 ms' FROM unnest($1::text[]) AS r ORDER BY r
  ON CONFLICT (region) DO UPDATE SET node = excluded.node, incarnation = excluded.incarnation, until = excluded.until
  WHERE l.incarnation = excluded.incarnation OR l.until <= clock_timestamp()
  RETURNING region`
// What ends later than a lease of now was made before the clock was set back.
const SHORTEN = `${inOrder("incarnation <> $2 AND until > clock_timestamp() + $3 * interval '1 ms'")}
  UPDATE log.region_lease AS l SET until = clock_timestamp() + $3 * interval '1 ms'
  FROM locked WHERE l.region = locked.region`
const READ_FOREIGN = `SELECT region, node, incarnation, until,
    greatest(0, extract(epoch FROM until - clock_timestamp()) * 1000)::float8 AS remaining_ms
  FROM log.region_lease WHERE region = ANY ($1) AND incarnation <> $2 ORDER BY until DESC LIMIT 1`
const RENEW = `${inOrder('incarnation = $2')}
  UPDATE log.region_lease AS l SET until = clock_timestamp() + $3 * interval '1 ms'
  FROM locked WHERE l.region = locked.region
  RETURNING l.region, (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now_ms`
const RELEASE = `${inOrder('incarnation = $2')}
  DELETE FROM log.region_lease AS l USING locked WHERE l.region = locked.region`

interface ForeignRow {
  region: RegionId
  node: string
  incarnation: string
  until: Date
  remaining_ms: number
}

export class PostgresLeaseTable implements LeaseTable {
  readonly #url: string
  #client: pg.Client | null = null
  #cuts = 0

  constructor(url: string) {
    this.#url = url
  }

  take(regions: readonly RegionId[], holder: LeaseHolder, leaseMs: number): Promise<'taken' | ForeignLease | null> {
    return this.#run(async client => {
      await client.query('BEGIN')
      const values = [regions, holder.node, holder.processIncarnation, leaseMs]
      const { rows } = await client.query<{ region: RegionId }>(TAKE, values)
      if (rows.length < new Set(regions).size) {
        await client.query('ROLLBACK')
        // Not before: what was taken of the regions is given up with the transaction, and this is to stay.
        await client.query(SHORTEN, [regions, holder.processIncarnation, leaseMs])
        const foreign = await client.query<ForeignRow>(READ_FOREIGN, [regions, holder.processIncarnation])
        const row = foreign.rows[0]
        if (row === undefined) return null
        const { region, node, incarnation, until, remaining_ms } = row
        return { region, node, processIncarnation: incarnation, until, remainingMs: remaining_ms }
      }
      await client.query('COMMIT')
      return 'taken'
    })
  }

  renew(regions: readonly RegionId[], processIncarnation: string, leaseMs: number): Promise<Renewed> {
    return this.#run(async client => {
      const values = [regions, processIncarnation, leaseMs]
      const { rows } = await client.query<{ region: RegionId; now_ms: number }>(RENEW, values)
      return { regions: rows.map(row => row.region), nowMs: rows[0]?.now_ms ?? null }
    })
  }

  async release(regions: readonly RegionId[], processIncarnation: string): Promise<void> {
    await this.#run(client => client.query(RELEASE, [regions, processIncarnation]))
  }

  async cut(): Promise<void> {
    this.#cuts += 1
    const client = this.#client
    this.#client = null
    await client?.end().catch(() => undefined)
  }

  async #open(): Promise<pg.Client> {
    const cuts = this.#cuts
    const client = await openClient(this.#url, { applicationName: 'goldenhour leases' })
    if (cuts !== this.#cuts) {
      void client.end().catch(() => undefined)
      throw new StoreUnavailable('The connection was given up while it was made.')
    }
    this.#client = client
    return client
  }

  async #run<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    try {
      return await work(this.#client ?? (await this.#open()))
    } catch (error) {
      await this.cut()
      throw unavailable(error)
    }
  }
}
