/** How a follower of the logs makes up for a long past. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql } from 'kysely'
import type pg from 'pg'
import type { RegionId } from '../../../src/domain/ids.ts'
import { LogFollower } from '../../../src/store/followers/log-follower.ts'
import { type Database, openClient, openDatabase } from '../../../src/store/postgres/database.ts'
import { testDatabase } from '../../support/postgres.ts'

let owned: Awaited<ReturnType<typeof testDatabase>>
let owner: pg.Client
let database: Database

before(async () => {
  owned = await testDatabase()
  owner = await openClient(owned.url, { applicationName: 'goldenhour test' })
  database = openDatabase(owned.url)
  await owner.query(`INSERT INTO log.region_owner VALUES ('long', 1, 'x'), ('short', 1, 'x');
    INSERT INTO log.records (region, position, recorded_at_ms, epoch, principal, events)
      SELECT 'long', n, n, 1, 'system', '[]' FROM generate_series(1, 8000) n;
    INSERT INTO log.records (region, position, recorded_at_ms, epoch, principal, events)
      SELECT 'short', n, n, 1, 'system', '[]' FROM generate_series(1, 5000) n;
    CREATE TABLE followed (region text PRIMARY KEY, position bigint NOT NULL)`)
})
after(async () => {
  await database.destroy()
  await owner.end()
  await owned.drop()
})

const PAGE = 1_000

test('who has a long past to make up for rests after each page for as long as it took, and who has not goes on', async () => {
  let nowMs = 0
  const pauses: [RegionId, number][] = []
  let region = ''
  const pagesTook = [40, 900, 0]
  const follower = new LogFollower({
    database,
    cursors: 'followed',
    scheduler: {
      monotonicMs: () => nowMs,
      after: (delayMs, run) => {
        pauses.push([region, delayMs])
        setImmediate(run)
        return () => {}
      },
    },
    onFailure: error => assert.fail(error),
    pageAfter: async (transaction, of, from) => {
      region = of
      const { rows } = await sql<{ end: number }>`SELECT log.log_end(${of}) AS "end"`.execute(transaction)
      const end = Math.min(rows[0]!.end, from + PAGE)
      return end === from
        ? null
        : {
            end,
            take: async () => {
              nowMs += pagesTook.shift() ?? 5
            },
          }
    },
  })
  await follower.catchUp()
  // Behind by 7,000 and 6,000 records; not by 5,000, which the busiest region has in some seconds.
  assert.deepEqual(pauses, [
    ['long', 40],
    ['long', 250],
  ])
  assert.deepEqual((await owner.query('SELECT region, position FROM followed ORDER BY region')).rows, [
    { region: 'long', position: 8_000 },
    { region: 'short', position: 5_000 },
  ])
})
