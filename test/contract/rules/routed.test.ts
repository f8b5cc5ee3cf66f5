/** "nearest" over an engine that is set to ask a routing server; here one on loopback that answers as OSRM documents it. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Config } from '../../../src/config/index.ts'
import type { NearestResult } from '../../../src/protocol/wire/answer-views.ts'
import { json, type RouterServer, routerServer } from '../../roads/router-server.ts'
import { CALL, PLACE, Stage } from './stage.ts'

let server: RouterServer
const changes: { routing?: Config['routing'] } = {}
before(async () => {
  server = await routerServer()
  changes.routing = { kind: 'osrm', url: server.baseUrl, timeoutMs: 60_000, maxPlaces: 100 }
})
after(() => server.close())

const region = 'routed'
const stage = new Stage({ routed: { mode: 'ordered', units: ['A1', 'A2'] } }, changes as Partial<Config>)

test('[BD-10] a routing server puts the units of nearest into its order, and no decision hears of it', async () => {
  await stage.crew('A1', { region }, 0.5)
  await stage.crew('A2', { region }, 1)
  const desk = await stage.desk({ region })
  const nearest = async (k = 5) =>
    (await desk.ask('nearest', PLACE.lonE7, PLACE.latE7, k, null)).result as unknown as NearestResult
  const order = ({ units }: NearestResult) => units.map(({ unitId, etaMs }) => [unitId, etaMs])

  server.answer = json({ code: 'Ok', durations: [[120.5], [30]] })
  const found = await nearest()
  assert.equal(found.basis, 'osrm')
  assert.deepEqual(order(found), [
    ['A2', 30_000],
    ['A1', 120_500],
  ])
  assert.deepEqual(order(await nearest(1)), [['A2', 30_000]])
  const asked = server.asked.at(-1)!
  assert.match(asked.url, /^\/table\/v1\/driving\/[-\d.,;]+\?sources=0;1&destinations=2$/)
  const over = `/v1/units/nearest?region=${region}&lon=${PLACE.lonE7 / 1e7}&lat=${PLACE.latE7 / 1e7}`
  const { body } = await stage.ask('GET', over, {
    token: await stage.site.token({ sub: 'dispatch', role: 'dispatcher', regions: [region] }),
  })
  assert.deepEqual([body!.basis, (body!.units as { unitId: string }[])[0]!.unitId], ['osrm', 'A2'])

  const before = server.asked.length
  await desk.ask('enter-call', CALL)
  const [offer] = (await stage.site.records(region))
    .flatMap(({ events }) => events)
    .filter(event => event.type === 'OfferMade')
  assert.deepEqual([offer!.unitId, offer!.decision.basis], ['A1', 'straight-line'])
  assert.equal(server.asked.length, before, 'a decision asks nobody')

  server.answer = json({ code: 'InvalidQuery' }, 400)
  const own = await nearest()
  assert.deepEqual(
    [own.basis, own.notByServer, own.units.map(({ unitId }) => unitId)],
    ['straight-line', 'server-error', ['A2']],
  )
  const counted = (outcome: string) =>
    stage.site.metric(`goldenhour_routing_server_questions_total{outcome="${outcome}"}`)
  assert.deepEqual([await counted('answered'), await counted('server-error')], [3, 1])
})
