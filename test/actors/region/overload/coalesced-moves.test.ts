/** Moves that are told once a second while the region is overloaded. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { UnitActor } from '../../../../src/actors/driver/unit-actor.ts'
import { CoalescedMoves } from '../../../../src/actors/region/overload/coalesced-moves.ts'
import type { OverloadStep } from '../../../../src/actors/region/overload/overload-step.ts'
import type { PlacedFix } from '../../../../src/domain/fix.ts'
import { ManualMachine } from '../../../support/manual-machine.ts'
import { RegionWorld } from '../../../support/region-world.ts'

test('a unit is told at once, once a second while overloaded, and at once when it has a trip', async () => {
  const world = await RegionWorld.open()
  await world.onDuty('A1', 100)
  const unit = [...world.region.states.driverActors()].find(({ unitId }) => unitId === 'A1')!
  const machine = new ManualMachine()
  const told: (PlacedFix | null)[] = []
  const overload = { step: 'none' as OverloadStep, spared: 0, waited: () => {}, counted: () => void overload.spared++ }
  const followers = [{ moved: (_: UnitActor, before: PlacedFix | null) => void told.push(before) }]
  const moves = new CoalescedMoves({ machine, overload: overload as never, followers })
  const [a, b, c, d] = [1, 2, 3, 4].map(seq => ({ ...unit.location.placed!, seq }))
  moves.moved(unit, a!)
  assert.deepEqual(told, [a])
  overload.step = 'coalescing'
  for (const before of [b, c, d]) moves.moved(unit, before!)
  assert.deepEqual([told.length, overload.spared], [1, 2])
  await machine.advance(1_000, () => Promise.resolve())
  // As the followers know it: where it was before the first of the moves that were put off.
  assert.deepEqual(told, [a, b])
  moves.moved(unit, c!)
  overload.step = 'none'
  moves.moved(unit, d!)
  assert.deepEqual(told, [a, b, c])
  await machine.advance(5_000, () => Promise.resolve())
  assert.equal(told.length, 3)
  overload.step = 'coalescing'
  await world.call()
  const busy = [...world.region.states.driverActors()].find(({ unitId }) => unitId === 'A1')!
  assert.ok(busy.state.work !== null)
  moves.moved(busy, a!)
  assert.equal(told.length, 4)
  moves.stop()
  await world.close()
})

test('a thousand units are told in parts, all of them', async () => {
  const machine = new ManualMachine()
  const told = new Set<UnitActor>()
  const overload = { step: 'coalescing' as OverloadStep, counted: () => {} }
  const followers = [{ moved: (unit: UnitActor) => void told.add(unit) }]
  const moves = new CoalescedMoves({ machine, overload: overload as never, followers })
  const units = Array.from({ length: 1_200 }, () => ({ state: { work: null } }) as unknown as UnitActor)
  for (const unit of units) moves.moved(unit, null)
  assert.equal(told.size, 0)
  await machine.advance(1_010, () => Promise.resolve())
  assert.deepEqual([...told], units)
})
