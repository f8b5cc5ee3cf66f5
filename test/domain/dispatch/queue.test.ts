/** Who waits first: by class, then by when it was entered, then by who could serve it. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { agedMs, inTurn, ranksOf } from '../../../src/domain/dispatch/queue.ts'
import { WaitingTrips } from '../../../src/domain/dispatch/waiting-trips.ts'
import { alike } from '../../../src/domain/policy.ts'
import { releaseTrip } from '../../../src/domain/release.ts'
import type { TripState } from '../../../src/domain/trip/trip.ts'
import { LEVELS_OF_CARE, type LevelOfCare, PRIORITIES, type Priority } from '../../../src/domain/vocabulary.ts'
import { given, START_MS } from '../../support/given-when-then.ts'
import { accepted, called, offered, onDuty, policyOf, withdrawn } from '../../support/scenario.ts'

const MINUTE_MS = 60_000
const policy = policyOf('ordered', { ageingStepMs: 15 * MINUTE_MS, ageingStepsMax: 4 })
const fresh = given(called(['T-1'])).world.trip('T-1')
const waiting = (changes: Partial<TripState>): TripState => ({ ...fresh, ...changes })
const priority = fc.constantFrom(...PRIORITIES)
const urgent = fc.constantFrom<Priority>(1, 2)
const ageing = fc.constantFrom<Priority>(3, 4, 5)
const minutes = fc.integer({ min: 0, max: 600 }).map(m => START_MS + m * MINUTE_MS)

/** Which of two trips is served first, by its name, a while after both were entered. */
function first(a: Partial<TripState>, b: Partial<TripState>, nowMs = START_MS + 600 * MINUTE_MS): string {
  const both = [waiting({ ...a, tripId: 'T-a' }), waiting({ ...b, tripId: 'T-b' })]
  const orders = [both, both.toReversed()].map(trips => new WaitingTrips().among(trips, false, policy, nowMs))
  assert.equal(orders[0]![0]!.tripId, orders[1]![0]!.tripId)
  return orders[0]![0]!.tripId
}

describe('the queue', () => {
  test('a trip of priority 1 or 2 goes before every less urgent one, whatever the wait of either', () => {
    fc.assert(
      fc.property(urgent, priority, minutes, minutes, (mine, other, enteredAtMs, otherMs) => {
        fc.pre(mine < other)
        assert.equal(first({ priority: mine, enteredAtMs }, { priority: other, enteredAtMs: otherMs }), 'T-a')
      }),
    )
  })

  test('of one priority the trip that was entered first goes first, whenever its caller called', () => {
    fc.assert(
      fc.property(priority, minutes, minutes, minutes, (p, a, b, receivedAtMs) => {
        fc.pre(a < b)
        assert.equal(first({ priority: p, enteredAtMs: a }, { priority: p, enteredAtMs: b, receivedAtMs }), 'T-a')
      }),
    )
  })

  test('of the others a trip goes first once it has waited a step longer for each step of priority, within the bound', () => {
    fc.assert(
      fc.property(ageing, ageing, minutes, minutes, minutes, (mine, other, enteredAtMs, otherMs, nowMs) => {
        fc.pre(mine > other && enteredAtMs <= nowMs && otherMs <= nowMs)
        const boundMs = policy.ageingStepsMax * policy.ageingStepMs
        const [waitedMs, otherWaitedMs] = [enteredAtMs, otherMs].map(ms => Math.min(nowMs - ms, boundMs)) as [
          number,
          number,
        ]
        const isFirst = waitedMs - otherWaitedMs > (mine - other) * policy.ageingStepMs
        assert.equal(
          first({ priority: mine, enteredAtMs }, { priority: other, enteredAtMs: otherMs }, nowMs),
          isFirst ? 'T-a' : 'T-b',
        )
      }),
    )
  })

  test('a wait counts for no more than the bound, so that what waits as long is in the order of its classes again', () => {
    const nowMs = START_MS + 600 * MINUTE_MS
    const longAgo = { priority: 5, enteredAtMs: START_MS } as const
    const waited = (m: number) => ({ priority: 3, enteredAtMs: nowMs - m * MINUTE_MS }) as const
    assert.deepEqual([first(longAgo, waited(29), nowMs), first(longAgo, waited(30), nowMs)], ['T-a', 'T-b'])
    const none = { ...policy, ageingStepsMax: 0 }
    assert.equal(
      agedMs(waiting(longAgo), none, nowMs),
      agedMs(waiting({ priority: 5, enteredAtMs: nowMs }), none, nowMs),
    )
  })

  test('a trip that comes back into the queue has the place that it was entered at', () => {
    const { world } = given(onDuty('A1'), called(['T-1']))
    const { enteredAtMs } = world.trip('T-1')
    world
      .record([offered('T-1', 'A1', 'O-1')])
      .record([accepted('T-1', 'A1', 'O-1')])
      .record([withdrawn('T-1', 'A1')])
    assert.deepEqual([world.trip('T-1').phase, world.trip('T-1').enteredAtMs], ['pending', enteredAtMs])
    assert.equal(enteredAtMs, START_MS + 2_000)
  })

  test('a call that is entered late has the place of its entry, and its response clock', () => {
    const late = called(['T-1']).map(event =>
      'receivedAtMs' in event ? { ...event, receivedAtMs: START_MS - 60 * MINUTE_MS } : event,
    )
    const { world } = given(late)
    const { enteredAtMs, receivedAtMs } = world.trip('T-1')
    assert.deepEqual([enteredAtMs, receivedAtMs], [START_MS + 1_000, START_MS - 60 * MINUTE_MS])
  })

  test('a trip that was held has the place of when its caller called', () => {
    const { world } = given(onDuty('A1'), called(['T-1']))
    const released = releaseTrip(world.trip('T-1'), world.call('C-1'), null, 'pending')
    assert.ok(released.ok)
    world.record(released.events)
    assert.equal(world.trip('T-1').enteredAtMs, START_MS)
  })
})

const trips = fc
  .array(
    fc.record({
      priority,
      enteredAtMs: fc.constantFrom(0, 1, 15, 30).map(m => START_MS + m * MINUTE_MS),
      createdPosition: fc.integer({ min: 1, max: 6 }),
      levelOfCare: fc.constantFrom(...LEVELS_OF_CARE),
    }),
    { maxLength: 12 },
  )
  .map(all => all.map(({ levelOfCare, ...changes }, i) => trip(i, changes, levelOfCare)))
const trip = (i: number, changes: Partial<TripState>, levelOfCare: LevelOfCare): TripState =>
  waiting({
    ...changes,
    tripId: `T-${i}`,
    callId: `C-${changes.createdPosition}`,
    need: { levelOfCare, capabilities: [] },
  })

/** The first by a look at all, again and again. */
function selected<T>(all: readonly T[], goesFirst: (a: T, b: T) => boolean): T[] {
  const first = all.find(one => all.every(other => other === one || goesFirst(one, other)))
  return first === undefined ? [] : [first, ...selected(all.toSpliced(all.indexOf(first), 1), goesFirst)]
}

describe('the waiting trips', () => {
  const nowMs = START_MS + 75 * MINUTE_MS
  /** How far a trip has come: the class of the urgent ones stands before any wait. */
  const comeTo = (one: TripState) => (one.priority < 3 ? one.priority : agedMs(one, policy, nowMs))
  const place = (one: TripState) => [
    one.priority < 3 ? 0 : 1,
    comeTo(one),
    one.priority,
    one.enteredAtMs,
    one.createdPosition,
    one.tripId,
  ]
  const goesFirst = (a: TripState, b: TripState) => {
    const at = place(a).findIndex((part, i) => part !== place(b)[i])
    return at < 0 || place(a)[at]! < place(b)[at]!
  }

  test('stand in the order in which a look at all of them would choose them, whatever came, changed and went', () => {
    const changed = fc.tuple(fc.nat(11), fc.option(priority))
    fc.assert(
      fc.property(trips, trips, fc.array(changed), (known, fresh, changes) => {
        const folded = new WaitingTrips()
        const left = new Map(known.map(one => [one.tripId, one]))
        for (const one of known) folded.put(one)
        for (const [i, changedTo] of changes) {
          const one = left.get(`T-${i}`)
          if (one === undefined) continue
          if (changedTo === null) left.delete(one.tripId)
          else left.set(one.tripId, { ...one, priority: changedTo })
          if (changedTo === null) folded.drop(one.tripId)
          else folded.put(left.get(one.tripId)!)
        }
        const others = fresh.map(one => ({ ...one, tripId: `new ${one.tripId}` }))
        const ids = (all: readonly { tripId: string }[]) => all.map(({ tripId }) => tripId)
        assert.deepEqual(
          ids(folded.among(others, true, policy, nowMs)),
          ids(selected([...left.values(), ...others], goesFirst)),
        )
        assert.deepEqual(ids(folded.among(others, false, policy, nowMs)), ids(selected(others, goesFirst)))
        assert.equal(folded.size, left.size)
        const needs = (level: LevelOfCare) => [...left.values()].some(({ need }) => need.levelOfCare === level)
        const unit = { ...given(onDuty('A1')).world.driver('A1'), levelOfCare: 'first-responder' as const }
        assert.equal(folded.isNeeded(unit, { whenNoneFree: alike('wait') }), needs('first-responder'))
      }),
    )
  })

  test('of one rank are served by how few could serve them, then by age, then in the order of their needs', () => {
    const servers = fc.record(Object.fromEntries(LEVELS_OF_CARE.map(level => [level, fc.nat(2)])))
    fc.assert(
      fc.property(trips, servers, (all, of) => {
        const call = given(called(['T-1'])).world.call('C-1')
        // The needs of a call stand in another order than their ids.
        const callOf = (callId: string) => ({
          ...call,
          tripIds: all
            .filter(one => one.callId === callId)
            .map(({ tripId }) => tripId)
            .reverse(),
        })
        const place = (one: TripState) => [
          of[one.need.levelOfCare]!,
          one.createdPosition,
          callOf(one.callId).tripIds.indexOf(one.tripId),
        ]
        const isLess = (a: TripState, b: TripState) => {
          const at = place(a).findIndex((part, i) => part !== place(b)[i])
          return place(a)[at]! < place(b)[at]!
        }
        let asked = 0
        const served = inTurn(all, callOf, need => {
          asked += 1
          return of[need.levelOfCare]!
        })
        assert.deepEqual(served, selected(all, isLess))
        assert.ok(asked <= LEVELS_OF_CARE.length)
      }),
    )
  })

  test('are looked at rank by rank, all of them once', () => {
    fc.assert(
      fc.property(trips, all => {
        const folded = new WaitingTrips()
        const queue = folded.among(all, false, policy, nowMs)
        const ranks = [...ranksOf(queue)]
        assert.deepEqual(ranks.flat(), queue)
        const keys = ranks.map(rank => [...new Set(rank.map(one => `${one.priority} ${one.enteredAtMs}`))])
        assert.ok(keys.every(({ length }) => length === 1))
        assert.equal(new Set(keys.flat()).size, ranks.length)
      }),
    )
  })
})
