/** A region whose journal is Postgres, and whose memory is as short as can be: what has left it is answered for all the same. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Outcome, Query, QueryAnswer } from '../../src/actors/region-handle.ts'
import type { Command } from '../../src/domain/commands.ts'
import { resultOf } from '../../src/protocol/encode.ts'
import type { CallView } from '../../src/protocol/wire/situation-views.ts'
import { PostgresJournal } from '../../src/store/log/postgres-journal.ts'
import { openClient } from '../../src/store/postgres/database.ts'
import { testDatabase } from '../support/postgres.ts'
import { callOf, RegionWorld } from '../support/region-world.ts'
import { within } from '../support/within.ts'

const KEPT_MS = 1_000
let database: Awaited<ReturnType<typeof testDatabase>>
let journal: PostgresJournal
let world: RegionWorld

before(async () => {
  database = await testDatabase()
  journal = new PostgresJournal(database.engineUrl)
  world = await RegionWorld.open({ mode: 'ordered', journal, closedKeptMs: KEPT_MS, outcomeBytesMax: 0 })
})
after(async () => {
  await world.close()
  await journal.close()
  await database.drop()
})

const until = (what: string, isThere: () => boolean) =>
  within(
    what,
    (async () => {
      while (!isThere()) await sleep(2)
    })(),
  )

async function outcomeOf(command: Command, commandId?: string): Promise<Outcome> {
  const answer = world.dispatch(command, commandId)
  await until(`an answer to ${command.type}`, () => answer.outcome !== null)
  return answer.outcome!
}
async function done(command: Command, commandId?: string): Promise<Readonly<Record<string, unknown>>> {
  const outcome = await outcomeOf(command, commandId)
  return outcome.ok ? outcome.result : assert.fail(`refused: ${outcome.refusal.code}`)
}
async function read<T extends object>(query: Query): Promise<T> {
  const got: QueryAnswer[] = []
  world.host.query(query, answer => got.push(answer))
  await until('an answer', () => got.length > 0)
  return got[0]!.ok ? (resultOf(got[0]!.shown) as unknown as T) : assert.fail(`refused: ${got[0]!.refusal.code}`)
}
const heldTrips = () => [...world.region.states.tripStates()].length
async function untilLeft(): Promise<void> {
  const leave = async () => {
    for (; heldTrips() > 0; await sleep(2)) await world.advance(KEPT_MS)
  }
  await within('everything leaves memory', leave())
}

test('what has left memory is answered for from Postgres, also after a kill, and takes what is still said of it', async () => {
  const entered = { callerName: 'Aroha', phone: '021', address: null, notes: null }
  const { callId, tripIds } = (await done(callOf({ details: entered }), 'enter')) as {
    callId: string
    tripIds: string[]
  }
  const [tripId] = tripIds
  await done({ type: 'add-note', callId, text: 'two patients', corrects: null })
  await done({ type: 'cancel-call', callId, reason: 'duplicate-call' })
  for (const { alarmId } of world.region.states.trip(tripId!)!.openAlarms)
    await done({ type: 'acknowledge-alarm', tripId: tripId!, alarmId })
  const call = await read<CallView>({ type: 'read-call', callId })
  const trip = await read({ type: 'read-trip', tripId: tripId! })
  await untilLeft()
  for (const how of ['drain', 'crash'] as const) {
    assert.deepEqual(await read({ type: 'read-trip', tripId: tripId! }), trip)
    await untilLeft()
    assert.deepEqual(await read({ type: 'read-incident', incidentNo: call.incidentNo! }), call)
    await untilLeft()
    if (how === 'crash') await world.restart('crash')
    else {
      await world.host.close()
      await world.start()
    }
    assert.equal(heldTrips(), 0)
  }
  assert.equal((await done({ type: 'add-note', callId, text: 'a bag was left', corrects: null })).noteNo, 2)
  await world.restart('crash')
  // The log behind the snapshots names it, so it is there again.
  assert.equal(heldTrips(), 1)
  const { notes } = await read<CallView>({ type: 'read-call', callId })
  assert.deepEqual(
    notes?.map(({ text }) => text),
    ['two patients', 'a bag was left'],
  )
  await untilLeft()
  const session = await openClient(database.url, { applicationName: 'goldenhour test' })
  try {
    const { rows } = await session.query<{ entity: string }>('SELECT entity FROM log.snapshots ORDER BY entity')
    assert.deepEqual(
      rows.map(({ entity }) => entity),
      ['region'],
    )
  } finally {
    await session.end()
  }
})

test('an id that was used long ago gets its first outcome, and nothing is done twice', async () => {
  const first = await outcomeOf(callOf({ priority: 2 }), 'call-1')
  await done(callOf({ priority: 2 }), 'call-2')
  for (let start = 0; start < 3; start++) {
    const [again, twice] = await Promise.all([
      outcomeOf(callOf({ priority: 2 }), 'call-1'),
      outcomeOf(callOf({ priority: 2 }), 'call-1'),
    ])
    assert.deepEqual([again, twice], [first, first])
    const other = await outcomeOf(callOf({ priority: 3 }), 'call-1')
    assert.equal(!other.ok && other.refusal.code, 'conflict')
    await world.restart('crash')
  }
  assert.equal([...world.region.states.callStates()].filter(({ priority }) => priority === 2).length, 2)
})
