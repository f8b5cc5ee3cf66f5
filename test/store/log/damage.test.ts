/**
 * What a region starts with when a stored value was changed, or a row deleted, while no engine was on it.
 *
 * A morning of three units is decided once, by the real region; its writes go to Postgres, where each case begins anew
 * with them, changes one thing by SQL and recovers, from the log alone or from the snapshots.
 */
import assert from 'node:assert/strict'
import test, { after, before, describe } from 'node:test'
import type pg from 'pg'
import { type Recovered, recover } from '../../../src/actors/region/recovery.ts'
import type { Ownership, RecordWrite, SegmentWrite, SnapshotWrite } from '../../../src/store/log/journal.ts'
import { PostgresJournal } from '../../../src/store/log/postgres-journal.ts'
import { openClient } from '../../../src/store/postgres/database.ts'
import { testDatabase } from '../../support/postgres.ts'
import { REGION, RegionWorld } from '../../support/region-world.ts'

const TABLES = [
  'log.records',
  'log.commands',
  'log.call_details',
  'log.snapshots',
  'log.open_trip',
  'location.segments',
]

let owned: Awaited<ReturnType<typeof testDatabase>>
let sql: pg.Client
let journal: PostgresJournal
/** The trips by what has become of them, and where the records stand that the cases change. */
const morning = { closed: '', open: '', pending: '' }
/** The call of each trip. */
const calls: Record<string, string> = {}
const at = { registered: 0, offer: 0, accepted: 0, enRoute: 0, closed: 0, entered: 0, amended: 0, end: 0 }

before(async () => {
  owned = await testDatabase()
  sql = await openClient(owned.url, { applicationName: 'goldenhour test' })
  journal = new PostgresJournal(owned.url)
  await writeMorning()
  for (const table of TABLES) await sql.query(`CREATE TABLE ${kept(table)} AS TABLE ${table}`)
})
after(async () => {
  await journal.close()
  await sql.end()
  await owned.drop()
})

const kept = (table: string): string => `public.${table.replace('.', '_')}`

async function writeMorning(): Promise<void> {
  const world = await RegionWorld.open()
  const { ownership } = await journal.acquire(REGION)
  const writes: ((ownership: Ownership) => Promise<unknown>)[] = []
  const memory = world.journal
  const [records, segments, snapshots] = [memory.appendRecords, memory.appendSegment, memory.putSnapshots]
  memory.appendRecords = (by, batch: readonly RecordWrite[]) => {
    writes.push(to => journal.appendRecords(to, batch))
    return records.call(memory, by, batch)
  }
  memory.appendSegment = (by, segment: SegmentWrite) => {
    writes.push(to => journal.appendSegment(to, segment))
    return segments.call(memory, by, segment)
  }
  memory.putSnapshots = (by, set: readonly SnapshotWrite[]) => {
    writes.push(to => journal.putSnapshots(to, set))
    return snapshots.call(memory, by, set)
  }
  // A whole log from its first record, as that of a region that was never drained.
  const a1 = await world.onDuty('A1', 100)
  await world.onDuty('A2', 2_000)
  morning.closed = await world.call({
    details: { callerName: 'Aroha', phone: null, address: '1 Quay St', notes: null },
  })
  const work = { happenedAtMs: world.nowMs }
  await world.accepted(world.drive(a1, { type: 'accept-offer', offerId: a1.view.unit.offerId!, ...work }, 'accept-1'))
  await world.accepted(world.drive(a1, { type: 'report-phase', tripId: morning.closed, phase: 'on-scene', ...work }))
  const close = { type: 'close-trip', tripId: morning.closed, disposition: 'treated-on-scene', ...work } as const
  await world.accepted(world.drive(a1, close))
  morning.open = await world.call()
  await world.accepted(world.drive(a1, { type: 'accept-offer', offerId: a1.view.unit.offerId!, ...work }))
  await world.accepted(world.drive(a1, { type: 'report-phase', tripId: morning.open, phase: 'en-route', ...work }))
  await world.accepted(
    world.dispatch({ type: 'set-unit-status', unitId: 'A2', status: 'off-duty', reason: null, ...work }),
  )
  morning.pending = await world.call()
  for (const north of [120, 140, 160]) {
    world.fixAt(a1, north)
    await world.advance(1_000)
  }
  const { callId } = await world.trip(morning.open)
  await world.accepted(world.dispatch({ type: 'amend-call', callId, priority: 2 }, 'amend'))
  const log = await world.log()
  await world.host.close()
  await world.close()

  const positionOf = (type: string, tripId: string | null, nth = 0) =>
    log.filter(({ events }) =>
      events.some(e => e.type === type && (tripId === null || ('tripId' in e && e.tripId === tripId))),
    )[nth]!.position
  for (const { events } of log) {
    for (const each of events) if (each.type === 'TripCreated') calls[each.tripId] = each.callId
  }
  at.registered = positionOf('UnitRegistered', null)
  at.offer = positionOf('OfferMade', morning.open)
  at.accepted = positionOf('OfferAccepted', morning.open)
  at.enRoute = positionOf('TripPhaseReached', morning.open)
  at.closed = positionOf('TripClosed', morning.closed)
  at.entered = positionOf('CallEntered', null, 2)
  at.amended = positionOf('CallAmended', null)
  at.end = log.length
  for (const write of writes) await write(ownership)
}

type From = 'log' | 'snapshots'

async function restore(from: From): Promise<void> {
  for (const table of [...TABLES, 'log.refused_snapshots']) await sql.query(`DELETE FROM ${table}`)
  for (const table of TABLES) {
    if (table !== 'log.snapshots' || from === 'snapshots') await sql.query(`INSERT INTO ${table} TABLE ${kept(table)}`)
  }
}

const recovered = async (): Promise<Recovered> => recover(journal, await journal.acquire(REGION))
const held = ({ quarantine }: Recovered): string[] => [...quarantine.reasons()].map(({ entity }) => entity).sort()
const found = ({ damage }: Recovered): string[] => damage.named.map(({ table, at, kind }) => `${table} ${at}: ${kind}`)
const inOrder = (...entities: string[]): string[] => entities.sort()
const trip = (which: 'closed' | 'open' | 'pending') => `trip/${morning[which]}`
const call = (which: 'open' | 'pending') => `call/${calls[morning[which]]}`

/** What the change is, what is then found, and who is held for it. Values of `morning` exist when a case runs. */
interface Case {
  readonly change: () => string
  readonly found: () => string[]
  readonly held?: () => string[]
}

const record = (position: () => number, set: string): (() => string) => {
  return () => `UPDATE log.records SET ${set} WHERE position = ${position()}`
}
const event = (path: string, value: string) => `events = jsonb_set(events, '{0,${path}}', '${value}')`
const changedRecord = (position: () => number) => () => [`log.records position ${position()}: changed`]

const OF_THE_LOG: Readonly<Record<string, Case>> = {
  'the type of an event': {
    change: record(() => at.enRoute, event('type', '"OfferAccepted"')),
    found: changedRecord(() => at.enRoute),
    held: () => inOrder('driver/A1', trip('open')),
  },
  'the unit of an event': {
    change: record(() => at.accepted, event('unitId', '"A2"')),
    found: changedRecord(() => at.accepted),
    // The record of an acceptance also says when the unit was notified, which concerns the call.
    held: () => inOrder('driver/A1', 'driver/A2', trip('open'), call('open')),
  },
  'the trip of an event': {
    change: record(() => at.accepted, event('tripId', '"akl.x"')),
    found: changedRecord(() => at.accepted),
    held: () => inOrder('driver/A1', 'trip/akl.x', trip('open'), call('open')),
  },
  'the phase of an event': {
    change: record(() => at.enRoute, event('phase', '"on-scene"')),
    found: changedRecord(() => at.enRoute),
    held: () => inOrder('driver/A1', trip('open')),
  },
  'a unit that is null': {
    change: record(() => at.enRoute, event('unitId', 'null')),
    found: changedRecord(() => at.enRoute),
    held: () => inOrder(trip('open')),
  },
  'emptied events': {
    change: record(() => at.offer, "events = '[]'"),
    found: changedRecord(() => at.offer),
    // Nothing names them any more: the next events of all three do not fit.
    held: () => inOrder('driver/A1', call('open'), trip('open')),
  },
  'events that are no list': {
    change: record(() => at.enRoute, "events = '{}'"),
    found: changedRecord(() => at.enRoute),
    held: () => inOrder(),
  },
  'a longitude of -922': {
    change: record(() => at.entered, event('lonDeg', '-922')),
    found: changedRecord(() => at.entered),
    held: () => inOrder(call('pending'), trip('pending')),
  },
  'the principal of a record': {
    change: record(() => at.amended, "principal = 'somebody'"),
    found: changedRecord(() => at.amended),
    held: () => inOrder(call('open'), trip('open')),
  },
  'a record that was deleted': {
    change: () => `DELETE FROM log.records WHERE position = ${at.accepted}`,
    found: () => [`log.records position ${at.accepted}: missing`],
    held: () => inOrder('driver/A1', trip('open')),
  },
  'the last word of a trip and its unit, deleted': {
    change: () => `DELETE FROM log.records WHERE position = ${at.closed}`,
    found: () => [`log.records position ${at.closed}: missing`, `log.records ${trip('closed')}: contradiction`],
    // The unit's next offer does not fit; the trip says that it is on scene, which the table of open trips does not know.
    held: () => inOrder('driver/A1', trip('closed')),
  },
}

describe('nothing was changed', () => {
  for (const from of ['log', 'snapshots'] as const) {
    test(`nothing is found, from the ${from}`, async () => {
      await restore(from)
      const region = await recovered()
      assert.deepEqual([held(region), found(region), region.damage.total], [[], [], 0])
      assert.equal(region.drivers.get('A1')?.status, 'en-route')
    })
  }
})

describe('the log', () => {
  for (const [name, { change, found: expected, held: who = () => [] }] of Object.entries(OF_THE_LOG)) {
    test(`${name}: named, and whoever it may concern is held; the others go on`, async () => {
      await restore('log')
      await sql.query(change())
      const region = await recovered()
      assert.deepEqual(found(region), expected())
      assert.deepEqual(held(region), who())
      // Behind a whole set of snapshots nobody reads it.
      await restore('snapshots')
      await sql.query(change())
      const behind = await recovered()
      assert.deepEqual([held(behind), found(behind)], [[], []])
    })
  }
})

const driverRow = (set: string) => () => `UPDATE log.snapshots SET ${set} WHERE entity = 'driver/A1'`
const tripRow = (set: string) => () => `UPDATE log.snapshots SET ${set} WHERE entity = '${trip('closed')}'`
const changedRow = (entity: () => string) => () => [`log.snapshots entity ${entity()}: changed`]
const a1 = changedRow(() => 'driver/A1')
const closedTrip = changedRow(() => trip('closed'))

/** `unproven`: what is found when no checksum stands in any row, and the form alone may speak. */
const OF_SNAPSHOTS: Readonly<Record<string, Case & { readonly unproven?: () => string[] }>> = {
  'a row without its state': { change: driverRow("state = state - 'state'"), found: a1, unproven: a1 },
  // A set of another version is left unread, and nothing is wrong with it; so it is where no checksum tells more.
  'a state that is a number': { change: driverRow("state = '17'"), found: a1, unproven: () => [] },
  'another form': { change: driverRow("state = jsonb_set(state, '{form}', '99')"), found: a1, unproven: () => [] },
  'the row of the region, deleted': {
    change: () => `DELETE FROM log.snapshots WHERE entity = 'region'`,
    found: () => [],
    unproven: () => [],
  },
  'the row of a unit, deleted': {
    change: () => `DELETE FROM log.snapshots WHERE entity = 'driver/A2'`,
    found: () => ['log.snapshots entity driver/*: missing'],
    unproven: () => ['log.snapshots entity driver/*: missing'],
  },
  'a status that does not exist': {
    change: driverRow(`state = jsonb_set(state, '{state,status}', '"availabme"')`),
    found: a1,
    unproven: a1,
  },
  'the id of another unit': {
    change: driverRow(`state = jsonb_set(state, '{state,unitId}', '"A2"')`),
    found: a1,
    unproven: a1,
  },
  'a phase that does not exist': {
    change: tripRow(`state = jsonb_set(state, '{state,phase}', '"closee"')`),
    found: closedTrip,
    unproven: closedTrip,
  },
  'a closed trip that is pending': {
    change: tripRow(`state = jsonb_set(state, '{state,phase}', '"pending"')`),
    found: closedTrip,
  },
  'positions beyond the log': {
    change: () => `UPDATE log.snapshots SET position = position + 100000, checksum = NULL`,
    found: () => [beyond(at.end + 100_000, at.end)],
  },
  'segments beyond the last one': {
    change: () => `UPDATE log.snapshots SET segment_no = segment_no + 100000, checksum = NULL`,
    found: () => [beyond(at.end, at.end)],
  },
}
let segmentEnd = 0
const beyond = (position: number, end: number) =>
  `log.snapshots position ${position}, where the log ends at ${end} and the segments at ${segmentEnd}: beyond-end`
const rowsIn = async (table: string): Promise<number> =>
  (await sql.query<{ count: number }>(`SELECT count(*) AS count FROM ${table}`)).rows[0]!.count

describe('snapshots', () => {
  before(async () => {
    segmentEnd = await rowsIn(kept('location.segments'))
  })

  for (const [name, { change, found: expected, unproven }] of Object.entries(OF_SNAPSHOTS)) {
    test(`${name}: the set is refused and the log replayed, and it is not met again`, async () => {
      await restore('snapshots')
      await sql.query(change())
      const region = await recovered()
      assert.deepEqual([found(region), held(region)], [expected(), []])
      assert.equal(region.drivers.get('A1')?.status, 'en-route')
      assert.equal(region.trips.get(morning.closed)?.phase, 'closed')
      if (expected().length === 0) return
      assert.equal(await rowsIn('log.snapshots'), 0)
      assert.ok((await rowsIn('log.refused_snapshots')) > 4)
      assert.deepEqual(found(await recovered()), [])
    })
    if (unproven === undefined) continue
    test(`${name}: so without checksums, as far as the form tells`, async () => {
      await restore('snapshots')
      await sql.query('UPDATE log.snapshots SET checksum = NULL')
      await sql.query(change())
      const region = await recovered()
      assert.deepEqual([found(region), held(region)], [unproven(), []])
      assert.equal(region.drivers.get('A1')?.status, 'en-route')
    })
  }

  test('all rows with positions beyond the log: each is changed, and told of', async () => {
    await restore('snapshots')
    await sql.query('UPDATE log.snapshots SET position = position + 100000')
    const region = await recovered()
    assert.equal(region.damage.total, await rowsIn('log.refused_snapshots'))
    assert.equal(region.drivers.get('A1')?.status, 'en-route')
  })

  test('the last record, deleted under them: they are refused, for what is written next would look like theirs', async () => {
    await restore('snapshots')
    await sql.query(`DELETE FROM log.records WHERE position = ${at.end}`)
    const region = await recovered()
    assert.deepEqual(found(region), [beyond(at.end, at.end - 1)])
    assert.equal(region.acquired.logEnd, at.end - 1)
    assert.equal(await rowsIn('log.snapshots'), 0)
  })

  test('a closed trip that is pending without a checksum is held: it is with a unit that does not have it', async () => {
    await restore('snapshots')
    await sql.query('UPDATE log.snapshots SET checksum = NULL')
    await sql.query(OF_SNAPSHOTS['a closed trip that is pending']!.change())
    assert.deepEqual(held(await recovered()), [trip('closed')])
  })
})

const bytes = (set: string) => (no: number) => `UPDATE location.segments SET ${set} WHERE segment_no = ${no}`
/** By what the form of a segment alone would notice: all but the last two. */
const OF_SEGMENTS: Readonly<Record<string, (no: number) => string>> = {
  'its version': bytes('bytes = set_byte(bytes, 0, 9)'),
  'its count of rows': bytes('bytes = set_byte(bytes, 2, 100)'),
  'its table': bytes('bytes = set_byte(bytes, 1, 5)'),
  'a byte cut off': bytes('bytes = substr(bytes, 1, octet_length(bytes) - 1)'),
  'a byte more': bytes("bytes = bytes || '\\x00'::bytea"),
  'its last byte': bytes(
    'bytes = set_byte(bytes, octet_length(bytes) - 1, get_byte(bytes, octet_length(bytes) - 1) # 16)',
  ),
  'a low bit of a row': bytes(
    'bytes = set_byte(bytes, octet_length(bytes) - 3, get_byte(bytes, octet_length(bytes) - 3) # 2)',
  ),
  'the count beside it': bytes('fix_count = fix_count + 1'),
}

describe('segments', () => {
  const placedSeq = (region: Recovered) => region.locations.get('A1')?.placed?.seq
  const changedSegment = () => [`location.segments segment_no ${segmentEnd}: changed`]

  for (const [name, change] of Object.entries(OF_SEGMENTS)) {
    test(`${name}: it is named and left out, the others place the unit`, async () => {
      await restore('log')
      const whole = await recovered()
      await sql.query(change(segmentEnd))
      const region = await recovered()
      assert.deepEqual([found(region), held(region)], [changedSegment(), []])
      const lastSeq = placedSeq(whole)!
      assert.equal(placedSeq(region), lastSeq - 1)
      // The client sends again from here, and what it no longer holds becomes a hole.
      assert.equal(region.locations.get('A1')?.knownStream('s-A1')?.receivedSeq, lastSeq - 1)

      await restore('log')
      await sql.query(change(segmentEnd - 1))
      const later = await recovered()
      assert.deepEqual(
        [placedSeq(later), later.locations.get('A1')?.knownStream('s-A1')?.receivedSeq],
        [lastSeq, lastSeq],
      )
    })
  }

  for (const name of ['its version', 'its count of rows', 'its table', 'a byte cut off', 'a byte more']) {
    test(`${name}: so without a checksum`, async () => {
      await restore('log')
      await sql.query('UPDATE location.segments SET checksum = NULL')
      await sql.query(OF_SEGMENTS[name]!(segmentEnd))
      assert.deepEqual(found(await recovered()), changedSegment())
    })
  }

  test('one that was deleted is missing by its number', async () => {
    await restore('log')
    await sql.query(`DELETE FROM location.segments WHERE segment_no = ${segmentEnd - 1}`)
    assert.deepEqual(found(await recovered()), [`location.segments segment_no ${segmentEnd - 1}: missing`])
  })
})

describe('what commands and calls leave behind', () => {
  test('a changed outcome: its id is known as carried out, and nothing else of it', async () => {
    await restore('log')
    await sql.query(`UPDATE log.commands SET result = '{}' WHERE command_id = 'amend'`)
    const region = await recovered()
    assert.deepEqual(found(region), [`log.commands position ${at.amended}: changed`])
    const { principal } = (await sql.query(`SELECT principal FROM log.commands WHERE command_id = 'amend'`)).rows[0]
    assert.equal(region.outcomes.find(principal, 'amend')?.isDamaged, true)
    region.outcomes.forgetBefore(Number.MAX_SAFE_INTEGER)
    assert.equal(region.outcomes.find(principal, 'amend')?.isDamaged, true)
  })

  test('a changed id: both are known, and an outcome that is whole is answered as it is', async () => {
    await restore('log')
    await sql.query(`UPDATE log.commands SET command_id = 'amxnd' WHERE command_id = 'amend'`)
    const { principal } = (await sql.query(`SELECT principal FROM log.commands WHERE command_id = 'amxnd'`)).rows[0]
    const region = await recovered()
    for (const id of ['amend', 'amxnd']) assert.equal(region.outcomes.find(principal, id)?.isDamaged, true, id)

    await restore('log')
    await sql.query(`UPDATE log.commands SET position = ${at.amended} WHERE command_id = 'accept-1'`)
    assert.equal((await recovered()).outcomes.find(principal, 'amend')?.isDamaged, undefined)
  })

  test('changed personal data is not shown', async () => {
    await restore('log')
    await sql.query(`UPDATE log.call_details SET address = '7 Quay St'`)
    const region = await recovered()
    assert.deepEqual([region.damage.total, region.texts.detailsOf(calls[morning.closed]!)], [1, null])
  })

  test('an open trip that only one of log and table has: the unit is held', async () => {
    for (const change of ['DELETE FROM log.open_trip', `UPDATE log.open_trip SET unit_id = 'A2'`]) {
      await restore('log')
      await sql.query(change)
      const region = await recovered()
      assert.ok(held(region).includes('driver/A1'), change)
      assert.equal(held(region).includes('driver/A2'), change.includes('A2'))
    }
  })
})

test('damage without end is named a hundred times and counted to its end', async () => {
  await restore('log')
  const many = `INSERT INTO log.records SELECT '${REGION}', n, 1, 1, 'system', NULL, NULL, '[{"type":"?"}]', 1
    FROM generate_series(${at.end + 1}, ${at.end + 3_000}) n`
  await sql.query(many)
  const region = await recovered()
  assert.deepEqual([region.damage.named.length, region.damage.total, held(region)], [100, 3_000, []])
})
