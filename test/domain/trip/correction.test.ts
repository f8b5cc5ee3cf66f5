/** What a dispatcher puts right of the moments of a unit's work. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { NO_TEXTS, tripView } from '../../../src/actors/region/views.ts'
import type { CorrectTime } from '../../../src/domain/commands.ts'
import { correctTime } from '../../../src/domain/trip/correction.ts'
import { reportPhase } from '../../../src/domain/trip/trip-work.ts'
import { given, START_MS, type World } from '../../support/given-when-then.ts'
import {
  closed,
  HAPPENED_MS,
  offered,
  onDuty,
  reached,
  untilAssigned,
  untilOffered,
  withdrawn,
} from '../../support/scenario.ts'

const RIGHT_MS = START_MS + 90_000
const correction = (change: Partial<CorrectTime> = {}): CorrectTime => ({
  ...{ type: 'correct-time', tripId: 'T-1', unitId: 'A1', time: 'on-scene', newAtMs: RIGHT_MS, reason: 'wrong-button' },
  ...change,
})
const correct =
  (change: Partial<CorrectTime> = {}, latestMs = START_MS + 1_000_000) =>
  (world: World) =>
    correctTime(world.trip('T-1'), correction(change), latestMs)
const onScene = () => given(...untilAssigned(), reached('T-1', 'A1', 'on-scene'))
const shown = (world: World) => tripView(world.trip('T-1'), world.call('C-1'), NO_TEXTS)

describe('a correction', () => {
  test('is an event beside the original, and views show the new moment and that it was corrected', () => {
    const after = onScene()
      .when(correct())
      .thenEvents({ type: 'TripTimeCorrected', formerAtMs: HAPPENED_MS, newAtMs: RIGHT_MS, reason: 'wrong-button' })
    const { times, phase, responses } = shown(after)
    assert.deepEqual([phase, times['on-scene']], ['on-scene', RIGHT_MS])
    assert.deepEqual(responses[0]!.times['on-scene'], {
      atMs: RIGHT_MS,
      cause: 'dispatcher',
      corrected: 'wrong-button',
    })
  })

  test('says that something never was: then there is no moment, and why', () => {
    const after = onScene()
      .when(correct({ newAtMs: null, reason: 'never-happened' }))
      .thenEvents({ type: 'TripTimeCorrected', formerAtMs: HAPPENED_MS, newAtMs: null })
    const { times, responses } = shown(after)
    assert.equal(times['on-scene'], undefined)
    const { atMs, why, corrected } = responses[0]!.times['on-scene']!
    assert.deepEqual([atMs, why, corrected], [null, 'corrected', 'never-happened'])
  })

  test('gives a moment to what was missed, and to an acknowledgement that was implied', () => {
    const skipped = { ...reached('T-1', 'A1', 'on-scene'), missed: ['en-route'] } as never
    const after = given(...untilAssigned(), skipped)
      .when(correct({ time: 'en-route' }))
      .thenEvents({ type: 'TripTimeCorrected', formerAtMs: null })
    assert.deepEqual([after.trip('T-1').missed, after.trip('T-1').times['en-route']], [[], RIGHT_MS])
    const implied = {
      type: 'OfferAccepted',
      v: 1,
      entity: 'trip/T-1',
      tripId: 'T-1',
      offerId: 'O-1',
      unitId: 'A1',
    } as const
    const known = given(...untilOffered(), {
      ...implied,
      happenedAtMs: HAPPENED_MS,
      cause: 'dispatcher',
      implied: true,
    })
      .when(correct({ time: 'acknowledged', reason: 'radio-log' }))
      .thenEvents({ type: 'TripTimeCorrected', formerAtMs: null })
    assert.equal(known.trip('T-1').times.assigned, RIGHT_MS)
  })

  test('stands against every later word, and takes another correction', () => {
    const { world } = onScene()
    const take = (decision: ReturnType<typeof correctTime>) => world.record(decision.ok ? decision.events : [])
    take(correct()(world))
    const button = { type: 'report-phase', tripId: 'T-1', phase: 'on-scene', happenedAtMs: RIGHT_MS + 7 } as const
    take(reportPhase(world.trip('T-1'), 'A1', button))
    const { atMs, otherAtMs } = world.trip('T-1').responses[0]!.times['on-scene']!
    assert.deepEqual([atMs, otherAtMs, world.trip('T-1').times['on-scene']], [RIGHT_MS, RIGHT_MS + 7, RIGHT_MS])
    take(correct({ newAtMs: RIGHT_MS + 1 })(world))
    assert.equal(world.trip('T-1').times['on-scene'], RIGHT_MS + 1)
  })

  test('that makes the order right takes the doubt away', () => {
    const after = given(...untilAssigned(), reached('T-1', 'A1', 'on-scene'), {
      ...reached('T-1', 'A1', 'transporting'),
      happenedAtMs: RIGHT_MS - 1,
    } as never)
    const doubted = (world: World) =>
      Object.entries(shown(world).responses[0]!.times).flatMap(([time, { implausible }]) => (implausible ? [time] : []))
    const late = after.when(correct()).thenEvents({ type: 'TripTimeCorrected' })
    assert.deepEqual(doubted(late).includes('left-scene'), true)
    const decision = correct({ newAtMs: RIGHT_MS - 2 })(late)
    late.record(decision.ok ? decision.events : [])
    assert.deepEqual(doubted(late).includes('left-scene'), false)
  })

  test('is taken of a trip that has ended, and of a unit that it was taken from, whose moments are no longer those of the trip', () => {
    const ended = given(...untilAssigned(), reached('T-1', 'A1', 'on-scene'), closed('T-1', 'A1'))
      .when(correct({ time: 'back-in-service' }))
      .thenEvents({ type: 'TripTimeCorrected' })
    assert.deepEqual([ended.trip('T-1').phase, ended.trip('T-1').times.closed], ['closed', RIGHT_MS])
    const former = given(
      ...untilAssigned(),
      onDuty('A2'),
      withdrawn('T-1', 'A1'),
      offered('T-1', 'A2', 'O-2', 'ordered'),
    )
      .when(correct({ time: 'en-route' }))
      .thenEvents({ type: 'TripTimeCorrected' })
    const { times, responses } = former.trip('T-1')
    assert.deepEqual([times['en-route'], responses[0]!.times['en-route']!.atMs], [undefined, RIGHT_MS])
  })

  test('of when the scene was left without a patient makes no transport of it', () => {
    const refused = { ...closed('T-1', 'A1'), disposition: 'refused' } as never
    const after = given(...untilAssigned(), reached('T-1', 'A1', 'on-scene'), refused)
      .when(correct({ time: 'left-scene' }))
      .thenEvents({ type: 'TripTimeCorrected' })
    assert.equal(after.trip('T-1').times.transporting, undefined)
    assert.equal(after.trip('T-1').responses[0]!.times['left-scene']!.atMs, RIGHT_MS)
  })

  test('that says what stands is nothing new', () => {
    onScene()
      .when(correct({ newAtMs: HAPPENED_MS }))
      .thenEvents()
    onScene()
      .when(correct({ time: 'staged', newAtMs: null }))
      .thenEvents()
  })

  test('is refused of a unit that was not sent, that has not answered, and of a moment that is to come', () => {
    onScene()
      .when(correct({ unitId: 'A2' }))
      .thenRefused('not-your-trip')
    given(...untilOffered('ordered'))
      .when(correct({ time: 'notified' }))
      .thenRefused('wrong-phase')
    onScene()
      .when(correct({}, RIGHT_MS - 1))
      .thenRefused('invalid-field')
  })
})
