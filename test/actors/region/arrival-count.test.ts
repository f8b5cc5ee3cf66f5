/** How much later than predicted units are at the scene, as the metrics have it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { arrivalCount } from '../../../src/actors/region/arrival-count.ts'
import type { Turn } from '../../../src/actors/region/turn.ts'
import type { OfferMade } from '../../../src/domain/events/trip-events.ts'
import type { DomainEvent } from '../../../src/domain/events.ts'
import { given } from '../../support/given-when-then.ts'
import { accepted, called, offered, onDuty, reached } from '../../support/scenario.ts'

const DECIDED_MS = 1_000_000

/** Seconds that are counted for a unit that was to be there in 300 s, or of which nothing was said. */
function counted(etaMs: number | undefined, phase: 'on-scene' | 'en-route', afterMs: number): number[] {
  const order = offered('T-1', 'A1', 'O-1', 'ordered') as OfferMade
  const far = etaMs === undefined ? {} : { etaMs }
  const candidates = [{ unitId: 'A1', distanceM: 900, fixAgeMs: 0, levelOfCare: 'bls', ...far } as const]
  const made = { ...order, offeredAtMs: DECIDED_MS, decision: { ...order.decision, candidates } }
  const there = { ...reached('T-1', 'A1', phase), happenedAtMs: DECIDED_MS + afterMs } as DomainEvent
  const { world } = given(onDuty('A1'), called(['T-1']), [made], [accepted('T-1', 'A1', 'O-1')], [there])
  const seconds: number[] = []
  const count = arrivalCount({ arrival: lateS => void seconds.push(lateS) })
  count.stored!({ events: [there], trips: world.trips } as unknown as Turn)
  return seconds
}

test('a unit at the scene counts by how much later it is than was predicted, or sooner', () => {
  assert.deepEqual(counted(300_000, 'on-scene', 345_000), [45])
  assert.deepEqual(counted(300_000, 'on-scene', 240_000), [-60])
})

test('nobody counts who is not there yet, or of whom nothing was predicted', () => {
  assert.deepEqual(counted(300_000, 'en-route', 5_000), [])
  assert.deepEqual(counted(undefined, 'on-scene', 345_000), [])
})
