/** The views in Postgres: kept from the log, made anew beside what is read, and equal to the fold in memory. */
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { systemClock } from '../../../src/base/time.ts'
import type { DomainEvent } from '../../../src/domain/events.ts'
import { inWordsOfNow } from '../../../src/store/log/former-words.ts'
import type { LogRecord } from '../../../src/store/log/journal.ts'
import { type Database, openClient, openDatabase } from '../../../src/store/postgres/database.ts'
import { RebuildUnderWay, rebuildViews } from '../../../src/store/views/rebuild-views.ts'
import { ViewFold } from '../../../src/store/views/view-fold.ts'
import { noRows, type PassedOverRow, type ViewRows } from '../../../src/store/views/view-rows.ts'
import { Views } from '../../../src/store/views/views-follower.ts'
import { testDatabase } from '../../support/postgres.ts'
import { simulatedLog } from '../../support/simulated-log.ts'
import { storeLog } from '../../support/stored-log.ts'

let owned: Awaited<ReturnType<typeof testDatabase>>
let owner: pg.Client
let database: Database
let log: readonly LogRecord[]
const passedOver: PassedOverRow[] = []

before(async () => {
  owned = await testDatabase()
  owner = await openClient(owned.url, { applicationName: 'goldenhour test' })
  // As engines do.
  database = openDatabase(owned.engineUrl)
  log = await simulatedLog(74, 'sim', 1.5, 6)
})
after(async () => {
  await database.destroy()
  await owner.end()
  await owned.drop()
})

const newViews = () =>
  new Views({
    database,
    scheduler: systemClock,
    onFailure: error => assert.fail(error),
    onPassedOver: (_region, rows) => passedOver.push(...rows),
  })

const VIEWS = {
  ...{ calls: 'calls', trips: 'trips', tripTimes: 'trip_times', units: 'units', offers: 'offers' },
  ...{ decisions: 'decisions', shifts: 'shifts', alarms: 'alarms', passedOver: 'passed_over' },
} as const satisfies Partial<Record<keyof ViewRows, string>>

/** Every row of every view of a region, in the order of their text. */
async function stored(region: string): Promise<Record<string, unknown[]>> {
  const found: Record<string, unknown[]> = {}
  for (const view of Object.values(VIEWS)) {
    const { rows } = await owner.query<{ row: unknown }>(
      `SELECT to_jsonb(v) - 'region' AS row FROM views.${view} v WHERE region = $1 ORDER BY v::text`,
      [region],
    )
    found[view] = rows.map(({ row }) => row)
  }
  return found
}

/** What a log comes to without a database. */
function inMemory(records: readonly LogRecord[]): Record<string, unknown[]> {
  const fold = new ViewFold('sim', noRows())
  // As whoever reads a stored record has it.
  for (const record of records) fold.take({ ...record, events: inWordsOfNow(record.events) as LogRecord['events'] })
  const plain = (row: object) => JSON.parse(JSON.stringify({ ...row, folded: undefined })) as unknown
  return Object.fromEntries(
    Object.entries(VIEWS).map(([name, view]) => [
      view,
      [...fold.changed[name as keyof typeof VIEWS].values()].map(plain),
    ]),
  )
}

/** Whatever the order. */
function same(one: Record<string, unknown[]>, other: Record<string, unknown[]>): void {
  const sorted = (rows: unknown[]) => rows.map(row => JSON.stringify(row, Object.keys(flat(row)).sort())).sort()
  const flat = (value: unknown): Record<string, true> =>
    Object.assign(
      {},
      ...Object.entries((value ?? {}) as object).map(([key, inner]) => ({
        [key]: true,
        ...(typeof inner === 'object' ? flat(inner) : {}),
      })),
    )
  for (const view of Object.keys(one)) assert.deepEqual(sorted(one[view]!), sorted(other[view]!), view)
}

const positionOf = async (region: string): Promise<number> =>
  (await owner.query('SELECT as_of_position FROM views.progress WHERE region = $1', [region])).rows[0]?.as_of_position

test('views come to what the log says, in whatever parts it comes, whichever process reads it', async () => {
  for (let from = 0; from < log.length; ) {
    const to = from + 1 + ((from * 7) % 61)
    await storeLog(owner, 'sim', log.slice(from, to))
    // Two at once, as two engines would.
    await Promise.all([newViews().catchUp(), newViews().catchUp()])
    from = to
  }
  assert.equal(await positionOf('sim'), log.length)
  const rows = await stored('sim')
  assert.ok(rows.trips!.length > 3 && rows.trip_times!.length > 20)
  same(rows, inMemory(log))
  assert.deepEqual(passedOver, [])
})

test('a rebuild beside engines that go on ends equal to what was there, row by row, and leaves nothing else', async () => {
  const before = await stored('sim')
  const told: number[] = []
  const onProgress = ({ position }: { position: number }) => told.push(position)
  const rebuilt = await rebuildViews({ database, scheduler: systemClock, onProgress }, 'sim')
  assert.deepEqual(rebuilt, { position: log.length, passedOver: 0 })
  assert.equal(told.at(-1), log.length)
  assert.deepEqual(await stored('sim'), before)
  const { rows } = await owner.query('SELECT DISTINCT run FROM views.trip_rows')
  assert.deepEqual(rows, [{ run: 2 }])
  assert.deepEqual((await owner.query('SELECT FROM views.rebuilds')).rows, [])
})

test('who reads while views are made anew reads what was there before, whole, also when the rebuild dies', async () => {
  const before = await stored('sim')
  const dies = new Error('the process died')
  const onProgress = async () => undefined
  let seen: Record<string, unknown[]> | null = null
  const dying = rebuildViews(
    {
      database,
      scheduler: systemClock,
      onProgress() {
        throw dies
      },
    },
    'sim',
  )
  await assert.rejects(dying, dies)
  // What it had begun stands beside the views until the next one.
  await owner.query(
    'INSERT INTO views.unit_rows SELECT (jsonb_populate_record(r, \'{"run": 3}\')).* FROM views.unit_rows r',
  )
  assert.deepEqual(await stored('sim'), before)
  const rebuilding = rebuildViews({ database, scheduler: systemClock, onProgress }, 'sim')
  seen = await stored('sim')
  await rebuilding
  assert.deepEqual(seen, before)
  assert.deepEqual(await stored('sim'), before)
})

test('of two rebuilds of a region the second is refused', async () => {
  const lock = "(hashtext('goldenhour views'), hashtext('sim'))"
  await owner.query(`SELECT pg_advisory_lock${lock}`)
  const again = () => rebuildViews({ database, scheduler: systemClock, onProgress: () => undefined }, 'sim')
  await assert.rejects(again(), RebuildUnderWay)
  await owner.query(`SELECT pg_advisory_unlock${lock}`)
  await again()
})

test('a rebuild takes its place although records come in all the while', async () => {
  const half = Math.floor(log.length / 2)
  await storeLog(owner, 'busy', log.slice(0, half))
  const views = newViews()
  await views.catchUp()
  let from = half
  const onProgress = () => undefined
  const engine = (async () => {
    for (; from < log.length; from += 3) {
      await storeLog(owner, 'busy', log.slice(from, from + 3))
      await views.catchUp()
    }
  })()
  await rebuildViews({ database, scheduler: systemClock, onProgress }, 'busy')
  await engine
  await views.catchUp()
  assert.equal(await positionOf('busy'), log.length)
  same(await stored('busy'), inMemory(log))
})

test('damaged and missing rows are named and passed over, and a thousand of them are kept', async () => {
  const wrong = Array.from({ length: 1_200 }, (_, index) => ({
    ...{ position: index + 10, recordedAtMs: 1, principal: 'system' },
    events: [{ type: 'TripBlessed', v: 1, entity: 'trip/T-1' } as unknown as DomainEvent],
  }))
  await storeLog(owner, 'torn', [...log.slice(0, 3), ...log.slice(4, 8), ...wrong])
  await owner.query("SET session_replication_role = 'replica'")
  await owner.query("UPDATE log.records SET checksum = 1 WHERE region = 'torn' AND position = 2")
  await owner.query('RESET session_replication_role')
  await newViews().catchUp()
  const { rows } = await owner.query(
    "SELECT position, event, why FROM views.passed_over WHERE region = 'torn' AND (event = -1 OR position = 10) ORDER BY 1",
  )
  assert.deepEqual(rows, [
    { position: 2, event: -1, why: 'position 2 is changed' },
    { position: 4, event: -1, why: 'position 4 is missing' },
    { position: 9, event: -1, why: 'position 9 is missing' },
    { position: 10, event: 0, why: 'this version knows no such event' },
  ])
  const progress = await owner.query("SELECT passed_over FROM views.progress WHERE region = 'torn'")
  assert.ok(progress.rows[0].passed_over >= 1_203)
  assert.equal((await owner.query("SELECT FROM views.passed_over WHERE region = 'torn'")).rowCount, 1_000)
})

test('a record that the tables cannot hold is passed over, and those beside it are taken', async () => {
  const records = log.slice(0, 40)
  const at = records.findIndex(({ events }) => events.some(({ type }) => type === 'CallEntered'))
  const events = records[at]!.events.map(event =>
    event.type === 'CallEntered' ? { ...event, receivedAtMs: 1e30 } : event,
  )
  await storeLog(owner, 'odd', [...records.slice(0, at), { ...records[at]!, events }, ...records.slice(at + 1)])
  await newViews().catchUp()
  assert.equal(await positionOf('odd'), 40)
  const { rows } = await owner.query("SELECT position, why FROM views.passed_over WHERE region = 'odd' AND event = -1")
  assert.equal(rows.length, 1)
  assert.equal(rows[0].position, records[at]!.position)
  assert.match(rows[0].why, /bigint|out of range/)
  assert.ok((await stored('odd')).units!.length > 0)
})

test('who waits for a position hears when the views have it, and not for longer than the limit', async () => {
  await storeLog(owner, 'late', log.slice(0, 5))
  const views = newViews()
  await views.waitFor('late', 5, 60_000)
  assert.equal(await positionOf('late'), 5)
  let isOver = false
  const waiting = views.waitFor('late', 6, 60_000).then(() => {
    isOver = true
  })
  await sleep(100)
  assert.equal(isOver, false)
  await storeLog(owner, 'late', log.slice(5, 6))
  await waiting
  // Nobody has made that one.
  await views.waitFor('late', 1_000, 50)
})

test('whoever has waited leaves no timer behind, which would keep a program from its end', async () => {
  await storeLog(owner, 'soon', log.slice(0, 5))
  const waiting = new Set<number>()
  let timers = 0
  const scheduler = {
    ...systemClock,
    after(delayMs: number, run: () => void) {
      const timer = ++timers
      waiting.add(timer)
      const cancel = systemClock.after(delayMs, () => {
        waiting.delete(timer)
        run()
      })
      return () => {
        waiting.delete(timer)
        cancel()
      }
    },
  }
  const views = new Views({ database, scheduler, onFailure: assert.fail, onPassedOver: assert.fail })
  await views.waitFor('soon', 5, 60_000)
  assert.equal(waiting.size, 0)
})
