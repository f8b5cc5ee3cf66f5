/** Who waits first: by age and priority, then by who could serve them. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { inTurn, queueKey, ranksOf } from '../../../src/domain/dispatch/queue.ts'
import { WaitingTrips } from '../../../src/domain/dispatch/waiting-trips.ts'
import { DEFAULT_POLICY } from '../../../src/domain/policy.ts'
import type { TripState } from '../../../src/domain/trip.ts'
import { LEVELS_OF_CARE, type LevelOfCare, PRIORITIES } from '../../../src/domain/vocabulary.ts'
import { given, START_MS } from '../../support/given-when-then.ts'
import { called, declined, offered, onDuty } from '../../support/scenario.ts'

const fresh = given(called(['T-1'])).world.trip('T-1')
const waiting = (changes: Partial<TripState>): TripState => ({ ...fresh, ...changes })
const priority = fc.constantFrom(...PRIORITIES)
const minutes = fc.integer({ min: 0, max: 600 }).map(m => START_MS + m * 60_000)

describe('the queue', () => {
  test('of calls of one age the more urgent goes first', () => {
    const keys = PRIORITIES.map(p => queueKey(waiting({ priority: p }), DEFAULT_POLICY))
    assert.deepEqual(
      keys,
      [...keys].sort((a, b) => a - b),
    )
    assert.equal(new Set(keys).size, keys.length)
  })

  test('of calls of one priority the older goes first', () => {
    fc.assert(
      fc.property(priority, minutes, minutes, (p, a, b) => {
        fc.pre(a !== b)
        const key = (receivedAtMs: number) => queueKey(waiting({ priority: p, receivedAtMs }), DEFAULT_POLICY)
        assert.equal(key(a) < key(b), a < b)
      }),
    )
  })

  test('nothing starves: a call that waited a step longer for each step of priority goes before any newer call', () => {
    fc.assert(
      fc.property(priority, priority, minutes, minutes, (mine, other, receivedAtMs, otherMs) => {
        const waitedLonger = otherMs - receivedAtMs - (mine - other) * DEFAULT_POLICY.ageingStepMs
        fc.pre(waitedLonger !== 0)
        const first =
          queueKey(waiting({ priority: mine, receivedAtMs }), DEFAULT_POLICY) <
          queueKey(waiting({ priority: other, receivedAtMs: otherMs }), DEFAULT_POLICY)
        assert.equal(first, waitedLonger > 0)
      }),
    )
  })

  test('an answered offer does not cost a trip its place', () => {
    const { world } = given(onDuty('A1'), called(['T-1']))
    const before = queueKey(world.trip('T-1'), DEFAULT_POLICY)
    world.record([offered('T-1', 'A1', 'O-1')]).record([declined('T-1', 'A1', 'O-1')])
    assert.equal(queueKey(world.trip('T-1'), DEFAULT_POLICY), before)
  })
})

const trips = fc
  .array(
    fc.record({
      priority,
      receivedAtMs: fc.constantFrom(0, 1, 15, 30).map(m => START_MS + m * 60_000),
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
  const keyOf = (one: TripState) => queueKey(one, DEFAULT_POLICY)
  const goesFirst = (a: TripState, b: TripState) =>
    keyOf(a) !== keyOf(b)
      ? keyOf(a) < keyOf(b)
      : a.createdPosition !== b.createdPosition
        ? a.createdPosition < b.createdPosition
        : a.tripId < b.tripId

  test('stand in the order in which a look at all of them would choose them, whatever came, changed and went', () => {
    const changed = fc.tuple(fc.nat(11), fc.option(priority))
    fc.assert(
      fc.property(trips, trips, fc.array(changed), (known, fresh, changes) => {
        const folded = new WaitingTrips(DEFAULT_POLICY)
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
        assert.deepEqual(ids(folded.among(others, true)), ids(selected([...left.values(), ...others], goesFirst)))
        assert.deepEqual(ids(folded.among(others, false)), ids(selected(others, goesFirst)))
        assert.equal(folded.size, left.size)
        const needs = (level: LevelOfCare) => [...left.values()].some(({ need }) => need.levelOfCare === level)
        const unit = { ...given(onDuty('A1')).world.driver('A1'), levelOfCare: 'first-responder' as const }
        assert.equal(folded.isNeeded(unit), needs('first-responder'))
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
        const folded = new WaitingTrips(DEFAULT_POLICY)
        const queue = folded.among(all, false)
        const ranks = [...ranksOf(queue)]
        assert.deepEqual(ranks.flat(), queue)
        const keys = ranks.map(rank => [...new Set(rank.map(({ key }) => key))])
        assert.ok(keys.every(({ length }) => length === 1))
        assert.equal(new Set(keys.flat()).size, ranks.length)
      }),
    )
  })
})
