/** Every question of docs/sql.md, asked by a reader of a simulated shift, against what its events say. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import test, { after, before } from 'node:test'
import type pg from 'pg'
import { systemClock } from '../../../src/base/time.ts'
import type { DomainEvent } from '../../../src/domain/events.ts'
import type { LogRecord } from '../../../src/store/log/journal.ts'
import { openClient, openDatabase } from '../../../src/store/postgres/database.ts'
import { makeReader } from '../../../src/store/postgres/migrate.ts'
import { Views } from '../../../src/store/views/views-follower.ts'
import { testDatabase } from '../../support/postgres.ts'
import { called, offered, onDuty } from '../../support/scenario.ts'
import { simulatedLog } from '../../support/simulated-log.ts'
import { storeLog } from '../../support/stored-log.ts'
import { viewsByHand } from '../../support/views-by-hand.ts'

const PAGE = readFileSync(new URL('../../../docs/sql.md', import.meta.url), 'utf8')
const QUESTIONS = new Map(
  [...PAGE.matchAll(/^### (.+)$[\s\S]*?^```sql\n([\s\S]*?)^```$/gm)].map(([, question, query]) => [question!, query!]),
)
const READER = `reader_${randomBytes(6).toString('hex')}`
const PASSWORD = 'only for this test'

let owned: Awaited<ReturnType<typeof testDatabase>>
let owner: pg.Client
let reader: pg.Client
let log: readonly LogRecord[]
let hand: ReturnType<typeof viewsByHand>
let events: readonly DomainEvent[]

before(async () => {
  owned = await testDatabase()
  owner = await openClient(owned.url, { applicationName: 'goldenhour test' })
  const shift = await simulatedLog(74, 'metro', 1.5, 6)
  log = [...shift, ...chosenByHand(shift.at(-1)!)]
  events = log.flatMap(record => record.events)
  hand = viewsByHand(log)
  await storeLog(owner, 'metro', log)
  const database = openDatabase(owned.url)
  const onFailure = (error: Error) => assert.fail(error)
  await new Views({
    database,
    scheduler: systemClock,
    onFailure,
    onPassedOver: (_, [row]) => assert.fail(row!.why),
  }).catchUp()
  // As the database does by itself in time: without it each of the questions takes a hundred times as long.
  await owner.query('ANALYZE')
  await database.destroy()
  await owner.query(`CREATE ROLE ${READER} LOGIN PASSWORD '${PASSWORD}'`)
  await makeReader(owned.url, READER)
  const url = new URL(owned.url)
  Object.assign(url, { username: READER, password: PASSWORD })
  reader = await openClient(url.href, { applicationName: 'goldenhour test' })
  await reader.query('SET default_transaction_read_only = on')
})
after(async () => {
  await reader.end()
  await owner.query(`DROP OWNED BY ${READER}; DROP ROLE ${READER}`)
  await owner.end()
  await owned.drop()
})

/** What no shift is sure to have: a dispatcher chooses a unit. Input: the record before. */
function chosenByHand(last: LogRecord): LogRecord[] {
  const entered = called(['T-9']).map(event => ({ ...event, receivedAtMs: last.recordedAtMs }) as DomainEvent)
  const chosen: DomainEvent = {
    ...{ type: 'AssignmentOverridden', v: 1, entity: 'trip/T-9', tripId: 'T-9', unitId: 'A1', fromUnitId: null },
    ...{ inPhase: 'pending', reason: 'local-knowledge', by: 'desk-9' },
  }
  const records = [
    onDuty('A1').map(event =>
      'happenedAtMs' in event ? { ...event, happenedAtMs: last.recordedAtMs - 60_000 } : event,
    ),
    entered,
    [chosen, offered('T-9', 'A1', 'O-9', 'ordered')],
  ]
  return records.map((events, index) => ({
    ...last,
    position: last.position + index + 1,
    events: events as DomainEvent[],
  }))
}

type Row = Record<string, unknown>
type Moment = (typeof hand.times)[number]

/** The smallest value that at least the share does not exceed. */
const fractile = (values: readonly number[], share: number): number | null =>
  [...values].sort((a, b) => a - b)[Math.max(0, Math.ceil(share * values.length) - 1)] ?? null
const grouped = <T>(all: readonly T[], key: (each: T) => string | number): Map<string, T[]> => {
  const groups = new Map<string, T[]>()
  for (const each of all) groups.set(`${key(each)}`, [...(groups.get(`${key(each)}`) ?? []), each])
  return new Map([...groups].sort(([a], [b]) => (a < b ? -1 : 1)))
}
const moment = (time: string) => hand.times.filter(each => each.time === time && each.at_ms !== null)
/** From one moment of a response to another. */
const between = (from: string, to: string): { unit_id: string; ms: number }[] =>
  moment(from).flatMap(one => {
    const other = moment(to).find(each => each.offer_id === one.offer_id)
    return other === undefined ? [] : [{ unit_id: one.unit_id, ms: other.at_ms! - one.at_ms! }]
  })
const entered = () => events.filter(event => event.type === 'CallEntered')
const callOf = (tripId: string): string =>
  events.flatMap(event =>
    (event.type === 'TripCreated' || event.type === 'HelpAdded') && event.tripId === tripId ? [event.callId] : [],
  )[0]!
const arrivalOf = (callId: string): Moment | undefined =>
  moment('on-scene')
    .filter(({ trip_id }) => callOf(trip_id) === callId)
    .sort((a, b) => a.at_ms! - b.at_ms!)[0]
const receivedAtMs = (callId: string): number => entered().find(event => event.callId === callId)!.receivedAtMs
const elapsed = () =>
  hand.calls.flatMap(call => {
    const at_ms = arrivalOf(call.call_id)?.at_ms ?? (call.state === 'cancelled' ? call.ended_at_ms : null)
    return at_ms === null
      ? []
      : [{ ...call, unit_id: arrivalOf(call.call_id)?.unit_id ?? null, ms: at_ms - receivedAtMs(call.call_id) }]
  })
/** A unit's moments that end with the trip being taken from it are not in `times`: they are read as they are stored. */
const backInService = async (): Promise<Map<string, number>> =>
  new Map(
    (await owner.query("SELECT offer_id, at_ms FROM views.trip_time_rows WHERE time = 'back-in-service'")).rows.map(
      row => [row.offer_id, row.at_ms],
    ),
  )

/** By question, what the answer must be. */
const ANSWERS: Readonly<Record<string, () => Row[] | Promise<Row[]>>> = {
  'Which calls waited longest for a unit at the scene?': () =>
    elapsed()
      .filter(({ unit_id }) => unit_id !== null)
      .sort((a, b) => b.ms - a.ms || (a.incident_no! < b.incident_no! ? -1 : 1))
      .slice(0, 10)
      .map(({ incident_no, priority, problem, ms }) => ({
        incident_no,
        priority,
        problem,
        minutes: (Math.round(ms / 6_000) / 10).toFixed(1),
      })),
  'How many calls came in each hour of the local day, by priority?': () => {
    const format = new Intl.DateTimeFormat('en-GB', { timeZone: 'Pacific/Auckland', hour: '2-digit', hourCycle: 'h23' })
    const keyed = hand.calls.map(call => ({
      hour: Number(format.format(receivedAtMs(call.call_id))),
      priority: call.priority,
    }))
    return [...grouped(keyed, ({ hour, priority }) => `${String(hour).padStart(2, '0')} ${priority}`).values()].map(
      all => ({
        ...all[0]!,
        calls: all.length,
      }),
    )
  },
  'Were nine of ten urgent calls reached in 8:59?': () => {
    const urgent = elapsed()
      .filter(({ priority, ms }) => priority <= 2 && ms >= 0)
      .map(each => ({ ...each, ms: Math.floor(each.ms / 60_000) * 60_000 }))
    const ofAll = (all: readonly { ms: number }[], priority: number | null) => {
      const within = all.filter(({ ms }) => ms <= 480_000).length
      const share = all.length === 0 ? null : within / all.length
      const fractile_ms = fractile(
        all.map(({ ms }) => ms),
        0.9,
      )
      return { priority, samples: all.length, within, share, is_met: share === null ? null : share >= 0.9, fractile_ms }
    }
    const priorities = [...new Set(hand.calls.map(({ priority }) => priority))].filter(each => each <= 2).sort()
    return [
      ofAll(urgent, null),
      ...priorities.map(each =>
        ofAll(
          urgent.filter(({ priority }) => priority === each),
          each,
        ),
      ),
    ]
  },
  'Which calls were late, and by whom were they reached?': () =>
    elapsed()
      .filter(({ ms }) => ms > 480_000)
      .sort((a, b) => b.ms - a.ms || (a.call_id < b.call_id ? -1 : 1))
      .map(({ call_id, unit_id, ms }) => ({ call_id, unit_id, elapsed_ms: ms })),
  'How long does each unit take to turn out?': () =>
    [
      ...grouped(
        between('notified', 'en-route').filter(({ ms }) => ms >= 0),
        ({ unit_id }) => unit_id,
      ),
    ].map(([unit_id, all]) => ({
      ...{
        unit_id,
        turnouts: all.length,
        p90_ms: fractile(
          all.map(({ ms }) => ms),
          0.9,
        ),
      },
    })),
  'How long are units kept at the hospital?': () => {
    const stays = between('at-destination', 'back-in-service')
      .map(({ ms }) => ms)
      .filter(ms => ms >= 0)
    return [{ stays: stays.length, p50_ms: fractile(stays, 0.5), longest_ms: Math.max(...stays) }]
  },
  'How busy is each unit?': async () => {
    const endMs = log.at(-1)!.recordedAtMs
    const back = await backInService()
    const work = grouped(
      moment('notified').flatMap(({ unit_id, offer_id, at_ms }) =>
        back.has(offer_id) ? [{ unit_id, ms: back.get(offer_id)! - at_ms! }] : [],
      ),
      ({ unit_id }) => unit_id,
    )
    return [...grouped(hand.shifts, ({ unit_id }) => unit_id)].map(([unit_id, shifts]) => {
      const staffed = shifts.reduce((sum, shift) => sum + (shift.signed_off_at_ms ?? endMs) - shift.signed_on_at_ms, 0)
      const committed = (work.get(unit_id) ?? []).reduce((sum, { ms }) => sum + ms, 0)
      return {
        unit_id,
        staffed_ms: `${staffed}`,
        committed_ms: `${committed}`,
        utilisation: Math.round((1_000 * committed) / staffed) / 1_000,
      }
    })
  },
  'Who leaves or declines what is offered?': () =>
    [...grouped(hand.offers, ({ unit_id }) => unit_id)].map(([unit_id, all]) => {
      const count = (outcome: string) => all.filter(offer => offer.outcome === outcome).length
      return { unit_id, offers: all.length, declined: count('declined'), unanswered: count('timed-out') }
    }),
  'When did dispatchers choose a unit themselves, and what spoke against it?': () =>
    log.flatMap(({ events, position, principal }) =>
      events.flatMap((event, index) => {
        if (event.type !== 'AssignmentOverridden') return []
        const made = events.slice(index).find(each => each.type === 'OfferMade' && each.tripId === event.tripId)
        if (made?.type !== 'OfferMade') return []
        return [
          { position, chosen_by: event.by ?? principal, unit_id: event.unitId, despite: made.decision.despite ?? null },
        ]
      }),
    ),
  'Why was nobody found?': () => {
    const excluded = events.flatMap(event =>
      event.type === 'TripAlarmRaised' && event.decision !== undefined ? Object.entries(event.decision.excluded) : [],
    )
    return [...grouped(excluded, ([reason]) => reason)].map(([reason, all]) => ({
      ...{ reason, decisions: all.length, units: all.reduce((sum, [, units]) => sum + units, 0) },
    }))
  },
  'How many alarms were there of each kind, and how fast were they taken on?': async () => {
    // What of a subject's alarm is a new one is the domain's own rule, and the fold's test holds it.
    const { rows } = await owner.query(
      "SELECT kind, acknowledged_at_ms - raised_at_ms AS ms FROM views.alarm_rows WHERE region = 'metro'",
    )
    assert.ok(rows.length >= hand.alarms.length)
    return [...grouped(rows, ({ kind }) => kind)].map(([kind, all]) => {
      const taken = all.flatMap(({ ms }) => (ms === null ? [] : [Number(ms)]))
      return { kind, raised: all.length, acknowledged: taken.length, p50_ms: fractile(taken, 0.5) }
    })
  },
  'Who was on duty at half past six?': () => {
    const atMs = Date.UTC(2026, 2, 2, 6, 30)
    return hand.shifts
      .filter(shift => shift.signed_on_at_ms <= atMs && (shift.signed_off_at_ms ?? Number.POSITIVE_INFINITY) > atMs)
      .sort((a, b) => (a.unit_id < b.unit_id ? -1 : a.unit_id > b.unit_id ? 1 : a.signed_on_at_ms - b.signed_on_at_ms))
      .map(({ unit_id, principal }) => ({ unit_id, principal }))
  },
  'Where do calls come from?': () => {
    const squares = hand.calls.map(({ lon_deg, lat_deg }) => ({
      lon_step: Math.floor(lon_deg * 100),
      lat_step: Math.floor(lat_deg * 100),
    }))
    return [...grouped(squares, ({ lon_step, lat_step }) => `${lon_step} ${lat_step}`).values()]
      .map(all => ({ ...all[0]!, calls: all.length }))
      .sort((a, b) => b.calls - a.calls || a.lon_step - b.lon_step || a.lat_step - b.lat_step)
  },
}

test('the page has a dozen questions, and each has its answer here', () => {
  assert.ok(QUESTIONS.size >= 12)
  assert.deepEqual([...QUESTIONS.keys()].sort(), Object.keys(ANSWERS).sort())
})

for (const [question, answer] of Object.entries(ANSWERS)) {
  test(`a reader asks: ${question}`, async () => {
    const { rows } = await reader.query(QUESTIONS.get(question)!)
    const expected = await answer()
    assert.ok(expected.length > 0, 'the shift has something to tell of it')
    assert.deepEqual(
      rows.map(row => ({ ...row })),
      expected,
    )
  })
}
