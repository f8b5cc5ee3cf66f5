/** Lists and searches over HTTP, over a database that has the log of a simulated shift. */
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { sql } from 'kysely'
import type { LogRecord } from '../../../src/store/log/journal.ts'
import { openClient } from '../../../src/store/postgres/database.ts'
import { simulatedLog } from '../../support/simulated-log.ts'
import { storeLog } from '../../support/stored-log.ts'
import { callerOf, type Site, startSite } from './site.ts'

let site: Site
let log: readonly LogRecord[]
const endings: (() => unknown)[] = []
const LATE = 3

before(async () => {
  log = await simulatedLog(72, 'akl', 0.8)
  site = await startSite({ after: (end: () => unknown) => void endings.push(end) } as Parameters<typeof startSite>[0])
  const owner = await openClient(site.ownerUrl, { applicationName: 'goldenhour test' })
  endings.unshift(() => owner.end())
  await storeLog(owner, 'akl', log.slice(0, -LATE))
  add = async records => storeLog(owner, 'akl', records)
  said = async (callId, notes, note) => {
    await owner.query('INSERT INTO log.call_details (region, call_id, caller_name, notes) VALUES ($1, $2, $3, $4)', [
      ...['akl', callId, 'Aroha', notes],
    ])
    await owner.query(
      "INSERT INTO log.call_notes (region, call_id, note_no, author, noted_at_ms, text) VALUES ('akl', $1, 1, 'desk', 1, $2)",
      [callId, note],
    )
  }
})
let add: (records: readonly LogRecord[]) => Promise<void>
let said: (callId: string, notes: string, note: string) => Promise<void>
after(async () => {
  for (const end of endings) await end()
})

const desk = callerOf('dispatcher')
const ask = (path: string, caller = desk) => site.ask(path, { caller })
/** Every item of every page. */
async function all(path: string, limit: number): Promise<Record<string, unknown>[]> {
  const items: Record<string, unknown>[] = []
  for (let next: string | null = ''; next !== null; ) {
    const cursor: string = next === '' ? '' : `&cursor=${encodeURIComponent(next)}`
    const { status, body, headers } = await ask(`${path}${path.includes('?') ? '&' : '?'}limit=${limit}${cursor}`)
    assert.equal(status, 200, JSON.stringify(body))
    assert.equal(headers.has('link'), body.next !== null)
    assert.ok(body.items.length <= limit)
    items.push(...body.items)
    next = body.next
  }
  return items
}
const stored = async (view: 'calls' | 'trips' | 'units', order: string): Promise<Record<string, unknown>[]> =>
  (
    await sql<Record<string, unknown>>`SELECT * FROM ${sql.table(`views.${view}`)} ORDER BY ${sql.raw(order)}`.execute(
      site.database,
    )
  ).rows
const ids = (items: readonly Record<string, unknown>[], name: string) => items.map(item => item[name])

test('a list waits for the position that it is to have, says which it has, and does not wait for ever', async () => {
  const end = log.length - LATE
  const first = await ask(`/v1/trips?after=${end}`)
  assert.equal(first.body.asOfPosition, end)
  const waiting = ask(`/v1/trips?after=${end + LATE}`)
  await add(log.slice(-LATE))
  assert.equal((await waiting).body.asOfPosition, end + LATE)
  // Nobody has made that one: the list is told as it is.
  assert.equal((await ask(`/v1/trips?after=${end + 100}`)).body.asOfPosition, end + LATE)
})

test('pages go through every call, trip and unit once, in order, whatever their size', async () => {
  const [calls, trips, units] = await Promise.all([
    stored('calls', 'entered_position DESC, call_id DESC'),
    stored('trips', 'created_position DESC, trip_id DESC'),
    stored('units', 'unit_id'),
  ])
  assert.ok(calls.length > 4 && trips.length > 4)
  for (const limit of [1, 2, 500]) {
    assert.deepEqual(ids(await all('/v1/calls', limit), 'callId'), ids(calls, 'call_id'))
    assert.deepEqual(ids(await all('/v1/trips', limit), 'tripId'), ids(trips, 'trip_id'))
    assert.deepEqual(
      ids(await all('/v1/units/states', limit), 'unitId'),
      ids(
        units.filter(({ retired }) => !retired),
        'unit_id',
      ),
    )
  }
})

test('a list is narrowed by status, priority, time and place', async () => {
  const trips = await stored('trips', 'created_position DESC, trip_id DESC')
  const [one] = trips.slice(-2)
  const [lon, lat] = [Number(one!.lon_deg), Number(one!.lat_deg)]
  const middle = Number(trips[Math.floor(trips.length / 2)]!.received_at_ms)
  const narrowed: [string, (trip: Record<string, unknown>) => boolean][] = [
    ['status=closed', trip => trip.phase === 'closed'],
    ['status=pending,cancelled', trip => ['pending', 'cancelled'].includes(trip.phase as string)],
    ['priority=1,2', trip => Number(trip.priority) <= 2],
    [`fromMs=${middle}`, trip => Number(trip.received_at_ms) >= middle],
    [`fromMs=0&toMs=${middle}`, trip => Number(trip.received_at_ms) < middle],
    [
      `bbox=${[lon - 0.0001, lat - 0.0001, lon + 0.0001, lat + 0.0001].map(each => each.toFixed(6))}`,
      trip => Math.abs(Number(trip.lon_deg) - lon) <= 0.0001 && Math.abs(Number(trip.lat_deg) - lat) <= 0.0001,
    ],
    // From the far side of the antimeridian round to the near one.
    [`bbox=${(lon + 1).toFixed(6)},-90,${(lon - 1).toFixed(6)},90`, trip => Math.abs(Number(trip.lon_deg) - lon) > 1],
  ]
  for (const [query, fits] of narrowed) {
    assert.deepEqual(ids(await all(`/v1/trips?${query}`, 3), 'tripId'), ids(trips.filter(fits), 'trip_id'), query)
  }
  const units = await stored('units', 'unit_id')
  const free = units.filter(({ status, retired }) => status === 'available' && retired !== true)
  assert.deepEqual(ids(await all('/v1/units/states?status=available', 2), 'unitId'), ids(free, 'unit_id'))
  const calls = await stored('calls', 'entered_position DESC, call_id DESC')
  assert.deepEqual(
    ids(await all('/v1/calls?status=closed&priority=1', 2), 'callId'),
    ids(
      calls.filter(({ state, priority }) => state === 'closed' && priority === 1),
      'call_id',
    ),
  )
})

test('what was said of a call is searched where it can be erased, and whoever finds it is in the audit', async () => {
  const [call, other] = await stored('calls', 'entered_position DESC, call_id DESC')
  await said(String(call!.call_id), 'Fell from a 100% wet ladder', 'Gate code is with the neighbour')
  for (const words of ['WET LADDER', '100%', 'gate code']) {
    const { body } = await ask(`/v1/calls?text=${encodeURIComponent(words)}`)
    assert.deepEqual(ids(body.items, 'callId'), [call!.call_id], words)
    assert.doesNotMatch(JSON.stringify(body), /ladder|Aroha/)
  }
  // Nothing that was typed is a pattern, and people are not searched for.
  for (const words of ['100_', 'w%t', 'Aroha']) {
    assert.deepEqual((await ask(`/v1/calls?text=${encodeURIComponent(words)}`)).body.items, [], words)
  }
  const problem = String(other!.problem ?? call!.problem)
  const found = await all(`/v1/trips?text=${encodeURIComponent(problem.toLowerCase())}`, 100)
  assert.ok(found.length > 0 && found.every(trip => String(trip.problem).includes(problem)))
  await site.audit.flush()
  const read = (await site.audited()).filter(
    ({ action, details }) => action === 'call-read' && details.shown === 'search',
  )
  assert.deepEqual(
    [...new Set(read.map(({ subject, actor }) => `${actor} ${subject}`))],
    [`dispatcher-1 ${call!.call_id}`],
  )
  assert.doesNotMatch(JSON.stringify(read), /ladder|gate/i)
})

test('what cannot be meant is refused with what to write', async () => {
  for (const [query, told] of [
    ['status=busy', /must be some of pending, offered/],
    ['priority=6', /must be some of 1, 2, 3, 4, 5/],
    ['bbox=1,2,3', /must be west,south,east,north/],
    ['bbox=1,20,3,10', /south not above north/],
    ['bbox=181,0,182,1', /must be west,south,east,north/],
    ['text=a', /must be a text of 2 to 100 characters/],
    ['cursor=1', /must be `next` of the page before/],
    ['fromMs=2&toMs=1', /must be later than `fromMs`/],
    ['fromMs=1&toMs=99999999999', /by 400 days at most/],
    ['limit=501', /must be a whole number from 1 to 500/],
  ] as const) {
    const { status, body } = await ask(`/v1/trips?${query}`)
    assert.deepEqual([status, body.code], [400, 'invalid-field'], query)
    assert.match(body.detail, told)
  }
  assert.equal((await ask('/v1/calls?region=wlg')).status, 403)
})
