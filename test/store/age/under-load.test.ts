/** Erasing, archiving, putting back and disclosing while a region works: nothing is lost, and nothing is there twice. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { verifyRegion } from '../../../src/actors/verify-region.ts'
import { systemClock } from '../../../src/base/time.ts'
import { MomentReader } from '../../../src/store/log/moment-reader.ts'
import { type Database, openDatabase } from '../../../src/store/postgres/database.ts'
import { Views } from '../../../src/store/views/views-follower.ts'
import { ServedCalls, until } from '../../support/call-that-is-over.ts'
import { runHere } from '../../support/command-line.ts'
import { callOf, REGION } from '../../support/region-world.ts'

const CALLS = 6
const IN_FLIGHT = 4
const SEGMENTS = 3_000

let calls: ServedCalls
let directory: string
let database: Database
let views: Views
const served: { callId: string; tripId: string }[] = []

before(async () => {
  // Years ago; each its own number, some bytes that are no fixes.
  calls = await ServedCalls.open(async owner => {
    await owner.query(
      `INSERT INTO location.segments SELECT $1::text, n, 0, n, n, 1, 1, b, location.segment_checksum($1, n, 0, n, n, 1, 1::smallint, b)
       FROM generate_series(1::bigint, $2) n, LATERAL (SELECT sha256(n::text::bytea) AS b) s`,
      [REGION, SEGMENTS],
    )
  })
  directory = await mkdtemp(path.join(tmpdir(), 'goldenhour-load-'))
  for (let n = 0; n < CALLS; n += 1) {
    const details = { callerName: `Somebody ${n}`, phone: null, address: null, notes: null }
    const one = await calls.enter({ details })
    await calls.end(one.tripId)
    served.push(one)
  }
  for (const { tripId } of served) await calls.left(tripId)
  await calls.saved()
  database = openDatabase(calls.database.engineUrl)
  // As an engine has them beside its regions.
  views = new Views({ database, scheduler: systemClock, onFailure: assert.fail, onPassedOver: assert.fail })
})
after(async () => {
  await database.destroy()
  await calls.close()
  await rm(directory, { recursive: true, force: true })
})

test('what is acknowledged meanwhile is in the log once, and every segment in one place', async () => {
  let isOver = false
  let acknowledged = 0
  const work = async (who: number) => {
    for (let n = 0; !isOver; n += 1) {
      const details = { callerName: 'Aroha', phone: `${who} ${n}`, address: null, notes: null }
      const { callId } = (await calls.desk(callOf({ details }), `load-${who}-${n}`)) as { callId: string }
      await calls.desk({ type: 'add-note', callId, text: 'a note', corrects: null })
      await calls.desk({ type: 'cancel-call', callId, reason: 'duplicate-call' })
      acknowledged += 1
      // One process does all of it here, and its loop is for the commands too.
      await sleep(20)
    }
  }
  const follow = async () => {
    for (; !isOver; await sleep(100)) await views.catchUp().catch(() => undefined)
  }
  const load = Promise.all([follow(), ...Array.from({ length: IN_FLIGHT }, (_, who) => work(who))])
  // A transaction that stood still for a second is ended by the server: so may theirs be on a machine that is slow enough.
  const run = async (...args: string[]): Promise<string> => {
    const ran = await runHere(args, { env: { DATABASE_URL: calls.database.url } })
    if (/terminated|not queryable|connection error/.test(ran.stderr)) return run(...args)
    assert.deepEqual([ran.code, ran.stderr], [0, ''], args.join(' '))
    return ran.stdout
  }
  const archive = () => run('archive', 'run', '--older-than', '30', '--to', directory)
  try {
    await until('the load is on', () => acknowledged > IN_FLIGHT)
    for (const { callId } of served.slice(0, CALLS / 2)) await run('erase', callId, '--reason', 'a request')
    const [file] = (await archive()).split('\n').map(line => line.split('\t')[1]!)
    await run('disclose', served.at(-1)!.callId, '--reason', 'a case', '--to', path.join(directory, 'pack'))
    await run('archive', 'restore', path.join(directory, file!))
    for (const { callId } of served.slice(CALLS / 2)) await run('erase', callId, '--reason', 'a request')
    await archive()
  } finally {
    isOver = true
    await load
  }
  const reader = await MomentReader.open(calls.database.engineUrl)
  const { findings, erased, archived } = await verifyRegion(reader, REGION)
  await reader.end()
  // Those bytes are no fixes: nobody minds while they are not read.
  assert.deepEqual(
    findings.filter(({ text }) => !text.startsWith('location.segments')),
    [],
  )
  assert.deepEqual([erased.calls, archived], [CALLS, SEGMENTS])
  const { rows } = await calls.owner.query<{ count: number }>(
    `SELECT count(*) FROM log.records WHERE command_id LIKE 'load-%'`,
  )
  assert.equal(rows[0]!.count, acknowledged)
  assert.deepEqual(await calls.rowsWith('Somebody'), [])
})
