import assert from 'node:assert/strict'
import test from 'node:test'
import { verifyAudit } from '../../../src/store/audit/audit-chain.ts'
import { AuditEnd } from '../../../src/store/audit/audit-end.ts'
import { PostgresAudit } from '../../../src/store/audit/postgres-audit.ts'
import { openDatabase } from '../../../src/store/postgres/database.ts'
import { until } from '../../support/engine.ts'
import { ManualScheduler } from '../../support/manual-scheduler.ts'
import { testDatabase } from '../../support/postgres.ts'

const HOUR_MS = 3_600_000

test('the end of the audit is told at the start and once an hour, as a proof takes it', async t => {
  const owned = await testDatabase()
  const database = openDatabase(owned.engineUrl)
  t.after(async () => {
    await database.destroy()
    await owned.drop()
  })
  const scheduler = new ManualScheduler()
  const audit = new PostgresAudit({ database, scheduler, wallMs: Date.now, onFailure: () => undefined })
  const append = () =>
    database.transaction().execute(transaction =>
      audit.append(transaction, [
        {
          actor: 'person-1',
          action: 'sign-in',
          outcome: 'done',
          region: null,
          subject: null,
          address: null,
          details: {},
        },
      ]),
    )
  const told: string[] = []
  const end = new AuditEnd({ database, scheduler, tell: each => told.push(each) })
  end.start()
  await append()
  await scheduler.advance(1_000)
  await until('the first is told', () => told.length === 1)
  await append()
  await scheduler.advance(HOUR_MS - 1_000)
  assert.equal(told.length, 1)
  await until('the second is told', async () => {
    await scheduler.advance(1_000)
    return told.length === 2
  })
  await end.stop()
  assert.equal(scheduler.timers, 0)
  for (const [index, line] of told.entries()) {
    const [seq, hash] = line.split(':') as [string, string]
    assert.equal(Number(seq), index + 1)
    const verified = await verifyAudit(database, { seq: Number(seq), hash })
    assert.ok(verified.ok)
  }
})

test('while the database is away the end is asked for again within a minute, and nothing fails', async () => {
  const scheduler = new ManualScheduler()
  const database = openDatabase('postgres://nobody@127.0.0.1:1/nothing')
  const end = new AuditEnd({ database, scheduler, tell: () => assert.fail('there is nothing to tell') })
  end.start()
  await scheduler.advance(1_000)
  await until('it waits for the next try', () => scheduler.timers === 1)
  await end.stop()
  await database.destroy()
})
