import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import test, { after, before, beforeEach } from 'node:test'
import { promisify } from 'node:util'
import fc from 'fast-check'
import type pg from 'pg'
import type { AuditEntry } from '../../../src/store/audit/audit.ts'
import { listAudit, type StoredEntry, type Verification, verifyAudit } from '../../../src/store/audit/audit-chain.ts'
import { auditFollower } from '../../../src/store/audit/audit-follower.ts'
import { PostgresAudit } from '../../../src/store/audit/postgres-audit.ts'
import { type Database, openClient, openDatabase } from '../../../src/store/postgres/database.ts'
import { until } from '../../support/engine.ts'
import { ManualScheduler } from '../../support/manual-scheduler.ts'
import { testDatabase } from '../../support/postgres.ts'
import { moduleOf, programText } from '../../support/program.ts'

let owned: Awaited<ReturnType<typeof testDatabase>>
let database: Database
/** A session that does what an intruder with the database's password would. */
let intruder: pg.Client

before(async () => {
  owned = await testDatabase()
  database = openDatabase(owned.url)
  intruder = await openClient(owned.url, { applicationName: 'goldenhour test' })
})
after(async () => {
  await intruder.end()
  await database.destroy()
  await owned.drop()
})
/** Nobody but a superuser who says so empties the audit. */
beforeEach(async () => {
  await tamper('TRUNCATE audit.entries')
  await tamper("UPDATE audit.head SET seq = 0, hash = decode(repeat('00', 32), 'hex')")
  await tamper('TRUNCATE audit.cursors, log.records, log.region_owner')
})

async function tamper(text: string, values: unknown[] = []): Promise<void> {
  await intruder.query("SET session_replication_role = 'replica'")
  await intruder.query(text, values)
  await intruder.query("SET session_replication_role = 'origin'")
}

const entry = (subject: string, changes: Partial<AuditEntry> = {}): AuditEntry => ({
  actor: 'person-1',
  action: 'unit-changed',
  outcome: 'done',
  region: 'akl',
  subject,
  address: '192.0.2.7',
  details: { fields: ['callSign'], count: 1.5 },
  ...changes,
})
const refusal = (changes: Partial<AuditEntry> = {}): AuditEntry =>
  entry('A-7', { action: 'refusal', outcome: 'refused', details: { code: 'wrong-role' }, ...changes })

interface Auditing {
  readonly audit: PostgresAudit
  readonly scheduler: ManualScheduler
  readonly failures: Error[]
  wallMs: number
}

function newAudit(): Auditing {
  const scheduler = new ManualScheduler()
  const failures: Error[] = []
  const auditing = { scheduler, failures, wallMs: 1_767_225_600_000 }
  const audit = new PostgresAudit({
    database,
    scheduler,
    wallMs: () => auditing.wallMs,
    onFailure: error => failures.push(error),
  })
  return Object.assign(auditing, { audit })
}

async function appended(...subjects: string[]): Promise<void> {
  const { audit } = newAudit()
  for (const subject of subjects) {
    await database.transaction().execute(transaction => audit.append(transaction, [entry(subject)]))
  }
}

async function entries(): Promise<StoredEntry[]> {
  const all: StoredEntry[] = []
  for await (const page of listAudit(database)) all.push(...page)
  return all
}

const subjects = async (): Promise<(string | null)[]> => (await entries()).map(({ subject }) => subject)

async function whole(): Promise<void> {
  const verified = await verifyAudit(database)
  assert.ok(verified.ok, verified.ok ? '' : verified.message)
  assert.equal(verified.head.seq, (await entries()).length)
}

/** `changed 3`: what was found first. */
const foundIn = (verified: Verification): string => (verified.ok ? 'whole' : `${verified.fault} ${verified.seq}`)
const found = async (): Promise<string> => foundIn(await verifyAudit(database))

test('entries are numbered from 1 without a gap, in the order in which they were given', async () => {
  const { audit } = newAudit()
  await database.transaction().execute(transaction => audit.append(transaction, [entry('a'), entry('b')]))
  await database.transaction().execute(transaction => audit.append(transaction, [entry('c')]))
  const stored = await entries()
  assert.deepEqual(
    stored.map(({ seq, subject }) => [seq, subject]),
    [
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
    ],
  )
  const { at, seq, ...rest } = stored[0]!
  assert.deepEqual(rest, entry('a'))
  assert.ok(Math.abs(Date.parse(at) - Date.now()) < 60_000)
  await whole()
})

test('what is rolled back leaves neither an entry nor a gap', async () => {
  const { audit } = newAudit()
  await appended('a')
  const failed = database.transaction().execute(async transaction => {
    await audit.append(transaction, [entry('never'), entry('neither')])
    throw new Error('the change failed')
  })
  await assert.rejects(failed, /the change failed/)
  await appended('b')
  assert.deepEqual(await subjects(), ['a', 'b'])
  await whole()
})

test('the table itself refuses every change but an addition', async () => {
  await appended('a', 'b')
  for (const statement of [
    "UPDATE audit.entries SET actor = 'nobody'",
    'DELETE FROM audit.entries WHERE seq = 2',
    'TRUNCATE audit.entries',
    'DELETE FROM audit.head',
    'TRUNCATE audit.head',
  ]) {
    await assert.rejects(intruder.query(statement), /only grows/, statement)
  }
  assert.deepEqual(await subjects(), ['a', 'b'])
})

test('a changed column is found, whichever it is, and the entry is named', async () => {
  await appended('a', 'b', 'c', 'd', 'e')
  const { rows } = await intruder.query<{ column: string }>(
    "SELECT column_name AS column FROM information_schema.columns WHERE table_schema = 'audit' AND table_name = 'entries'",
  )
  const changes: Readonly<Record<string, string>> = {
    seq: 'seq + 100',
    at: "at + interval '1 microsecond'",
    actor: "'nobody'",
    action: "'unit-created'",
    outcome: "'refused'",
    region: 'NULL',
    subject: "''",
    address: "address || ' '",
    details: `details || '{"count": 1.50}'`,
    prev_hash: 'sha256(prev_hash)',
    hash: 'sha256(hash)',
  }
  assert.deepEqual(rows.map(({ column }) => column).sort(), Object.keys(changes).sort())
  await intruder.query('DROP TABLE IF EXISTS public.kept')
  await intruder.query('CREATE TABLE public.kept AS TABLE audit.entries')
  for (const [column, value] of Object.entries(changes)) {
    await tamper(`UPDATE audit.entries SET "${column}" = ${value} WHERE seq = 3`)
    assert.equal(await found(), column === 'seq' ? 'missing 3' : 'changed 3', column)
    await tamper('DELETE FROM audit.entries')
    await tamper('INSERT INTO audit.entries SELECT * FROM public.kept')
    assert.equal(await found(), 'whole')
  }
})

test('an entry deleted in the middle or at the end is found, and so is a head that was set back', async () => {
  await appended('a', 'b', 'c', 'd')
  const { rows } = await intruder.query<{ hash: Buffer }>('SELECT hash FROM audit.entries ORDER BY seq')
  await tamper('DELETE FROM audit.entries WHERE seq = 4')
  assert.equal(await found(), 'missing 4')
  await tamper('DELETE FROM audit.entries WHERE seq = 2')
  assert.equal(await found(), 'missing 2')
  await tamper('DELETE FROM audit.entries')
  assert.equal(await found(), 'missing 1')

  await tamper('UPDATE audit.head SET seq = 0, hash = $1', [rows[0]!.hash])
  assert.equal(await found(), 'head-differs 0')
})

test('a tail that was cut off together with the head is found by whoever kept the end elsewhere', async () => {
  await appended('a', 'b', 'c')
  const verified = await verifyAudit(database)
  assert.ok(verified.ok)
  const kept = verified.head
  await appended('d')
  assert.equal(foundIn(await verifyAudit(database, kept)), 'whole')
  await tamper('DELETE FROM audit.entries WHERE seq > 1')
  await tamper('UPDATE audit.head SET seq = 1, hash = (SELECT hash FROM audit.entries)')
  assert.equal(await found(), 'whole')
  assert.equal(foundIn(await verifyAudit(database, kept)), 'unexpected 2')
  await appended('x', 'y')
  assert.equal(await found(), 'whole')
  assert.equal(foundIn(await verifyAudit(database, kept)), 'unexpected 3')
})

test('entries that changed places are found, and so is one that was moved to the end', async () => {
  await appended('a', 'b', 'c', 'd')
  await tamper('UPDATE audit.entries SET seq = CASE seq WHEN 2 THEN 102 ELSE 103 END WHERE seq IN (2, 3)')
  await tamper('UPDATE audit.entries SET seq = CASE seq WHEN 102 THEN 3 ELSE 2 END WHERE seq > 100')
  assert.equal(await found(), 'out-of-order 2')
})

test('an entry put in by hand is found: with a made-up hash, or with a right one that the head does not know', async () => {
  await appended('a')
  const insert = `INSERT INTO audit.entries
    SELECT seq + 1, at, 'nobody', action, outcome, region, subject, address, details, hash, $1 FROM audit.entries`
  await tamper(insert, [createHash('sha256').digest()])
  assert.equal(await found(), 'changed 2')
  await tamper('UPDATE audit.entries e SET hash = audit.entry_hash(prev_hash, e) WHERE seq = 2')
  assert.equal(await found(), 'head-differs 2')
  await appended('b').catch(() => undefined)
  assert.notEqual(await found(), 'whole')
})

test('the chain is proved without asking the database for a hash', async () => {
  await appended('a', 'b')
  await intruder.query('ALTER FUNCTION audit.entry_hash RENAME TO entry_hash_away')
  try {
    assert.equal(await found(), 'whole')
  } finally {
    await intruder.query('ALTER FUNCTION audit.entry_hash_away RENAME TO entry_hash')
  }
})

test('any batch of entries comes out as it went in, in a chain that is whole', async () => {
  const text = fc.string({ unit: 'binary', maxLength: 20 })
  const anyEntry: fc.Arbitrary<AuditEntry> = fc.record({
    actor: text,
    action: fc.stringMatching(/^[a-z-]{1,20}$/),
    outcome: fc.constantFrom('done', 'refused'),
    region: fc.option(fc.stringMatching(/^[a-z0-9]{1,16}$/)),
    subject: fc.option(text),
    address: fc.option(fc.ipV6()),
    details: fc.dictionary(
      fc.stringMatching(/^[A-Za-z]{1,9}$/),
      fc.oneof(text, fc.integer(), fc.boolean(), fc.double()),
      {
        noNullPrototype: true,
      },
    ),
  })
  const batches = fc.array(fc.array(anyEntry, { maxLength: 8 }), { maxLength: 5 })
  const { audit } = newAudit()
  await fc.assert(
    fc.asyncProperty(batches, async given => {
      const before = (await entries()).length
      for (const batch of given) await database.transaction().execute(transaction => audit.append(transaction, batch))
      const stored = (await entries()).slice(before)
      assert.deepEqual(
        stored.map(({ seq, at, ...rest }) => rest),
        given.flat().map(asStored),
      )
      await whole()
    }),
    { numRuns: 30 },
  )
})

/** What JSON and Postgres cannot keep is replaced, never refused. */
function asStored(given: AuditEntry): unknown {
  const clean = (text: string) => text.replaceAll(/\0|\p{Surrogate}/gu, '\uFFFD')
  return JSON.parse(JSON.stringify(given, (_key, value) => (typeof value === 'string' ? clean(value) : value)))
}

test('processes that append at the same time make one chain', async () => {
  const source = `
    import { openDatabase } from '${moduleOf(new URL('../../../src/store/postgres/database.ts', import.meta.url))}'
    import { PostgresAudit } from '${moduleOf(new URL('../../../src/store/audit/postgres-audit.ts', import.meta.url))}'
    const database = openDatabase(process.argv[1])
    const audit = new PostgresAudit({ database, scheduler: null, wallMs: Date.now, onFailure: null })
    const one = n => ({ actor: process.argv[2], action: 'x', outcome: 'done', region: null, subject: String(n),
      address: null, details: {} })
    await Promise.all([1, 2, 3, 4].map(async lane => {
      for (let n = 0; n < 25; n++) {
        const entries = [one(lane * 100 + n), one(-lane * 100 - n)]
        await database.transaction().execute(transaction => audit.append(transaction, entries))
      }
    }))
    await database.destroy()`
  const run = promisify(execFile)
  const child = (name: string) => run(process.execPath, [...programText(source), owned.url, name])
  await Promise.all([child('one'), child('two')])
  const stored = await entries()
  assert.equal(stored.length, 400)
  for (const name of ['one', 'two']) assert.equal(stored.filter(({ actor }) => actor === name).length, 200)
  // Entries of one transaction stand together.
  for (let i = 0; i < 400; i += 2) assert.equal(Number(stored[i]!.subject), -Number(stored[i + 1]!.subject))
  await whole()
})

test('a chain of more than a page is proved while others append to it', async () => {
  const { audit } = newAudit()
  const many = Array.from({ length: 2_500 }, (_, n) => entry(String(n)))
  await database.transaction().execute(transaction => audit.append(transaction, many))
  let done = false
  const appending = (async () => {
    while (!done) await appended('meanwhile')
  })()
  for (let round = 0; round < 5; round++) assert.equal(await found(), 'whole')
  done = true
  await appending
  await tamper("UPDATE audit.entries SET subject = '2340' WHERE seq = 2340")
  assert.equal(await found(), 'changed 2340')
})

test('a search gives the entries of an actor, of an action, since a moment', async () => {
  const { audit } = newAudit()
  const given = [entry('a'), entry('b', { actor: 'person-2' }), entry('c', { actor: 'person-2', action: 'sign-in' })]
  await database.transaction().execute(transaction => audit.append(transaction, given))
  const search = async (filter: Parameters<typeof listAudit>[1]) => {
    const pages: StoredEntry[] = []
    for await (const page of listAudit(database, filter)) pages.push(...page)
    return pages.map(({ subject }) => subject)
  }
  assert.deepEqual(await search({ actor: 'person-2' }), ['b', 'c'])
  assert.deepEqual(await search({ actor: 'person-2', action: 'sign-in' }), ['c'])
  assert.deepEqual(await search({ since: new Date(Date.now() + 60_000) }), [])
  assert.deepEqual(await search({ since: new Date(Date.now() - 60_000) }), ['a', 'b', 'c'])
})

test('a note is in the audit within a second, at the moment of the note', async () => {
  const { audit, scheduler } = newAudit()
  audit.note(entry('a'))
  audit.note(entry('b'))
  assert.deepEqual(await subjects(), [])
  await scheduler.advance(1_000)
  await until('the notes are written', async () => (await subjects()).length === 2)
  assert.deepEqual(
    (await entries()).map(({ at }) => at),
    ['2026-01-01T00:00:00.000000Z', '2026-01-01T00:00:00.000000Z'],
  )
  await audit.stop()
})

test('like refusals become one entry at once and one with their count after a minute', async () => {
  const auditing = newAudit()
  const { audit, scheduler } = auditing
  for (let n = 0; n < 500; n++) {
    audit.note(refusal())
    auditing.wallMs += 10
  }
  audit.note(refusal({ address: '192.0.2.8' }))
  await scheduler.advance(1_000)
  await until('the first of each kind', async () => (await subjects()).length === 2)
  auditing.wallMs += 60_000
  await until('the minute is over for the scheduler too', async () => {
    await scheduler.advance(1_000)
    return (await subjects()).length === 3
  })
  const [first, , last] = await entries()
  assert.deepEqual(first!.details, { code: 'wrong-role' })
  assert.deepEqual(last!.details, {
    code: 'wrong-role',
    count: 499,
    firstAtMs: 1_767_225_600_010,
    lastAtMs: 1_767_225_604_990,
  })
  // Nothing is gathered any more, so nothing is waited for.
  await until('the clock of the notes stands still', async () => {
    await scheduler.advance(1_000)
    return scheduler.timers === 0
  })
  await audit.stop()
  assert.equal((await entries()).length, 3)
})

test('notes wait while they cannot be written, bounded, and what had no room is counted in an entry', async () => {
  const { audit, scheduler, failures } = newAudit()
  await intruder.query('ALTER FUNCTION audit.append RENAME TO append_away')
  for (let n = 0; n < 10_500; n++) audit.note(entry(String(n)))
  await scheduler.advance(1_000)
  await until('a flush has failed', () => failures.length > 0)
  await assert.rejects(audit.flush(), { name: 'StoreUnavailable' })
  for (let n = 0; n < 20; n++) audit.note(refusal())
  await intruder.query('ALTER FUNCTION audit.append_away RENAME TO append')
  await audit.stop()
  const stored = await entries()
  assert.equal(stored.length, 10_003)
  assert.deepEqual(
    stored.slice(0, 10_000).map(({ subject }) => subject),
    Array.from({ length: 10_000 }, (_, n) => String(n)),
  )
  const later = stored.slice(10_000)
  assert.deepEqual(
    later.map(({ action }) => action),
    ['refusal', 'refusal', 'notes-dropped'],
  )
  assert.deepEqual((later[2]!.details as { byAction: unknown }).byAction, { 'unit-changed': 500 })
  await whole()
})

test('a note that Postgres refuses for its content does not keep the others out', async () => {
  const { audit } = newAudit()
  audit.note(entry('a'))
  audit.note(entry('b', { outcome: 'undecided' as 'done' }))
  audit.note(entry('c'))
  await audit.stop()
  await audit.flush()
  const stored = await entries()
  assert.deepEqual(
    stored.map(({ subject, action }) => subject ?? action),
    ['a', 'c', 'notes-dropped'],
  )
})

test('a name of any length that a stranger claimed is kept by its beginning', async () => {
  const { audit } = newAudit()
  audit.note(refusal({ actor: 'x'.repeat(5_000), details: { code: 'wrong-role', claimed: 'y'.repeat(50_000) } }))
  await audit.stop()
  const [stored] = await entries()
  assert.equal(stored!.actor, `${'x'.repeat(255)}…`)
  assert.deepEqual(stored!.details, { code: 'wrong-role', cutFromChars: 50_034 })
})

interface LoggedRecord {
  readonly region?: string
  readonly principal?: string
  readonly events: readonly Readonly<Record<string, unknown>>[]
}

async function logged(...records: LoggedRecord[]): Promise<void> {
  for (const { region = 'akl', principal = 'person-1', events } of records) {
    await intruder.query("INSERT INTO log.region_owner VALUES ($1, 1, 'i') ON CONFLICT DO NOTHING", [region])
    await intruder.query(
      `INSERT INTO log.records (region, position, recorded_at_ms, epoch, principal, command_id, events)
       SELECT $1, log.log_end($1) + 1, 1767225600000, 1, $2, 'c-1', $3`,
      [region, principal, JSON.stringify(events)],
    )
  }
}

const OVERRIDE = {
  type: 'AssignmentOverridden',
  v: 1,
  entity: 'trip/akl.t1',
  tripId: 'akl.t1',
  unitId: 'A-7',
  reason: 'closer-unit',
}
const PRESSED = { type: 'TripPhaseReached', v: 1, entity: 'trip/akl.t1', tripId: 'akl.t1', cause: 'driver' }
const RADIOED = { ...PRESSED, unitId: 'A-7', phase: 'on-scene', cause: 'dispatcher', lonDeg: 174.7, missed: [] }

test('what a dispatcher did comes from the log into the audit, and what a crew did does not', async () => {
  await logged({ events: [PRESSED] }, { events: [PRESSED, OVERRIDE, RADIOED] }, { region: 'wlg', events: [OVERRIDE] })
  const { audit } = newAudit()
  await audit.stop()
  const stored = (await entries()).map(({ at, seq, ...rest }) => rest)
  const common = { actor: 'person-1', outcome: 'done', subject: 'akl.t1', address: null }
  const where = { position: 2, recordedAtMs: 1_767_225_600_000, commandId: 'c-1' }
  const what = { tripId: 'akl.t1', unitId: 'A-7' }
  assert.deepEqual(stored, [
    {
      ...common,
      action: 'assignment-overridden',
      region: 'akl',
      details: { ...where, ...what, event: 1, reason: 'closer-unit' },
    },
    {
      ...common,
      action: 'trip-phase-reached',
      region: 'akl',
      details: { ...where, ...what, event: 2, phase: 'on-scene' },
    },
    {
      ...common,
      action: 'assignment-overridden',
      region: 'wlg',
      details: { ...where, ...what, position: 1, event: 0, reason: 'closer-unit' },
    },
  ])
})

test('an amended call is in the audit without its place and its problem', async () => {
  await logged({
    events: [
      {
        type: 'CallAmended',
        v: 1,
        entity: 'call/akl.c1',
        callId: 'akl.c1',
        lonDeg: 174.76,
        latDeg: -36.85,
        priority: 1,
        problem: '09E01',
        tripIds: ['akl.t1'],
        detailsReplaced: true,
      },
    ],
  })
  const { audit } = newAudit()
  await audit.stop()
  const [{ subject, details }] = (await entries()) as [StoredEntry]
  assert.equal(subject, 'akl.c1')
  assert.deepEqual(details, {
    position: 1,
    event: 0,
    recordedAtMs: 1_767_225_600_000,
    commandId: 'c-1',
    callId: 'akl.c1',
    priority: 1,
    tripIds: ['akl.t1'],
    detailsReplaced: true,
  })
})

test('who acknowledged an alarm or put it aside, and for how long, is in the audit', async () => {
  const alarm = { v: 1, entity: 'trip/akl.t1', tripId: 'akl.t1', alarmId: 'akl.t1.1' }
  await logged(
    { principal: 'desk-1', events: [{ ...alarm, type: 'AlarmShelved', by: 'desk-1', forMs: 60_000 }] },
    { principal: 'desk-2', events: [{ ...alarm, type: 'AlarmAcknowledged', by: 'desk-2' }] },
    { principal: 'system', events: [{ ...alarm, type: 'AlarmEscalated', to: 'supervisor' }] },
  )
  const { audit } = newAudit()
  await audit.stop()
  const told = (await entries()).map(({ actor, action, subject, details }) => {
    const { alarmId, forMs } = details as Readonly<Record<string, unknown>>
    return [actor, action, subject, alarmId, forMs]
  })
  assert.deepEqual(told, [
    ['desk-1', 'alarm-shelved', 'akl.t1', 'akl.t1.1', 60_000],
    ['desk-2', 'alarm-acknowledged', 'akl.t1', 'akl.t1.1', undefined],
  ])
})

test('every desk action is in the audit exactly once, however often the followers fail and whoever follows', async () => {
  const numbered = (n: number) => ({ ...OVERRIDE, tripId: `akl.t${n}`, entity: `trip/akl.t${n}` })
  const failing = { append: async () => Promise.reject(new Error('the disk is full')) }
  for (let n = 0; n < 60; n += 3) {
    await logged({ events: [numbered(n)] }, { events: [PRESSED] }, { events: [numbered(n + 1), numbered(n + 2)] })
    const [one, two] = [newAudit(), newAudit()]
    const broken = auditFollower({ database, audit: failing, scheduler: one.scheduler, onFailure: () => undefined })
    const outcomes = await Promise.allSettled([broken.catchUp(), one.audit.flush(), two.audit.flush()])
    assert.deepEqual(
      outcomes.slice(1).map(({ status }) => status),
      ['fulfilled', 'fulfilled'],
    )
  }
  const { audit } = newAudit()
  await audit.flush()
  const told = (await entries()).map(({ details }) => (details as { tripId: string }).tripId)
  assert.deepEqual(
    told,
    Array.from({ length: 60 }, (_, n) => `akl.t${n}`),
  )
  await whole()
})

test('the logs are followed without being asked, also after a failure', async () => {
  const { audit, scheduler } = newAudit()
  audit.start()
  await logged({ events: [OVERRIDE] })
  await until('the first is in the audit', async () => {
    await scheduler.advance(1_000)
    return (await subjects()).length === 1
  })
  await logged({ events: [OVERRIDE] })
  await until('the second is in the audit', async () => {
    await scheduler.advance(1_000)
    return (await subjects()).length === 2
  })
  await audit.stop()
  assert.equal(scheduler.timers, 0)
})
