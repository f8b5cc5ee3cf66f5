/** What is learned of a city whose streets take as long as a hidden model says. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Priority } from '../../src/domain/vocabulary.ts'
import { DRIVES_LEAST, learnSpeeds, type RecordedDrive } from '../../src/reports/learned-speeds.ts'
import { generatedCity } from '../../src/roads/city.ts'
import { DrivenLegs } from '../../src/roads/learn/driven-legs.ts'
import { RouteSearch } from '../../src/roads/nearest/route-search.ts'
import { timesOf, WAY_DRIVEN } from '../../src/roads/road-times.ts'
import { RoadSnapper } from '../../src/roads/snap.ts'
import { storedModel } from '../../src/roads/times/stored-model.ts'
import { factorOf, problemOfModel, type TravelModel, USUAL_TRAVEL_MODEL } from '../../src/roads/times/travel-model.ts'
import { seeded } from '../../tools/shared/random.ts'
import { DrivenCity, hiddenModel } from '../roads/driven-city.ts'

const outcome = generatedCity({ centre: { lonDeg: 10, latDeg: 50 }, columns: 30, rows: 30, random: seeded(8) })
assert.ok(outcome.ok)
const { graph } = outcome
const HOUR_MS = 3_600_000
/** A Monday, 00:00. */
const MONDAY_MS = Date.UTC(2026, 0, 5)
const settings = { timeZone: 'UTC', usual: USUAL_TRAVEL_MODEL, before: USUAL_TRAVEL_MODEL }

/** Drives at these hours in turn, of these priorities in turn. */
function drivesBy(hidden: TravelModel, count: number, hours: readonly number[], priorities: readonly Priority[]) {
  const city = new DrivenCity(graph, hidden, seeded(9))
  return Array.from({ length: count }, (_, index) => {
    const atMs =
      MONDAY_MS + Math.floor(index / hours.length) * 7 * 24 * HOUR_MS + hours[index % hours.length]! * HOUR_MS
    return city.drive(atMs, priorities[index % priorities.length]!)
  })
}
const SLOW = hiddenModel({ street: 1.6, main: 1.2, ring: 1.2 })
const bandOf = (model: TravelModel, name: string) => model.bands.find(band => band.name === name)!

describe('learned speeds', () => {
  test('what is slower than usual is learned by class, and the drives that were held out are foretold better', () => {
    const learned = learnSpeeds(graph, drivesBy(SLOW, 180, [11, 13, 14], [3]), settings)
    assert.equal(learned.refused, null)
    assert.deepEqual([learned.learnedFrom, learned.heldOut], [120, 60])
    const [before, after] = [learned.before!, learned.after!]
    assert.ok(after.p50Ms < before.p50Ms / 3, `${before.p50Ms} before, ${after.p50Ms} after`)
    assert.ok(Math.abs(after.biasMs) < Math.abs(before.biasMs) / 3)
    const { ordinary } = bandOf(learned.model!, 'other hours')
    for (const [name, factor] of [
      ['street', 1.6],
      ['main', 1.2],
    ] as const)
      assert.ok(Math.abs(factorOf(ordinary, name) - factor) < 0.12, `${name}: ${factorOf(ordinary, name)}`)
  })

  test('hours and siren are learned apart: nights without siren say nothing of days with one', () => {
    const hidden = hiddenModel({ street: 1, main: 1, ring: 1 }, 1.7)
    const { model } = learnSpeeds(graph, drivesBy(hidden, 240, [2, 12], [3]), settings)
    const street = (name: string, way: 'ordinary' | 'siren') => factorOf(bandOf(model!, name)[way], 'street')
    assert.ok(Math.abs(street('night', 'ordinary') - 1.7) < 0.2, `${street('night', 'ordinary')}`)
    assert.ok(Math.abs(street('other hours', 'ordinary') - 1) < 0.15, `${street('other hours', 'ordinary')}`)
    assert.deepEqual([street('night', 'siren'), street('other hours', 'siren')], [1.28, 1], 'nobody drove with one')
  })

  test('with siren the times with siren are what is compared', () => {
    const { model } = learnSpeeds(graph, drivesBy(SLOW, 180, [11], [1]), settings)
    const band = bandOf(model!, 'other hours')
    assert.ok(Math.abs(factorOf(band.siren, 'street') - 1.6) < 0.12, `${factorOf(band.siren, 'street')}`)
    assert.equal(factorOf(band.ordinary, 'street'), 1)
  })

  test('the model has the form of any other, and comes back from JSON as it was', () => {
    const { model } = learnSpeeds(graph, drivesBy(SLOW, 90, [11], [3]), settings)
    assert.equal(problemOfModel(model!), null)
    assert.deepEqual(storedModel(JSON.parse(JSON.stringify(model))), model)
  })

  test('with fewer drives than sixty nothing is learned', () => {
    const few = learnSpeeds(graph, drivesBy(SLOW, DRIVES_LEAST - 1, [11], [3]), settings)
    assert.deepEqual([few.refused, few.model, few.before], ['too-few', null, null])
    assert.equal(learnSpeeds(graph, drivesBy(SLOW, DRIVES_LEAST, [11], [3]), settings).refused, null)
  })

  test('what is no truer than before is not kept', () => {
    const again = learnSpeeds(graph, drivesBy(SLOW, 300, [11], [3]), { ...settings, before: SLOW })
    assert.deepEqual([again.refused, again.model], ['no-truer', null])
    assert.ok(again.after!.p50Ms > 0.95 * again.before!.p50Ms || again.after!.p90Ms > again.before!.p90Ms)
  })

  test('drives that say nothing are left out, and counted by why', () => {
    const good = drivesBy(SLOW, DRIVES_LEAST, [11], [3])
    const [one] = good
    const odd: RecordedDrive[] = [
      { ...one!, onSceneAtMs: one!.enRouteAtMs - 1 },
      { ...one!, track: [] },
      { ...one!, track: one!.track.slice(-2) },
      { ...one!, track: one!.track.slice(0, 3) },
      {
        ...one!,
        track: one!.track.map(point => ({ ...point, latDeg: point.latDeg + 1 })),
        scene: { lonDeg: one!.scene.lonDeg, latDeg: one!.scene.latDeg + 1 },
      },
    ]
    const { leftOut, learnedFrom, heldOut } = learnSpeeds(graph, [...odd, ...good], settings)
    assert.deepEqual(
      [leftOut, learnedFrom + heldOut],
      [{ 'odd-duration': 1, 'few-positions': 2, 'away-from-the-scene': 1, 'off-road': 1 }, DRIVES_LEAST],
    )
  })
})

test('legs over a gap, without a move, or over a detour that nobody drives are left out', () => {
  const times = timesOf(graph, WAY_DRIVEN)!
  const legs = new DrivenLegs(graph, new RoadSnapper(graph), new RouteSearch(graph), times)
  const { track } = new DrivenCity(graph, USUAL_TRAVEL_MODEL, seeded(2)).drive(MONDAY_MS + 12 * HOUR_MS, 3)
  const usual = legs.of(track, times.ms)
  assert.ok(usual.length > 3)
  const said = usual.flatMap(({ saidMs }) => saidMs).reduce((sum, [, ms]) => sum + ms, 0)
  const real = usual.reduce((sum, { realMs }) => sum + realMs, 0)
  assert.ok(Math.abs(real / said - 1) < 0.08, `${real / said}`)
  assert.deepEqual(
    legs.of(
      track.map((point, index) => ({ ...point, fixedAtMs: index * 130_000 })),
      times.ms,
    ),
    [],
  )
  assert.deepEqual(
    legs.of(
      track.map((point, index) => ({ ...track[0]!, fixedAtMs: point.fixedAtMs + index })),
      times.ms,
    ),
    [],
  )
  assert.deepEqual(
    legs.of(
      track.map(point => ({ ...point, latDeg: point.latDeg + 1 })),
      times.ms,
    ),
    [],
    'off the roads',
  )
})

test('a stored model that is none is refused with what is wrong', () => {
  for (const [stored, told] of [
    [null, /no travel model/],
    [{ ...USUAL_TRAVEL_MODEL, sirenFactor: 'fast' }, /sirenFactor/],
    [{ ...USUAL_TRAVEL_MODEL, sirenFactor: 0.5 }, /it goes from 1/],
    [{ ...USUAL_TRAVEL_MODEL, speeds: 1 }, /speeds/],
  ] as const)
    assert.throws(
      () => storedModel(stored),
      (error: Error) => error instanceof RangeError && told.test(error.message),
    )
})
