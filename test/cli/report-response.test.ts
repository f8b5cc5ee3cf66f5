/** `goldenhour report response`, as an operator runs it. */
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { systemClock } from '../../src/base/time.ts'
import type { DomainEvent } from '../../src/domain/events.ts'
import { openClient, openDatabase } from '../../src/store/postgres/database.ts'
import { ReferenceStore } from '../../src/store/reference/reference-store.ts'
import { Views } from '../../src/store/views/views-follower.ts'
import { runHere } from '../support/command-line.ts'
import { testDatabase } from '../support/postgres.ts'
import { accepted, called, offered, onDuty, reached } from '../support/scenario.ts'
import { storeLog } from '../support/stored-log.ts'

let owned: Awaited<ReturnType<typeof testDatabase>>
const report = (...args: string[]) =>
  runHere(['report', 'response', '--region', 'metro', ...args], { env: { DATABASE_URL: owned.engineUrl } })
/** The first day of March in Auckland begins then. */
const MARCH_MS = Date.UTC(2026, 1, 28, 11)

before(async () => {
  owned = await testDatabase()
  const database = openDatabase(owned.url)
  const region = { region: 'metro', name: 'Metro', timeZone: 'Pacific/Auckland', dispatchMode: 'ordered' } as const
  await new ReferenceStore(database).addRegion(region)
  const owner = await openClient(owned.url, { applicationName: 'goldenhour test' })
  const records: DomainEvent[][] = [onDuty('A1'), onDuty('A2')]
  // One of the last minute of February, one of the first of March; each unit takes 8:40.
  for (const [unit, receivedAtMs] of [
    ['A1', MARCH_MS - 60_000],
    ['A2', MARCH_MS],
  ] as const) {
    const [trip, offer] = [`T-${unit}`, `O-${unit}`]
    records.push(called([trip]).map(event => ({ ...event, receivedAtMs }) as DomainEvent))
    records.push([offered(trip, unit, offer, 'ordered')], [accepted(trip, unit, offer)])
    records.push([{ ...reached(trip, unit, 'on-scene'), happenedAtMs: receivedAtMs + 520_000 } as DomainEvent])
  }
  await storeLog(
    owner,
    'metro',
    records.map((events, index) => ({ position: index + 1, recordedAtMs: MARCH_MS, principal: 'desk', events })),
  )
  const onFailure = (error: Error) => assert.fail(error)
  await new Views({ database, scheduler: systemClock, onFailure, onPassedOver: () => assert.fail() }).catchUp()
  await owner.end()
  await database.destroy()
})
after(() => owned.drop())

const MARCH = ['--from', '2026-03-01', '--to', '2026-04-01']

test('responses are held against a limit by the local days of the region', async () => {
  const { stdout } = await report('--limit', '8m', ...MARCH)
  assert.equal(
    stdout,
    [
      'priority\tcalls\tsamples\twithin\tshare\tmet\tp90\tp50\tp90\tlongest\tcancelled\topen\tunknown',
      'all\t1\t1\t0\t0.0 %\tno\t8:40\t8:40\t8:40\t8:40\t0\t0\t0',
      '1\t1\t1\t0\t0.0 %\tno\t8:40\t8:40\t8:40\t8:40\t0\t0\t0',
      '',
    ].join('\n'),
  )
  const rounded = await report('--limit', '8m', '--rounding', 'down', '--json', ...MARCH)
  const { figures, ...asked } = JSON.parse(rounded.stdout)
  assert.deepEqual([figures[0].within, figures[0].isMet, figures[0].fractileMs], [1, true, 480_000])
  assert.deepEqual([asked.rounding, asked.limitMs, asked.share, asked.start], ['down', 480_000, 0.9, 'received'])
  const both = await report('--limit', '8:40', '--from', '2026-02-28', '--to', '2026-03-01T00:10', '--percent', '100')
  assert.match(both.stdout, /^all\t2\t2\t2\t100\.0 %\tyes/m)
  const elsewhere = await report('--limit', '520s', '--zone', '0,0 1,0 1,1', ...MARCH)
  assert.match(elsewhere.stdout, /^all\t0\t0\t0\t-\t-\t-/m)
})

test('what cannot be meant is refused with what to write', async () => {
  for (const [args, told] of [
    [['--limit', 'soon', ...MARCH], /Write 8m, 8:59 or 539s/],
    [['--limit', '8m', '--from', 'March', '--to', '2026-04-01'], /Write a day such as/],
    [['--limit', '8m', '--from', '2026-04-01', '--to', '2026-03-01'], /--to is not later than --from/],
    [['--limit', '8m', ...MARCH, '--zone', '1,2'], /three corners or more/],
    [['--limit', '8m', ...MARCH, '--start', 'never'], /received, entered, notified/],
    [['--limit', '8m', ...MARCH, '--priority', '9'], /Write some of 1,2,3,4,5/],
    [['--limit', '8m', ...MARCH, '--percent', '0'], /a number above 0/],
    [['--limit', '8m', ...MARCH, '--region', 'nowhere'], /There is no region nowhere/],
  ] as const) {
    const { code, stderr } = await report(...args)
    assert.notEqual(code, 0)
    assert.match(stderr, told)
  }
})
