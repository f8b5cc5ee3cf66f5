/**
 * A client that was written from PROTOCOL.md alone, in another language, through whole days of work.
 *
 * What the Python side did it tells in one line of JSON; what became of it is read here from the database, past engine
 * and clients.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DomainEvent } from '../../../src/domain/events.ts'
import { DOCUMENT } from '../../protocol/document.ts'
import { ADMIN_PASSWORD, Site } from '../../support/engine.ts'
import { bareStreamId } from '../../support/feed-streams.ts'
import { runPython, whyNoPython } from './python.ts'

const skip = whyNoPython() ?? false

const PASSWORD = 'a pass-phrase of this test only'
const PLACE = { lonE7: 1_747_600_000, latE7: -368_500_000 }

interface TripTold {
  readonly region: string
  readonly tripId: string
  /** What became of it after its offers, with the moments that were reported; null where nobody reported one. */
  readonly phases: readonly (readonly [phase: string, unitId: string | null, happenedAtMs: number | null])[]
}

interface StreamTold {
  readonly region: string
  readonly unitId: string
  readonly streamId: string
  readonly fixes: readonly (readonly [seq: number, fixedAtMs: number, lonE7: number, latE7: number])[]
}

interface Outcome {
  readonly trips: readonly TripTold[]
  readonly streams: readonly StreamTold[]
  /** Holes that the server had to record: `[streamId, fromSeq, toSeq]`. */
  readonly holes: readonly (readonly [string, number, number])[]
}

test('the client of another language has a codec and frames that hold against the page', { skip }, async () => {
  const folder = new URL('../../../docs/protocol/', import.meta.url).pathname
  const { run } = await runPython<{ run: number }>('self_test.py', { page: DOCUMENT, folder })
  assert.ok(run >= 10, `${run} tests were run`)
})

test('a stranger who read PROTOCOL.md works whole days over either subprotocol', { skip, concurrency: 3 }, async t => {
  const units = ['A-7', 'A-8']
  const regionsOf = (format: string) =>
    ['ordered', 'offered', 'desk', 'feed', 'bad'].map(name => ({ name, region: `${format}${name}` }))
  const regions = [...regionsOf('bin'), ...regionsOf('text')]
  const site = await Site.make(
    t,
    Object.fromEntries(
      regions.map(({ name, region }) => [region, { mode: name === 'offered' ? 'offered' : 'ordered', units }]),
    ),
  )
  const { port } = await site.start()
  const people = await makePeople(
    site,
    regions.map(({ region }) => region),
  )

  // Each day has regions of its own, so they may be worked at the same time.
  const days = [
    { format: 'bin', subprotocol: 'goldenhour.v1' },
    { format: 'text', subprotocol: 'goldenhour.v1.json' },
  ].flatMap(({ format, subprotocol }) => {
    const day = (script: string, ...names: string[]) =>
      runPython<Outcome>(script, {
        ...{ host: '127.0.0.1', port, subprotocol, ...PLACE, ...people },
        regions: names.map(name => `${format}${name}`),
      })

    return [
      t.test(`a driver's day over ${subprotocol} leaves its trips, and every fix once`, async () => {
        await expectStored(site, await day('driver_day.py', 'ordered', 'offered'))
      }),
      t.test(`a dispatcher's day over ${subprotocol} leaves what the desk decided`, async () => {
        await expectStored(site, await day('dispatcher_day.py', 'desk'))
      }),
      t.test(`[ER-4] each bad frame of the file is answered over ${subprotocol} as it says`, async () => {
        const folder = new URL('../../../docs/protocol/', import.meta.url).pathname
        const plan = { host: '127.0.0.1', port, subprotocol, folder, regions: [`${format}bad`], ...people }
        const { frames, closedWith } = await runPython<{ frames: number; closedWith: number }>('bad_frames.py', plan)
        assert.ok(frames >= 5, `${frames} frames`)
        assert.equal(closedWith, 4400)
      }),
      t.test(`a feed's half hour over ${subprotocol} leaves every fix once`, async () => {
        await expectStored(site, await day('feed_half_hour.py', 'feed'))
      }),
    ]
  })
  await Promise.all(days)
})

/** The users and devices of all days, made as an admin makes them. */
async function makePeople(site: Site, regions: readonly string[]) {
  const login = { method: 'POST', body: JSON.stringify({ user: 'admin', password: ADMIN_PASSWORD }) }
  const token: string = (await site.http('/v1/auth/login', login)).body.accessToken
  let made = 0
  const make = async (path: string, body: object) => {
    const headers = { 'idempotency-key': `made-${++made}` }
    const answer = await site.http(path, { method: 'POST', token, headers, body: JSON.stringify(body) })
    assert.equal(answer.status, 201, JSON.stringify(answer.body))
    return answer.body
  }
  await make('/v1/users', { name: 'crew-7', role: 'driver', regions, units: ['A-7'], password: PASSWORD })
  await make('/v1/users', { name: 'desk-1', role: 'dispatcher', regions, password: PASSWORD })
  const driverKeys: Record<string, Record<string, string>> = {}
  const feedKeys: Record<string, string> = {}
  for (const region of regions) {
    driverKeys[region] = {}
    for (const unit of ['A-7', 'A-8']) {
      const device = await make('/v1/devices', { name: `tablet of ${unit}`, role: 'driver', region, unit })
      driverKeys[region][unit] = device.key
    }
    if (region.endsWith('feed')) {
      feedKeys[region] = (await make('/v1/devices', { name: 'modems', role: 'feed', region, units: 'all' })).key
    }
  }
  return {
    driver: { user: 'crew-7', password: PASSWORD, unit: 'A-7' },
    desk: { user: 'desk-1', password: PASSWORD },
    driverKeys,
    feedKeys,
  }
}

/** What the Python side says it did is in the database: each trip's course with its times, and every fix once. */
async function expectStored(site: Site, { trips, streams, holes }: Outcome): Promise<void> {
  const all = [...trips, ...streams]
  assert.notEqual(all.length, 0)
  for (const region of new Set(all.map(told => told.region))) {
    const events = (await site.records(region)).flatMap(record => record.events)
    for (const told of trips.filter(each => each.region === region)) {
      assert.deepEqual(courseOf(told.tripId, events), told.phases, `the course of ${told.tripId}`)
    }
    const fixes = await site.storedFixes(region)
    for (const told of streams.filter(each => each.region === region)) {
      const found = fixes
        .filter(row => bareStreamId(row.streamId) === told.streamId)
        .map(({ unitId, fix }) => [unitId, fix.seq, fix.fixedAtMs, e7(fix.lonDeg), e7(fix.latDeg)])
      const expected = told.fixes.map(fix => [told.unitId, ...fix])
      assert.deepEqual(found, expected, `the fixes of ${told.streamId}`)
    }
    const recorded = events.flatMap(event =>
      event.type === 'FixHoleRecorded' ? [[bareStreamId(event.streamId), event.fromSeq, event.toSeq]] : [],
    )
    assert.deepEqual(recorded, holes, `the holes in ${region}`)
  }
}

function courseOf(tripId: string, events: readonly DomainEvent[]): TripTold['phases'] {
  return events.flatMap((event): TripTold['phases'] => {
    if (!('tripId' in event) || event.tripId !== tripId) return []
    switch (event.type) {
      case 'OfferAccepted':
        return [['assigned', event.unitId, event.happenedAtMs]]
      case 'TripPhaseReached':
        return [[event.phase, event.unitId, event.happenedAtMs]]
      case 'TripClosed':
        return [['closed', event.unitId, event.happenedAtMs]]
      case 'TripCancelled':
        return [['cancelled', event.unitId, null]]
      case 'UnitWithdrawn':
        return [['withdrawn', event.unitId, null]]
      case 'AssignmentOverridden':
        return [['overridden', event.unitId, null]]
      default:
        return []
    }
  })
}

const e7 = (deg: number): number => Math.round(deg * 1e7)
