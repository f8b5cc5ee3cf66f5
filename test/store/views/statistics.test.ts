/** The statistics of a simulated shift, each figure against its events or against what SQL answers to the same question. */
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import type pg from 'pg'
import { systemClock } from '../../../src/base/time.ts'
import type { ResponseContract } from '../../../src/protocol/statistics-view.ts'
import type { LogRecord } from '../../../src/store/log/journal.ts'
import { type Database, openClient, openDatabase } from '../../../src/store/postgres/database.ts'
import { responseFigures } from '../../../src/store/views/response-report.ts'
import { type StatisticsOfWindow, slotOf, statisticsOf } from '../../../src/store/views/service-figures.ts'
import { Views } from '../../../src/store/views/views-follower.ts'
import { testDatabase } from '../../support/postgres.ts'
import { simulatedLog } from '../../support/simulated-log.ts'
import { storeLog } from '../../support/stored-log.ts'
import { viewsByHand } from '../../support/views-by-hand.ts'

let owned: Awaited<ReturnType<typeof testDatabase>>
let owner: pg.Client
let database: Database
let log: readonly LogRecord[]
let hand: ReturnType<typeof viewsByHand>

before(async () => {
  owned = await testDatabase()
  owner = await openClient(owned.url, { applicationName: 'goldenhour test' })
  database = openDatabase(owned.url)
  log = await simulatedLog(74, 'metro', 1.5, 6)
  hand = viewsByHand(log)
  await storeLog(owner, 'metro', log)
  const onFailure = (error: Error) => assert.fail(error)
  const onPassedOver = (_: unknown, [row]: readonly { readonly why: string }[]) => assert.fail(row!.why)
  await new Views({ database, scheduler: systemClock, onFailure, onPassedOver }).catchUp()
  await owner.query('ANALYZE')
})
after(async () => {
  await database.destroy()
  await owner.end()
  await owned.drop()
})

const CONTRACT: ResponseContract = {
  ...{ limitMs: 480_000, share: 0.9, start: 'received', rounding: 'exact', counts: 'any', staged: false },
  ...{ cancelled: 'judged', priorities: null, zone: null },
}
const HOUR_MS = 3_600_000
const STATIONS = [
  { stationId: 'W', name: 'West', lonDeg: 174.72, latDeg: -36.86 },
  { stationId: 'E', name: 'East', lonDeg: 174.79, latDeg: -36.86 },
]
const receivedAtMs = (callId: string): number =>
  log.flatMap(({ events }) =>
    events.flatMap(event => (event.type === 'CallEntered' && event.callId === callId ? [event.receivedAtMs] : [])),
  )[0]!
const whole = () => {
  const all = hand.calls.map(({ call_id }) => receivedAtMs(call_id))
  return { fromMs: Math.min(...all), toMs: Math.max(...all) + 1 }
}
const asked = (window: { readonly fromMs: number; readonly toMs: number }, changes: Partial<ResponseContract> = {}) =>
  statisticsOf(
    database,
    'metro',
    { ...window, timeZone: 'Pacific/Auckland', stations: STATIONS },
    { ...CONTRACT, ...changes },
  )
const inSql = async (
  window: { readonly fromMs: number; readonly toMs: number },
  changes: Partial<ResponseContract> = {},
) =>
  (await responseFigures(database, 'metro', window, { ...CONTRACT, ...changes })).map(
    ({ fractileMs: _, ...figures }) => figures,
  )
/** The smallest value that at least the share does not exceed. */
const fractile = (values: readonly number[], share: number): number | null =>
  [...values].sort((a, b) => a - b)[Math.max(0, Math.ceil(share * values.length) - 1)] ?? null
const none = (figures: object) => ({ priority: null, ...figures })

test('responses of all, of each priority and of each hour are those of the function that people ask in SQL', async () => {
  const window = whole()
  for (const contract of [{}, { rounding: 'down', limitMs: 240_000, cancelled: 'left-out' }] as const) {
    const { response, slot } = await asked(window, contract)
    const [all, ...byPriority] = await inSql(window, contract)
    assert.ok(all!.samples > 10)
    assert.deepEqual(none(response.all), all)
    assert.deepEqual(response.byPriority, byPriority)
    assert.equal(slot, 'hour')
    const calls = response.bySlot.reduce((sum, each) => sum + each.calls, 0)
    assert.deepEqual([calls, response.bySlot.length > 1], [all!.calls, true])
    for (const { fromMs, ...figures } of response.bySlot) {
      assert.equal(fromMs % HOUR_MS, 0, 'the hours of Auckland are whole ones')
      const [part] = await inSql(
        { fromMs: Math.max(fromMs, window.fromMs), toMs: Math.min(fromMs + HOUR_MS, window.toMs) },
        contract,
      )
      assert.deepEqual(none(figures), part)
    }
  }
})

test('a call is of the area of the station that is nearest to it, and a zone or priorities leave others out', async () => {
  const window = whole()
  const { response } = await asked(window)
  const away = (lon: number, call: { lon_deg: number; lat_deg: number }) =>
    Math.hypot((call.lon_deg - lon) * Math.cos((call.lat_deg * Math.PI) / 180), call.lat_deg + 36.86)
  const east = hand.calls.filter(call => away(174.79, call) < away(174.72, call)).length
  assert.ok(east > 0 && east < hand.calls.length)
  assert.deepEqual(
    response.byArea.map(({ stationId, name, calls }) => [stationId, name, calls]),
    [
      ['E', 'East', east],
      ['W', 'West', hand.calls.length - east],
    ],
  )
  const zone = [
    [174.7, -36.95],
    [174.76, -36.95],
    [174.76, -36.8],
    [174.7, -36.8],
  ] as const
  const only = { zone, priorities: [1, 2] }
  const part = (await asked(window, only)).response
  assert.deepEqual(none(part.all), (await inSql(window, only))[0])
  assert.ok(part.all.calls < response.all.calls)
})

test('turnout and turnaround are between the moments of each unit’s work', async () => {
  const { turnout, turnaround } = await asked(whole())
  const between = (from: string, to: string) =>
    hand.times.flatMap(one => {
      const other = hand.times.find(each => each.offer_id === one.offer_id && each.time === to)
      const ms = one.time === from ? (other?.at_ms ?? Number.NaN) - (one.at_ms ?? Number.NaN) : Number.NaN
      return ms >= 0 ? [ms] : []
    })
  for (const [found, ms] of [
    [turnout, between('notified', 'en-route')],
    [turnaround, between('at-destination', 'back-in-service')],
  ] as const) {
    assert.ok(ms.length > 2)
    const expected = { count: ms.length, p50Ms: fractile(ms, 0.5), p90Ms: fractile(ms, 0.9), maxMs: Math.max(...ms) }
    assert.deepEqual(found, expected)
  }
})

/** Milliseconds of the window that lie between two moments. */
const cut = (window: { fromMs: number; toMs: number }, from: number, to: number) =>
  Math.max(0, Math.min(to, window.toMs) - Math.max(from, window.fromMs))

test('how busy units were is cut off at both ends of the window, and what goes on counts to the last record', async () => {
  const { fromMs, toMs } = whole()
  const asOfMs = log.at(-1)!.recordedAtMs
  const { rows } = await owner.query(
    `SELECT offer_id, at_ms FROM views.trip_times WHERE region = 'metro' AND time = 'back-in-service' AND at_ms IS NOT NULL`,
  )
  const back = new Map(rows.map(row => [row.offer_id as string, Number(row.at_ms)]))
  const running = new Set(
    (await owner.query(`SELECT offer_id FROM views.trips WHERE region = 'metro' AND ended_at_ms IS NULL`)).rows.map(
      row => row.offer_id as string | null,
    ),
  )
  const third = (toMs - fromMs) / 3
  for (const window of [
    { fromMs, toMs: asOfMs + HOUR_MS },
    { fromMs: Math.round(fromMs + third), toMs: Math.round(fromMs + 2 * third) },
  ]) {
    const end = Math.min(window.toMs, asOfMs)
    const within = { fromMs: window.fromMs, toMs: end }
    const sums = new Map<string, { staffedMs: number; committedMs: number; responses: number }>()
    const of = (unitId: string) => {
      if (!sums.has(unitId)) sums.set(unitId, { staffedMs: 0, committedMs: 0, responses: 0 })
      return sums.get(unitId)!
    }
    for (const { unit_id, signed_on_at_ms, signed_off_at_ms } of hand.shifts) {
      const ms = cut(within, signed_on_at_ms, signed_off_at_ms ?? end)
      if (ms > 0) of(unit_id).staffedMs += ms
    }
    for (const { unit_id, offer_id, time, at_ms } of hand.times) {
      if (time !== 'notified' || at_ms === null) continue
      const until = back.get(offer_id) ?? (running.has(offer_id) ? end : null)
      const ms = until === null ? 0 : cut(within, at_ms, until)
      if (ms === 0) continue
      of(unit_id).committedMs += ms
      of(unit_id).responses += 1
    }
    const { units } = await asked(window)
    const found = new Map(units.map(({ unitId, callSign: _, ...sum }) => [unitId, sum]))
    assert.deepEqual(found, new Map([...sums].sort(([a], [b]) => (a < b ? -1 : 1))))
    assert.ok(units.some(({ committedMs }) => committedMs > 0))
  }
})

test('alarms are counted by kind, by who took them on, and in their busiest ten minutes', async () => {
  const window = { fromMs: log[0]!.recordedAtMs - HOUR_MS, toMs: log.at(-1)!.recordedAtMs + 1 }
  const { alarms } = await asked(window)
  const { rows } = await owner.query(`SELECT kind, raised_at_ms::float8 AS at, acknowledged_by AS by,
    (acknowledged_at_ms - raised_at_ms)::float8 AS ms FROM views.alarm_rows WHERE region = 'metro'`)
  assert.ok(rows.length > 5)
  const busiest = Math.max(...rows.map(({ at }) => rows.filter(each => each.at >= at && each.at < at + 600_000).length))
  assert.deepEqual([alarms.raised, alarms.busiestTenMinutes], [rows.length, busiest])
  for (const { kind, raised, acknowledged, p50Ms } of alarms.byKind) {
    const own = rows.filter(row => row.kind === kind)
    const taken = own.flatMap(({ ms }) => (ms === null ? [] : [ms as number]))
    assert.deepEqual([raised, acknowledged, p50Ms], [own.length, taken.length, fractile(taken, 0.5)])
  }
  const total = (of: StatisticsOfWindow['alarms']['byPrincipal']) =>
    of.reduce((sum, each) => sum + each.acknowledged, 0)
  assert.equal(total(alarms.byPrincipal), rows.filter(({ by }) => by !== null).length)
})

test('a region without a record has no figure, and the parts of a window fit a chart', async () => {
  const nothing = await statisticsOf(
    database,
    'none',
    { fromMs: 0, toMs: HOUR_MS, timeZone: 'UTC', stations: [] },
    CONTRACT,
  )
  const { calls, samples, share, p90Ms } = nothing.response.all
  assert.deepEqual([calls, samples, share, p90Ms, nothing.asOfMs], [0, 0, null, null, null])
  assert.deepEqual([nothing.units, nothing.alarms.raised, nothing.response.bySlot], [[], 0, []])
  const of = (days: number) => slotOf({ fromMs: 0, toMs: days * 24 * HOUR_MS })
  assert.deepEqual([of(1), of(4), of(31), of(100), of(400)], ['hour', 'hour', 'day', 'day', 'month'])
})
