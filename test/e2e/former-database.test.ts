/**
 * A database of an engine of before: of a shift before units stood down, before alarms had owners, and before an order had
 * its times by priority. `fixtures/former-database.txt` has a row a line, behind the name of its table.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import type { TripAlarm } from '../../src/domain/events/alarm-events.ts'
import { alike } from '../../src/domain/policy.ts'
import { Site } from '../support/engine.ts'

const ROWS = readFileSync(new URL('../fixtures/former-database.txt', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .map(line => ({ table: line.slice(0, line.indexOf(' ')), row: line.slice(line.indexOf(' ') + 1) }))

/** The trips of the shift, by what became of them. */
const TRIPS = {
  cancelledWithPatient: 'akl.8zg2oShJqcpNmSnb95I5T',
  withTheRelief: 'akl.YWKsuzcCpWcQ4LeWsqsWG',
  waiting: 'akl.F3VcxXW4K60CsV4f-Hqmp',
  cancelled: 'akl.eArsQvah6pG7evmUm5brf',
  closed: 'akl.2scZWWj_9TbgwIHH3S2Ij',
  taken: 'wlg.bW_19Hbubfe_j5JNvKykR',
}

/** An engine over that database. Input: the tables that are left out. */
async function started(t: TestContext, ...without: string[]): Promise<Site> {
  const site = await Site.make(t, {})
  const session = await site.session()
  await session.query('DELETE FROM reference.version')
  for (const { table, row } of ROWS) {
    if (without.includes(table)) continue
    // A region has its first policy by itself.
    // What a table has got since then stands at its default.
    const columns = Object.keys(JSON.parse(row) as object)
      .map(column => `"${column}"`)
      .join(', ')
    const values = `SELECT ${columns} FROM json_populate_record(null::${table}, $1)`
    await session.query(`INSERT INTO ${table} (${columns}) ${values} ON CONFLICT DO NOTHING`, [row])
  }
  await site.start()
  return site
}

async function shown(site: Site, path: string) {
  const region = path.includes('wlg') ? 'wlg' : 'akl'
  const { status, body } = await site.http(path, { token: await site.token({ regions: [region] }) })
  assert.equal(status, 200, `${path}: ${JSON.stringify(body)}`)
  return body
}

// What a snapshot of before holds is set aside, so both are read from the log.
for (const [how, without] of [
  ['was stopped in order', []],
  ['was killed', ['log.snapshots']],
] as const) {
  test(`an engine of before that ${how} left what this one goes on with`, async t => {
    const site = await started(t, ...without)
    const trip = (tripId: string) => shown(site, `/v1/trips/${tripId}`)
    const phases = await Promise.all(
      Object.entries(TRIPS).map(async ([name, tripId]) => {
        const { phase, unitId } = await trip(tripId)
        return [name, phase, unitId]
      }),
    )
    assert.deepEqual(phases, [
      ['cancelledWithPatient', 'cancelled', 'A1'],
      ['withTheRelief', 'en-route', 'A2'],
      ['waiting', 'pending', null],
      ['cancelled', 'cancelled', 'A4'],
      ['closed', 'closed', 'A4'],
      ['taken', 'assigned', 'W2'],
    ])
    assert.deepEqual((await trip(TRIPS.withTheRelief)).alarms, ['crew-relieved', 'app-lost'] satisfies TripAlarm[])
    const unit = async (unitId: string) => {
      const { status, unavailableReason, crew } = await shown(site, `/v1/units/${unitId}/state?region=akl`)
      return [status, unavailableReason, crew]
    }
    // It was free at once, although it had a patient, and although it was withdrawn at the scene: so it was meant then.
    assert.deepEqual(await unit('A1'), ['unavailable', 'break', 'quinn'])
    assert.deepEqual(await unit('A2'), ['en-route', null, 'sasha'])
    assert.deepEqual(await unit('A3'), ['unavailable', 'vehicle-fault', 'toni'])
    assert.deepEqual(await unit('A4'), ['off-duty', null, null])
    const token = await site.token({ sub: 'admin-1', role: 'admin', regions: [] })
    const { body } = await site.http('/v1/regions/akl/policy', { token })
    assert.deepEqual([body.version, body.policy.orderTimeoutMs], [2, alike(25_000)])
    const held = await site.http('/v1/quarantine?region=akl', { token })
    assert.deepEqual(held.body.items, [])
  })
}

test('alarms of before need nobody, and those that come from now on do', async t => {
  const site = await started(t)
  const desk = site.dispatcher()
  const opened = await new Promise<readonly string[]>(resolve => {
    desk.watchBoard({ onSnapshot: ({ alarms }) => resolve(alarms.map(({ alarmId }) => alarmId)), onEvents: () => {} })
  })
  assert.deepEqual(opened, [])
  await desk.withdrawUnit(TRIPS.withTheRelief, 'other')
  const { alarms } = await shown(site, `/v1/trips/${TRIPS.withTheRelief}`)
  // Its caller has waited since then, so there may be more.
  assert.ok(alarms.includes('round-exhausted') && !alarms.includes('app-lost'), JSON.stringify(alarms))
})
