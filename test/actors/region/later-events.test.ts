/** A log that a later version of the program has gone on with: this one says so, and serves nothing of it. */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { driverKey } from '../../../src/domain/entity.ts'
import type { DomainEvent } from '../../../src/domain/events.ts'
import { REGION, RegionWorld } from '../../support/region-world.ts'

let world: RegionWorld
beforeEach(async () => {
  world = await RegionWorld.open()
  await world.onDuty('A1', 100)
})
afterEach(() => world.close())

/** As a later version would have written it. */
async function written(event: Readonly<Record<string, unknown>>): Promise<void> {
  world.crash()
  const { ownership, logEnd } = await world.journal.acquire(REGION)
  const { epoch } = ownership
  const base = { position: logEnd + 1, recordedAtMs: world.machine.wallMs(), epoch }
  const events = [{ entity: driverKey('A1'), unitId: 'A1', ...event } as object as DomainEvent]
  const record = { ...base, principal: 'system', commandId: null, trace: null, events }
  await world.journal.appendRecords(ownership, [{ record, command: null, opens: [], closes: [], callDetails: null }])
}

for (const [what, event, told] of [
  ['type', { type: 'UnitTeleported', v: 1 }, 'UnitTeleported'],
  ['version of a type', { type: 'UnitContacted', v: 2 }, 'UnitContacted in version 2'],
] as const) {
  test(`a region whose log has an event of an unknown ${what} is not served, and the error says which version can`, async () => {
    await written(event)
    await assert.rejects(world.start(), {
      name: 'LogOfLaterVersion',
      message: `The log of region ${REGION} has ${told} at position 3, which this version does not know: a later one wrote it. Start that version, or one after it; this one cannot serve the region.`,
    })
    assert.equal((await world.log()).length, 3, 'nothing was added to it')
  })
}

test('an event of a known type and version with more in it than this version knows is read', async () => {
  await written({ type: 'UnitContacted', v: 1, byWhat: 'a means of later' })
  await world.start()
  assert.equal(world.region.quarantine.size, 0)
})
