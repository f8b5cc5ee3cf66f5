import assert from 'node:assert/strict'
import { after, before, beforeEach, suite, test } from 'node:test'
import { systemClock } from '../../src/base/time.ts'
import { generatedCity } from '../../src/roads/city.ts'
import type { ManyToOne, ManyToOneAsk } from '../../src/roads/providers/many-to-one.ts'
import { OsrmTimes } from '../../src/roads/providers/osrm-times.ts'
import { OwnTimes } from '../../src/roads/providers/own-times.ts'
import { ValhallaTimes } from '../../src/roads/providers/valhalla-times.ts'
import { TreeSearch } from '../../src/roads/reach/tree-search.ts'
import { RoadSnapper } from '../../src/roads/snap.ts'
import { RoadZones } from '../../src/roads/times/road-zones.ts'
import { TimesInForce } from '../../src/roads/times/times-in-force.ts'
import { USUAL_TRAVEL_MODEL } from '../../src/roads/times/travel-model.ts'
import { freePort } from '../../tools/shared/free-port.ts'
import { seeded } from '../../tools/shared/random.ts'
import { plainWay } from './networks.ts'
import { json, type RouterServer, routerServer, text } from './router-server.ts'

const AT_MS = Date.UTC(2026, 5, 10, 12)
const ASK: ManyToOneAsk = {
  from: [
    { lonDeg: 13.38886, latDeg: 52.517037 },
    { lonDeg: 13.397634, latDeg: 52.529407 },
    { lonDeg: -13.5, latDeg: -0.25 },
  ],
  to: { lonDeg: 13.428555, latDeg: 52.523219 },
  priority: 1,
  atMs: AT_MS,
}

const waypoint = (lon: number, lat: number) => ({
  distance: 4.15,
  name: 'Friedrichstraße',
  location: [lon, lat],
  hint: 'KSoK',
})
/** As its documentation shows a table of three sources and one destination. */
const OSRM_TABLE = {
  code: 'Ok',
  sources: [waypoint(13.3888, 52.517), waypoint(13.3976, 52.5294), waypoint(-13.5, -0.25)],
  destinations: [waypoint(13.4285, 52.5232)],
  durations: [[381.6], [227], [null]],
}
const CONCISE = { sources_to_targets: { durations: [[382], [227], [null]], distances: [[2.8], [1.9], [null]] } }
const cell = (time: number | null, from: number) => ({ distance: time, time, to_index: 0, from_index: from })
const VERBOSE = {
  id: 'kyiv',
  algorithm: 'costmatrix',
  units: 'kilometers',
  sources: [[{ lon: 13.38886, lat: 52.517037 }]],
  targets: [[{ lon: 13.428555, lat: 52.523219 }]],
  sources_to_targets: [[cell(382, 0)], [cell(227, 1)], [cell(null, 2)]],
}

let server: RouterServer
const settings = (more: object = {}) => ({
  baseUrl: server.baseUrl,
  timeoutMs: 30_000,
  maxBytes: 100_000,
  maxPlaces: 100,
  ...more,
})

suite('routing servers', () => {
  before(async () => {
    server = await routerServer()
  })
  beforeEach(() => {
    server.asked.length = 0
  })
  after(() => server.close())

  test('OSRM is asked once for all places, in its form, and seconds become milliseconds', async () => {
    server.answer = json(OSRM_TABLE)
    const answer = await new OsrmTimes(settings(), systemClock).timesToOne(ASK)
    assert.deepEqual(answer, { ok: true, driveMs: [381_600, 227_000, null], basis: 'osrm' })
    const url =
      '/table/v1/driving/13.388860,52.517037;13.397634,52.529407;-13.500000,-0.250000;13.428555,52.523219' +
      '?sources=0;1;2&destinations=3'
    assert.deepEqual(server.asked, [{ method: 'GET', url, body: '' }])
  })

  test('Valhalla is asked once for all places, in its form, and answers in either of its forms', async () => {
    for (const form of [CONCISE, VERBOSE]) {
      server.asked.length = 0
      server.answer = json(form)
      const answer = await new ValhallaTimes(
        settings({ baseUrl: `${server.baseUrl}/valhalla` }),
        systemClock,
      ).timesToOne(ASK)
      assert.deepEqual(answer, { ok: true, driveMs: [382_000, 227_000, null], basis: 'valhalla' })
      const [{ method, url, body }] = server.asked as [(typeof server.asked)[number]]
      assert.deepEqual([server.asked.length, method, url], [1, 'POST', '/valhalla/sources_to_targets'])
      assert.deepEqual(JSON.parse(body), {
        sources: [
          { lat: 52.517037, lon: 13.38886 },
          { lat: 52.529407, lon: 13.397634 },
          { lat: -0.25, lon: -13.5 },
        ],
        targets: [{ lat: 52.523219, lon: 13.428555 }],
        costing: 'auto',
        verbose: false,
      })
    }
  })

  const KINDS: [string, (more?: object) => ManyToOne, good: unknown, tooMany: unknown, refused: unknown][] = [
    [
      'OSRM',
      more => new OsrmTimes(settings(more), systemClock),
      OSRM_TABLE,
      { code: 'TooBig', message: 'Too many table coordinates' },
      { code: 'NoSegment', message: 'Could not find a matching segment for coordinate 0' },
    ],
    [
      'Valhalla',
      more => new ValhallaTimes(settings(more), systemClock),
      CONCISE,
      { error_code: 150, error: 'Exceeded max locations', status_code: 400, status: 'Bad Request' },
      { error_code: 171, error: 'No suitable edges near location', status_code: 400, status: 'Bad Request' },
    ],
  ]
  for (const [name, made, good, tooMany, refused] of KINDS) {
    const why = async (more?: object) => {
      const answer = await made(more).timesToOne(ASK)
      return answer.ok ? 'ok' : answer.why
    }

    test(`${name}: a slow answer is given up, also one that comes in pieces, and one too long is not read to its end`, async () => {
      server.answer = () => undefined
      assert.equal(await why({ timeoutMs: 50 }), 'too-slow')
      server.answer = response => response.writeHead(200).write('{"code":')
      assert.equal(await why({ timeoutMs: 50 }), 'too-slow')
      server.answer = text(' '.repeat(1_000) + JSON.stringify(good))
      assert.equal(await why({ maxBytes: 1_000 }), 'too-long')
      server.answer = response => {
        const more = () => response.writable && response.write(' '.repeat(4_096), more)
        more()
      }
      assert.equal(await why(), 'too-long')
    })

    test(`${name}: broken JSON, another JSON, wrong sizes, and times that are none are told apart from times`, async () => {
      server.answer = text(JSON.stringify(good).slice(0, -5))
      assert.equal(await why(), 'unreadable')
      for (const other of [null, [], {}, 'Ok', { code: 'Ok' }, { sources_to_targets: {} }]) {
        server.answer = json(other)
        assert.equal(await why(), 'unreadable', JSON.stringify(other))
      }
      const table = (rows: unknown) => json({ code: 'Ok', durations: rows, sources_to_targets: { durations: rows } })
      for (const rows of [[], [[1]], [[1], [2], [3], [4]], [[1, 2, 3]], [[1], [2], []], [[1], [2], [3, 4]]]) {
        server.answer = table(rows)
        assert.equal(await why(), 'wrong-size', JSON.stringify(rows))
      }
      for (const seconds of [-1, '60', 86_401, true, {}]) {
        server.answer = table([[1], [2], [seconds]])
        assert.equal(await why(), 'unreadable', JSON.stringify(seconds))
      }
      server.answer = table([[null], [null], [null]])
      assert.equal(await why(), 'ok')
    })

    test(`${name}: an error of the server, a refusal, a redirection and a closed port are told`, async () => {
      for (const status of [500, 502, 503]) {
        server.answer = text('<html>no</html>', status)
        assert.equal(await why(), 'server-error')
      }
      server.answer = json(refused, 400)
      assert.equal(await why(), 'server-error')
      server.answer = json(tooMany, 400)
      assert.equal(await why(), 'too-many')
      server.answer = response => response.writeHead(302, { location: `${server.baseUrl}/elsewhere` }).end()
      server.asked.length = 0
      assert.equal(await why(), 'unreachable')
      assert.equal(server.asked.length, 1)
      server.answer = response => response.destroy()
      assert.equal(await why(), 'unreachable')
      assert.equal(await why({ baseUrl: `http://127.0.0.1:${await freePort()}` }), 'unreachable')
    })

    test(`${name}: more places than fit are not asked for, none need no server, and a priority may have a share of the time`, async () => {
      assert.equal(await why({ maxPlaces: 3 }), 'too-many')
      assert.deepEqual((await made().timesToOne({ ...ASK, from: [] })).ok, true)
      assert.equal(server.asked.length, 0)
      server.answer = json(good)
      const answer = await made({ maxPlaces: 4, shareOfTime: { 1: 0.75 } }).timesToOne(ASK)
      assert.ok(answer.ok)
      assert.deepEqual(answer.driveMs.slice(1), [170_250, null])
      const slow = await made({ shareOfTime: { 1: 0.75 } }).timesToOne({ ...ASK, priority: 3 })
      assert.ok(slow.ok)
      assert.equal(slow.driveMs[1], 227_000)
    })
  }
})

test('the own roads answer behind the same port what plain search finds, and null off the roads', async () => {
  const random = seeded(3)
  const outcome = generatedCity({ centre: { lonDeg: 7, latDeg: 51 }, columns: 24, rows: 24, random })
  assert.ok(outcome.ok)
  const { graph } = outcome
  const snapper = new RoadSnapper(graph)
  const times = new TimesInForce(graph, new RoadZones(graph), { model: USUAL_TRAVEL_MODEL, timeZone: 'UTC' })
  const own = new OwnTimes({ search: new TreeSearch(graph), snapper, times })
  const somewhere = () => ({ lonDeg: 7 + (random() - 0.5) * 0.03, latDeg: 51 + (random() - 0.5) * 0.02 })
  const sea = { lonDeg: 8, latDeg: 51 }
  const [to, from] = [somewhere(), [somewhere(), sea, ...Array.from({ length: 6 }, somewhere)]]
  for (const [priority, way] of [
    [1, 'siren'],
    [3, 'ordinary'],
  ] as const) {
    const answer = await own.timesToOne({ from, to, priority, atMs: AT_MS })
    const place = snapper.snap({ ...to, isAddress: true, headingDeg: null, former: null })!
    const right = from.map(position => {
      const at = snapper.snap({ ...position, isAddress: false, headingDeg: null, former: null })
      return at === null ? null : plainWay(graph, at, place, way).ms
    })
    assert.deepEqual(answer, { ok: true, driveMs: right, basis: 'roads' })
    assert.deepEqual([right[1], right.filter(ms => ms === null).length], [null, 1])
  }
  const nowhere = await own.timesToOne({ from, to: sea, priority: 1, atMs: AT_MS })
  assert.deepEqual(nowhere, { ok: true, driveMs: from.map(() => null), basis: 'roads' })
})
