/** `verify`: a database in which an engine has worked is whole, and whatever somebody changes in it is found under its rule. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { type Finding, VERIFIED, verifyRegion } from '../../src/actors/verify-region.ts'
import type { Command } from '../../src/domain/commands.ts'
import { MomentReader } from '../../src/store/log/moment-reader.ts'
import { PostgresJournal } from '../../src/store/log/postgres-journal.ts'
import { openClient } from '../../src/store/postgres/database.ts'
import { runHere } from '../support/command-line.ts'
import { testDatabase } from '../support/postgres.ts'
import { callOf, REGION, type RecordingSession, RegionWorld } from '../support/region-world.ts'
import { within } from '../support/within.ts'

const KEPT_MS = 1_000
let database: Awaited<ReturnType<typeof testDatabase>>
let owner: pg.Client
let world: RegionWorld
let journal: PostgresJournal
let closedTrip: string
let closedCall: string

const until = (what: string, isThere: () => boolean) =>
  within(
    what,
    (async () => {
      while (!isThere()) await sleep(2)
    })(),
  )
async function done(by: { principal: string; unitId: string | null }, command: Command, id?: string) {
  const answer = world.send(by, command, id)
  await until(command.type, () => answer.outcome !== null)
  return answer.outcome!.ok ? answer.outcome!.result : assert.fail(answer.outcome!.refusal.code)
}
const DESK = { principal: 'desk-1', unitId: null }

async function onDuty(unitId: string): Promise<RecordingSession> {
  await world.import([unitId])
  await until(unitId, () => world.region.states.driver(unitId) !== undefined)
  const session = world.connect(unitId)
  await until('a welcome', () => session.all('welcome').length > 0)
  world.fixAt(session, 100)
  await done(session, { type: 'sign-on', happenedAtMs: world.nowMs })
  return session
}

before(async () => {
  database = await testDatabase()
  owner = await openClient(database.url, { applicationName: 'goldenhour test' })
  await owner.query("SET session_replication_role = 'replica'")
  journal = new PostgresJournal(database.engineUrl)
  world = await RegionWorld.open({ mode: 'ordered', journal, closedKeptMs: KEPT_MS })
  await world.import(['A2'])
  await until('A2', () => world.region.states.driver('A2') !== undefined)
  const crew = await onDuty('A1')
  const { callId, tripIds } = (await done(DESK, callOf(), 'call-1')) as { callId: string; tripIds: string[] }
  ;[closedCall, closedTrip] = [callId, tripIds[0]!]
  await until('an order', () => crew.view.unit.offerId !== null)
  await done(crew, { type: 'accept-offer', offerId: crew.view.unit.offerId!, happenedAtMs: world.nowMs })
  await done(crew, {
    ...{ type: 'close-trip', tripId: closedTrip, disposition: 'treated-on-scene', happenedAtMs: world.nowMs },
  })
  const leave = async () => {
    for (; world.region.states.trip(closedTrip) !== undefined; await sleep(2)) await world.advance(KEPT_MS)
  }
  await within('the call leaves memory', leave())
  world.fixAt(crew, 200)
  const details = { callerName: 'Aroha', phone: '021', address: null, notes: null }
  const second = await done(DESK, callOf({ details }), 'call-2')
  await done(DESK, { type: 'add-note', callId: second.callId as string, text: 'two patients', corrects: null })
  await until('an order', () => crew.view.unit.offerId !== null)
  await done(crew, { type: 'accept-offer', offerId: crew.view.unit.offerId!, happenedAtMs: world.nowMs })
})
after(async () => {
  await world.close()
  await journal.close()
  await owner.end()
  await database.drop()
})

async function findings(): Promise<readonly Finding[]> {
  const reader = await MomentReader.open(database.engineUrl)
  try {
    return (await verifyRegion(reader, REGION)).findings
  } finally {
    await reader.end()
  }
}
const rules = async () => [...new Set((await findings()).map(({ rule }) => rule))].sort()

test('nothing is wrong while an engine works, after it has stopped, and while the next one works', async () => {
  assert.deepEqual(await findings(), [])
  await world.host.close()
  assert.deepEqual(await findings(), [])
  await world.start()
  assert.deepEqual(await findings(), [])
  const ran = await runHere(['verify', '--region', REGION], { env: { DATABASE_URL: database.engineUrl } })
  assert.deepEqual([ran.code, ran.stdout], [0, ''])
  assert.match(
    ran.stderr,
    /^Region akl: \d+ records, \d+ segments of fixes, 2 trips: nothing is wrong\. State [0-9a-f]{64}\.$/m,
  )
})

const SNAPSHOT = `checksum = log.snapshot_checksum(region, entity, position, segment_no, state::text)`
const RECORD = `checksum = log.record_checksum(region, position, recorded_at_ms, epoch, principal, command_id, trace, events::text)`

test('the board is exported from the database alone, and the audit says so', async () => {
  const env = { DATABASE_URL: database.engineUrl }
  const ran = await runHere(['export', 'board'], { env })
  assert.deepEqual([ran.code, ran.stderr], [0, ''])
  const { incidentNo } = [...world.region.states.callStates()].find(({ state }) => state === 'open')!
  assert.match(ran.stdout, /^Region akl as of 2023-\S+Z, position \d+: 1 open calls, 2 units\.$/m)
  assert.match(ran.stdout, new RegExp(`^priority 1  ${incidentNo}  no problem said  received 2023-`, 'm'))
  assert.match(ran.stdout, /^ {2}caller: Aroha, 021$/m)
  assert.match(ran.stdout, /^ {2}note of \S+ by desk-1: two patients$/m)
  assert.match(ran.stdout, new RegExp(`^  trip ${incidentNo}-1 \\(bls\\): assigned since \\S+, unit A1$`, 'm'))
  assert.match(
    ran.stdout,
    /^Medic A1 \(A1, als\): assigned since \S+, trip akl\.\d+; crew crew of A1; at -36\.8\d+ 174\.76000 at 2023-/m,
  )
  const { rows } = await owner.query('SELECT actor, region, details FROM audit.entries')
  assert.deepEqual(rows, [{ actor: 'command-line', region: REGION, details: { way: 'export', trips: 1 } }])
  const json = await runHere(['export', 'board', '--json', '--region', REGION], { env })
  const board = JSON.parse(json.stdout)
  assert.deepEqual([board.calls.length, board.units[0].state.unitId, board.doubtful], [1, 'A1', []])
  const none = await runHere(['export', 'board', '--region', 'none'], { env })
  assert.deepEqual([none.code, none.stdout], [1, ''])
})

test('a backup is restored up to a position, with the states that there were', async t => {
  const hashes = new Map<number, string>()
  const look = async (url: string) => {
    const reader = await MomentReader.open(url)
    const { findings, records, stateHash } = await verifyRegion(reader, REGION).finally(() => reader.end())
    assert.deepEqual(findings, [])
    return { records, stateHash }
  }
  const noted = async (text: string) => {
    const { callId } = [...world.region.states.callStates()].find(({ state }) => state === 'open')!
    await done(DESK, { type: 'add-note', callId, text, corrects: null })
    const { records, stateHash } = await look(database.engineUrl)
    hashes.set(records, stateHash)
  }
  await noted('three patients')
  await noted('four patients')
  const dir = await mkdtemp(path.join(tmpdir(), 'goldenhour-backup-'))
  t.after(() => rm(dir, { recursive: true }))
  const taken = await runHere(['backup', path.join(dir, 'b')], { env: { DATABASE_URL: database.engineUrl } })
  assert.equal(taken.code, 0, taken.stderr)
  const restored = new Map<number, string>()
  for (const records of hashes.keys()) {
    const other = await testDatabase()
    t.after(() => other.drop())
    const env = { DATABASE_URL: other.url }
    const { code, stderr } = await runHere(['restore', path.join(dir, 'b'), '--until', String(records)], { env })
    assert.equal(code, 0, stderr)
    const found = await look(other.url)
    restored.set(found.records, found.stateHash)
  }
  assert.deepEqual(restored, hashes)
  assert.equal(new Set(hashes.values()).size, 2)
})

describe('what somebody changes is found', () => {
  const cases: readonly (readonly [what: string, change: () => string, undo: () => string, Finding['rule']])[] = [
    [
      'a record',
      () => `UPDATE log.records SET recorded_at_ms = recorded_at_ms + 1 WHERE position = 2`,
      () => `UPDATE log.records SET recorded_at_ms = recorded_at_ms - 1 WHERE position = 2`,
      'rows-as-written',
    ],
    [
      'the time of a record, and its checksum with it',
      () =>
        `UPDATE log.records SET recorded_at_ms = recorded_at_ms + 1e9 WHERE position = 2; UPDATE log.records SET ${RECORD} WHERE position = 2`,
      () =>
        `UPDATE log.records SET recorded_at_ms = recorded_at_ms - 1e9 WHERE position = 2; UPDATE log.records SET ${RECORD} WHERE position = 2`,
      'time-runs-forward',
    ],
    [
      'who has an open trip',
      () => `UPDATE log.open_trip SET unit_id = 'A2'`,
      () => `UPDATE log.open_trip SET unit_id = 'A1'`,
      'log-makes-sense',
    ],
    [
      'a snapshot, and its checksum with it',
      () =>
        `UPDATE log.snapshots SET state = jsonb_set(state, '{state,callSign}', '"other"') WHERE entity = 'driver/A1'; UPDATE log.snapshots SET ${SNAPSHOT}`,
      () =>
        `UPDATE log.snapshots SET state = jsonb_set(state, '{state,callSign}', '"Medic A1"') WHERE entity = 'driver/A1'; UPDATE log.snapshots SET ${SNAPSHOT}`,
      'snapshots-are-the-log',
    ],
    [
      'a call that has left memory, and its checksum with it',
      () => changedClosed('3'),
      () => changedClosed('1'),
      'closed-calls-are-the-log',
    ],
    [
      'a trip by which such a call is found',
      () => `UPDATE log.closed_trips SET call_id = 'x' WHERE trip_id = '${closedTrip}'`,
      () => `UPDATE log.closed_trips SET call_id = '${closedCall}'`,
      'closed-calls-are-the-log',
    ],
    [
      'such a call, which is gone',
      () => `CREATE TABLE kept AS SELECT * FROM log.closed_calls; DELETE FROM log.closed_calls`,
      () => `INSERT INTO log.closed_calls SELECT * FROM kept; DROP TABLE kept`,
      'closed-calls-are-the-log',
    ],
    [
      'the outcome of a command, which is that of another',
      () => `UPDATE log.records SET command_id = 'other' WHERE command_id = 'call-2'; UPDATE log.records SET ${RECORD}`,
      () => `UPDATE log.records SET command_id = 'call-2' WHERE command_id = 'other'; UPDATE log.records SET ${RECORD}`,
      'commands-once',
    ],
    [
      'the last number that was given',
      () => `UPDATE log.incident_numbers SET last = 1`,
      () => `UPDATE log.incident_numbers SET last = 2`,
      'numbers-once',
    ],
  ]
  const changedClosed = (priority: string) => `UPDATE log.closed_calls
      SET state = jsonb_set(state, '{call,priority}', '${priority}');
    UPDATE log.closed_calls SET checksum = log.snapshot_checksum(region, 'call/' || call_id, position, 0, state::text)`

  for (const [what, change, undo, rule] of cases) {
    test(what, async () => {
      await owner.query(change())
      // Whatever else is at odds with it may be found, too.
      const found = await rules().finally(() => owner.query(undo()))
      assert.ok(found.includes(rule), found.join())
      assert.deepEqual(await findings(), [])
    })
  }

  test('but for the same cause of two turns of the engine', async () => {
    const set = (to: string) =>
      owner.query(
        `UPDATE log.records SET command_id = ${to} WHERE principal = 'system'; UPDATE log.records SET ${RECORD}`,
      )
    await owner.query("CREATE TABLE causes AS SELECT position, command_id FROM log.records WHERE principal = 'system'")
    await set("'position-old:' || region")
    const found = await rules().finally(() =>
      set('(SELECT command_id FROM causes c WHERE c.position = records.position)'),
    )
    const { rows } = await owner.query('SELECT count(*)::int AS turns FROM causes')
    assert.ok(rows[0].turns > 1)
    assert.ok(!found.includes('commands-once'), found.join())
    assert.deepEqual(await findings(), [])
  })

  test('and the command says so, with exit code 1', async () => {
    await owner.query(`UPDATE log.incident_numbers SET last = 1`)
    const ran = await runHere(['verify'], { env: { DATABASE_URL: database.engineUrl } })
    await owner.query(`UPDATE log.incident_numbers SET last = 2`)
    assert.equal(ran.code, 1)
    assert.match(ran.stdout, /^akl\tnumbers-once\t\d{4}-000002 of akl\.\d+ is above the last number that was given$/m)
    assert.equal(Object.keys(VERIFIED).includes('numbers-once'), true)
  })
})
