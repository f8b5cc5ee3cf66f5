/** The tables that only grow are looked after as they grow, and no table that commands write to is left to the usual settings. */
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import type pg from 'pg'
import { openClient } from '../../../src/store/postgres/database.ts'
import { testDatabase } from '../../support/postgres.ts'

let owned: Awaited<ReturnType<typeof testDatabase>>
let owner: pg.Client
before(async () => {
  owned = await testDatabase()
  owner = await openClient(owned.url, { applicationName: 'goldenhour test' })
})
after(async () => {
  await owner.end()
  await owned.drop()
})

async function settingsOf(table: string): Promise<Record<string, number>> {
  const { rows } = await owner.query<{ option_name: string; option_value: string }>(
    'SELECT o.* FROM pg_class c, pg_options_to_table(c.reloptions) o WHERE c.oid = $1::regclass',
    [table],
  )
  return Object.fromEntries(rows.map(each => [each.option_name, Number(each.option_value)]))
}

test('pages of tables that only grow are marked while they are new, after so many rows whatever the size', async () => {
  for (const table of ['log.records', 'log.commands', 'location.segments', 'audit.entries']) {
    const settings = await settingsOf(table)
    assert.equal(settings.autovacuum_vacuum_insert_scale_factor, 0, table)
    assert.ok(settings.autovacuum_vacuum_insert_threshold! <= 500_000, table)
    assert.deepEqual([settings.autovacuum_freeze_min_age, settings.autovacuum_multixact_freeze_min_age], [0, 0], table)
  }
})

test('rows of open trips that are gone are cleaned up by their number, and leave no pages behind', async () => {
  const { autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold } = await settingsOf('log.open_trip')
  assert.deepEqual([autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold], [0, 2000])
  await owner.query(`INSERT INTO log.open_trip SELECT 'akl', n::text, n::text FROM generate_series(1, 5000) n`)
  await owner.query('DELETE FROM log.open_trip')
  await owner.query('VACUUM log.open_trip')
  const { rows } = await owner.query<{ bytes: number }>(`SELECT pg_relation_size('log.open_trip') AS bytes`)
  assert.equal(rows[0]!.bytes, 0)
})
