import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import type { AuditEntry } from '../../src/store/audit/audit.ts'
import { PostgresAudit } from '../../src/store/audit/postgres-audit.ts'
import { openClient, openDatabase } from '../../src/store/postgres/database.ts'
import { runHere } from '../support/command-line.ts'
import { ManualScheduler } from '../support/manual-scheduler.ts'
import { testDatabase } from '../support/postgres.ts'

let owned: Awaited<ReturnType<typeof testDatabase>>
before(async () => {
  owned = await testDatabase()
})
after(() => owned.drop())

const audit = (...args: string[]) => runHere(['audit', ...args], { env: { DATABASE_URL: owned.url } })

const entry = (changes: Partial<AuditEntry>): AuditEntry => ({
  actor: 'person-1',
  action: 'unit-changed',
  outcome: 'done',
  region: 'akl',
  subject: 'A-7',
  address: null,
  details: {},
  ...changes,
})

async function append(...entries: AuditEntry[]): Promise<void> {
  const database = openDatabase(owned.url)
  const scheduler = new ManualScheduler()
  const chain = new PostgresAudit({ database, scheduler, wallMs: Date.now, onFailure: assert.fail })
  await database.transaction().execute(transaction => chain.append(transaction, entries))
  await database.destroy()
}

async function tamper(statement: string): Promise<void> {
  const client = await openClient(owned.url, { applicationName: 'goldenhour test' })
  await client.query("SET session_replication_role = 'replica'")
  await client.query(statement)
  await client.end()
}

test('an operator proves the audit, keeps its end elsewhere, and is told what was done to it', async () => {
  assert.equal((await audit('verify')).stdout, `0:${'0'.repeat(64)}\n`)
  await append(entry({}), entry({ actor: 'person-2' }), entry({}))
  const first = await audit('verify')
  assert.equal(first.code, 0)
  assert.match(first.stdout, /^3:[0-9a-f]{64}\n$/)
  const kept = first.stdout.trim()
  await append(entry({}))
  assert.match((await audit('verify', '--expect', kept)).stdout, /^4:/)

  await tamper('DELETE FROM audit.entries WHERE seq > 2')
  const cut = await audit('verify')
  assert.equal(cut.code, 1)
  assert.equal(cut.stderr, 'error: The audit is not whole (missing): entries 3 to 4 are missing at the end.\n')
  await tamper('UPDATE audit.head SET (seq, hash) = (SELECT seq, hash FROM audit.entries WHERE seq = 2)')
  assert.equal((await audit('verify')).code, 0)
  const expected = await audit('verify', '--expect', kept)
  assert.deepEqual([expected.code, expected.stderr.includes('before the expected entry 3')], [1, true])

  await tamper("UPDATE audit.entries SET actor = 'person-1' WHERE seq = 2")
  const changed = await audit('verify')
  assert.deepEqual([changed.code, changed.stderr.includes('(changed): entry 2 was changed')], [1, true])
  assert.equal((await audit('verify', '--expect', 'yesterday')).code, 2)
})

test('entries are listed by actor, action and time, as lines or as JSON', async () => {
  await append(entry({ actor: 'odd\u001b[31m\tname', action: 'refusal', outcome: 'refused', details: { code: 'x' } }))
  const [lines, json, none, since, wrong] = await Promise.all([
    audit('list', '--action', 'refusal'),
    audit('list', '--action', 'refusal', '--json'),
    audit('list', '--actor', 'nobody'),
    audit('list', '--since', '1h', '--action', 'refusal'),
    audit('list', '--since', 'yesterday'),
  ])
  const [seq, at, ...cells] = lines.stdout.trimEnd().split('\t')
  assert.match(seq!, /^\d+$/)
  assert.ok(Math.abs(Date.parse(at!) - Date.now()) < 60_000)
  assert.deepEqual(cells, ['odd\uFFFD[31m\uFFFDname', 'refusal', 'refused', 'akl', 'A-7', '-', '{"code":"x"}'])
  const { actor, details } = JSON.parse(json.stdout)
  assert.deepEqual([actor, details], ['odd\u001b[31m\tname', { code: 'x' }])
  assert.deepEqual(none, { code: 0, stdout: '', stderr: '' })
  assert.equal(since.stdout, lines.stdout)
  assert.equal(wrong.code, 2)
})
