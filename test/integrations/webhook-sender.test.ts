/** Webhooks over a log in Postgres: in order and at least once whatever the receiver does, and what stops one. */
import assert from 'node:assert/strict'
import test, { after, before, beforeEach } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { type MachineClock, systemClock } from '../../src/base/time.ts'
import { openWebhooks } from '../../src/integrations/webhooks/webhook.ts'
import { WebhookSender } from '../../src/integrations/webhooks/webhook-sender.ts'
import { stopWebhooks } from '../../src/store/backup/restored-webhooks.ts'
import { logEnd } from '../../src/store/log/log-pages.ts'
import { type Database, openClient, openDatabase } from '../../src/store/postgres/database.ts'
import { letWebhookGo, moveWebhook } from '../../src/store/webhooks/webhook-cursors.ts'
import { testDatabase } from '../support/postgres.ts'
import { type StoredRecord, storeLog } from '../support/stored-log.ts'
import { SECRET, WebhookReceiver } from '../support/webhook-receiver.ts'
import { within } from '../support/within.ts'

let owned: Awaited<ReturnType<typeof testDatabase>>
let owner: pg.Client
let database: Database

before(async () => {
  owned = await testDatabase()
  owner = await openClient(owned.url, { applicationName: 'goldenhour test' })
  // As engines do.
  database = openDatabase(owned.engineUrl)
})
beforeEach(() => owner.query('TRUNCATE webhooks.cursors; TRUNCATE log.region_owner'))
after(async () => {
  await database.destroy()
  await owner.end()
  await owned.drop()
})

/** Pauses and times to wait are a tenth of what they are. */
const FAST: MachineClock = {
  wallMs: () => systemClock.wallMs(),
  monotonicMs: () => systemClock.monotonicMs() * 10,
  after: (delayMs, run) => systemClock.after(delayMs / 10, run),
}

interface Doings {
  readonly failures: string[]
  readonly stopped: string[]
}

let regions = 0
/** A region of this test alone, with a log of so many records, each with one event. */
async function regionWith(count: number): Promise<string> {
  const region = `r${++regions}`
  await append(region, 1, count)
  return region
}

const recordsFrom = (from: number, count: number): StoredRecord[] =>
  Array.from({ length: count }, (_, n) => ({
    ...{ position: from + n, recordedAtMs: from + n, principal: 'system', commandId: null },
    events: [{ type: 'UnitContacted', v: 1, entity: `driver/U${from + n}`, unitId: `U${from + n}` }],
  }))
const append = (region: string, from: number, count: number) => storeLog(owner, region, recordsFrom(from, count))

const cursor = async (region: string, hook = 'cad') =>
  (
    await owner.query(
      'SELECT position, log_id AS "logId", stopped FROM webhooks.cursors WHERE region = $1 AND hook = $2',
      [region, hook],
    )
  ).rows[0] as { position: number; logId: string; stopped: string | null } | undefined

/** Its receiver is taken to have everything up to a position. */
const begin = (region: string, position: number, hook = 'cad') =>
  owner.query('INSERT INTO webhooks.cursors (region, hook, position) VALUES ($1, $2, $3)', [region, hook, position])

async function sender(
  t: { after(run: () => Promise<void>): void },
  receiver: WebhookReceiver,
  served: readonly string[],
  changes: object = {},
): Promise<Doings & { readonly sender: WebhookSender }> {
  const set = {
    ...{ name: 'cad', url: receiver.url, secret: SECRET, secretFile: null, events: [], regions: [] },
    ...{ personalData: false, timeoutMs: 60_000, ...changes },
  }
  const doings: Doings = { failures: [], stopped: [] }
  const ends = new Map<string, number>()
  const look = async () => {
    for (const region of served) ends.set(region, await logEnd(database, region))
  }
  await look()
  const looking = setInterval(() => void look().catch(() => undefined), 5)
  const made = new WebhookSender(openWebhooks([set])[0]!, {
    ...{ database, clock: FAST, random: () => 0.5, served: () => ends },
    ...{ onDelivered: () => {}, onOver: () => {} },
    onFailure: (region, error) => void doings.failures.push(`${region}: ${error.message}`),
    onStopped: (region, why) => void doings.stopped.push(`${region}: ${why}`),
  })
  made.start()
  t.after(async () => {
    clearInterval(looking)
    await made.stop()
  })
  return { ...doings, sender: made }
}

const ids = (region: string, from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, n) => `${region}:${from + n}:0`)
const toldIds = (receiver: WebhookReceiver, region: string) => receiver.told(region).map(({ id }) => id)

test('two regions are told each in its order, in as few messages as they fit into, and what comes then', async t => {
  const [one, other] = [await regionWith(1_200), await regionWith(300)]
  for (const region of [one, other]) await begin(region, 0)
  const receiver = await WebhookReceiver.open(t)
  const { failures } = await sender(t, receiver, [one, other])
  await receiver.until(
    'both are told',
    () => receiver.told(one).length === 1_200 && receiver.told(other).length === 300,
  )
  assert.deepEqual(
    receiver.messages.filter(({ data }) => data.region === one).map(({ data }) => data.events.length),
    // At 50 ms an answer, 10,000 events a second.
    [500, 500, 200],
  )
  await append(one, 1_201, 3)
  await receiver.until('what came then', () => receiver.told(one).length === 1_203)
  assert.deepEqual(toldIds(receiver, one), ids(one, 1, 1_203))
  assert.deepEqual(toldIds(receiver, other), ids(other, 1, 300))
  // Each begins where the one before has ended.
  const ofOne = receiver.messages.filter(({ data }) => data.region === one)
  assert.deepEqual(
    ofOne.map(({ data }) => data.afterPosition),
    [0, 500, 1_000, ...ofOne.slice(3).map(({ data }) => data.events[0]!.position - 1)],
  )
  assert.deepEqual(failures, [])
  await until(async () => (await cursor(one))!.position === 1_203)
})

test('a new webhook begins with what comes next, and in the regions that it asks for', async t => {
  const [one, other] = [await regionWith(5), await regionWith(5)]
  const receiver = await WebhookReceiver.open(t)
  await sender(t, receiver, [one, other], { regions: [one] })
  await until(async () => (await cursor(one))?.position === 5)
  await append(one, 6, 1)
  await receiver.until('what came next', () => receiver.told(one).length === 1)
  assert.deepEqual(toldIds(receiver, one), ids(one, 6, 6))
  assert.equal(await cursor(other), undefined)
})

test('whatever a receiver does to its messages, it is told every event, in order', async t => {
  const region = await regionWith(900)
  await begin(region, 0)
  const receiver = await WebhookReceiver.open(t)
  const doings = [
    'cut',
    { status: 500 },
    { status: 302, headers: { location: 'http://127.0.0.1:1/' } },
    { status: 503, headers: { 'retry-after': '1' } },
    { status: 400 },
    'cut',
  ] as const
  receiver.answer = (_message, number) =>
    number % 2 === 1 ? (doings[(number - 1) / 2] ?? { status: 204 }) : { status: 204 }
  const { failures } = await sender(t, receiver, [region])
  for (let from = 901; from < 1_400; from += 100) {
    await append(region, from, 100)
    await receiver.until('more is told', () => receiver.told(region).length >= from - 1)
  }
  await receiver.until('all is told', () => receiver.told(region).length === 1_400)
  assert.deepEqual(toldIds(receiver, region), ids(region, 1, 1_400))
  assert.ok(failures.length >= 3, String(failures))
  // A message that was not taken comes again before anything behind it.
  const positions = receiver.messages.map(({ data }) => data.afterPosition)
  assert.deepEqual(
    positions,
    [...positions].sort((a, b) => a - b),
  )
})

test('a receiver that says when it wants to be asked again is left alone until then', async t => {
  const region = await regionWith(1)
  await begin(region, 0)
  const receiver = await WebhookReceiver.open(t)
  const at: number[] = []
  receiver.answer = (_message, number) => {
    at.push(performance.now())
    return number === 1 ? { status: 503, headers: { 'retry-after': '8' } } : { status: 200 }
  }
  await sender(t, receiver, [region])
  await receiver.until('it is told', () => receiver.taken.length === 1)
  // By itself the pause is three quarters of a second; of these here are ten in one.
  assert.ok(at[1]! - at[0]! >= 790, String(at[1]! - at[0]!))
})

test('a region whose message is refused for ever holds up no other region', async t => {
  const [bad, good] = [await regionWith(3), await regionWith(3)]
  for (const region of [bad, good]) await begin(region, 0)
  const receiver = await WebhookReceiver.open(t)
  receiver.answer = ({ data }) => ({ status: data.region === bad ? 422 : 200 })
  const { failures } = await sender(t, receiver, [bad, good])
  await receiver.until(
    'it was refused twice',
    () => receiver.messages.filter(({ data }) => data.region === bad).length > 1,
  )
  await append(good, 4, 2)
  await receiver.until('the other is told', () => receiver.told(good).length === 5)
  assert.equal((await cursor(bad))!.position, 0)
  assert.ok(failures.every(text => text === `${bad}: The receiver answered 422.`))
})

test('410 stops a webhook until somebody lets it go, from where they say', async t => {
  const region = await regionWith(10)
  await begin(region, 4)
  const receiver = await WebhookReceiver.open(t)
  receiver.answer = () => ({ status: 410 })
  const { stopped } = await sender(t, receiver, [region])
  await until(async () => stopped.length > 0)
  assert.deepEqual(stopped, [`${region}: The receiver answered 410.`])
  assert.deepEqual((await cursor(region))!.stopped, 'The receiver answered 410.')
  assert.equal(receiver.messages.length, 1)
  receiver.answer = () => ({ status: 200 })

  const position = await letWebhookGo(database, { region, hook: 'cad', after: 7 }, async () => {})
  assert.equal(position, 7)
  await receiver.until('it goes on', () => receiver.told(region).length === 3)
  assert.deepEqual(toldIds(receiver, region), ids(region, 8, 10))
  assert.equal((await cursor(region))!.stopped, null)
})

test('two processes that both believe that they have a region tell all of it, and the cursor never goes back', async t => {
  const region = await regionWith(2_000)
  await begin(region, 0)
  const receiver = await WebhookReceiver.open(t)
  await sender(t, receiver, [region])
  await sender(t, receiver, [region])
  await until(async () => (await cursor(region))!.position === 2_000)
  assert.deepEqual(toldIds(receiver, region), ids(region, 1, 2_000))
  const former = { region, hook: 'cad', ...(await cursor(region))!, position: 1_500 }
  assert.equal(await moveWebhook(database, former, 1_600), false)
  assert.equal((await cursor(region))!.position, 2_000)
})

test('a webhook that is ended while it posts is told the same again by the next one', async t => {
  const region = await regionWith(3)
  await begin(region, 0)
  const receiver = await WebhookReceiver.open(t)
  let answered = () => {}
  receiver.answer = () => new Promise(resolve => (answered = () => resolve({ status: 200 })))
  const { sender: first, failures } = await sender(t, receiver, [region])
  await receiver.until('it posts', () => receiver.messages.length === 1)
  await first.stop()
  assert.deepEqual([failures, (await cursor(region))!.position], [[], 0])
  answered()
  receiver.answer = () => ({ status: 200 })
  await sender(t, receiver, [region])
  await until(async () => (await cursor(region))!.position === 3)
  const [before, again] = receiver.messages
  assert.equal(again!.headers['webhook-id'], before!.headers['webhook-id'])
  assert.equal(again!.body, before!.body)
})

test('records that the store has lost are told as a gap, and what stands behind them', async t => {
  const region = await regionWith(6)
  await begin(region, 1)
  await owner.query("SET session_replication_role = 'replica'")
  await owner.query('DELETE FROM log.records WHERE region = $1 AND position BETWEEN 2 AND 3', [region])
  await owner.query('UPDATE log.records SET principal = $2 WHERE region = $1 AND position = 5', [region, 'someone'])
  await owner.query('RESET session_replication_role')
  const receiver = await WebhookReceiver.open(t)
  await sender(t, receiver, [region])
  await until(async () => (await cursor(region))!.position === 6)
  assert.deepEqual(toldIds(receiver, region), [`${region}:4:0`, `${region}:6:0`])
  assert.deepEqual(receiver.messages[0]!.data.gaps, [
    { fromPosition: 2, toPosition: 3, why: 'missing' },
    { fromPosition: 5, toPosition: 5, why: 'changed' },
  ])
})

test('a message that was not taken is made anew of the log as it stands then', async t => {
  const region = await regionWith(1)
  await begin(region, 0)
  const receiver = await WebhookReceiver.open(t)
  receiver.answer = () => ({ status: 500 })
  await sender(t, receiver, [region])
  await receiver.until('it was tried', () => receiver.messages.length > 0)
  await owner.query("SET session_replication_role = 'replica'")
  await owner.query(
    `UPDATE log.records SET events = n.events, checksum = log.record_checksum(region, position, recorded_at_ms, epoch, principal,
       command_id, trace, n.events::text)
     FROM (SELECT jsonb_build_array(jsonb_build_object('type', 'UnitContacted', 'v', 1, 'entity', 'driver/X', 'unitId', 'X')) AS events) n
     WHERE region = $1`,
    [region],
  )
  await owner.query('RESET session_replication_role')
  receiver.answer = () => ({ status: 200 })
  await receiver.until('it is told', () => receiver.taken.length === 1)
  assert.deepEqual(
    [receiver.messages[0], receiver.taken[0]].map(message => message!.data.events[0]!.event.unitId),
    ['U1', 'X'],
  )
  assert.equal(receiver.taken[0]!.headers['webhook-id'], receiver.messages[0]!.headers['webhook-id'])
})

test('after a restore nothing is posted before somebody says so, of no webhook, and positions count in another history', async t => {
  const region = await regionWith(5)
  await begin(region, 3)
  const before = (await cursor(region))!
  // As a restore does: it was brought back to a moment before what the receiver has.
  await owner.query("SET session_replication_role = 'replica'")
  await owner.query('DELETE FROM log.records WHERE region = $1 AND position > 2', [region])
  await owner.query('RESET session_replication_role')
  await stopWebhooks(database)
  const stopped = (await cursor(region))!
  assert.deepEqual([stopped.position, stopped.stopped], [2, 'restored'])
  assert.notEqual(stopped.logId, before.logId)

  const receiver = await WebhookReceiver.open(t)
  const known = await sender(t, receiver, [region])
  const unknown = await sender(t, receiver, [region], { name: 'later' })
  await until(async () => known.stopped.length + unknown.stopped.length === 2)
  await append(region, 3, 2)
  // More than a look of both.
  await sleep(100)
  assert.equal(receiver.messages.length, 0)
  await letWebhookGo(database, { region, hook: 'cad', after: null }, async () => {})
  await receiver.until('it goes on', () => receiver.told(region).length === 2)
  const { data } = receiver.messages[0]!
  assert.deepEqual([data.logId, data.afterPosition, data.webhook], [stopped.logId, 2, 'cad'])
  assert.deepEqual(toldIds(receiver, region), ids(region, 3, 4))
  assert.deepEqual((await cursor(region, 'later'))!.stopped, 'restored')
})

async function until(isThere: () => Promise<boolean>): Promise<void> {
  const wait = async () => {
    while (!(await isThere())) await sleep(5)
  }
  await within('what the test waits for', wait())
}
