/**
 * Crews and a feed behind a network that does to them what networks do, and an engine that is killed meanwhile: in the end
 * the track of each unit is its client's own list of fixes, exactly, in the order of their times.
 *
 * Some seconds in `npm run test:wide`, ten minutes in `npm run test:long`, or as many as GOLDENHOUR_TEST_NETWORK_S says.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type DriverClient, type FeedClient, type ReportedFix } from '../../src/client/index.ts'
import { freePort } from '../../tools/shared/free-port.ts'
import { seeded } from '../../tools/shared/random.ts'
import { readSegment } from '../../tools/torture/checker/segment-reader.ts'
import { BadNetwork, TROUBLES } from '../support/bad-network.ts'
import { SCENE, Site, until } from '../support/engine.ts'
import { searchFrom, times } from '../support/long.ts'

const CREWS = ['A1', 'A2', 'A3', 'A4', 'A5']
const CARRIED = ['F1', 'F2', 'F3']
const LASTS_MS = Number(process.env.GOLDENHOUR_TEST_NETWORK_S ?? times(12, 600)) * 1_000
/** Between two kills of the engine. */
const UP_MS = times(3_000, 12_000)
const FIX_EVERY_MS = 100
/** A connection that has gone silent is left by its client after two to three of them. */
const HEARTBEAT_MS = 1_000
/** Some fixes come out of the receiver later than newer ones. */
const OLDER = 0.03
const OLDER_MS_MAX = 5_000

/** As wire and store have them: time, longitude, latitude, accuracy, speed, heading. */
type Row = readonly [number, number, number, number | null, number | null, number | null]

/** What one unit's receiver measured, and what its client was given. */
class Receiver {
  readonly rows = new Map<number, Row>()
  readonly #random: () => number
  #lonE7 = Math.round(SCENE.lonDeg * 1e7)
  #latE7 = Math.round(SCENE.latDeg * 1e7)

  constructor(seed: number) {
    this.#random = seeded(seed)
  }

  /** No two have one time, so that their order is one. */
  next(): ReportedFix {
    const random = this.#random
    const older = random() < OLDER ? Math.floor(random() * OLDER_MS_MAX) : 0
    let fixedAtMs = Date.now() - older
    while (this.rows.has(fixedAtMs)) fixedAtMs += 1
    this.#lonE7 += Math.round((random() - 0.5) * 2_000)
    this.#latE7 += Math.round((random() - 0.5) * 2_000)
    const maybe = (max: number) => (random() < 0.2 ? null : Math.floor(random() * max))
    const [accuracyDm, speedCmps, headingDd] = [maybe(500), maybe(3_000), maybe(3_600)]
    this.rows.set(fixedAtMs, [fixedAtMs, this.#lonE7, this.#latE7, accuracyDm, speedCmps, headingDd])
    return {
      fixedAtMs,
      lonDeg: this.#lonE7 / 1e7,
      latDeg: this.#latE7 / 1e7,
      accuracyM: accuracyDm === null ? null : accuracyDm / 10,
      speedMps: speedCmps === null ? null : speedCmps / 100,
      headingDeg: headingDd === null ? null : headingDd / 10,
    }
  }

  get track(): Row[] {
    return [...this.rows.values()].sort(byTime)
  }
}

const byTime = (a: Row, b: Row): number => a[0] - b[0]

test('behind a bad network, with an engine that is killed, every track is the list of fixes that its client was given', async t => {
  const seed = searchFrom(1)
  const random = seeded(seed)
  const site = await Site.make(t, { akl: { mode: 'offered', units: [...CREWS, ...CARRIED] } })
  const port = await freePort()
  let engine = await site.spawn({ PORT: String(port) })
  const network = await BadNetwork.before(port, seed + 1)
  t.after(() => network.close())
  const receivers = new Map([...CREWS, ...CARRIED].map((unitId, index) => [unitId, new Receiver(seed + 2 + index)]))
  const crews = CREWS.map((unitId, index) =>
    site.driver(unitId, { url: network.url, heartbeatMs: HEARTBEAT_MS, format: index % 2 === 0 ? 'binary' : 'json' }),
  )
  const feed = connect({
    url: network.url,
    region: 'akl',
    role: 'feed',
    token: () => site.token({ sub: 'feed', role: 'feed' }),
    heartbeatMs: HEARTBEAT_MS,
    random: () => 0.1,
  })
  t.after(() => feed.close())
  feed.attach(CARRIED)
  const signedOn = Promise.all(crews.map(crew => crew.signOn()))

  const timer = setInterval(() => reportAll(crews, feed, receivers), FIX_EVERY_MS)
  t.after(() => clearInterval(timer))
  let kills = 0
  for (const endsMs = performance.now() + LASTS_MS; performance.now() < endsMs; kills += 1) {
    await sleep(UP_MS * (0.5 + random()))
    await engine.kill()
    await site.forgetLease()
    engine = await site.spawn({ PORT: String(port) })
  }
  clearInterval(timer)
  network.getWell()
  await signedOn
  await Promise.all([...crews.map(crew => crew.mark()), feed.mark()])

  for (const trouble of TROUBLES) assert.ok(network.counts[trouble] > 0, `nobody met ${trouble}`)
  assert.equal(
    crews.reduce((sum, crew) => sum + crew.fixesDropped, feed.fixesDropped),
    0,
  )
  const read = await Promise.all(
    [...receivers.keys()].map(async unitId => [unitId, await trackOf(site, unitId)] as const),
  )
  // From here on only what is in Postgres counts.
  await engine.kill()
  const stored = await storedTracks(site)
  let fixes = 0
  for (const [unitId, receiver] of receivers) {
    fixes += receiver.rows.size
    assertSame(`the segments of ${unitId}`, (stored.get(unitId) ?? []).sort(byTime), receiver.track)
  }
  for (const [unitId, rows] of read) assertSame(`the track of ${unitId}`, rows, receivers.get(unitId)!.track)
  assert.deepEqual([...stored.keys()].sort(), [...receivers.keys()].sort(), 'nothing is stored of anybody else')
  const reconnects = crews.reduce((sum, crew) => sum + crew.reconnects, feed.reconnects)
  const met = TROUBLES.map(trouble => `${trouble} ${network.counts[trouble]}`).join(', ')
  t.diagnostic(
    `seed ${seed}: ${fixes} fixes, ${kills} kills, ${network.connections} connections, ${reconnects} reconnects; ${met}`,
  )
})

function reportAll(crews: readonly DriverClient[], feed: FeedClient, receivers: ReadonlyMap<string, Receiver>): void {
  for (const [index, unitId] of CREWS.entries()) crews[index]!.report(receivers.get(unitId)!.next())
  for (const unitId of CARRIED) feed.send(unitId, receivers.get(unitId)!.next())
}

/** What stands in Postgres, by SQL and a reading of segments that the engine has no part in. */
async function storedTracks(site: Site): Promise<Map<string, Row[]>> {
  const segments = await site.query<{ bytes: Buffer }>("SELECT bytes FROM location.segments WHERE region = 'akl'")
  const tracks = new Map<string, Row[]>()
  for (const { unitId, fixedAtMs, lonE7, latE7, accuracyDm, speedCmps, headingDd } of segments.flatMap(({ bytes }) =>
    readSegment(bytes),
  )) {
    const rows = tracks.get(unitId) ?? []
    tracks.set(unitId, rows)
    rows.push([fixedAtMs, lonE7, latE7, accuracyDm, speedCmps, headingDd])
  }
  return tracks
}

/** As a supervisor reads it, page by page, in the order in which it comes. */
async function trackOf(site: Site, unitId: string): Promise<Row[]> {
  const token = await site.token({ sub: 'supervisor', role: 'supervisor' })
  const toMs = Date.now() + 60_000
  const rows: Row[] = []
  for (let after = ''; ; ) {
    const path = `/v1/units/${unitId}/track?region=akl&fromMs=${toMs - 24 * 3_600_000}&toMs=${toMs}&limit=5000${after}`
    const { status, body } = await until(`a page of the track of ${unitId}`, async () => {
      const answer = await site.http(path, { token })
      return answer.status === 429 || answer.status === 503 ? null : answer
    })
    assert.equal(status, 200, JSON.stringify(body))
    for (const { fixedAtMs, lonDeg, latDeg, accuracyM, speedMps, headingDeg } of body.items) {
      rows.push([
        fixedAtMs,
        Math.round(lonDeg * 1e7),
        Math.round(latDeg * 1e7),
        scaled(accuracyM, 10),
        scaled(speedMps, 100),
        scaled(headingDeg, 10),
      ])
    }
    if (body.next === null) return rows
    after = `&after=${encodeURIComponent(body.next)}`
  }
}

const scaled = (value: number | null, factor: number): number | null =>
  value === null ? null : Math.round(value * factor)

/** Names what differs first: lists of thousands say nothing. */
function assertSame(what: string, rows: readonly Row[], given: readonly Row[]): void {
  const at = given.findIndex((row, index) => JSON.stringify(row) !== JSON.stringify(rows[index]))
  const first =
    at < 0 ? 'nothing before the end' : `fix ${at}, ${JSON.stringify(given[at])} beside ${JSON.stringify(rows[at])}`
  const same = at < 0 && rows.length === given.length
  assert.ok(same, `${what}: ${rows.length} fixes of ${given.length}; what differs is ${first}`)
}
