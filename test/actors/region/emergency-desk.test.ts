/** A crew that calls for help for itself, through a region: the desk passes its unit over, and uses it again at once. */
import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import type { TripView, UnitView } from '../../../src/protocol/wire/situation-views.ts'
import { RegionWorld } from '../../support/region-world.ts'

let world: RegionWorld
afterEach(() => world.close())

const askedFor = async (tripId: string) => ((await world.trip(tripId)) as TripView).offer?.unitId ?? null

test('the unit is passed over, is no last resort, and gets what waits in the record that says that the crew is safe', async () => {
  world = await RegionWorld.open({ mode: 'ordered' })
  const crew = await world.onDuty('A1', 100)
  await world.drive(crew, { type: 'call-emergency', unitId: 'A1', happenedAtMs: world.nowMs })
  const tripId = await world.call()
  assert.equal(await askedFor(tripId), null)
  const { decision } = (await world.events('TripAlarmRaised')).at(-1)!
  assert.deepEqual([decision?.eligible, decision?.excluded], [0, { emergency: 1 }])
  await world.dispatch({ type: 'end-emergency', unitId: 'A1' })
  const view = await world.query<UnitView>({ type: 'read-unit', unitId: 'A1' })
  assert.deepEqual([await askedFor(tripId), view.emergencySinceMs], ['A1', null])
})
