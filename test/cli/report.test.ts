/** `goldenhour report`, as an operator runs it. */
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import type { OfferMade } from '../../src/domain/events/trip-events.ts'
import type { DomainEvent } from '../../src/domain/events.ts'
import { type Database, openClient, openDatabase } from '../../src/store/postgres/database.ts'
import { ReferenceStore } from '../../src/store/reference/reference-store.ts'
import { runHere } from '../support/command-line.ts'
import { testDatabase } from '../support/postgres.ts'
import { accepted, called, offered, reached } from '../support/scenario.ts'

let owned: Awaited<ReturnType<typeof testDatabase>>
let database: Database
const report = (...args: string[]) => runHere(['report', 'eta', ...args], { env: { DATABASE_URL: owned.url } })

before(async () => {
  owned = await testDatabase()
  database = openDatabase(owned.url)
  const reference = new ReferenceStore(database)
  for (const region of ['metro', 'quiet']) {
    await reference.addRegion({ region, name: region, timeZone: 'Pacific/Auckland', dispatchMode: 'ordered' })
  }
})
after(async () => {
  await database.destroy()
  await owned.drop()
})

const DECIDED_MS = Date.UTC(2026, 0, 5, 0, 30)
const DAY_MS = 86_400_000

/** The records of a unit that was to be there in 300 s and was there after so long. */
function day(number: number, realS: number): (readonly DomainEvent[])[] {
  const [tripId, unitId, offerId] = [`T-${number}`, `A${number}`, `O-${number}`]
  const decidedAtMs = DECIDED_MS + number * DAY_MS
  const order = offered(tripId, unitId, offerId, 'ordered') as OfferMade
  const candidates = [{ unitId, distanceM: 900, fixAgeMs: 0, levelOfCare: 'bls', etaMs: 300_000 } as const]
  const made = { ...order, offeredAtMs: decidedAtMs, decision: { ...order.decision, candidates } }
  const there = { ...reached(tripId, unitId, 'on-scene'), happenedAtMs: decidedAtMs + realS * 1_000 } as DomainEvent
  return [called([tripId]), [made], [accepted(tripId, unitId, offerId)], [there]]
}

/** As the log keeps them; nothing vouches for the rows, as for those of before checksums. */
async function store(records: readonly (readonly DomainEvent[])[]): Promise<void> {
  const client = await openClient(owned.url, { applicationName: 'goldenhour test' })
  await client.query("SET session_replication_role = 'replica'")
  for (const [index, events] of records.entries()) {
    const atMs = DECIDED_MS + Math.floor(index / 4) * DAY_MS
    await client.query(
      "INSERT INTO log.records (region, position, recorded_at_ms, epoch, principal, events) VALUES ('metro', $1, $2, 1, 'desk', $3)",
      [index + 1, atMs, JSON.stringify(events)],
    )
  }
  await client.end()
}

test('an operator is told how true the predicted arrivals were, by hour, priority and siren, from a moment on', async () => {
  const silent = await report('--region', 'quiet')
  assert.deepEqual([silent.code, silent.stdout], [0, 'No unit with a predicted time has arrived.\n'])
  await store([...day(0, 300), ...day(1, 360), ...day(2, 900)])
  const all = await report('--region', 'metro', '--since', '2026-01-01')
  assert.equal(
    all.stdout,
    [
      'group\tarrivals\tbias s\tmedian s\tp50 s\tp90 s\twithin\treal/predicted',
      'all\t3\t220\t60\t60\t600\t67 %\t1.20',
      'hour 13\t3\t220\t60\t60\t600\t67 %\t1.20',
      'priority 1\t3\t220\t60\t60\t600\t67 %\t1.20',
      'siren\t3\t220\t60\t60\t600\t67 %\t1.20',
      '',
    ].join('\n'),
  )
  const later = await report(
    '--region',
    'metro',
    '--since',
    '2026-01-06',
    '--json',
    '--siren',
    'none',
    '--interval',
    '1-4',
  )
  const { groups } = JSON.parse(later.stdout) as {
    groups: { group: string; truth: { arrivals: number; coverage: number } }[]
  }
  assert.deepEqual(
    groups.map(({ group, truth }) => [group, truth.arrivals, truth.coverage]),
    [
      ['all', 2, 1],
      ['hour 13', 2, 1],
      ['priority 1', 2, 1],
      ['no siren', 2, 1],
    ],
  )
})

test('what cannot be meant is refused with what to write', async () => {
  for (const [args, told] of [
    [['--region', 'nowhere'], /There is no region nowhere/],
    [['--region', 'metro', '--since', 'yesterday'], /Write a date such as/],
    [['--region', 'metro', '--interval', '2-1'], /two multiples of the predicted time/],
    [['--region', 'metro', '--siren', '9'], /Write some of 1,2,3,4,5/],
    [[], /--region/],
  ] as const) {
    const { code, stderr } = await report(...args)
    assert.notEqual(code, 0)
    assert.match(stderr, told)
  }
})
