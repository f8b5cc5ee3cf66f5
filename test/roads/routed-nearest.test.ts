/** "nearest" by a routing server: a region that answers what a test says, and a server on loopback. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import type { Query, QueryAnswer, RegionHandle } from '../../src/actors/region-handle.ts'
import { systemClock } from '../../src/base/time.ts'
import { RoutedNearest, WAITING_MAX } from '../../src/engine/routed-nearest.ts'
import { Metrics } from '../../src/telemetry/metrics.ts'
import { json, type RouterServer, routerServer, text } from './router-server.ts'

type Answered = Extract<QueryAnswer, { readonly ok: true }>
type Nearest = Extract<Answered['shown'], { readonly type: 'nearest' }>['nearest']
type Unit = Nearest['units'][number]

const HERE = { type: 'nearest', lonDeg: 174.76, latDeg: -36.87, levelOfCare: null } as const
/** Of a server that answers, however busy the machine is; and of one that never does. */
const PATIENT_MS = 60_000
const TIMEOUT_MS = 150
let server: RouterServer
before(async () => {
  server = await routerServer()
})
after(() => server.close())
beforeEach(() => {
  server.asked.length = 0
})

const unit = (unitId: string, etaMs: number): Unit => ({
  ...{
    unitId,
    callSign: unitId,
    levelOfCare: 'als',
    distanceM: etaMs / 10,
    etaMs,
    connected: true,
    passedOverFor: null,
  },
  fix: {
    ...{ lonDeg: 174.7, latDeg: -36.8, fixedAtMs: 0, ageMs: 0, freshness: 'fresh', speedMps: null, headingDeg: null },
  },
})
const FLEET = ['A', 'B', 'C', 'D'].map((name, index) => unit(name, 60_000 * (index + 1)))
const OWN: Nearest = { basis: 'roads', roadsVersion: 3, units: FLEET }

function world(kind: 'osrm' | 'valhalla' = 'osrm', maxPlaces = 100, timeoutMs = PATIENT_MS) {
  const queries: Query[] = []
  let own: QueryAnswer = { ok: true, position: 7, shown: { type: 'nearest', nearest: OWN } }
  const nobody = () => assert.fail('nothing but a query comes here')
  const region: RegionHandle = {
    ...{ regionId: 'r', open: nobody, closed: nobody, command: nobody, tell: nobody },
    ...{ trackerFix: nobody, boardFrom: nobody },
    query(query, answer) {
      queries.push(query)
      answer(own)
    },
  }
  const metrics = new Metrics()
  const troubles: string[] = []
  const outages = {
    failed: (trouble: string, error: unknown) => troubles.push(`${trouble}: ${(error as Error).message}`),
    worked: () => undefined,
  }
  const routed = new RoutedNearest(
    { kind, url: server.baseUrl, timeoutMs, maxPlaces },
    { scheduler: systemClock, telemetry: { metrics, outages: outages as never } },
  )
  const handle = routed.handleOf(region)
  const query = (asked: Query) => new Promise<QueryAnswer>(resolve => handle.query(asked, resolve))
  const nearest = async (k = 4): Promise<Nearest> => {
    const answer = await query({ ...HERE, k })
    assert.ok(answer.ok && answer.position === 7 && answer.shown.type === 'nearest')
    return answer.shown.nearest
  }
  const counted = async (outcome: string) => {
    const line = `goldenhour_routing_server_questions_total{outcome="${outcome}"} `
    const found = (await metrics.text()).split('\n').find(each => each.startsWith(line))
    return found === undefined ? 0 : Number(found.slice(line.length))
  }
  const regionAnswers = (answer: QueryAnswer) => {
    own = answer
  }
  return { queries, region, routed, handle, query, nearest, counted, metrics, troubles, regionAnswers }
}
const names = ({ units }: Nearest) => units.map(({ unitId, etaMs }) => [unitId, etaMs])
const table = (...seconds: (number | null)[]) => json({ code: 'Ok', durations: seconds.map(each => [each]) })

describe('nearest by a routing server', () => {
  test('units are in the order of its times, and the answer names it and no version of roads', async () => {
    server.answer = table(300, 20.4, 100, 50)
    const { nearest, counted } = world()
    const found = await nearest()
    const said = { basis: 'osrm', units: found.units }
    assert.deepEqual(found, said)
    assert.deepEqual(names(found), [
      ['B', 20_400],
      ['D', 50_000],
      ['C', 100_000],
      ['A', 300_000],
    ])
    assert.equal(await counted('answered'), 1)
  })

  test('turnout and the age of a fix count beside its time, where the region says them', async () => {
    server.answer = table(60, 20)
    const { nearest, regionAnswers } = world()
    const units = [
      { ...unit('A', 1), turnoutMs: 10_000 },
      { ...unit('B', 2), turnoutMs: 60_000, unsureMs: 5_000 },
    ]
    regionAnswers({ ok: true, position: 7, shown: { type: 'nearest', nearest: { ...OWN, units } } })
    const found = await nearest()
    assert.deepEqual(names(found), [
      ['A', 70_000],
      ['B', 85_000],
    ])
    assert.deepEqual([found.units[0]!.turnoutMs, found.units[1]!.unsureMs], [10_000, 5_000])
    server.answer = table(null, 20)
    assert.deepEqual(
      Object.keys((await nearest()).units[1]!),
      Object.keys(unit('A', 1)).filter(key => key !== 'etaMs'),
    )
  })

  test('Valhalla is asked in its own form, and named', async () => {
    server.answer = json({ sources_to_targets: { durations: [[4], [3], [2], [1]] } })
    const found = await world('valhalla').nearest()
    assert.deepEqual(
      [found.basis, found.units[0]!.unitId, server.asked[0]!.url],
      ['valhalla', 'D', '/sources_to_targets'],
    )
  })

  test('more units are asked for than are wanted, since the soonest may be further by the own times', async () => {
    server.answer = table(9, 8, 7, 1)
    const { nearest, queries } = world()
    assert.deepEqual(names(await nearest(1)), [['D', 1_000]])
    assert.deepEqual(queries, [{ ...HERE, k: 10 }])
    const few = world('osrm', 5)
    await few.nearest(2)
    assert.deepEqual(few.queries, [{ ...HERE, k: 4 }], 'as many as the server takes')
  })

  test('a unit from which it knows no way has no time, and comes last in the order of the region', async () => {
    server.answer = table(null, 20, null, 10)
    const found = await world().nearest()
    assert.deepEqual(names(found), [
      ['D', 10_000],
      ['B', 20_000],
      ['A', undefined],
      ['C', undefined],
    ])
    assert.ok(!('estimated' in found.units[2]!))
  })

  test('where it gives none the answer of the region stands, and says why', async () => {
    const { nearest, troubles } = world()
    const cases = [
      [text('{', 200), 'unreadable'],
      [json({}, 503), 'server-error'],
      [table(1, 2), 'wrong-size'],
      [text(' '.repeat(70_000)), 'too-long'],
    ] as const
    for (const [answer, why] of cases) {
      server.answer = answer
      assert.deepEqual(await nearest(), { ...OWN, notByServer: why })
      assert.ok(troubles.at(-1)!.startsWith('routing-server: '))
    }
    server.answer = table(1, 2, 3, 4)
    assert.equal((await nearest()).basis, 'osrm')
  })

  test('nobody waits for it longer than its limit', async () => {
    server.answer = () => undefined
    const startedMs = performance.now()
    const { nearest, counted } = world('osrm', 100, TIMEOUT_MS)
    assert.deepEqual(await nearest(2), { ...OWN, units: FLEET.slice(0, 2), notByServer: 'too-slow' })
    assert.ok(performance.now() - startedMs >= TIMEOUT_MS - 5)
    assert.equal(await counted('too-slow'), 1)
  })

  test('after five failures in a row it is left alone: the region answers at once', async () => {
    server.answer = json({}, 500)
    const { nearest, counted, metrics } = world()
    for (let round = 0; round < 5; round++) await nearest()
    assert.match(await metrics.text(), /^goldenhour_routing_server_left_alone 1$/m)
    assert.deepEqual([(await nearest()).notByServer, server.asked.length], ['open-circuit', 5])
    assert.deepEqual([await counted('server-error'), await counted('open-circuit')], [5, 1])
  })

  test('when many questions wait for it, one more is answered without it', async () => {
    server.answer = () => undefined
    const { nearest, counted } = world('osrm', 100, TIMEOUT_MS)
    const waiting = Array.from({ length: WAITING_MAX }, () => nearest())
    assert.equal((await nearest()).notByServer, 'busy')
    await Promise.all(waiting)
    assert.equal(await counted('busy'), 1)
    server.answer = table(1, 2, 3, 4)
    assert.notEqual((await nearest()).notByServer, 'busy')
  })

  test('more units than it takes is no failure of it', async () => {
    const { nearest } = world('osrm', 3)
    for (let round = 0; round < 6; round++) assert.equal((await nearest(4)).notByServer, 'too-many')
    server.answer = table(1, 2)
    assert.equal(server.asked.length, 0)
  })

  test('without a unit it is not asked', async () => {
    const { nearest, regionAnswers } = world()
    regionAnswers({ ok: true, position: 7, shown: { type: 'nearest', nearest: { basis: 'straight-line', units: [] } } })
    assert.deepEqual([await nearest(), server.asked.length], [{ basis: 'osrm', units: [] }, 0])
  })

  test('what is no "nearest" goes to the region as it is, and so does a refusal come back', async () => {
    const { query, queries, regionAnswers, routed, region, handle } = world()
    const refused: QueryAnswer = { ok: false, refusal: { code: 'unavailable', message: 'away' } }
    regionAnswers(refused)
    assert.equal(await query({ type: 'read-held' }), refused)
    assert.equal(await query({ ...HERE, k: 1 }), refused)
    assert.deepEqual([queries[0], server.asked.length], [{ type: 'read-held' }, 0])
    assert.equal(routed.handleOf(region), handle)
  })
})
