/** Calls' numbers through a region: never twice, whatever becomes of engine, clock and rows. */
import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { IncidentNumbers } from '../../../src/actors/region/incident-numbers.ts'
import type { CallState } from '../../../src/domain/call.ts'
import type { CallView } from '../../../src/protocol/wire/situation-views.ts'
import { callOf, RegionWorld, settle } from '../../support/region-world.ts'

let world: RegionWorld
afterEach(() => world.close())

const NEW_YEAR_MS = Date.parse('2027-01-01T00:00:00Z')
const enter = async (needs = 1) => {
  const need = { levelOfCare: 'als', capabilities: [] } as const
  const { callId, incidentNo, responseNos } = await world.accepted(
    world.dispatch(callOf({ needs: Array.from({ length: needs }, () => need) })),
  )
  return { callId: callId as string, incidentNo: incidentNo as string, responseNos: responseNos as string[] }
}
const numbers = async (count: number) => {
  const given: string[] = []
  for (let i = 0; i < count; i++) given.push((await enter()).incidentNo)
  return given
}

test('a call is told its number, and its trips theirs, in reply, views and events', async () => {
  world = await RegionWorld.open({ anchorRegionMs: NEW_YEAR_MS })
  const { callId, incidentNo, responseNos } = await enter(2)
  assert.deepEqual([incidentNo, responseNos], ['2027-000001', ['2027-000001-1', '2027-000001-2']])
  const call = await world.query<CallView>({ type: 'read-call', callId })
  assert.equal(call.incidentNo, incidentNo)
  assert.deepEqual(
    call.trips.map(trip => [trip.incidentNo, trip.responseNo]),
    responseNos.map(responseNo => [incidentNo, responseNo]),
  )
  assert.equal((await world.events('CallEntered'))[0]!.incidentNo, incidentNo)
})

test('a call is found by its number', async () => {
  world = await RegionWorld.open({ anchorRegionMs: NEW_YEAR_MS })
  const { callId, incidentNo } = await enter()
  await world.restart()
  assert.equal((await world.query<CallView>({ type: 'read-incident', incidentNo })).callId, callId)
})

test('after a crash, and after a restart from snapshots, the sequence goes on', async () => {
  world = await RegionWorld.open({ anchorRegionMs: NEW_YEAR_MS })
  assert.deepEqual(await numbers(2), ['2027-000001', '2027-000002'])
  await world.restart()
  assert.deepEqual(await numbers(1), ['2027-000003'])
  await world.restart('drain')
  assert.deepEqual(await numbers(1), ['2027-000004'])
})

test('a clock that is set back over new year goes on in the former year, and then in the new one', async () => {
  world = await RegionWorld.open({ anchorRegionMs: NEW_YEAR_MS - 30_000 })
  assert.deepEqual(await numbers(1), ['2026-000001'])
  await world.advance(60_000)
  assert.deepEqual(await numbers(1), ['2027-000001'])
  world.crash()
  world.machine.setWall(world.machine.wallMs() - 60_000)
  await world.start()
  const [after] = await numbers(1)
  await world.advance(120_000)
  const [later] = await numbers(1)
  assert.equal(new Set(['2026-000001', '2027-000001', after, later]).size, 4)
  assert.equal(later, after!.startsWith('2026') ? '2027-000002' : '2027-000003')
})

test("the year is that of the region's time zone", async () => {
  world = await RegionWorld.open({ anchorRegionMs: NEW_YEAR_MS - 60_000 })
  world.timeZone = 'Pacific/Auckland'
  assert.deepEqual(await numbers(1), ['2027-000001'])
  world.timeZone = 'America/Los_Angeles'
  assert.deepEqual(await numbers(1), ['2026-000001'])
  world.timeZone = 'No/Such_Zone'
  assert.deepEqual(await numbers(1), ['2026-000002'])
})

test('a turn that fails uses up no number', async () => {
  world = await RegionWorld.open({ anchorRegionMs: NEW_YEAR_MS })
  world.brokenIds = 1
  assert.equal(await world.refused(world.dispatch(callOf())), 'internal')
  assert.deepEqual(await numbers(1), ['2027-000001'])
})

test('a number is not given again where the record that gave it is damaged, nor where its sequence is gone', async () => {
  world = await RegionWorld.open({ anchorRegionMs: NEW_YEAR_MS })
  await numbers(2)
  const last = (await world.log()).findLast(({ events }) => events.some(each => each.type === 'CallEntered'))!
  world.crash()
  world.journal.harm('akl', 'log.records', last.position, 'changed')
  await world.start()
  await settle()
  assert.deepEqual(await numbers(1), ['2027-000003'])
  const lost = new IncidentNumbers(new Map(), () => 'UTC')
  lost.took({ callId: 'akl.c', incidentNo: '2027-000007' } as CallState)
  assert.deepEqual(lost.next(NEW_YEAR_MS), { year: 2027, number: 8 })
})
