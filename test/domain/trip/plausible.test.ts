/** The order in which the moments of a response should come, and what is said of those that do not. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { FOLLOWS } from '../../../src/domain/trip/e-times.ts'
import { isImplausible } from '../../../src/domain/trip/plausible.ts'
import { closeTrip, reportPhase } from '../../../src/domain/trip/trip-work.ts'
import { acceptOffer } from '../../../src/domain/unit/offer-answers.ts'
import { RESPONSE_TIMES, type Reportable, type ResponseTime } from '../../../src/domain/vocabulary.ts'
import { given, START_MS, type World } from '../../support/given-when-then.ts'
import { accepted, closed, reached, untilAssigned, untilOffered } from '../../support/scenario.ts'

const OFFERED_MS = START_MS + 2_000
const AFTER_MS = START_MS + 60_000
const press =
  (phase: Reportable, happenedAtMs = AFTER_MS) =>
  (world: World) =>
    reportPhase(world.trip('T-1'), 'A1', { type: 'report-phase', tripId: 'T-1', phase, happenedAtMs })
const closeAt = (happenedAtMs: number) => (world: World) =>
  closeTrip(world.trip('T-1'), 'A1', { type: 'close-trip', tripId: 'T-1', disposition: 'refused', happenedAtMs })
const isFlagged = (world: World, decide: (world: World) => ReturnType<typeof closeTrip>): boolean => {
  const decision = decide(world)
  assert.ok(decision.ok)
  return decision.events.some(event => 'implausible' in event)
}
const withTimes = (times: Partial<Record<ResponseTime, number>>) => ({
  offeredAtMs: OFFERED_MS,
  times: Object.fromEntries(Object.entries(times).map(([time, atMs]) => [time, { atMs, cause: 'driver' as const }])),
})

describe('plausible', () => {
  test('is a moment that lies before none that it should follow, and behind none that should follow it', () => {
    for (const time of RESPONSE_TIMES) {
      for (const earlier of FOLLOWS[time]) {
        const both = (earlierMs: number, laterMs: number) => {
          const response = withTimes({ [earlier]: earlierMs, [time]: laterMs })
          return [isImplausible(response, earlier, earlierMs), isImplausible(response, time, laterMs)]
        }
        assert.deepEqual(both(AFTER_MS, AFTER_MS), [false, false], `${earlier}, ${time}`)
        assert.deepEqual(both(AFTER_MS, AFTER_MS - 1), [true, true], `${earlier}, ${time}`)
      }
    }
  })

  test('is an arrival at the patient before the vehicle moved or was at the scene: somebody was there first', () => {
    const response = withTimes({ 'en-route': AFTER_MS + 2, 'on-scene': AFTER_MS + 3, 'at-patient': AFTER_MS })
    for (const time of ['en-route', 'on-scene', 'at-patient'] as const) {
      assert.equal(isImplausible(response, time, response.times[time]!.atMs!), false, time)
    }
  })

  test('is nothing before the offer was decided on, also where nobody knows when its unit was notified', () => {
    assert.equal(isImplausible(withTimes({}), 'acknowledged', OFFERED_MS - 1), true)
    assert.equal(isImplausible(withTimes({}), 'acknowledged', OFFERED_MS), false)
  })
})

describe('a moment that cannot be', () => {
  test('is kept as it was said, and flagged', () => {
    const acknowledge = (happenedAtMs: number) => (world: World) =>
      acceptOffer(world.driver('A1'), world.trip('T-1'), 'O-1', { happenedAtMs })
    assert.equal(isFlagged(given(...untilOffered()).world, acknowledge(AFTER_MS)), false)
    given(...untilOffered())
      .when(acknowledge(OFFERED_MS - 1))
      .thenEvents({ type: 'OfferAccepted', happenedAtMs: OFFERED_MS - 1, implausible: true })
    const onScene = () =>
      given(...untilAssigned(), { ...reached('T-1', 'A1', 'on-scene'), happenedAtMs: AFTER_MS } as never)
    assert.equal(isFlagged(onScene().world, press('transporting', AFTER_MS)), false)
    onScene()
      .when(press('transporting', AFTER_MS - 1))
      .thenEvents({ type: 'TripPhaseReached', happenedAtMs: AFTER_MS - 1, implausible: true })
    onScene()
      .when(press('en-route', AFTER_MS + 1))
      .thenEvents({ type: 'TripTimeNoted', time: 'en-route', happenedAtMs: AFTER_MS + 1, implausible: true })
    onScene()
      .when(closeAt(AFTER_MS - 1))
      .thenEvents({ type: 'TripClosed', happenedAtMs: AFTER_MS - 1, implausible: true })
  })
})

describe('a time beside', () => {
  test('of a phase that was skipped gives it its time, and it is missed no more', () => {
    const skipped = { ...reached('T-1', 'A1', 'transporting'), missed: ['en-route', 'on-scene'] } as never
    const after = given(...untilAssigned(), skipped)
      .when(press('on-scene'))
      .thenEvents({
        type: 'TripTimeNoted',
        time: 'on-scene',
      })
    const { phase, times, missed, responses } = after.trip('T-1')
    assert.deepEqual([phase, missed, times['on-scene']], ['transporting', ['en-route'], AFTER_MS])
    assert.equal(responses[0]!.times['on-scene']!.atMs, AFTER_MS)
    assert.equal(after.driver('A1').status, 'transporting')
  })

  test('of a phase that may be left out gives it its time, too: at the patient, told while transporting', () => {
    const after = given(...untilAssigned(), reached('T-1', 'A1', 'transporting'))
      .when(press('at-patient'))
      .thenEvents({ type: 'TripTimeNoted', time: 'at-patient' })
    assert.equal(after.trip('T-1').times['at-patient'], AFTER_MS)
  })

  test('of what has a time leaves the first word standing and keeps the newest beside it', () => {
    const { world } = given(...untilAssigned(), reached('T-1', 'A1', 'on-scene'))
    const first = world.trip('T-1').times['on-scene']
    for (const atMs of [AFTER_MS, AFTER_MS + 5]) {
      const decision = press('on-scene', atMs)(world)
      world.record(decision.ok ? decision.events : [])
    }
    const { times, responses } = world.trip('T-1')
    const { atMs, otherAtMs } = responses[0]!.times['on-scene']!
    assert.deepEqual([times['on-scene'], atMs, otherAtMs], [first, first, AFTER_MS + 5])
  })

  test('that says what was said before is nothing new', () => {
    const { world } = given(...untilAssigned(), reached('T-1', 'A1', 'on-scene'))
    const { times } = world.trip('T-1')
    assert.deepEqual(press('on-scene', times['on-scene'])(world), { ok: true, events: [] })
  })

  test('is a mark: left scene without a patient, and what NEMSIS has as optional; none moves the trip', () => {
    for (const mark of ['staged', 'left-scene', 'landing-area', 'at-station', 'completed'] as const) {
      const after = given(...untilAssigned(), reached('T-1', 'A1', 'on-scene'))
        .when(press(mark))
        .thenEvents({ type: 'TripTimeNoted', time: mark })
      const { phase, times, responses } = after.trip('T-1')
      assert.deepEqual([phase, Object.keys(times)], ['on-scene', ['pending', 'offered', 'assigned', 'on-scene']])
      assert.equal(responses[0]!.times[mark]!.atMs, AFTER_MS)
    }
  })

  test('is refused once the unit has left the trip, but for what comes after the work', () => {
    const ended = () => given(...untilAssigned(), closed('T-1', 'A1'))
    for (const mark of ['at-station', 'completed'] as const) {
      ended().when(press(mark)).thenEvents({ type: 'TripTimeNoted', time: mark })
    }
    for (const late of ['left-scene', 'staged', 'on-scene'] as const)
      ended().when(press(late)).thenRefused('wrong-phase')
    for (const mark of ['staged', 'at-station'] as const) {
      given(...untilOffered('ordered'))
        .when(press(mark))
        .thenRefused('wrong-phase')
    }
    const other = (world: World) =>
      reportPhase(world.trip('T-1'), 'A2', {
        type: 'report-phase',
        tripId: 'T-1',
        phase: 'at-station',
        happenedAtMs: AFTER_MS,
      })
    given(...untilOffered(), accepted('T-1', 'A1', 'O-1'))
      .when(other)
      .thenRefused('not-your-trip')
  })
})
