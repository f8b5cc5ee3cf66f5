/**
 * The database of the first release, 0.1.0, as it left it after a shift: this version brings it to its schema, reads all of it,
 * says of it what that one said, and goes on with it.
 *
 * `fixtures/released-0.1.0.json.gz` was made by that release: the steps of its schema, every row, and what it answered when it was
 * asked at last.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { openClient } from '../../src/store/postgres/database.ts'
import { migrate } from '../../src/store/postgres/migrate.ts'
import { runHere } from '../support/command-line.ts'
import { ADMIN_PASSWORD, Site } from '../support/engine.ts'
import { emptyDatabase } from '../support/postgres.ts'

interface Trip {
  readonly tripId: string
  readonly callId: string
  readonly details: unknown
  readonly times: Readonly<Record<string, number>>
  readonly [field: string]: unknown
}
const TRIPS = ['whole', 'cancelled', 'under', 'waiting', 'taken'] as const
interface Released {
  readonly version: string
  readonly steps: readonly { readonly name: string; readonly sql: string }[]
  readonly rows: readonly (readonly [table: string, row: string])[]
  readonly told: Readonly<Record<(typeof TRIPS)[number], Trip>> & { readonly deviceKey: string }
}
const released: Released = JSON.parse(
  gunzipSync(readFileSync(new URL('../fixtures/released-0.1.0.json.gz', import.meta.url))).toString('utf8'),
)
const { told } = released

/** As that release left it. Output: the URL of its owner. */
async function leftDatabase(t: TestContext, without: readonly string[]): Promise<string> {
  const { url, drop } = await emptyDatabase()
  t.after(() => drop())
  const session = await openClient(url, { applicationName: 'goldenhour test' })
  await session.query(`CREATE SCHEMA goldenhour; CREATE TABLE goldenhour.migrations (
    name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())`)
  for (const { name, sql } of released.steps) {
    await session.query(sql)
    await session.query('INSERT INTO goldenhour.migrations (name) VALUES ($1)', [name])
  }
  // Those that its steps filled with a row; and in whatever order they refer to each other.
  await session.query(`SET session_replication_role = 'replica';
    DELETE FROM reference.version; DELETE FROM auth.version; DELETE FROM audit.head`)
  for (const [table, row] of released.rows) {
    if (without.includes(table)) continue
    const columns = Object.keys(JSON.parse(row) as object).filter(column => column !== 'name_key')
    const list = columns.map(column => `"${column}"`).join(', ')
    const values = `SELECT ${list} FROM json_populate_record(null::${table}, $1)`
    await session.query(`INSERT INTO ${table} (${list}) OVERRIDING SYSTEM VALUE ${values}`, [row])
  }
  await session.end()
  return url
}

const factsOf = ({ phase, priority, problem, unitId, missed, disposition, cancelReason, details, ...rest }: Trip) => ({
  ...{ phase, priority, problem, unitId, missed, disposition, cancelReason, details },
  ...{ tripId: rest.tripId, callId: rest.callId, receivedAtMs: rest.receivedAtMs },
})

for (const [how, without] of [
  ['was stopped in order', ['log.region_lease']],
  ['was killed', ['log.region_lease', 'log.snapshots']],
] as const) {
  test(`what an engine of the first release that ${how} has left is read, and gone on with`, async t => {
    const url = await leftDatabase(t, without)
    assert.equal((await migrate(url)).includes('0011-functions'), true)
    const verified = await runHere(['verify'], { env: { DATABASE_URL: url } })
    assert.deepEqual([verified.code, verified.stdout], [0, ''], verified.stdout)
    const audit = await runHere(['audit', 'verify'], { env: { DATABASE_URL: url } })
    assert.deepEqual([audit.code, audit.stderr], [0, ''])

    const site = await Site.make(t, {}, url)
    const engine = await site.start()
    const asked = async (path: string, region = 'akl') => {
      const { status, body } = await site.http(path, { token: await site.token({ regions: [region] }) })
      assert.equal(status, 200, `${path}: ${JSON.stringify(body)}`)
      return body
    }
    for (const name of TRIPS) {
      const then = told[name]
      const now: Trip = await asked(`/v1/trips/${then.tripId}`, name === 'taken' ? 'wlg' : 'akl')
      assert.deepEqual(factsOf(now), factsOf(then), name)
      for (const [phase, atMs] of Object.entries(then.times)) assert.equal(now.times[phase], atMs, `${name} ${phase}`)
    }
    const unit = async (unitId: string) => {
      const { status, unavailableReason, crew, transports } = await asked(`/v1/units/${unitId}/state?region=akl`)
      return [status, unavailableReason, crew, transports]
    }
    assert.deepEqual(await unit('A1'), ['unavailable', 'break', 'crew-A1', true])
    assert.deepEqual(await unit('A2'), ['en-route', null, 'crew-A2', true])
    assert.deepEqual(await unit('A3'), ['unavailable', 'vehicle-fault', 'crew-A3', true])
    assert.deepEqual(await unit('A4'), ['off-duty', null, null, false])

    await goesOn(site)
    await engine.stop()
    const after = await runHere(['verify'], { env: { DATABASE_URL: url } })
    assert.deepEqual([after.code, after.stdout], [0, ''])
  })
}

/** People and programs of then get in, and the crew that was under way ends its trip. */
async function goesOn(site: Site): Promise<void> {
  const body = JSON.stringify({ user: 'admin', password: ADMIN_PASSWORD })
  const headers = { 'content-type': 'application/json' }
  assert.equal((await site.http('/v1/auth/login', { method: 'POST', headers, body })).status, 200)
  const crew = site.driver('A2')
  await crew.opened()
  const { tripId } = told.under
  assert.equal(crew.driver!.trip?.tripId, tripId)
  await crew.reportPhase(tripId, 'on-scene')
  await crew.closeTrip(tripId, 'treated-on-scene')
  const desk = site.dispatcher()
  // And new work comes.
  const { result } = await desk.enterCall({
    ...{ lonDeg: 174.76, latDeg: -36.85, priority: 5 },
    needs: [{ levelOfCare: 'als', capabilities: [] }],
  })
  await desk.cancelCall(result.callId, 'entered-in-error')
}
