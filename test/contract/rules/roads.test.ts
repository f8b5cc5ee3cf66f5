/** Roads over a running engine: imported while it runs, gone back from, and refused where they are damaged. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { NearestResult, TripExplanation } from '../../../src/protocol/wire/answer-views.ts'
import { USUAL_TRAVEL_MODEL } from '../../../src/roads/times/travel-model.ts'
import { openDatabase } from '../../../src/store/postgres/database.ts'
import type { RoadStore } from '../../../src/store/roads/road-store.ts'
import { SpeedStore } from '../../../src/store/roads/speed-store.ts'
import { assertAnswerTold } from '../../support/http-answers.ts'
import { cityHere, inRoadStore, networkOf } from '../../support/laid-roads.ts'
import { within } from '../../support/within.ts'
import { CALL, PLACE, Stage } from './stage.ts'

const plan = { mode: 'ordered', units: ['A1', 'A2'] } as const
const stage = new Stage({ roads: plan })
const region = 'roads'

const NETWORK = networkOf(cityHere())
const { graph } = NETWORK
const inStore = <Result>(work: (store: RoadStore) => Promise<Result>) => inRoadStore(stage.site.databaseUrl, work)

async function withSpeeds<Result>(work: (store: SpeedStore) => Promise<Result>): Promise<Result> {
  const database = openDatabase(stage.site.databaseUrl)
  try {
    return await work(new SpeedStore(database, Date.now))
  } finally {
    await database.destroy()
  }
}

const drive = ({ etaMs, turnoutMs = 0, unsureMs = 0 }: NearestResult['units'][number]) => etaMs! - turnoutMs - unsureMs

test('[BD-9] [BD-11] a running engine goes by the roads that are imported, closed ones and all, by others, by none again, and past damaged ones', async () => {
  await stage.crew('A1', { region }, 0.5)
  await stage.crew('A2', { region }, 1)
  const desk = await stage.desk({ region })
  const nearest = async () => {
    const { result } = await desk.ask('nearest', PLACE.lonE7, PLACE.latE7, 5, null)
    return result as unknown as NearestResult
  }
  const until = async (version: number | undefined): Promise<NearestResult> => {
    for (;;) {
      const found = await nearest()
      if (found.roadsVersion === version) return found
      await sleep(50)
    }
  }
  assert.equal((await nearest()).basis, 'straight-line')

  await inStore(store => store.add(region, NETWORK, null))
  const found = await within('the roads are taken up', until(1))
  assert.deepEqual([found.basis, found.notByRoad, found.units.length], ['roads', undefined, 2])
  for (const { etaMs, distanceM } of found.units)
    assert.ok(Number.isInteger(etaMs) && etaMs! > (distanceM / 30) * 1_000)
  // Around the unit that is first: it stands inside, so it drives off, and nobody else drives through.
  const [first] = found.units
  const [east, north] = [first!.fix.lonE7 / 1e7 - PLACE.lonE7 / 1e7, 0.004]
  const edge = { west: PLACE.lonE7 / 1e7 + east - 0.002, east: PLACE.lonE7 / 1e7 + east + 0.002 }
  const latDeg = first!.fix.latE7 / 1e7
  const points = [
    [edge.west, latDeg - north],
    [edge.east, latDeg - north],
    [edge.east, latDeg + north],
    [edge.west, latDeg + north],
  ].map(each => each.map(deg => Math.round(deg * 1e7)))
  const other = await stage.desk({ region, sub: 'other-desk' })
  await other.ask('watch-board', null)
  await other.hear('board')
  const { result: closed } = await desk.ask('close-roads', {
    kind: 'area',
    points,
    slowPercent: 2_000,
    reason: 'flood',
  })
  const slow = (await nearest()).units.find(({ unitId }) => unitId === first!.unitId)!
  assert.ok(slow.etaMs! > first!.etaMs!, 'the very next question goes by it')
  const [, , , events] = await other.hear('board-events', ([, , , each]) => each[0]?.type === 'RoadsRestricted')
  assert.equal((events[0] as { zoneId?: string }).zoneId, closed.zoneId)
  const token = await stage.site.token({ regions: [region] })
  const { body: asked } = await stage.site.http(`/v1/road-zones?region=${region}`, { token })
  assert.deepEqual(
    asked.items.map((zone: { zoneId: string; slowPercent: number }) => [zone.zoneId, zone.slowPercent]),
    [[closed.zoneId, 2_000]],
  )
  const late = await stage.desk({ region, sub: 'late-desk' })
  await late.ask('watch-board', null)
  const [, , , , , , , zones] = await late.hear('board')
  assert.deepEqual(zones, asked.items)
  const away = points.map(([lonE7, latE7]) => [lonE7! + 30_000_000, latE7])
  assert.equal(
    await desk.refused('close-roads', { kind: 'area', points: away, reason: 'flood' }),
    'invalid-field zone.points',
  )
  await desk.ask('reopen-roads', closed.zoneId)
  assert.equal(await desk.refused('reopen-roads', closed.zoneId), 'unknown-zone')
  assert.deepEqual(
    (await nearest()).units.map(({ etaMs }) => etaMs).sort(),
    found.units.map(({ etaMs }) => etaMs).sort(),
  )

  const { result } = await desk.ask('enter-call', CALL)
  const [tripId] = result.tripIds as string[]
  const explained = (await desk.ask('explain-trip', tripId, null)).result as unknown as TripExplanation
  assert.deepEqual([explained.basis, explained.roadsVersion], ['roads', 1])
  const offers = (await stage.site.records(region))
    .flatMap(({ events }) => events)
    .filter(({ type }) => type === 'OfferMade')
  const [{ decision }] = offers as unknown as [
    { decision: Record<string, unknown> & { candidates: { etaMs?: number }[] } },
  ]
  assert.deepEqual([decision.basis, decision.roadsVersion], ['roads', 1])
  const [{ etaMs }] = decision.candidates as [{ etaMs?: number }]
  assert.ok(etaMs! < found.units[0]!.etaMs!, 'with a siren, at any hour')

  // What takes twice as long as usual, in every hour.
  const twice = { otherwise: 2 }
  const all = { name: 'all', spans: [{ weekdays: [1, 2, 3, 4, 5, 6, 7], fromMin: 0, untilMin: 1_440 }], isPeak: false }
  const slowed = { ...USUAL_TRAVEL_MODEL, bands: [{ ...all, ordinary: twice, siren: twice }] }
  const bySpeeds = async (version: number | undefined): Promise<NearestResult> => {
    for (;;) {
      const now = await nearest()
      if (now.speedsVersion === version && now.basis === 'roads') return now
      await sleep(50)
    }
  }
  await withSpeeds(async store => {
    await store.add(region, { model: slowed, facts: {} }, null)
    await store.add(region, { model: { bands: 'none' }, facts: {} }, null)
    await store.put(region, 1, null)
  })
  const slowly = await within('learned speeds are taken up', bySpeeds(1))
  const [one] = slowly.units
  const was = (
    await within(
      'and are gone again',
      withSpeeds(store => store.put(region, null, null)).then(() => bySpeeds(undefined)),
    )
  ).units.find(({ unitId }) => unitId === one!.unitId)!
  assert.ok(drive(one!) > drive(was) * 1.5, `${drive(one!)} ms, ${drive(was)} ms by the usual ones`)
  // Those that cannot be read are told in the log, and the region stays on its roads.
  await withSpeeds(store => store.put(region, 2, null))
  assert.deepEqual([(await nearest()).basis, (await nearest()).speedsVersion], ['roads', undefined])
  await withSpeeds(store => store.put(region, null, null))

  const damaged = graph.slice()
  damaged[damaged.length - 1]! ^= 1
  await inStore(store => store.add(region, { ...NETWORK, graph: damaged, sha256: `${'0'.repeat(64)}` }, null))
  const isInTrouble = async () => (await stage.site.metric('goldenhour_trouble{trouble="roads"}')) === 1
  await within(
    'the damage is found',
    (async () => {
      while (!(await isInTrouble())) await sleep(50)
    })(),
  )
  assert.equal((await nearest()).roadsVersion, 1, 'goes on by the former ones')

  await inStore(store => store.use(region, null, null))
  assert.deepEqual(Object.keys(await within('they are left', until(undefined))), ['basis', 'units'])
  assert.equal(await isInTrouble(), false)
  await inStore(store => store.use(region, 1, null))
  await within('they are taken up again', until(4))
})

test('[HT-16] a map is shown the roads that stand, tile by tile, and none of another version', async () => {
  const desk = await stage.site.token({ regions: [region] })
  const ask = (path: string) => stage.site.http(`/v1/regions/${region}/roads${path}`, { token: desk })
  await inStore(store => store.use(region, null, null))
  const standing = async (holds: (version: number | null) => boolean) => {
    for (;;) {
      const { body } = await ask('')
      if (holds(body.version)) return body
      await sleep(50)
    }
  }
  assert.deepEqual(
    await within(
      'none stand',
      standing(version => version === null),
    ),
    {
      ...{ region, version: null, bounds: null, background: null },
    },
  )
  await inStore(store => store.add(region, NETWORK, null))
  const { version, bounds } = await within(
    'they stand',
    standing(number => number !== null),
  )
  const [lonDeg, latDeg] = [PLACE.lonE7 / 1e7, PLACE.latE7 / 1e7]
  assert.ok(bounds.westDeg < lonDeg && lonDeg < bounds.eastDeg && bounds.southDeg < latDeg && latDeg < bounds.northDeg)
  const x = Math.floor(((lonDeg + 180) / 360) * 2 ** 14)
  const y = Math.floor(((1 - Math.asinh(Math.tan((latDeg * Math.PI) / 180)) / Math.PI) / 2) * 2 ** 14)
  const tile = await ask(`/${version}/14/${x}/${y}`)
  assert.equal(tile.status, 200)
  assert.equal(tile.headers.get('content-type'), 'application/vnd.mapbox-vector-tile')
  assert.equal(tile.headers.get('cache-control'), 'private, max-age=31536000, immutable')
  assert.ok(tile.body.includes('roads') && tile.body.length > 1_000)
  assertAnswerTold('GET', `/v1/regions/${region}/roads/${version}/14/${x}/${y}`, tile)
  for (const other of [
    `/${version + 1}/14/${x}/${y}`,
    `/${version}/15/${x}/${y}`,
    `/${version}/14/${2 ** 14}/0`,
    `/${version}/14/x/0`,
  ]) {
    const { status, body } = await ask(other)
    assert.deepEqual([status, body.code], [404, 'not-found'], other)
  }
})
