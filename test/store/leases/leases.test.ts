/** The rules of leases, run over both tables; the one that only a real server can break comes last. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import type { Scheduler } from '../../../src/base/time.ts'
import type { ForeignLease, LeaseTable } from '../../../src/store/leases/lease-table.ts'
import { Leases } from '../../../src/store/leases/leases.ts'
import { MemoryLeaseTable } from '../../../src/store/leases/memory-lease-table.ts'
import { PostgresLeaseTable } from '../../../src/store/leases/postgres-lease-table.ts'
import { openClient } from '../../../src/store/postgres/database.ts'
import { testDatabase } from '../../support/postgres.ts'
import { HANGS_MS } from '../../support/within.ts'

const scheduler: Scheduler = {
  monotonicMs: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  },
}
/** No renewal comes within a test that does not wait for one. */
const RARELY = 60_000
/** No statement may take longer than a lease lasts, so this is more than one takes on a busy machine. */
const SHORT = 600
/** Longer than a machine stands still. */
const LEASE_MS = 10_000
const HOUR_MS = 3_600_000

let database: Awaited<ReturnType<typeof testDatabase>>
let monitor: pg.Client
before(async () => {
  database = await testDatabase()
  monitor = await openClient(database.url, { applicationName: 'test' })
})
after(async () => {
  await Promise.all(running.map(leases => leases.stop()))
  await monitor.end()
  await database.drop()
})

const running: Leases[] = []
let processes = 0
type Process = ReturnType<typeof startProcess>
function startProcess(
  table: LeaseTable,
  options: { leaseMs?: number; renewEveryMs?: number; scheduler?: Scheduler; ended?: string } = {},
) {
  const node = `node-${++processes}`
  const lost: string[] = []
  const failed: string[] = []
  const leases = new Leases({
    table,
    scheduler: options.scheduler ?? scheduler,
    node,
    processIncarnation: `run of ${node}`,
    hasEnded: incarnation => Promise.resolve(incarnation === options.ended),
    handlers: { onLost: region => lost.push(region), onRenewalFailed: error => failed.push(error.name) },
    leaseMs: options.leaseMs ?? LEASE_MS,
    renewEveryMs: options.renewEveryMs ?? RARELY,
  })
  running.push(leases)
  return { leases, node, lost, failed }
}
/** Renewals are not made until the test lets them: however slow the machine is, none comes before. */
function heldRenewals() {
  const RENEW_EVERY_MS = 100
  let letGo = () => {}
  const gate = new Promise<void>(resolve => {
    letGo = resolve
  })
  const held: Scheduler = {
    ...scheduler,
    after(delayMs, run) {
      const isRenewal = delayMs === RENEW_EVERY_MS
      return scheduler.after(delayMs, isRenewal ? () => void gate.then(run) : run)
    },
  }
  return { options: { scheduler: held, renewEveryMs: RENEW_EVERY_MS }, letGo: () => letGo() }
}

const until = async (region: string): Promise<number> => {
  const { rows } = await monitor.query('SELECT until FROM log.region_lease WHERE region = $1', [region])
  return rows[0].until.getTime()
}

/** Of the table in memory. */
let clockAheadMs = 0
const inMemory = new MemoryLeaseTable(() => performance.timeOrigin + performance.now() + clockAheadMs)
interface Tried {
  table(): LeaseTable
  /** Leaves the leases of the regions as they are once the table's clock was set ahead, or back by a negative number. */
  setClock(byMs: number, regions: readonly string[]): Promise<void>
}
const tables: Record<string, Tried> = {
  'in Postgres': {
    table: () => new PostgresLeaseTable(database.engineUrl),
    // A server has the clock of its machine, so here its leases move and not the clock: all that counts is their distance.
    async setClock(byMs, regions) {
      const moved = "UPDATE log.region_lease SET until = until - $1 * interval '1 ms' WHERE region = ANY ($2)"
      await monitor.query(moved, [byMs, regions])
    },
  },
  'in memory': {
    table: () => inMemory,
    async setClock(byMs) {
      clockAheadMs += byMs
    },
  },
}

for (const [where, tried] of Object.entries(tables)) {
  describe(where, () => rules(options => startProcess(tried.table(), options), tried))
}

function rules(process: (options?: Parameters<typeof startProcess>[1]) => Process, { table, setClock }: Tried): void {
  /** What a process leaves behind that was killed: its leases, and nobody who renews them. */
  async function leaseOfDeadProcess(region: string, leaseMs: number): Promise<void> {
    const dead = table()
    assert.equal(await dead.take([region], { node: 'dead', processIncarnation: `dead of ${region}` }, leaseMs), 'taken')
    await dead.cut()
  }

  /** So many lengths of a lease pass for the table, each in two halves, and its holder makes up for each before the next. */
  async function isRenewedFor(lengths: number, other: Process, regions: readonly string[]): Promise<void> {
    for (let half = 0; half < 2 * lengths; half += 1) {
      await setClock(LEASE_MS / 2, regions)
      for (;;) {
        const foreign = await other.leases.take([regions[0]!])
        assert.ok(foreign !== 'taken', 'it has lapsed')
        assert.ok(foreign.remainingMs <= LEASE_MS, `${foreign.remainingMs} ms are left`)
        if (foreign.remainingMs > 0.75 * LEASE_MS) break
        await sleep(5)
      }
    }
  }

  test('a free region is taken, and then held', async () => {
    const { leases } = process()
    assert.equal(leases.holds('free'), false)
    assert.equal(await leases.take(['free']), 'taken')
    assert.equal(leases.holds('free'), true)
  })

  test('a live lease of another process is answered with its owner, and none of the regions is taken', async () => {
    const one = process()
    const two = process()
    await one.leases.take(['b1'])
    const foreign = (await two.leases.take(['b0', 'b1', 'b2'])) as ForeignLease
    assert.equal(foreign.region, 'b1')
    assert.equal(foreign.node, one.node)
    assert.equal(foreign.processIncarnation, `run of ${one.node}`)
    assert.ok(foreign.remainingMs > 5_000 && foreign.remainingMs <= 10_000)
    assert.equal(two.leases.holds('b0'), false)
    assert.equal(await one.leases.take(['b0', 'b2']), 'taken')
  })

  test('the lease of a process that has ended for certain is free at once, and that of any other is not', async () => {
    await leaseOfDeadProcess('ended', LEASE_MS)
    const one = process()
    await one.leases.take(['live'])
    const next = process({ ended: 'dead of ended' })
    const foreign = (await next.leases.take(['ended', 'live'])) as ForeignLease
    assert.equal(foreign.node, one.node, 'who lives keeps its lease')
    assert.equal(await next.leases.take(['ended']), 'taken')
    assert.equal(next.leases.holds('ended'), true)
  })

  test('a lease that lapsed is free', async () => {
    await leaseOfDeadProcess('lapsed', 0)
    assert.equal(await process().leases.take(['lapsed']), 'taken')
  })

  test('a process takes again what it has', async () => {
    const { leases } = process()
    const endAsOthersSeeIt = async () => ((await process().leases.take(['again'])) as ForeignLease).until.getTime()
    await leases.take(['again'])
    const first = await endAsOthersSeeIt()
    await sleep(20)
    assert.equal(await leases.take(['again']), 'taken')
    assert.ok((await endAsOthersSeeIt()) > first)
  })

  test('a lease outlives its length as long as it is renewed', async () => {
    const { leases, lost } = process({ renewEveryMs: 50 })
    await leases.take(['renewed', 'renewed2'])
    await isRenewedFor(2, process(), ['renewed2', 'renewed'])
    assert.equal(leases.holds('renewed'), true)
    assert.deepEqual(lost, [])
  })

  test('a lease that is not renewed is no longer held, before another can take it', async () => {
    const { leases } = process({ leaseMs: SHORT })
    await leases.take(['short'])
    const other = process()
    while ((await other.leases.take(['short'])) !== 'taken') await sleep(5)
    assert.equal(leases.holds('short'), false)
  })

  test('a process whose lapsed lease was taken hears of it once and does not take it back', async () => {
    const renewals = heldRenewals()
    const slow = process({ leaseMs: SHORT, ...renewals.options })
    await slow.leases.take(['stolen'])
    const other = process()
    while ((await other.leases.take(['stolen'])) !== 'taken') await sleep(5)
    renewals.letGo()
    while (slow.lost.length === 0) await sleep(20)
    await sleep(SHORT)
    assert.deepEqual(slow.lost, ['stolen'])
    assert.equal(slow.leases.holds('stolen'), false)
    assert.equal(other.leases.holds('stolen'), true)
  })

  test('a stopped process gives its leases back', async () => {
    const { leases } = process()
    await leases.take(['given', 'given2'])
    await leases.stop()
    assert.equal(leases.holds('given'), false)
    assert.equal(await process().leases.take(['given', 'given2']), 'taken')
  })

  test('leases of dead processes that a clock set back has left hours ahead are had after one length', async () => {
    const regions = ['ahead', 'ahead2']
    for (const region of regions) await leaseOfDeadProcess(region, SHORT)
    await setClock(-3 * HOUR_MS, regions)
    const { leases } = process({ leaseMs: SHORT })
    const askedMs = performance.now()
    const foreign = (await leases.take(regions)) as ForeignLease
    assert.equal(foreign.processIncarnation, `dead of ${foreign.region}`)
    assert.ok(foreign.remainingMs <= SHORT, `${foreign.remainingMs} ms are left`)
    while ((await leases.take(regions)) !== 'taken') {
      assert.ok(performance.now() - askedMs < HANGS_MS, 'another length is begun each time')
      await sleep(5)
    }
    // Two clocks measure: the table's and this one.
    assert.ok(performance.now() - askedMs >= SHORT - 10)
  })

  test('a living process keeps the lease that a clock set back has left hours ahead', async () => {
    const living = process({ renewEveryMs: 50 })
    await living.leases.take(['ahead and renewed'])
    await setClock(-3 * HOUR_MS, ['ahead and renewed'])
    const other = process()
    const foreign = (await other.leases.take(['ahead and renewed'])) as ForeignLease
    assert.equal(foreign.node, living.node)
    assert.ok(foreign.remainingMs <= LEASE_MS, `${foreign.remainingMs} ms are left`)
    await isRenewedFor(2, other, ['ahead and renewed'])
    assert.equal(living.leases.holds('ahead and renewed'), true)
    assert.deepEqual(living.lost, [])
  })

  test('who is refused shortens no lease that lasts no longer than its length', async () => {
    await process().leases.take(['whole'])
    const other = process().leases
    const [first, second] = [await other.take(['whole']), await other.take(['whole'])] as ForeignLease[]
    assert.deepEqual(first!.until, second!.until)
  })

  test('a lease that a clock set ahead lets another take is lost to its holder at the next renewal', async () => {
    const renewals = heldRenewals()
    const holder = process(renewals.options)
    await holder.leases.take(['passed over'])
    await setClock(3 * HOUR_MS, ['passed over'])
    const other = process()
    assert.equal(await other.leases.take(['passed over']), 'taken')
    // The fence of the log keeps out what the holder writes until then.
    renewals.letGo()
    while (holder.lost.length === 0) await sleep(20)
    assert.equal(holder.leases.holds('passed over'), false)
    assert.equal(other.leases.holds('passed over'), true)
  })
}

test('a renewal that finds its connection gone is made again on a new one', async () => {
  const { leases, failed } = startProcess(new PostgresLeaseTable(database.engineUrl), {
    leaseMs: 2_000,
    renewEveryMs: 50,
  })
  await leases.take(['cut'])
  const before = await until('cut')
  await monitor.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE application_name = 'goldenhour leases' AND query LIKE 'WITH%' AND datname = current_database()`,
  )
  while ((await until('cut')) <= before) await sleep(20)
  assert.ok(failed.length <= 1, `${failed}`)
  assert.equal(leases.holds('cut'), true)
})

test('a renewal and a release lock rows in the order of regions, as a taking does, however they lie in the table', async () => {
  const holder = { node: 'holder', processIncarnation: 'holder of order' }
  const regions = ['order a', 'order b']
  const table = new PostgresLeaseTable(database.engineUrl)
  for (const region of regions.toReversed()) await table.take([region], holder, 10_000)
  const lock = (region: string) =>
    monitor.query('SELECT FROM log.region_lease WHERE region = $1 FOR UPDATE NOWAIT', [region])
  const waiting = `SELECT FROM pg_locks WHERE NOT granted
    AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())`
  for (const act of [
    () => table.renew(regions, holder.processIncarnation, 10_000),
    () => table.release(regions, holder.processIncarnation),
  ]) {
    await monitor.query('BEGIN')
    await lock('order a')
    const acted = act()
    while ((await monitor.query(waiting)).rowCount === 0) await sleep(5)
    // It waits for the first row, so it has not got the second yet: nobody can come to wait for each other.
    await lock('order b')
    await monitor.query('COMMIT')
    await acted
  }
  await table.cut()
})

test('a table that hangs is given up after the length of a lease, and the next statement gets its turn', async () => {
  const memory = new MemoryLeaseTable()
  let hangs = true
  let cuts = 0
  const table: LeaseTable = {
    take: (...asked) => (hangs ? new Promise(() => {}) : memory.take(...asked)),
    renew: (...asked) => memory.renew(...asked),
    release: (...asked) => memory.release(...asked),
    cut: async () => void cuts++,
  }
  const { leases } = startProcess(table, { leaseMs: 100 })
  const first = leases.take(['hung'])
  const second = leases.take(['hung'])
  await assert.rejects(first, { name: 'StoreUnavailable' })
  assert.equal(cuts, 1)
  hangs = false
  await assert.rejects(second, { name: 'StoreUnavailable' })
  assert.equal(await leases.take(['hung']), 'taken')
})
