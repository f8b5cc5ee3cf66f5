/**
 * A day of a real fleet, replayed fast over a seeded network: what the engine thinks of each fix is what a pass of its own over the
 * same arrivals thinks, which shares no code with it. Without the file a made-up fleet is replayed, as in `npm test`.
 */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { describe, test } from 'node:test'
import { DEFAULT_POLICY } from '../../../src/domain/policy.ts'
import { decodeSegment, FIX_FLAGS } from '../../../src/store/location/segment-codec.ts'
import { flagNames } from '../../../src/store/location/track-files.ts'
import { Dice } from '../../fuzz/dice.ts'
import { type CabDay, madeUpCabs, readCabs } from '../../support/cab-day/cabs.ts'
import { type Delivery, deliveriesOf, STEP_MS } from '../../support/cab-day/network.ts'
import { secondOpinion } from '../../support/cab-day/second-opinion.ts'
import { LONG } from '../../support/long.ts'
import { type RecordingSession, RegionWorld, settle } from '../../support/region-world.ts'

const FILE = process.env.GOLDENHOUR_CABS ?? '../shared/data/sf/cabs/cabs-2008-05-30-24h.csv.gz'
const missing = existsSync(FILE) ? (LONG ? false : 'npm run test:long replays it') : `there is no ${FILE}`

const { fixSpeedMaxMps } = DEFAULT_POLICY
const COUNTED = ['current', 'late', 'duplicate', 'future', 'impossible', 'inaccurate', 'anchored'] as const

async function replay(day: CabDay, deliveries: readonly Delivery[]) {
  const firstMs = deliveries[0]!.arrivesAtMs - STEP_MS
  const world = await RegionWorld.open({ anchorRegionMs: firstMs, mode: 'ordered', policy: { fixSpeedMaxMps } })
  const wallMs = (atMs: number) => world.machine.wallMs() + atMs - world.nowMs
  await world.import(...[...day.keys()].map(cab => [cab] as const))
  const before = await Promise.all(COUNTED.map(kind => world.countedFixes(kind)))
  const phones = new Map<string, RecordingSession>()
  for (const cab of day.keys()) {
    const session = world.connect(cab, [['phone', 'gnss', 1]])
    phones.set(cab, session)
    if (phones.size % 100 === 0) await settle()
  }
  await settle()
  for (const phone of phones.values()) world.drive(phone, { type: 'sign-on', happenedAtMs: world.nowMs })
  await settle()
  const modems = world.feed()
  await settle()
  const channels = [...day.keys()].map((cab, i) => [i, cab, 'modem', 'gnss', 1] as const)
  await world.attach(modems, ...channels)
  const channelOf = new Map(channels.map(([channel, cab]) => [cab, channel]))
  for (const { arrivesAtMs, cab, by, fixes } of deliveries) {
    if (world.nowMs < arrivesAtMs) await world.advance(wallMs(arrivesAtMs) - world.machine.wallMs())
    const wire = fixes.map(
      ({ seq, atMs, lonDeg, latDeg, accuracyM }) =>
        [
          seq,
          world.nowMs - atMs,
          Math.round(lonDeg * 1e7),
          Math.round(latDeg * 1e7),
          accuracyM * 10,
          null,
          null,
        ] as const,
    )
    if (by === 'phone') world.fixes(phones.get(cab)!, wire)
    else world.feedFixes(modems, ...wire.map(fix => [channelOf.get(cab)!, ...fix] as const))
  }
  await world.advance(1_000)
  const after = await Promise.all(COUNTED.map(kind => world.countedFixes(kind)))
  const counts = Object.fromEntries(COUNTED.map((kind, i) => [kind, after[i]! - before[i]!]))
  const places = new Map(
    [...world.region.states.driverActors()].map(({ unitId, location: { current } }) => [unitId, current]),
  )
  const flags = new Map<string, string>()
  for await (const segments of world.journal.readSegments('akl', 0)) {
    for (const { bytes } of segments) {
      for (const { unitId, streamId, fix, flags: bits } of decodeSegment(bytes)) {
        flags.set(`${unitId} ${streamId.replace(/~.*/, '')} ${fix.seq}`, flagNames(bits & ~FIX_FLAGS.device).join(' '))
      }
    }
  }
  await world.close()
  return { counts, flags, places }
}

async function agree(day: CabDay, seed: number) {
  const deliveries = deliveriesOf(day, new Dice(seed))
  const opinion = secondOpinion(deliveries)
  const { counts, flags, places } = await replay(day, deliveries)
  assert.deepEqual(counts, opinion.counts)
  for (const kind of COUNTED) assert.ok(opinion.counts[kind] > 0, `no fix is ${kind}`)
  assert.equal(flags.size, opinion.flags.size)
  for (const [key, words] of opinion.flags) assert.equal(flags.get(key), words, key)
  for (const [cab, { atMs, lonDeg, latDeg }] of opinion.places) {
    const { fixedAtMs, ...place } = places.get(cab)!
    assert.deepEqual([fixedAtMs, place.lonDeg, place.latDeg], [atMs, lonDeg, latDeg], cab)
  }
  return opinion.counts
}

describe('a day of a fleet over a bad network: placed, late, repeated and flagged as a second opinion has it', () => {
  test('a few made-up vehicles', async () => {
    await agree(madeUpCabs(new Dice(7), 12, 6), 7)
  })

  test('the cabs of San Francisco', { skip: missing }, async t => {
    const counts = await agree(readCabs(FILE), 20261130)
    t.diagnostic(JSON.stringify(counts))
  })
})
