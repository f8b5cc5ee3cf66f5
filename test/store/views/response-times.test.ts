/** Response times against a calculation that shares no code with them, and the rules of contracts by hand. */
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import type pg from 'pg'
import { systemClock } from '../../../src/base/time.ts'
import type { UnitReference } from '../../../src/domain/events/unit-events.ts'
import type { DomainEvent } from '../../../src/domain/events.ts'
import type { ResponseContract } from '../../../src/protocol/statistics-view.ts'
import type { LogRecord } from '../../../src/store/log/journal.ts'
import { type Database, openClient, openDatabase } from '../../../src/store/postgres/database.ts'
import { responseFigures } from '../../../src/store/views/response-report.ts'
import { Views } from '../../../src/store/views/views-follower.ts'
import { testDatabase } from '../../support/postgres.ts'
import { accepted, called, offered, onDuty, reached, signedOn } from '../../support/scenario.ts'
import { simulatedLog } from '../../support/simulated-log.ts'
import { storeLog } from '../../support/stored-log.ts'

let owned: Awaited<ReturnType<typeof testDatabase>>
let owner: pg.Client
let database: Database
let log: readonly LogRecord[]

before(async () => {
  owned = await testDatabase()
  owner = await openClient(owned.url, { applicationName: 'goldenhour test' })
  database = openDatabase(owned.url)
  log = await simulatedLog(74, 'sim', 1.5, 6)
  await storeLog(owner, 'sim', log)
  await storeLog(owner, 'hand', handMade())
  const onFailure = (error: Error) => assert.fail(error)
  await new Views({
    database,
    scheduler: systemClock,
    onFailure,
    onPassedOver: (_, [row]) => assert.fail(row!.why),
  }).catchUp()
  // As the database does by itself in time: without it each of the questions takes a hundred times as long.
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
const MINUTE = 60_000
const NOON = Date.UTC(2026, 2, 1, 12)

/** Calls C-1 to C-7, all within an hour, and what became of each. */
function handMade(): Pick<LogRecord, 'position' | 'recordedAtMs' | 'principal' | 'events'>[] {
  const records: { atMs: number; events: readonly DomainEvent[] }[] = []
  const at = (minute: number, ...events: readonly DomainEvent[]) => {
    const atMs = NOON + minute * MINUTE
    const moved = events.map(
      event => ('happenedAtMs' in event ? { ...event, happenedAtMs: atMs } : event) as DomainEvent,
    )
    records.push({ atMs, events: moved })
  }
  const call = (minute: number, trips: readonly string[], priority: 1 | 2 = 1) => {
    const events = called(trips, undefined, priority).map(
      event => ({ ...event, receivedAtMs: NOON + minute * MINUTE }) as DomainEvent,
    )
    at(minute, ...events)
  }
  const sent = (minute: number, trip: string, unit: string, offer: string) => {
    at(minute, offered(trip, unit, offer, 'ordered'))
    at(minute, accepted(trip, unit, offer))
  }
  const there = (minute: number, trip: string, unit: string) => at(minute, reached(trip, unit, 'on-scene'))
  const carrier = (unitId: string, reference: Partial<UnitReference>) =>
    at(0, { ...(onDuty(unitId)[0] as DomainEvent), ...reference } as DomainEvent, signedOn(unitId))
  carrier('A1', { levelOfCare: 'bls' })
  carrier('A2', { levelOfCare: 'bls' })
  carrier('R1', { levelOfCare: 'first-responder', transports: false })
  // Its unit is diverted to a call that came later, and another one comes.
  call(0, ['T-1'])
  sent(1, 'T-1', 'A1', 'O-1')
  at(2, {
    type: 'UnitWithdrawn',
    v: 1,
    entity: 'trip/T-1',
    tripId: 'T-1',
    unitId: 'A1',
    inPhase: 'assigned',
    reason: 'higher-priority',
  })
  call(2, ['T-2'])
  sent(3, 'T-2', 'A1', 'O-2')
  there(7, 'T-2', 'A1')
  sent(4, 'T-1', 'A2', 'O-3')
  there(10, 'T-1', 'A2')
  at(11, closed('T-1', 'A2'), { type: 'CallClosed', v: 1, entity: 'call/C-1', callId: 'C-1' })
  at(11, closed('T-2', 'A1'), { type: 'CallClosed', v: 1, entity: 'call/C-2', callId: 'C-2' })
  // Two units: who comes first cannot carry.
  call(20, ['T-3', 'T-4'])
  sent(21, 'T-3', 'R1', 'O-4')
  sent(21, 'T-4', 'A1', 'O-5')
  there(23, 'T-3', 'R1')
  there(29, 'T-4', 'A1')
  at(30, closed('T-3', 'R1'), closed('T-4', 'A1'), { type: 'CallClosed', v: 1, entity: 'call/C-3', callId: 'C-3' })
  // Cancelled in time, and too late.
  for (const [trip, minutes] of [
    ['T-5', 4],
    ['T-6', 12],
  ] as const) {
    const callId = trip.replace('T', 'C')
    call(31, [trip], 2)
    at(31 + minutes, cancelled(trip), { type: 'CallCancelled', v: 1, entity: `call/${callId}`, callId })
  }
  // Nobody said when its unit was there.
  call(50, ['T-7'])
  sent(51, 'T-7', 'A1', 'O-6')
  at(55, closed('T-7', 'A1'), { type: 'CallClosed', v: 1, entity: 'call/C-7', callId: 'C-7' })
  call(58, ['T-8'])
  return records.map(({ atMs: recordedAtMs, events }, index) => ({
    position: index + 1,
    recordedAtMs,
    principal: 'desk',
    events,
  }))
}

const closed = (tripId: string, unitId: string): DomainEvent => ({
  ...{ type: 'TripClosed', v: 1, entity: `trip/${tripId}`, tripId, callId: callOf(tripId), unitId },
  ...{ disposition: 'treated-on-scene', happenedAtMs: 0, missed: [] },
})
const cancelled = (tripId: string): DomainEvent => ({
  ...{ type: 'TripCancelled', v: 1, entity: `trip/${tripId}`, tripId, callId: callOf(tripId) },
  ...{ reason: 'caller-cancelled', inPhase: 'pending', unitId: null, cause: 'dispatcher' },
})
const callOf = (tripId: string): string => (tripId === 'T-4' ? 'C-3' : tripId.replace('T', 'C'))

const HOUR = { fromMs: NOON, toMs: NOON + 60 * MINUTE }
const byHand = (changes: Partial<ResponseContract>, window = HOUR) =>
  responseFigures(database, 'hand', window, { ...CONTRACT, ...changes })
const samples = async (...parameters: string[]): Promise<Record<string, string | null>> => {
  const { rows } = await owner.query<{ call_id: string; outcome: string; minutes: number | null }>(
    `SELECT call_id, outcome, elapsed_ms / 60000.0 AS minutes
     FROM views.response_samples('hand', ${HOUR.fromMs}, ${HOUR.toMs} ${parameters.map(each => `, ${each}`).join('')})`,
  )
  return Object.fromEntries(
    rows.map(({ call_id, outcome, minutes }) => [
      call_id,
      minutes === null ? outcome : `${outcome} ${Number(minutes)}`,
    ]),
  )
}

test('a call keeps its own clock when its unit is diverted, and so does the one that it is diverted to', async () => {
  const found = await samples()
  assert.equal(found['C-1'], 'arrived 10')
  assert.equal(found['C-2'], 'arrived 5')
})

test('of several units the first counts, or the first that can carry, or that has the care', async () => {
  const counted = async (counts: string) => (await samples(`p_counts => '${counts}'`))['C-3']
  assert.equal(await counted('any'), 'arrived 3')
  assert.equal(await counted('transport'), 'arrived 9')
  assert.equal(await counted('level'), 'arrived 9')
})

test('a call that was cancelled is judged by the time until then, or is no sample', async () => {
  const found = await samples()
  assert.deepEqual([found['C-5'], found['C-6']], ['cancelled 4', 'cancelled 12'])
  const [judged] = await byHand({ priorities: [2] })
  assert.deepEqual([judged!.samples, judged!.within, judged!.cancelled, judged!.isMet], [2, 1, 2, false])
  const [left] = await byHand({ priorities: [2], cancelled: 'left-out' })
  assert.deepEqual([left!.samples, left!.share, left!.isMet, left!.fractileMs], [0, null, null, null])
})

test('calls that are open, or of which nobody knows, are counted and are no samples', async () => {
  const found = await samples()
  assert.deepEqual([found['C-7'], found['C-8']], ['unknown', 'open'])
  const [all] = await byHand({})
  assert.deepEqual([all!.calls, all!.samples, all!.open, all!.unknown], [7, 5, 1, 1])
})

test('the limit is held against whole minutes, when the contract rounds to them', async () => {
  const within = async (limitMs: number, rounding: ResponseContract['rounding']) =>
    (await byHand({ limitMs, rounding }))[0]!.within
  // 3, 4, 5, 10 and 12 minutes.
  assert.equal(await within(5 * MINUTE - 1, 'exact'), 2)
  assert.equal(await within(5 * MINUTE, 'down'), 3)
  assert.equal(await within(5 * MINUTE, 'up'), 3)
  await owner.query(
    `UPDATE views.trip_time_rows SET at_ms = at_ms + 40000 WHERE region = 'hand' AND trip_id = 'T-2' AND time = 'on-scene'`,
  )
  // 5:40.
  const held = await Promise.all(
    (['exact', 'down', 'up', 'nearest'] as const).map(rounding => within(5 * MINUTE, rounding)),
  )
  await owner.query(
    `UPDATE views.trip_time_rows SET at_ms = at_ms - 40000 WHERE region = 'hand' AND trip_id = 'T-2' AND time = 'on-scene'`,
  )
  assert.deepEqual(held, [2, 3, 2, 2])
})

test('only calls of the window and the zone are samples', async () => {
  const around = (lon: number, lat: number) =>
    [
      [lon - 1, lat - 1],
      [lon + 1, lat - 1],
      [lon, lat + 1],
    ] as const
  assert.equal((await byHand({ zone: around(174.76, -36.85) }))[0]!.calls, 7)
  assert.equal((await byHand({ zone: around(0, 0) }))[0]!.calls, 0)
  assert.equal((await byHand({}, { fromMs: NOON, toMs: NOON + 20 * MINUTE }))[0]!.calls, 2)
})

/** One call of a log as its events tell of it: when it began, who was told when, and who was there when. */
function responsesIn(records: readonly LogRecord[]) {
  const events = records.flatMap(({ events, recordedAtMs }) =>
    events.map(event => ({ event, atMs: event.atMs ?? recordedAtMs })),
  )
  const callOfTrip = new Map<string, string>()
  const needs = new Map<string, { level: string; helps: string | null }>()
  const calls = new Map<
    string,
    {
      enteredAtMs: number
      receivedAtMs: number
      priority: number
      lon: number
      lat: number
      endAtMs: number | null
      state: string
    }
  >()
  for (const { event, atMs } of events) {
    if (event.type === 'CallEntered') {
      const { receivedAtMs, priority, lonDeg: lon, latDeg: lat } = event
      calls.set(event.callId, { enteredAtMs: atMs, receivedAtMs, priority, lon, lat, endAtMs: null, state: 'open' })
    } else if (event.type === 'CallAmended') {
      Object.assign(calls.get(event.callId)!, { priority: event.priority, lon: event.lonDeg, lat: event.latDeg })
    } else if (event.type === 'CallClosed' || event.type === 'CallCancelled') {
      Object.assign(calls.get(event.callId)!, {
        endAtMs: atMs,
        state: event.type === 'CallClosed' ? 'closed' : 'cancelled',
      })
    } else if (event.type === 'TripCreated' || event.type === 'HelpAdded') {
      callOfTrip.set(event.tripId, event.callId)
      needs.set(event.tripId, {
        level: event.need.levelOfCare,
        helps: event.type === 'HelpAdded' ? event.helpsTripId : null,
      })
    }
  }
  const told: { callId: string; atMs: number }[] = []
  const there: { callId: string; tripId: string; unitId: string; atMs: number; isStaged: boolean }[] = []
  const moments = new Map<string, { tripId: string; unitId: string; atMs: number | null; isStaged: boolean }>()
  const turns = new Map<string, number>()
  const notified = new Map<string, { tripId: string; atMs: number | null }>()
  // A unit counts as it was when it was sent.
  const sent = new Map<string, { level: string; carries: boolean }>()
  const known = new Map<string, { level: string; carries: boolean }>()
  for (const { event } of events) {
    if (event.type === 'UnitRegistered') {
      const carries = event.transports ?? event.levelOfCare !== 'first-responder'
      known.set(event.unitId, { level: event.levelOfCare, carries })
    } else if (event.type === 'OfferMade') {
      const key = `${event.tripId} ${event.unitId}`
      sent.set(key, known.get(event.unitId)!)
      turns.set(key, (turns.get(key) ?? 0) + 1)
    } else if (event.type === 'UnitNotified') {
      const { tripId, unitId, notifiedAtMs } = event
      notified.set(`${tripId} ${unitId} ${turns.get(`${tripId} ${unitId}`)}`, { tripId, atMs: notifiedAtMs })
    } else if (event.type === 'TripTimeCorrected' && event.time === 'notified') {
      const { tripId, unitId, newAtMs } = event
      notified.set(`${tripId} ${unitId} ${turns.get(`${tripId} ${unitId}`)}`, { tripId, atMs: newAtMs })
    } else if (
      event.type === 'TripPhaseReached' ||
      event.type === 'TripTimeNoted' ||
      event.type === 'TripTimeCorrected'
    ) {
      const time = event.type === 'TripPhaseReached' ? event.phase : event.time
      const { tripId, unitId } = event
      const turn = `${tripId} ${unitId} ${turns.get(`${tripId} ${unitId}`)} ${time}`
      if (time !== 'on-scene' && time !== 'staged') continue
      const isStaged = time === 'staged'
      if (event.type === 'TripTimeCorrected') moments.set(turn, { tripId, unitId, atMs: event.newAtMs, isStaged })
      else if (!moments.has(turn)) moments.set(turn, { tripId, unitId, atMs: event.happenedAtMs, isStaged })
    }
  }
  for (const { atMs, tripId } of notified.values()) {
    if (atMs !== null) told.push({ callId: callOfTrip.get(tripId)!, atMs })
  }
  for (const { atMs, ...rest } of moments.values())
    if (atMs !== null) there.push({ ...rest, atMs, callId: callOfTrip.get(rest.tripId)! })
  return { calls, told, there, needs, sent }
}

const ORDER = ['first-responder', 'bls', 'als', 'cct']

function figuresByHand(
  window: { fromMs: number; toMs: number },
  contract: ResponseContract,
): Map<number | null, number[]> {
  const { calls, told, there, needs, sent } = responsesIn(log)
  const found = new Map<number | null, number[]>([[null, []]])
  for (const [callId, call] of calls) {
    if (call.receivedAtMs < window.fromMs || call.receivedAtMs >= window.toMs) continue
    if (contract.priorities !== null && !contract.priorities.includes(call.priority)) continue
    if (contract.zone !== null) {
      const [[west, south], , [east, north]] = contract.zone as [[number, number], unknown, [number, number]]
      if (call.lon < west || call.lon > east || call.lat < south || call.lat > north) continue
    }
    const toldAt = told.filter(each => each.callId === callId).map(({ atMs }) => atMs)
    const start = { received: call.receivedAtMs, entered: call.enteredAtMs, notified: Math.min(...toldAt) }[
      contract.start
    ]
    const counted = there.filter(each => {
      if (each.callId !== callId || (each.isStaged && !contract.staged)) return false
      if (contract.counts === 'transport') return sent.get(`${each.tripId} ${each.unitId}`)!.carries
      if (contract.counts === 'any') return true
      const need = needs.get(each.tripId)!
      const level = need.helps === null ? need.level : needs.get(need.helps)!.level
      return ORDER.indexOf(sent.get(`${each.tripId} ${each.unitId}`)!.level) >= ORDER.indexOf(level)
    })
    const isCancelled = counted.length === 0 && call.state === 'cancelled' && contract.cancelled === 'judged'
    const stop =
      counted.length > 0 ? Math.min(...counted.map(({ atMs }) => atMs)) : isCancelled ? call.endAtMs! : Number.NaN
    const elapsed = stop - start
    if (!Number.isFinite(elapsed) || elapsed < 0) continue
    const minutes = elapsed / MINUTE
    const rounded = { exact: minutes, down: Math.floor(minutes), up: Math.ceil(minutes), nearest: Math.round(minutes) }[
      contract.rounding
    ]
    for (const key of [null, call.priority]) found.set(key, [...(found.get(key) ?? []), Math.round(rounded * MINUTE)])
  }
  return found
}

test('over a simulated shift the figures are those of a calculation by hand, under every contract', async () => {
  const times = log.flatMap(({ events }) =>
    events.flatMap(event => (event.type === 'CallEntered' ? [event.receivedAtMs] : [])),
  )
  const [first, middle, last] = [Math.min(...times), times[Math.floor(times.length / 2)]!, Math.max(...times) + 1]
  const place = log.flatMap(({ events }) => events.flatMap(event => (event.type === 'CallEntered' ? [event] : [])))[0]!
  const { lonDeg: lon, latDeg: lat } = place
  const square = [
    [lon - 0.01, lat - 0.01],
    [lon + 0.01, lat - 0.01],
    [lon + 0.01, lat + 0.01],
    [lon - 0.01, lat + 0.01],
  ] as const
  let compared = 0
  for (const start of ['received', 'entered', 'notified'] as const)
    for (const rounding of ['exact', 'down', 'up', 'nearest'] as const)
      for (const counts of ['any', 'transport', 'level'] as const)
        for (const [index, cancelled] of (['judged', 'left-out'] as const).entries()) {
          const contract: ResponseContract = {
            ...{ limitMs: 480_000, share: 0.9, start, rounding, counts, staged: index === 1, cancelled },
            ...{ priorities: index === 1 ? [1, 2, 3] : null, zone: rounding === 'up' ? square : null },
          }
          for (const window of [
            { fromMs: first, toMs: last },
            { fromMs: middle, toMs: last },
          ]) {
            const figures = await responseFigures(database, 'sim', window, contract)
            const hand = figuresByHand(window, contract)
            for (const { priority, samples, within, fractileMs, p50Ms, maxMs, share } of figures) {
              const sorted = (hand.get(priority) ?? []).sort((a, b) => a - b)
              const ofShare = (part: number) => sorted[Math.ceil(part * sorted.length) - 1] ?? null
              const inTime = sorted.filter(ms => ms <= 480_000).length
              assert.deepEqual(
                [samples, within, fractileMs, p50Ms, maxMs, share],
                [
                  sorted.length,
                  inTime,
                  ofShare(0.9),
                  ofShare(0.5),
                  sorted.at(-1) ?? null,
                  sorted.length === 0 ? null : inTime / sorted.length,
                ],
                JSON.stringify({ priority, window, ...contract }),
              )
              compared += samples
            }
          }
        }
  assert.ok(compared > 200, `${compared} samples were compared`)
})

test('a region of which nothing is known has no figures, and no error', async () => {
  const figures = await responseFigures(database, 'nowhere', HOUR, CONTRACT)
  assert.deepEqual(
    figures.map(({ calls }) => calls),
    [0],
  )
})
