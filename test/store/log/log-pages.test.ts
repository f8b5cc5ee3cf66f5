/** Pages of a log end by their records and by their events, and nothing is left out between them. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type pg from 'pg'
import { driverKey } from '../../../src/domain/entity.ts'
import type { LogRecord } from '../../../src/store/log/journal.ts'
import { logPage } from '../../../src/store/log/log-pages.ts'
import { type Database, openClient, openDatabase } from '../../../src/store/postgres/database.ts'
import { testDatabase } from '../../support/postgres.ts'
import { storeLog } from '../../support/stored-log.ts'

let owned: Awaited<ReturnType<typeof testDatabase>>
let owner: pg.Client
let database: Database

before(async () => {
  owned = await testDatabase()
  owner = await openClient(owned.url, { applicationName: 'goldenhour test' })
  database = openDatabase(owned.engineUrl)
})
after(async () => {
  await database.destroy()
  await owner.end()
  await owned.drop()
})

const retired = (position: number, events: number): LogRecord => ({
  ...{ position, recordedAtMs: position, epoch: 1, principal: 'system', commandId: null, trace: null },
  events: Array.from({ length: events }, (_, i) => {
    const unitId = `U${i}`
    return { type: 'UnitRetired', v: 1, entity: driverKey(unitId), unitId } as const
  }),
})

/** The positions of each page. */
async function pages(region: string, records: number, events: number): Promise<number[][]> {
  const found: number[][] = []
  for (let from = 0; ; ) {
    const page = await logPage(database, region, { from, records, events }, async () => undefined)
    if (page.length === 0) return found
    found.push(page.map(({ position }) => position))
    from = page.at(-1)!.position
  }
}

test('a page ends with so many records, or before the next one when it has so many events', async () => {
  await storeLog(
    owner,
    'paged',
    [4, 4, 4, 1, 1, 1, 1, 30, 1].map((events, index) => retired(index + 1, events)),
  )
  assert.deepEqual(await pages('paged', 3, 1_000), [
    [1, 2, 3],
    [4, 5, 6],
    [7, 8, 9],
  ])
  assert.deepEqual(await pages('paged', 100, 10), [[1, 2, 3], [4, 5, 6, 7, 8], [9]])
  assert.deepEqual(await pages('paged', 100, 1), [[1], [2], [3], [4], [5], [6], [7], [8], [9]])
})

test('a record whose events are no list has its place in a page', async () => {
  await storeLog(
    owner,
    'torn',
    [1, 1, 1].map((events, index) => retired(index + 1, events)),
  )
  await owner.query("SET session_replication_role = 'replica'")
  await owner.query(`UPDATE log.records SET events = '{}' WHERE region = 'torn' AND position = 2`)
  assert.deepEqual(await pages('torn', 100, 2), [[1, 2], [3]])
})
