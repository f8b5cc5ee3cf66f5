/** Policies as the database has them: a history that only grows, and what stands in each region. */
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { sql } from 'kysely'
import { auditedByCommandLine } from '../../../src/cli/audited.ts'
import { alike, DEFAULT_POLICY } from '../../../src/domain/policy.ts'
import { listAudit } from '../../../src/store/audit/audit-chain.ts'
import { migrations } from '../../../src/store/migrations/index.ts'
import { type Database, openClient, openDatabase } from '../../../src/store/postgres/database.ts'
import { migrate } from '../../../src/store/postgres/migrate.ts'
import type { PolicyRecord } from '../../../src/store/reference/policies.ts'
import { ReferenceStore } from '../../../src/store/reference/reference-store.ts'
import { emptyDatabase, testDatabase } from '../../support/postgres.ts'

let database: Database
let store: ReferenceStore
let drop: () => Promise<void>
let nowMs = 1_700_000_000_000

before(async () => {
  const made = await testDatabase()
  drop = made.drop
  database = openDatabase(made.url)
  store = new ReferenceStore(database, () => nowMs)
})
after(async () => {
  await database.destroy()
  await drop()
})

async function versionsOf(region: string, pageSize?: number): Promise<PolicyRecord[]> {
  const versions: PolicyRecord[] = []
  for await (const each of store.policyVersions(region, pageSize)) versions.push(each)
  return versions
}

const added = async (region: string, dispatchMode: 'ordered' | 'offered' = 'ordered') => {
  await store.addRegion({ region, name: region, timeZone: 'UTC', dispatchMode })
  return region
}
const first = { version: 1, changedAtMs: 1_700_000_000_000, changedBy: 'command-line', note: null }

test('a region has a policy from the first moment on: the defaults, in the mode that it was made with', async () => {
  const region = await added('first', 'offered')
  assert.deepEqual(await store.policy(region), { region, ...first, policy: { ...DEFAULT_POLICY, mode: 'offered' } })
})

test('each change adds a version, the newest stands, and the others stay as they were', async () => {
  const region = await added('grows')
  nowMs += 60_000
  const { now, changes } = await store.setPolicy(
    region,
    { mode: 'offered', cadenceMs: { parked: 60_000 } },
    'quiet nights',
  )
  const policy = { ...DEFAULT_POLICY, mode: 'offered', cadenceMs: { ...DEFAULT_POLICY.cadenceMs, parked: 60_000 } }
  const second = { region, version: 2, changedAtMs: nowMs, changedBy: 'command-line', note: 'quiet nights', policy }
  assert.deepEqual(now, second)
  assert.deepEqual(changes, [
    ['mode', 'ordered', 'offered'],
    ['cadenceMs.parked', 30_000, 60_000],
  ])
  assert.deepEqual(await store.policy(region), second)
  assert.deepEqual(await versionsOf(region), [second, { region, ...first, policy: DEFAULT_POLICY }])
  assert.deepEqual(await store.policy(region, 1), { region, ...first, policy: DEFAULT_POLICY })
  await assert.rejects(store.policy(region, 3), { name: 'InvalidReference', message: /no version 3/ })
  assert.deepEqual((await store.listPolicies()).get(region), { ...policy, version: 2 })
})

test('one that changes nothing adds no version', async () => {
  const region = await added('same')
  const { now, changes } = await store.setPolicy(region, DEFAULT_POLICY, 'again')
  assert.deepEqual([now.version, changes, (await versionsOf(region)).length], [1, [], 1])
})

test('the mode of the newest version is that of the region', async () => {
  const region = await added('mode')
  const modeOf = async () => (await store.listRegions()).find(each => each.region === region)!.dispatchMode
  await store.setPolicy(region, { mode: 'offered' }, null)
  assert.equal(await modeOf(), 'offered')
  await store.setPolicy(region, {}, null)
  assert.equal(await modeOf(), 'ordered')
})

test('a change raises the version of the reference data, by which engines hear of it', async () => {
  const region = await added('heard')
  const before = await store.version()
  await store.setPolicy(region, { roundPauseMs: 20_000 }, null)
  assert.ok((await store.version()) > before)
})

test('one that will not do, or a note, or a region that is not there, changes nothing', async () => {
  const region = await added('refused')
  const before = [await versionsOf(region), await store.version()]
  for (const [given, note, message] of [
    [{ orderWarnMs: { 1: 5 } }, null, /orderWarnMs\.1 must be a whole number of milliseconds from 1000 to 600000/],
    [{ orderWarnS: 5 }, null, /orderWarnS is not known here/],
    [{ cadenceMs: { driving: 5_000 } }, null, /cadenceMs.driving is not known here/],
    [{ lostAfterMs: 80_000 }, null, /lostAfterMs must be more than staleAfterMs.parked/],
    [[], null, /policy/],
    [{}, 'two\nlines', /one line/],
    [{}, '', /1 to 240 characters/],
  ] as const) {
    await assert.rejects(store.setPolicy(region, given, note), { name: 'InvalidReference', message }, String(message))
  }
  await assert.rejects(store.setPolicy('nowhere', {}, null), { message: /The region "nowhere" does not exist/ })
  assert.deepEqual([await versionsOf(region), await store.version()], before)
})

test('the audit has what was changed, from what to what', async () => {
  const region = await added('audited')
  await store.setPolicy(
    region,
    { roundPauseMs: 20_000, orderTimeoutMs: { 1: 50_000 } },
    null,
    auditedByCommandLine(database),
  )
  const entries = []
  for await (const page of listAudit(database, { actor: 'command-line' })) entries.push(...page)
  const entry = entries.findLast(({ action }) => action === 'policy-changed')!
  assert.deepEqual([entry.region, entry.subject, entry.outcome], [region, region, 'done'])
  assert.deepEqual(entry.details, {
    version: 2,
    changed: { 'orderTimeoutMs.1': [45_000, 50_000], roundPauseMs: [15_000, 20_000] },
  })
})

test('changes that come at once follow each other, none is lost', async () => {
  const region = await added('crowd')
  const given = Array.from({ length: 8 }, (_, i) => ({ roundPauseMs: 20_000 + i }))
  await Promise.all(given.map(policy => store.setPolicy(region, policy, null)))
  const versions = await versionsOf(region)
  assert.deepEqual(
    versions.map(({ version }) => version),
    [9, 8, 7, 6, 5, 4, 3, 2, 1],
  )
  assert.deepEqual(
    new Set(versions.slice(0, 8).map(({ policy }) => policy.roundPauseMs)),
    new Set(given.map(({ roundPauseMs }) => roundPauseMs)),
  )
})

test('nobody changes a version that stood, or takes one away', async () => {
  const region = await added('kept')
  for (const statement of [
    sql`UPDATE reference.policies SET note = 'other' WHERE region = ${region}`,
    sql`DELETE FROM reference.policies WHERE region = ${region}`,
    sql`TRUNCATE reference.policies`,
  ]) {
    await assert.rejects(statement.execute(database), { code: '42501' })
  }
})

test('a version of before a number was known has its default', async () => {
  const region = await added('older')
  await sql`INSERT INTO reference.policies VALUES (${region}, 2, '{"mode": "offered", "roundPauseMs": 20000}', 'x', 0)`.execute(
    database,
  )
  const policy = { ...DEFAULT_POLICY, mode: 'offered', roundPauseMs: 20_000 }
  assert.deepEqual((await store.policy(region)).policy, policy)
  assert.deepEqual((await store.listPolicies()).get(region), { ...policy, version: 2 })
})

test('a number of before that went for every priority goes for each of them', async () => {
  const region = await added('forall')
  const stored = JSON.stringify({ orderTimeoutMs: 60_000, offerTimeoutMs: DEFAULT_POLICY.offerTimeoutMs })
  await sql`INSERT INTO reference.policies VALUES (${region}, 2, ${stored}::jsonb, 'x', 0)`.execute(database)
  assert.deepEqual((await store.policy(region)).policy, { ...DEFAULT_POLICY, orderTimeoutMs: alike(60_000) })
})

test('regions of before there were policies have the one that was fixed in the program', async () => {
  const { url, drop } = await emptyDatabase()
  try {
    await migrate(url, { schema: { steps: migrations.filter(({ name }) => name < '0012'), functions: [] } })
    const session = await openClient(url, { applicationName: 'goldenhour test' })
    const add = (region: string, mode: string) =>
      session.query('INSERT INTO reference.regions (region, name, time_zone, dispatch_mode) VALUES ($1, $1, $2, $3)', [
        region,
        'UTC',
        mode,
      ])
    await add('old', 'offered')
    await migrate(url)
    // As an engine of the version before does that still runs.
    await add('late', 'ordered')
    await session.end()
    const migrated = openDatabase(url)
    const policies = await new ReferenceStore(migrated).listPolicies()
    await migrated.destroy()
    assert.deepEqual(Object.fromEntries(policies), {
      old: { ...DEFAULT_POLICY, mode: 'offered', version: 1 },
      late: { ...DEFAULT_POLICY, version: 1 },
    })
  } finally {
    await drop()
  }
})

test('all versions are listed, the newest first, whatever a page holds', async () => {
  const region = await added('pages')
  for (const roundPauseMs of [20_000, 21_000, 22_000, 23_000]) await store.setPolicy(region, { roundPauseMs }, null)
  for (const pageSize of [1, 2, 5, 1_000]) {
    const versions = await versionsOf(region, pageSize)
    assert.deepEqual(
      versions.map(({ version }) => version),
      [5, 4, 3, 2, 1],
    )
  }
})
