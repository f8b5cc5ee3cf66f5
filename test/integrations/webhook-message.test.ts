/** What the messages of a webhook say, how they are cut, and that a stranger who read the page can prove them. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { deferred } from '../../src/base/deferred.ts'
import { systemClock } from '../../src/base/time.ts'
import type { DomainEvent } from '../../src/domain/events.ts'
import { openWebhooks, type Webhook, WebhookUnfit } from '../../src/integrations/webhooks/webhook.ts'
import { messagesOf } from '../../src/integrations/webhooks/webhook-message.ts'
import { postMessage } from '../../src/integrations/webhooks/webhook-post.ts'
import { pauseAfter } from '../../src/integrations/webhooks/webhook-sender.ts'
import type { LogRecord } from '../../src/store/log/journal.ts'
import { missingRecords } from '../../src/store/log/stored-rows.ts'
import { whyNoPython } from '../contract/foreign/python.ts'
import { type ReceivedMessage, SECRET, WebhookReceiver } from '../support/webhook-receiver.ts'
import { within } from '../support/within.ts'

const PAGE = readFileSync(new URL('../../docs/webhooks.md', import.meta.url), 'utf8')
const AT = { region: 'akl', hook: 'cad', position: 9, logId: 'log-1', stopped: null }
const AS_SET = {
  ...{ name: 'cad', url: 'http://127.0.0.1:1/', secret: SECRET, secretFile: null, events: [], regions: [] },
  ...{ personalData: false, timeoutMs: 5_000 },
}
const hookWith = (changes: Partial<Parameters<typeof openWebhooks>[0][number]> = {}): Webhook =>
  openWebhooks([{ ...AS_SET, ...changes }])[0]!

const contacted = (unitId: string): DomainEvent => ({ type: 'UnitContacted', v: 1, entity: `driver/${unitId}`, unitId })
const record = (position: number, events: readonly DomainEvent[]): LogRecord => ({
  ...{ position, recordedAtMs: 1_700_000_000_000 + position, epoch: 1, principal: 'desk-1', commandId: `c${position}` },
  ...{ trace: null, events },
})
/** Each message as its receiver reads it. */
const saidBy = (hook: Webhook, records: readonly LogRecord[]) =>
  [...messagesOf(hook, AT, records)].map(({ id, body, end }) => ({ id, end, ...read(body) }))
const read = (body: string) =>
  JSON.parse(body === '' ? '{}' : body) as { readonly timestamp: string; readonly data: ReceivedMessage['data'] }

const PLACED = { lonDeg: 174.7612345, latDeg: -36.8512345 }
const ENTERED: DomainEvent = {
  ...{
    type: 'CallEntered',
    v: 1,
    entity: 'call/akl.c',
    callId: 'akl.c',
    ...PLACED,
    priority: 1,
    problem: 'chest pain',
  },
  ...{ needs: [], tripIds: ['akl.t'], receivedAtMs: 1 },
}

test('a message has the events of its records in order, each with an id that it always has', () => {
  const [message, ...others] = saidBy(hookWith(), [
    record(10, [contacted('A1'), contacted('A2')]),
    record(11, []),
    record(12, [contacted('A3')]),
  ])
  assert.deepEqual(others, [])
  assert.equal(message!.id, 'log-1:10:0-12:0')
  assert.equal(message!.end, 12)
  const { events, ...data } = message!.data
  assert.deepEqual(data, { webhook: 'cad', region: 'akl', logId: 'log-1', afterPosition: 9, gaps: [] })
  assert.deepEqual(
    events.map(({ id, event }) => [id, event.unitId]),
    [
      ['akl:10:0', 'A1'],
      ['akl:10:1', 'A2'],
      ['akl:12:0', 'A3'],
    ],
  )
  assert.equal(message!.timestamp, new Date(1_700_000_000_012).toISOString())
  assert.deepEqual(Object.keys(events[0]!), ['id', 'position', 'index', 'recordedAtMs', 'commandId', 'event'])
})

test('what a webhook does not ask for is passed over, and the cursor with it', () => {
  const hook = hookWith({ events: ['CallEntered'] })
  const said = saidBy(hook, [record(10, [contacted('A1')]), record(11, [contacted('A1'), ENTERED])])
  assert.deepEqual(
    said.map(({ id, end }) => [id, end]),
    [['log-1:11:1-11:1', 11]],
  )
  assert.deepEqual(
    saidBy(hook, [record(10, [contacted('A1')])]).map(({ id, end }) => [id, end]),
    [[null, 10]],
  )
})

test('a message ends at 500 events or 256 kB, within a record too, whose end only its last part moves the cursor to', () => {
  const many = (count: number) => Array.from({ length: count }, (_, n) => contacted(`U${n}`))
  const cut = saidBy(hookWith(), [record(10, many(1)), record(11, many(700)), record(12, many(1))])
  assert.deepEqual(
    cut.map(({ id, end }) => [id, end]),
    [
      ['log-1:10:0-11:498', 10],
      ['log-1:11:499-12:0', 12],
    ],
  )
  assert.equal(cut[1]!.data.afterPosition, 10)
  const large = { ...contacted('A1'), unitId: 'x'.repeat(100_000) }
  const alone = { ...contacted('A1'), unitId: 'x'.repeat(300_000) }
  assert.deepEqual(
    saidBy(hookWith(), [record(10, [large, large]), record(11, [large]), record(12, [alone])]).map(({ id }) => id),
    ['log-1:10:0-10:1', 'log-1:11:0-11:0', 'log-1:12:0-12:0'],
  )
})

test('records that are missing or not what was written are told as gaps', () => {
  const changed: LogRecord = {
    ...record(13, []),
    damage: { table: 'log.records', at: 'position 13', kind: 'changed', rows: 1, entities: [] },
  }
  const [message, ...others] = saidBy(hookWith(), [missingRecords(10, 12), changed, record(14, [contacted('A1')])])
  assert.deepEqual(others, [])
  assert.deepEqual(message!.data.gaps, [
    { fromPosition: 10, toPosition: 12, why: 'missing' },
    { fromPosition: 13, toPosition: 13, why: 'changed' },
  ])
  assert.deepEqual([message!.id, message!.end], ['log-1:10-14:0', 14])
})

test('without personalData no message tells where a patient is, what is wrong with them, or who anybody is', () => {
  const events: DomainEvent[] = [
    ENTERED,
    { type: 'CrewSignedOn', v: 1, entity: 'driver/A1', unitId: 'A1', principal: 'Moana', happenedAtMs: 1 },
    { type: 'AlarmAcknowledged', v: 1, entity: 'trip/akl.t', alarmId: 'trip/akl.t/x/1', tripId: 'akl.t', by: 'Moana' },
    {
      ...{ type: 'OfferMade', v: 1, entity: 'trip/akl.t', tripId: 'akl.t', offerId: 'akl.o', unitId: 'A1', round: 1 },
      ...{ mode: 'ordered', offeredAtMs: 1, warnAtMs: null, deadlineAtMs: 2 },
      decision: {
        basis: 'straight-line',
        candidates: [{ unitId: 'A1', distanceM: 1234, fixAgeMs: 1, levelOfCare: 'als' }],
        excluded: {},
      },
    },
  ]
  const bodyOf = (hook: Webhook) => [...messagesOf(hook, AT, [record(10, events)])][0]!.body
  const body = bodyOf(hookWith())
  for (const told of ['174.76', '36.85', 'chest pain', 'Moana', 'desk-1', '1234']) assert.ok(!body.includes(told), told)
  const { lonDeg, latDeg, problem } = read(body).data.events[0]!.event
  assert.deepEqual([lonDeg, latDeg, problem], [174.8, -36.9, null])
  const whole = read(bodyOf(hookWith({ personalData: true }))).data.events
  assert.deepEqual(
    whole.map(({ event }) => event),
    events,
  )
  assert.equal(whole[0]!.principal, 'desk-1')
})

test('of every field of an event it is decided whether a webhook without personalData tells it', () => {
  const table = readFileSync(new URL('../../docs/protocol/events.md', import.meta.url), 'utf8')
  const rows = [...table.matchAll(/^\| `[A-Z]\w+` \| (`[^|]+) \|$/gm)]
  assert.ok(rows.length > 40)
  const fields = new Set(rows.flatMap(([, cell]) => [...cell!.matchAll(/`(\w+)`/g)].map(([, name]) => name!)))
  assert.deepEqual([...fields].filter(name => !DECIDED.has(name)).sort(), [])
})

/** Left out or made vague are `by`, `principal`, `notesRead`, `decision`, `lonDeg`, `latDeg` and `problem`; the others are told. */
const DECIDED: ReadonlySet<string> = new Set([
  ...['by', 'principal', 'notesRead', 'decision', 'lonDeg', 'latDeg', 'problem'],
  ...['unitId', 'tripId', 'callId', 'offerId', 'alarmId', 'regionId', 'zoneId', 'hospitalId', 'streamId', 'fromTripId'],
  ...['toTripId', 'helpsTripId', 'helpedByTripId', 'addedTripId', 'tripIds', 'fromUnitId', 'asked', 'callSign'],
  ...['levelOfCare', 'transports', 'capabilities', 'homeStation', 'priority', 'need', 'needs', 'receivedAtMs'],
  ...['receivedSource', 'incidentNo', 'responseNo', 'sentAtMs', 'happenedAtMs', 'cause', 'as', 'state', 'standsDown'],
  ...[
    'tellsCrew',
    'helpsBecause',
    'because',
    'firstNotifiedAtMs',
    'noteCount',
    'noteNo',
    'corrects',
    'detailsVersions',
  ],
  ...['detailsReplaced', 'triaged', 'reason', 'why', 'fromSeq', 'toSeq', 'mode', 'round', 'offeredAtMs', 'warnAtMs'],
  ...[
    'deadlineAtMs',
    'byVoice',
    'notifiedAtMs',
    'implied',
    'implausible',
    'lateEvidence',
    'noContact',
    'alarm',
    'severity',
    'to',
  ],
  ...['lastHeardAtMs', 'silentFromMs', 'silentToMs', 'silentUnits', 'ofUnits', 'forMs', 'phase', 'missed', 'time'],
  ...[
    'formerAtMs',
    'newAtMs',
    'kind',
    'points',
    'slowPercent',
    'fromAtMs',
    'untilAtMs',
    'inPhase',
    'disposition',
    'place',
  ],
])

const snippet = (language: string): string => new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(PAGE)![1]!

/** A message as it was posted, with the headers that came with it. */
async function posted(hook: Parameters<typeof hookWith>[0], receiver: WebhookReceiver) {
  const webhook = hookWith({ ...hook, url: receiver.url })
  const message = [...messagesOf(webhook, AT, [record(10, [contacted('Māui')])])][0]!
  const answer = await postMessage(webhook, { ...message, id: message.id! }, systemClock, new AbortController().signal)
  return { answer, message, received: receiver.messages.at(-1)! }
}

test('the page’s receiver in Node takes what is signed, by either of two secrets, and nothing else', async t => {
  const receiver = await WebhookReceiver.open(t)
  const { verified } = await import(`data:text/javascript,${encodeURIComponent(snippet('js'))}`)
  const other = `whsec_${Buffer.alloc(64, 9).toString('base64')}`
  const { received, message } = await posted({ secret: `${other}\n${SECRET}` }, receiver)
  const { headers, body } = received
  assert.equal(body, message.body)
  for (const secret of [SECRET, other]) assert.deepEqual(verified(headers, body, secret), JSON.parse(body).data)
  assert.equal(headers['webhook-id'], 'log-1:10:0-10:0')
  assert.match(headers['webhook-signature'] as string, /^v1,[\w+/]{43}= v1,[\w+/]{43}=$/)
  assert.equal(headers['content-type'], 'application/json')
  const wrong = `whsec_${Buffer.alloc(32, 8).toString('base64')}`
  const late = { ...headers, 'webhook-timestamp': String(Number(headers['webhook-timestamp']) - 400) }
  assert.throws(() => verified(headers, body, wrong), /not signed/)
  assert.throws(() => verified(headers, `${body} `, SECRET), /not signed/)
  assert.throws(() => verified({ ...headers, 'webhook-id': 'log-1:10:0-10:1' }, body, SECRET), /not signed/)
  assert.throws(() => verified(late, body, SECRET), /not of now/)
  assert.throws(() => verified({}, body, SECRET), /not of now/)
})

test('the page’s receiver in Python does so, too', { skip: whyNoPython() ?? false }, async t => {
  const receiver = await WebhookReceiver.open(t)
  const { headers, body } = (await posted({}, receiver)).received
  const program = `${snippet('python')}
import sys
given = json.load(sys.stdin)
for change in ("", " "):
    try:
        print(verified(given["headers"], (given["body"] + change).encode(), given["secret"])["events"][0]["event"]["unitId"])
    except ValueError as error:
        print(error)
`
  const input = JSON.stringify({ headers, body, secret: SECRET })
  const ran = spawnSync('python3', ['-c', program], { input, encoding: 'utf8', env: { PYTHONIOENCODING: 'utf8' } })
  assert.deepEqual([ran.stderr, ran.stdout], ['', 'Māui\nThis message is not signed by our engine.\n'])
})

test('a redirection is not followed, wherever it leads', async t => {
  const other = await WebhookReceiver.open(t)
  const receiver = await WebhookReceiver.open(t)
  for (const status of [301, 302, 303, 307, 308]) {
    receiver.answer = () => ({ status, headers: { location: other.url } })
    const { answer } = await posted({}, receiver)
    assert.match(answer.ok ? 'ok' : answer.message, new RegExp(`answered ${status}, which is not followed`))
  }
  assert.equal(other.messages.length, 0)
})

test('of an answer without end no more is read than its first bytes, and its status counts', async t => {
  let written = 0
  const chunk = Buffer.alloc(64 * 1024)
  const ended = deferred<void>()
  const server = createServer((_request, response) => {
    const write = () => {
      for (let isRoom = true; isRoom && !response.destroyed; written += chunk.length) isRoom = response.write(chunk)
    }
    response.on('drain', write).on('close', () => ended.resolve())
    write()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const webhook = hookWith({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, timeoutMs: 5_000 })
  const message = { id: 'log-1:1:0-1:0', body: '{}' }
  assert.deepEqual(await postMessage(webhook, message, systemClock, new AbortController().signal), { ok: true })
  await within('its connection is ended', ended.promise)
  // What lay in the buffers of both ends.
  assert.ok(written < 16 * 1024 * 1024, String(written))
})

test('an answer counts by its status, and by when the receiver wants to be asked again', async t => {
  const receiver = await WebhookReceiver.open(t)
  const answered = async (status: number, headers = {}) => {
    receiver.answer = () => ({ status, headers })
    const { answer } = await posted({}, receiver)
    return answer.ok || [answer.isGone, answer.againAfterMs, answer.message]
  }
  for (const status of [200, 202, 204]) assert.equal(await answered(status), true)
  assert.deepEqual(await answered(410), [true, 0, 'The receiver answered 410.'])
  assert.deepEqual(await answered(400), [false, 0, 'The receiver answered 400.'])
  assert.deepEqual(await answered(429, { 'retry-after': '120' }), [false, 120_000, 'The receiver answered 429.'])
  assert.deepEqual(await answered(503, { 'retry-after': '86400' }), [false, 3_600_000, 'The receiver answered 503.'])
  assert.deepEqual(await answered(503, { 'retry-after': 'soon' }), [false, 0, 'The receiver answered 503.'])
  const date = new Date(Date.now() + 600_000).toUTCString()
  const [, againAfterMs] = (await answered(503, { 'retry-after': date })) as [boolean, number, string]
  assert.ok(againAfterMs > 400_000 && againAfterMs <= 600_000, String(againAfterMs))
  receiver.answer = () => 'cut'
  const { answer } = await posted({}, receiver)
  assert.match(answer.ok ? 'ok' : answer.message, /^The receiver cannot be reached: /)
})

test('an answer that does not come in its time is none', async t => {
  const receiver = await WebhookReceiver.open(t)
  receiver.answer = () => new Promise(() => {})
  const { answer } = await posted({ timeoutMs: 100 }, receiver)
  assert.deepEqual(answer, {
    ...{ ok: false, isGone: false, message: 'The receiver did not answer within 100 ms.', againAfterMs: 0 },
  })
})

test('pauses double up to a minute, each by chance up to half shorter', () => {
  assert.deepEqual(
    [1, 2, 3, 6, 7, 8, 1_000].map(failures => pauseAfter(failures, 0)),
    [1_000, 2_000, 4_000, 32_000, 60_000, 60_000, 60_000],
  )
  assert.deepEqual([pauseAfter(1, 1), pauseAfter(9, 0.5)], [500, 45_000])
})

test('a webhook that cannot be used is refused by its name, without its secret', () => {
  const refused = (changes: object) => {
    try {
      hookWith(changes)
    } catch (error) {
      assert.ok(error instanceof WebhookUnfit)
      return error.message
    }
    return ''
  }
  assert.match(refused({ events: ['TripEnded'] }), /^The webhook cad asks for TripEnded, which is no event; docs/)
  assert.match(
    refused({ secret: null, secretFile: '/nonexistent' }),
    /^The secret of the webhook cad cannot be read from \/nonexistent \(ENOENT\)\.$/,
  )
  for (const secret of ['whsec_short', 'abcdefghijklmnopqrstuvwxyzabcdefghijklmn', `${SECRET} ${SECRET} ${SECRET}`, ''])
    assert.match(refused({ secret }), /^The secret of the webhook cad must be whsec_ and 24 to 64 bytes/)
})
