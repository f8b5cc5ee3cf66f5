/** What may happen by itself, and when. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type Deadline,
  deadlineCame,
  deadlineId,
  deadlinesOf,
  waitingLongAtMs,
} from '../../../src/domain/dispatch/deadlines.ts'
import type { Presence } from '../../../src/domain/dispatch/eligibility.ts'
import { HeardCount } from '../../../src/domain/dispatch/heard-count.ts'
import type { Silence } from '../../../src/domain/dispatch/mass-silence.ts'
import type { PlacedFix } from '../../../src/domain/fix.ts'
import { DEFAULT_POLICY } from '../../../src/domain/policy.ts'
import { quietRegion } from '../../../src/domain/region-state.ts'
import { noMovementAtMs } from '../../../src/domain/trip/by-wheels.ts'
import { overrideAssignment } from '../../../src/domain/trip/trip-desk.ts'
import { TRIP_PHASES } from '../../../src/domain/vocabulary.ts'
import { given, START_MS, type World } from '../../support/given-when-then.ts'
import {
  called,
  closed,
  declined,
  offered,
  onDuty,
  policyOf,
  reached,
  untilAssigned,
  untilOffered,
} from '../../support/scenario.ts'

test('an accepted trip that does not move within 120 s of its crew being told is due its alarm; one that moved never is', () => {
  const { world } = given(...untilAssigned())
  const trip = world.trip('T-1')
  const { offeredAtMs } = trip.responses[0]!
  assert.equal(noMovementAtMs(trip, DEFAULT_POLICY, START_MS), offeredAtMs + 120_000)
  const told = {
    unitId: 'A1',
    offerId: 'O-1',
    offeredAtMs,
    times: { notified: { atMs: offeredAtMs + 3_000, cause: 'system' } },
  } as const
  assert.equal(noMovementAtMs({ ...trip, responses: [told] }, DEFAULT_POLICY, START_MS), offeredAtMs + 123_000)
  assert.equal(noMovementAtMs({ ...trip, alarms: ['no-movement'] }, DEFAULT_POLICY, START_MS), null)
  assert.equal(
    noMovementAtMs(world.record([reached('T-1', 'A1', 'en-route')]).trip('T-1'), DEFAULT_POLICY, START_MS),
    null,
  )
  for (const phase of TRIP_PHASES.filter(other => other !== 'assigned')) {
    assert.equal(noMovementAtMs({ ...trip, phase }, DEFAULT_POLICY, START_MS), null)
  }
})

test('a trip that waits is due its alarm by the response clock and its priority; one that is asked for, or has it, never is', () => {
  const late = called(['T-1'], 'C-1', 4).map(event =>
    'receivedAtMs' in event ? { ...event, receivedAtMs: START_MS - 600_000 } : event,
  )
  const { world } = given(onDuty('A1'), late)
  const trip = world.trip('T-1')
  assert.equal(waitingLongAtMs(trip, DEFAULT_POLICY, START_MS), START_MS - 600_000 + 3_600_000)
  assert.equal(waitingLongAtMs({ ...trip, priority: 1 }, DEFAULT_POLICY, START_MS), START_MS - 600_000 + 180_000)
  assert.equal(waitingLongAtMs({ ...trip, alarms: ['waiting-long'] }, DEFAULT_POLICY, START_MS), null)
  for (const phase of TRIP_PHASES.filter(other => other !== 'pending')) {
    assert.equal(waitingLongAtMs({ ...trip, phase }, DEFAULT_POLICY, START_MS), null)
  }
})

const statesOf = (world: World) => ({
  driver: (id: string) => world.drivers.get(id),
  trip: (id: string) => world.trips.get(id),
  isHeld: () => false,
  wheels: () => null,
  region: () => undefined,
  silence: (silence: Silence) => ({ silence, isStarting: true, region: quietRegion('sf'), heard: new HeardCount() }),
})

describe('deadlines', () => {
  const fixAt = (fixedAtMs: number): PlacedFix => ({
    ...{ lonDeg: 0, latDeg: 0, seq: 1, streamId: 's', fixedAtMs },
    ...{ accuracyM: null, speedMps: null, headingDeg: null },
  })
  const seen =
    (fixedAtMs: number | null, disconnectedSinceMs: number | null = null) =>
    (): Presence => ({ disconnectedSinceMs, fix: fixedAtMs === null ? null : fixAt(fixedAtMs) })
  const kinds = (world: World, mode: 'ordered' | 'offered', fixedAtMs = START_MS) =>
    deadlinesOf(world.trip('T-1'), policyOf(mode), seen(fixedAtMs), world.nowMs).map(({ dueMs, deadline }) => [
      deadline.kind,
      dueMs - START_MS,
    ])

  test('follow from the state of the trip', () => {
    assert.deepEqual(kinds(given(called(['T-1'])).world, 'offered'), [['waiting-long', 180_000]])
    assert.deepEqual(kinds(given(...untilOffered('offered')).world, 'offered'), [['offer-timeout', 17_000]])
    assert.deepEqual(kinds(given(...untilOffered('ordered')).world, 'ordered'), [
      ['offer-timeout', 47_000],
      ['offer-warning', 22_000],
    ])
    assert.deepEqual(kinds(given(...untilAssigned()).world, 'offered'), [
      ['position-old', 300_000],
      ['no-movement', 122_000],
    ])
    const back = given(...untilOffered(), declined('T-1', 'A1', 'O-1')).world
    assert.deepEqual(kinds(back, 'offered'), [
      ['next-round', back.nowMs + 15_000 - START_MS],
      ['waiting-long', 180_000],
    ])
    assert.deepEqual(kinds(given(...untilAssigned(), closed('T-1', 'A1')).world, 'offered'), [])
  })

  test('name the moment at which the asked unit would be lost, if that comes before the answer must', () => {
    const { world } = given(...untilOffered('offered'))
    assert.deepEqual(kinds(world, 'offered', START_MS - 290_000), [
      ['offer-timeout', 17_000],
      ['position-lost', 10_000],
    ])
  })

  test('that are outdated do nothing', () => {
    const run = (world: World, deadline: Deadline, nowMs: number, presence: ReturnType<typeof seen>) => {
      const outcome = deadlineCame(deadline, { ...statesOf(world), presence }, policyOf('ordered'), 30_000, nowMs)
      return outcome === 'match' ? outcome : outcome.map(event => event.type)
    }
    const offer = { tripId: 'T-1', offerId: 'O-1' }
    const late = START_MS + 400_000
    const answered = given(...untilAssigned('ordered')).world
    const open = given(...untilOffered('ordered')).world
    for (const kind of ['offer-timeout', 'offer-warning', 'position-lost'] as const) {
      assert.deepEqual(run(answered, { kind, ...offer }, late, seen(START_MS)), [])
      assert.deepEqual(run(open, { kind, tripId: 'T-1', offerId: 'O-9' }, late, seen(START_MS)), [])
      assert.ok(run(open, { kind, ...offer }, late, seen(START_MS)).length > 0)
    }
    assert.deepEqual(run(open, { kind: 'position-lost', ...offer }, late, seen(late - 299_999)), [])
    const grace = { kind: 'disconnect-grace', unitId: 'A1' } as const
    assert.deepEqual(run(open, grace, late, seen(late, null)), [])
    assert.deepEqual(run(open, grace, late, seen(late, late - 29_999)), [])
    assert.deepEqual(run(open, grace, late, seen(late, late - 30_000)), ['OfferRevoked'])
    assert.deepEqual(run(answered, grace, late, seen(late, late - 29_999)), [])
    assert.deepEqual(run(answered, grace, late, seen(late, late - 30_000)), ['TripAlarmRaised'])
    const still = { kind: 'no-movement', tripId: 'T-1' } as const
    assert.deepEqual(run(answered, still, START_MS + 121_999, seen(late)), [])
    assert.deepEqual(run(answered, still, START_MS + 122_000, seen(late)), ['TripAlarmRaised'])
    assert.deepEqual(run(given(...untilAssigned(), closed('T-1', 'A1')).world, still, late, seen(late)), [])
    const long = { kind: 'waiting-long', tripId: 'T-1' } as const
    const waits = given(called(['T-1'])).world
    assert.deepEqual(run(waits, long, START_MS + 179_999, seen(late)), [])
    assert.deepEqual(run(waits, long, START_MS + 180_000, seen(late)), ['TripAlarmRaised'])
    assert.deepEqual(run(open, long, late, seen(late)), [])
    const again = { kind: 'next-round', tripId: 'T-1' } as const
    assert.deepEqual(run(open, again, late, seen(late)), [])
    assert.deepEqual(run(open, { ...again, tripId: 'T-9' }, late, seen(late)), [])
    assert.equal(run(given(called(['T-1'])).world, again, late, seen(late)), 'match')
  })

  test('leave the order of a dispatcher with the unit that they chose', () => {
    const { world } = given(onDuty('A1'), called(['T-1']))
    const byHand = overrideAssignment(world.trip('T-1'), 'A1', 'closer-unit', 'dana')
    assert.ok(byHand.ok)
    world.record([...byHand.events, offered('T-1', 'A1', 'O-1', 'ordered')])
    const late = START_MS + 400_000
    const states = { ...statesOf(world), presence: seen(START_MS, START_MS) }
    const grace = { kind: 'disconnect-grace', unitId: 'A1' } as const
    assert.deepEqual(deadlineCame(grace, states, policyOf('ordered'), 30_000, late), [])
    assert.ok(!kinds(world, 'ordered', START_MS - 290_000).some(([kind]) => kind === 'position-lost'))
  })

  test('have ids that name their cause', () => {
    assert.equal(deadlineId({ kind: 'offer-timeout', tripId: 'T-1', offerId: 'O-1' }), 'offer-timeout:O-1')
    assert.equal(deadlineId({ kind: 'next-round', tripId: 'T-1' }), 'next-round:T-1')
    assert.equal(deadlineId({ kind: 'disconnect-grace', unitId: 'A1' }), 'disconnect-grace:A1')
  })
})
