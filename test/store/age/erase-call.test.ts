/** Erasing a call: nothing that the database has tells who called, from where and why, and everything else is as it was. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { verifyRegion } from '../../../src/actors/verify-region.ts'
import { systemClock } from '../../../src/base/time.ts'
import { ErasureWatch } from '../../../src/store/age/erasure-watch.ts'
import { MomentReader } from '../../../src/store/log/moment-reader.ts'
import { openDatabase } from '../../../src/store/postgres/database.ts'
import { rebuildViews } from '../../../src/store/views/rebuild-views.ts'
import { ServedCalls, until } from '../../support/call-that-is-over.ts'
import { runHere } from '../../support/command-line.ts'
import { REGION } from '../../support/region-world.ts'

const PLACE = { lonDeg: 174.7612345, latDeg: -36.8512345 }
const SAID = [
  'Aroha',
  '0215557788',
  '9 Kauri Lane',
  'back door',
  'she cannot breathe',
  'he cannot breathe',
  'chest pain',
]
const PERSONAL = [...SAID, '174.7612345', '-36.8512345']
const ABOUT = { lonDeg: 174.8, latDeg: -36.9 }

let calls: ServedCalls
let callId: string
let tripId: string

before(async () => {
  calls = await ServedCalls.open()
  const details = { callerName: 'Aroha', phone: '0215557788', address: null, notes: null }
  ;({ callId, tripId } = await calls.enter({ ...PLACE, problem: 'chest pain', details }, 'call-1'))
  const amended = { callerName: 'Aroha', phone: null, address: '9 Kauri Lane', notes: 'back door' }
  await calls.desk({ type: 'amend-call', callId, details: amended })
  await calls.desk({ type: 'add-note', callId, text: 'she cannot breathe', corrects: null })
  await calls.desk({ type: 'add-note', callId, text: 'he cannot breathe', corrects: 1 })
})
after(() => calls.close())

const env = (url: string) => ({ env: { DATABASE_URL: url } })
const asOwner = (...args: string[]) => runHere(args, env(calls.database.url))
const erase = (...args: string[]) => asOwner('erase', callId, '--reason', 'a request of the patient', ...args)

async function verified() {
  const reader = await MomentReader.open(calls.database.engineUrl)
  try {
    return await verifyRegion(reader, REGION)
  } finally {
    await reader.end()
  }
}
const recordsNow = async () =>
  (
    await calls.owner.query<Record<string, unknown>>(
      'SELECT position, recorded_at_ms, epoch, principal, command_id, events FROM log.records ORDER BY position',
    )
  ).rows

test('a call is not erased while it is open, nor while it is in memory, nor by the role of an engine', async () => {
  const open = await erase()
  assert.deepEqual([open.code, open.stdout], [1, ''])
  assert.match(open.stderr, /Call \S+ is open; erase it when it is over\./)
  await calls.end(tripId)
  assert.match((await erase()).stderr, /is in the memory of its region still: .* Try again then\./)
  await calls.left(tripId)
  const engine = await runHere(['erase', callId, '--reason', 'none'], env(calls.database.engineUrl))
  assert.match(engine.stderr, /This role may not change what is on record/)
  assert.equal((await calls.rowsWith(...PERSONAL)).length, 9)
})

test('a call that is held is kept as it is until it is released, and the list says so', async () => {
  assert.equal((await asOwner('hold', 'place', tripId, '--reason', 'case 7 of the court')).code, 0)
  assert.match(
    (await asOwner('hold', 'place', callId, '--reason', 'again')).stderr,
    /is held since .*: case 7 of the court\./,
  )
  assert.match((await erase()).stderr, /is held since \S+ \(case 7 of the court\); nothing of it is erased/)
  assert.match((await asOwner('hold', 'list')).stdout, new RegExp(`^akl\t${callId}\t\\S+\tcase 7 of the court\n$`))
  assert.equal((await asOwner('hold', 'release', callId, '--reason', 'the case is over')).code, 0)
  assert.match((await asOwner('hold', 'release', callId, '--reason', 'again')).stderr, /is not held/)
  assert.equal((await asOwner('hold', 'list')).stdout, '')
  assert.match((await asOwner('hold', 'list', '--all')).stdout, /\tthe case is over\n$/)
})

test('erased is everything personal, wherever the database has it, and nothing else', async () => {
  const before = await recordsNow()
  // Somebody reads it just now, so it is in memory as it is stored.
  await calls.ask({ type: 'read-call', callId })
  assert.ok(calls.world.region.states.trip(tripId))
  assert.deepEqual((await verified()).erased, { calls: 0, records: 0 })

  const erased = await erase()
  assert.deepEqual([erased.code, erased.stderr], [0, ''])
  assert.equal(erased.stdout, `Call ${callId}: erased 4 texts, and wrote 2 records anew.\n`)

  assert.deepEqual(await calls.rowsWith(...PERSONAL), [])
  const told = JSON.stringify(before)
    .replaceAll(String(PLACE.lonDeg), '174.8')
    .replaceAll(String(PLACE.latDeg), '-36.9')
    .replaceAll('"chest pain"', 'null')
  assert.deepEqual(await recordsNow(), JSON.parse(told), 'records are as they were but for that')
  const { findings, erased: found } = await verified()
  assert.deepEqual([findings, found], [[], { calls: 1, records: 2 }])
  const { rows } = await calls.owner.query(
    `SELECT e.action, e.subject, e.details - 'seal' AS details, e.details ->> 'seal' = s.seal AS sealed
     FROM audit.entries e, log.erasures s WHERE e.action = 'call-erased'`,
  )
  const details = { reason: 'a request of the patient', records: 2, texts: 4 }
  assert.deepEqual(rows, [{ action: 'call-erased', subject: callId, details, sealed: true }])
})

test('an engine that runs lets go of the call, and tells what is stored', async () => {
  const database = openDatabase(calls.database.engineUrl)
  const console = calls.world.dispatcher()
  try {
    assert.equal(calls.world.region.states.trip(tripId)?.lonDeg, PLACE.lonDeg, 'it has not been told')
    assert.notEqual(calls.world.host.boardFrom(0).events, 0)
    const watch = new ErasureWatch({
      ...{ database, scheduler: systemClock, hosts: () => [calls.world.host] },
      ...{ onFailure: assert.fail, onSuccess: () => undefined },
    })
    await watch.look()
    await until('it has left memory', () => calls.world.region.states.trip(tripId) === undefined)
    assert.equal(calls.world.host.boardFrom(0).events, 0, 'who comes back is shown the board, not what was said')
    const { shown } = await calls.ask<{ shown: { call: Record<string, unknown> } }>({ type: 'read-call', callId })
    const { lonDeg, latDeg, problem, details } = shown.call
    assert.deepEqual({ lonDeg, latDeg, problem, details }, { ...ABOUT, problem: null, details: null })
    assert.equal(shown.call.notes, undefined)
    await calls.left(tripId)
  } finally {
    calls.world.host.closed(console)
    await database.destroy()
  }
})

test('a call that was changed just before its region was told goes on without its place, and is stored so', async () => {
  // As if it had come back before the erasure.
  await calls.ask({ type: 'read-call', callId })
  await calls.desk({ type: 'add-note', callId, text: 'a bag was left', corrects: null })
  calls.world.host.erased([callId])
  await calls.left(tripId)
  assert.deepEqual(await calls.rowsWith(...PERSONAL), [])
  assert.deepEqual((await verified()).findings, [])
  // What was said of it since is erased as well, and the first erasure stands.
  const more = await erase()
  assert.equal(more.stdout, `Call ${callId}: erased 1 texts, and wrote 0 records anew.\n`)
  assert.deepEqual((await verified()).erased, { calls: 1, records: 2 })
})

test('a second erasure says that it was done', async () => {
  const again = await erase()
  assert.equal(again.code, 0)
  assert.match(again.stdout, /^Call \S+: nothing is left to erase\. It was erased at \d{4}-\S+Z\.\n$/)
})

test('the next start, and a rebuild of the views, have nothing of it', async () => {
  await calls.world.host.close()
  await calls.world.start()
  const database = openDatabase(calls.database.engineUrl)
  await rebuildViews({ database, scheduler: systemClock, onProgress: () => undefined }, REGION)
  await database.destroy()
  assert.deepEqual(await calls.rowsWith(...PERSONAL), [])
  assert.deepEqual((await verified()).findings, [])
})

test('the id of its command stays taken, and nobody can try what was said under it', async () => {
  const answer = calls.world.dispatch(
    {
      ...{ type: 'enter-call', ...PLACE, priority: 1, problem: 'chest pain', needs: [], receivedAtMs: null },
      details: null,
    },
    'call-1',
  )
  await until('an answer', () => answer.outcome !== null)
  assert.ok(!answer.outcome!.ok && answer.outcome!.refusal.code === 'conflict')
})

test('whoever writes an erased record anew by himself is found', async () => {
  const write = (priority: number) => `UPDATE log.records SET events = jsonb_set(events, '{0,priority}', '${priority}')
    WHERE position = (SELECT positions[1] FROM log.erasures);
    UPDATE log.records SET checksum = log.record_checksum(region, position, recorded_at_ms, epoch, principal,
      command_id, trace, events::text) WHERE position = (SELECT positions[1] FROM log.erasures)`
  await calls.owner.query(write(2))
  const { findings } = await verified()
  await calls.owner.query(write(1))
  assert.ok(findings.some(({ rule, text }) => rule === 'erased-as-told' && /not as its erasure left them/.test(text)))
  await calls.owner.query(`UPDATE log.erasures SET seal = 'none'`)
  const texts = (await verified()).findings.map(({ text }) => text)
  assert.ok(texts.includes(`the audit has no such erasure of call ${callId}`))
})

test('calls that are old are erased without being named, but for one that is held', async () => {
  const details = { callerName: 'Aroha', phone: null, address: null, notes: null }
  const made: { callId: string; tripId: string }[] = []
  await calls.saved()
  for (let n = 0; n < 3; n += 1) {
    made.push(await calls.enter({ ...PLACE, details }))
    if (n < 2) await calls.end(made[n]!.tripId)
  }
  for (const each of made.slice(0, 2)) await calls.left(each.tripId)
  assert.equal((await asOwner('hold', 'place', made[0]!.callId, '--reason', 'case 8')).code, 0)
  // As if they had come in long ago.
  await calls.owner.query('UPDATE views.call_rows SET received_at_ms = 0')
  const old = await asOwner('erase', '--older-than', '2555', '--reason', 'seven years')
  assert.deepEqual([old.code, old.stdout], [0, 'Region akl: 1 calls erased.\n'])
  assert.match(old.stderr, new RegExp(`^Call ${made[0]!.callId} is held since .*\\n$`))
  const left = await calls.owner.query('SELECT call_id FROM log.call_details ORDER BY call_id')
  assert.deepEqual(left.rows.map(row => row.call_id).sort(), [made[0]!.callId, made[2]!.callId].sort())
  const off = await asOwner('erase', '--old', '--reason', 'seven years')
  assert.match(off.stderr, /Nothing is old: set retention\.personalDays, or give --older-than\./)
  assert.match((await erase('--old')).stderr, /Name one call, or give --old\./)
})
