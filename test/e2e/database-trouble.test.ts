/** What happens to the database happens to nobody's data: connections cut, the server stopped and started again. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ClientFault, DispatcherClient, DriverClient, Writes } from '../../src/client/index.ts'
import { SCENE, Site, until } from '../support/engine.ts'
import { startOwnServer } from '../support/postgres.ts'

const UNITS = ['A1', 'A2', 'A3']
const AKL = { akl: { mode: 'offered', units: UNITS } } as const
const CALL = { ...SCENE, priority: 2, needs: [{ levelOfCare: 'als', capabilities: [] }] } as const

test('connections terminated under load, again and again: nothing is lost or doubled, and the engine goes on', async t => {
  const site = await Site.make(t, AKL)
  await site.start()
  const work = await startWork(site)
  let connectionsCut = 0
  for (let round = 0; round < 8; round += 1) {
    const before = work.acknowledged.size
    await until('work is done', () => work.acknowledged.size > before + 20)
    const cut = await site.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND application_name LIKE 'goldenhour%' AND pid <> pg_backend_pid()`,
    )
    connectionsCut += cut.length
  }
  assert.ok(connectionsCut >= 16, `there were connections to cut, not ${connectionsCut}`)
  const before = work.acknowledged.size
  await until('work goes on', () => work.acknowledged.size > before + 20)
  await work.stop()
  await assertNothingLost(site, work)
  assert.equal(await site.metric('goldenhour_turn_failures_total'), 0)
})

test('Postgres stopped and started again: the engine waits, commands resume, nothing acknowledged is lost', async t => {
  const server = await startOwnServer()
  // The engine first, then its database: hooks run in the order in which they were given.
  const endings: (() => Promise<void>)[] = [() => server.end()]
  t.after(async () => {
    for (const end of endings.reverse()) await end()
  })
  const site = await Site.make({ after: run => endings.push(run) }, AKL, server.url)
  await site.start()
  const work = await startWork(site)
  await until('work is done', () => work.acknowledged.size > 20)
  await server.takeAway()
  // Told behind the last answer that anybody gets until the database is back.
  const stalled = () => [work.desk, ...work.crews].every(({ writes }) => writes.commands === 'stalled')
  await until('everybody is told that nothing is taken', stalled)
  const whenDown = work.acknowledged.size
  const desk = site.dispatcher()
  const entered = desk.enterCall(CALL, { id: 'while-down' })
  await assert.rejects(work.desk.enterCall(CALL, { retry: false }), { code: 'unavailable' }, 'while it is down')
  const read = await site.http('/v1/units/nearest?region=akl&lon=174.76&lat=-36.85')
  assert.equal(read.status, 503, 'a read that cannot be confirmed says so')
  assert.equal(read.body.code, 'unavailable')
  assert.equal((await site.http('/healthz')).status, 200)
  assert.equal(work.acknowledged.size, whenDown, 'nothing is acknowledged that cannot be stored')

  await server.bringBack()
  const { position } = await entered
  await until('work goes on', () => work.acknowledged.size > whenDown + 20)
  await work.stop()
  work.acknowledged.set('while-down', position)
  await assertNothingLost(site, work)
})

test('Postgres away for some seconds under load: each trouble is said once and when it is over, and shown as a metric', async t => {
  const server = await startOwnServer()
  const endings: (() => Promise<void>)[] = [() => server.end()]
  t.after(async () => {
    for (const end of endings.reverse()) await end()
  })
  const site = await Site.make({ after: run => endings.push(run) }, AKL, server.url)
  const engine = await site.spawn()
  const work = await startWork(site)
  await until('work is done', () => work.acknowledged.size > 20)
  const before = engine.logs.length
  await server.takeAway()
  await until('it is seen', async () => (await site.metric('goldenhour_trouble{trouble="leases"}')) === 1)
  for (let i = 0; i < 30; i += 1) {
    assert.equal((await site.http('/v1/units/nearest?region=akl&lon=174.76&lat=-36.85')).status, 503)
    await sleep(200)
  }
  const since = () => engine.logs.slice(before)
  for (const trouble of ['leases', 'writes', 'reference-data', 'access']) {
    await until(`${trouble} is said`, () => since().some(line => line.trouble === trouble))
  }
  const said = since().filter(({ level }) => level >= 40)
  // A lost connection and a refused one are two kinds of error; each of a trouble is said once.
  const kinds = new Set(said.map(({ trouble, error }) => `${trouble} ${String(error).split(':')[0]}`))
  assert.equal(said.length, kinds.size, JSON.stringify(said))
  assert.ok(said.length <= 14, `not ${said.length} lines`)
  assert.ok(JSON.stringify(said).length / said.length < 500, 'a line has no stack')
  await server.bringBack()
  const whenBack = work.acknowledged.size
  await until('work goes on', () => work.acknowledged.size > whenBack + 20)
  for (const trouble of ['leases', 'writes', 'reference-data', 'access']) {
    await until(`${trouble} is over`, () => engine.logs.some(line => line.trouble === trouble && line.level === 30))
    // On a slow machine another may begin meanwhile, and end.
    await until('it is shown', async () => (await site.metric(`goldenhour_trouble{trouble="${trouble}"}`)) === 0)
  }
  await work.stop()
  engine.signal('SIGTERM')
  assert.deepEqual(await engine.exited, { code: 0, signal: null })
})

for (const trouble of ['the table of records is locked', 'every backend stands still'] as const) {
  test(`while ${trouble} everybody is answered, and afterwards nothing is lost or doubled`, async t => {
    const site = await Site.make(t, AKL)
    await site.start()
    const work = await startWork(site)
    await until('work is done', () => work.acknowledged.size > 20)
    const writes: Writes[] = []
    work.desk.onWrites(news => writes.push(news))
    const end = trouble === 'every backend stands still' ? await stopBackends(site) : await lockRecords(site)
    try {
      await until('the console is told', () => work.desk.writes.commands === 'stalled')
      const refused = { code: 'unavailable' }
      await assert.rejects(work.desk.enterCall(CALL, { retry: false }), refused)
      await assert.rejects(work.crews[0]!.signOff({ retry: false }), refused)
      const posted = await site.http('/v1/calls', {
        method: 'POST',
        headers: { 'idempotency-key': 'over-http' },
        body: JSON.stringify({ ...SCENE, priority: 2, needs: CALL.needs }),
      })
      assert.deepEqual([posted.status, posted.body.code, posted.headers.get('retry-after')], [503, 'unavailable', '1'])
      if (trouble === 'every backend stands still') await assertAdministrationIsAnswered(site)
      const late = site.dispatcher()
      const { refusal } = await new Promise<ClientFault>(resolve => late.onFault(resolve))
      assert.equal(refusal?.code, 'unavailable', 'nor is a hello left without an answer')
    } finally {
      await end()
    }
    const before = work.acknowledged.size
    await until('work goes on', () => work.acknowledged.size > before + 20)
    await until('the console is told', () => work.desk.writes.commands === 'flowing')
    assert.ok(writes.length >= 2)
    await work.stop()
    await assertNothingLost(site, work)
  })
}

/** Those that get a connection that stands still are refused; a new one serves. */
async function assertAdministrationIsAnswered(site: Site): Promise<void> {
  const token = await site.token({ role: 'admin' })
  const requests = Array.from({ length: 12 }, () => site.http('/v1/users', { token }))
  for (const { status, body } of await Promise.all(requests)) {
    if (status !== 200)
      assert.deepEqual([status, body.code, body.details], [503, 'unavailable', { retryAfterMs: 1_000 }])
  }
}

async function lockRecords(site: Site): Promise<() => Promise<void>> {
  const holder = await site.session()
  await holder.query('BEGIN')
  await holder.query('LOCK TABLE log.records IN ACCESS EXCLUSIVE MODE')
  return async () => void (await holder.query('ROLLBACK'))
}

/** Only those that serve this engine: each file of tests has a database of its own. */
async function stopBackends(site: Site): Promise<() => Promise<void>> {
  const rows = await site.query<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity
     WHERE datname = current_database() AND application_name LIKE 'goldenhour%' AND pid <> pg_backend_pid()`,
  )
  for (const { pid } of rows) process.kill(pid, 'SIGSTOP')
  return async () => {
    for (const { pid } of rows) process.kill(pid, 'SIGCONT')
  }
}

interface Work {
  readonly acknowledged: Map<string, number>
  readonly crews: readonly DriverClient[]
  readonly desk: DispatcherClient
  stop(): Promise<void>
}

/** Crews that report fixes and change their status, and a desk that enters and cancels calls, until told to stop. */
async function startWork(site: Site): Promise<Work> {
  const desk = site.dispatcher()
  const crews = UNITS.map(unitId => site.driver(unitId))
  const acknowledged = new Map<string, number>()
  let isOver = false
  await Promise.all(crews.map(crew => crew.signOn()))
  const working = [
    ...crews.map(async crew => {
      for (let turn = 0; !isOver; turn += 1) {
        crew.report(SCENE)
        const { id, position } = await (turn % 2 === 0 ? crew.becomeUnavailable('break') : crew.becomeAvailable())
        acknowledged.set(id, position)
        await sleep(5)
      }
    }),
    (async () => {
      while (!isOver) {
        const { id, position, result } = await desk.enterCall(CALL)
        acknowledged.set(id, position)
        const cancelled = await desk.cancelTrip(result.tripIds[0]!, 'other')
        acknowledged.set(cancelled.id, cancelled.position)
      }
    })(),
  ]
  return {
    acknowledged,
    crews,
    desk,
    async stop() {
      isOver = true
      await Promise.all(working)
      await Promise.all(crews.map(crew => crew.mark()))
    },
  }
}

async function assertNothingLost(site: Site, { acknowledged, crews }: Work): Promise<void> {
  const log = await site.records()
  assert.deepEqual(
    log.map(({ position }) => position),
    log.map((_, index) => index + 1),
  )
  for (const [id, position] of acknowledged) {
    const found = log.filter(({ commandId }) => commandId === id)
    assert.deepEqual(
      found.map(record => record.position),
      [position],
      `${id} stands once`,
    )
  }
  const stored = await site.storedFixes()
  for (const crew of crews) {
    const seqs = stored.filter(({ streamId }) => streamId === crew.streamId).map(({ fix }) => fix.seq)
    assert.deepEqual(
      seqs,
      Array.from({ length: crew.lastSeq }, (_, index) => index + 1),
    )
  }
}
