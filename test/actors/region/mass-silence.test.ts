/** A fleet that falls silent at once, in a region: one alarm, whoever is still silent in the end has its own, and a start makes none. */
import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import type { DomainEvent } from '../../../src/domain/events.ts'
import type { Policy } from '../../../src/domain/policy.ts'
import type { AlarmView } from '../../../src/protocol/wire/situation-views.ts'
import { type RecordingSession, RegionWorld, settle } from '../../support/region-world.ts'

let world: RegionWorld
afterEach(() => world.close())

const S = 1_000
const FLEET = 9

interface Crew {
  readonly unitId: string
  session: RecordingSession
  readonly tripId: string | null
}

/** Nine units, the first three with a trip that they have taken; no more than three may be silent on their own. */
async function onTheRoad(policy: Partial<Policy> = {}): Promise<Crew[]> {
  world = await RegionWorld.open({
    mode: 'ordered',
    policy: { massSilenceUnits: 4, massSilencePercent: 30, ...policy },
  })
  const crews: Crew[] = []
  for (let i = 0; i < FLEET; i += 1) {
    const unitId = `A${i + 1}`
    const session = await world.onDuty(unitId, 100 * i)
    crews.push({ unitId, session, tripId: i < 3 ? await world.call() : null })
    if (i < 3) {
      const { offerId } = session.view.unit
      await world.accepted(world.drive(session, { type: 'accept-offer', offerId: offerId!, happenedAtMs: world.nowMs }))
      const report = { type: 'report-phase', tripId: crews[i]!.tripId!, phase: 'en-route' } as const
      await world.accepted(world.drive(session, { ...report, happenedAtMs: world.nowMs }))
    }
  }
  return crews
}
const gone = (crews: readonly Crew[]) => {
  for (const { session } of crews) world.host.closed(session)
}
const back = async (crews: readonly Crew[]) => {
  for (const crew of crews) crew.session = world.connect(crew.unitId)
  await settle()
}
const raised = async <T extends 'TripAlarmRaised' | 'RegionAlarmRaised' | 'RegionAlarmCleared'>(type: T) =>
  (await world.events(type)).map((event: Extract<DomainEvent, { readonly alarm: string }>) =>
    'tripId' in event ? `${event.alarm} ${event.tripId}` : event.alarm,
  )
async function openAlarms(): Promise<AlarmView[]> {
  const console = world.dispatcher()
  await settle()
  world.host.tell(console, { type: 'watch-board', id: 'w', fromPosition: null })
  await settle()
  return console.all('board').flatMap(([, , , , , alarms]) => alarms)
}

test('[AL-7] a fleet that falls silent is one alarm on the board, and none of a trip; the units are shown as they are', async () => {
  const crews = await onTheRoad()
  gone(crews.slice(0, 5))
  await world.advance(29 * S)
  assert.deepEqual(await openAlarms(), [])
  await world.advance(10 * S)
  const [alarm, ...others] = await openAlarms()
  assert.equal(others.length, 0)
  const { kind, severity, tripId, unitId, mass } = alarm!
  assert.deepEqual([kind, severity, tripId, unitId], ['mass-app-lost', 1, null, null])
  assert.deepEqual([mass!.silentUnits, mass!.ofUnits], [5, 9])
  assert.deepEqual(await raised('TripAlarmRaised'), [])
  const { units } = await world.board()
  assert.equal(units.filter(unit => !unit.connected).length, 5)
})

test('[AL-8] one that was silent before, and one that falls silent long after, has its own alarm', async () => {
  const crews = await onTheRoad()
  gone(crews.slice(0, 1))
  await world.advance(90 * S)
  gone(crews.slice(1, 2))
  gone(crews.slice(3, 7))
  await world.advance(120 * S)
  assert.deepEqual(await raised('TripAlarmRaised'), [`app-lost ${crews[0]!.tripId}`])
  gone(crews.slice(2, 3))
  await world.advance(30 * S)
  assert.deepEqual(
    await raised('TripAlarmRaised'),
    [0, 2].map(i => `app-lost ${crews[i]!.tripId}`),
  )
  assert.deepEqual(await raised('RegionAlarmRaised'), ['mass-app-lost'])
})

test('[AL-8] once most are back it is over, and who is still silent has an alarm of its own then', async () => {
  const crews = await onTheRoad()
  gone(crews.slice(0, 5))
  await world.advance(40 * S)
  await back(crews.slice(1, 3))
  await world.advance(10 * S)
  assert.deepEqual(await raised('RegionAlarmCleared'), [])
  await back(crews.slice(3, 5))
  await world.advance(6 * S)
  assert.deepEqual(await raised('RegionAlarmCleared'), ['mass-app-lost'])
  assert.deepEqual(await raised('TripAlarmRaised'), [`app-lost ${crews[0]!.tripId}`])
  const kinds = (await openAlarms()).map(({ kind, goneAtMs }) => [kind, goneAtMs === null])
  assert.deepEqual(kinds.sort(), [
    ['app-lost', true],
    ['mass-app-lost', false],
  ])
})

test('its alarm is acknowledged, shelved and goes up like every other, and is the same after a restart', async () => {
  const crews = await onTheRoad()
  gone(crews.slice(0, 5))
  await world.advance(31 * S)
  const { alarmId } = (await openAlarms())[0]!
  assert.match(alarmId, /^region\/[a-z0-9]+\/mass-app-lost\/\d+$/)
  const regionId = alarmId.split('/')[1]!
  await world.accepted(world.dispatch({ type: 'shelve-alarm', regionId, alarmId, forMs: 70 * S }))
  await world.advance(69 * S)
  assert.deepEqual(await world.events('AlarmEscalated'), [])
  await world.advance(2 * S)
  assert.deepEqual(
    (await world.events('AlarmEscalated')).map(event => [event.alarmId, event.regionId]),
    [[alarmId, regionId]],
  )
  await world.accepted(world.dispatch({ type: 'acknowledge-alarm', regionId, alarmId }))
  const before = await openAlarms()
  assert.notEqual(before[0]!.acknowledgedBy, null)
  for (const how of ['crash', 'drain', 'drain'] as const) {
    await world.restart(how)
    assert.deepEqual(await openAlarms(), before, how)
  }
  assert.equal(
    await world.refused(
      world.dispatch({ type: 'acknowledge-alarm', regionId, alarmId: `region/${regionId}/mass-app-lost/1` }),
    ),
    'unknown-alarm',
  )
})

for (const how of ['crash', 'drain'] as const) {
  test(`a start after a ${how} closes every connection, and makes no alarm of those that come back in their time`, async () => {
    const crews = await onTheRoad()
    await world.restart(how)
    // The time to come back, and the grace after that.
    await world.advance(44 * S)
    await back(crews)
    await world.advance(20 * S)
    assert.deepEqual(await raised('RegionAlarmRaised'), [])
    assert.deepEqual(await raised('TripAlarmRaised'), [])
  })

  test(`of those that do not come back after a ${how} there is one alarm, also where one stood before`, async () => {
    for (const isSilent of [false, true]) {
      const crews = await onTheRoad()
      if (isSilent) {
        gone(crews.slice(0, 5))
        await world.advance(31 * S)
      }
      const before = (await openAlarms()).map(({ alarmId }) => alarmId)
      await world.restart(how)
      await back(crews.slice(5))
      await world.advance(60 * S)
      const after = (await openAlarms()).filter(({ goneAtMs }) => goneAtMs === null)
      assert.deepEqual(
        after.map(({ kind }) => kind),
        ['mass-app-lost'],
      )
      if (isSilent)
        assert.deepEqual(
          after.map(({ alarmId }) => alarmId),
          before,
        )
      assert.deepEqual(await raised('TripAlarmRaised'), [])
      await world.close()
    }
    await onTheRoad()
  })
}

test('a mass that was over while nobody owned the region ends after the start, once all had the time to come back', async () => {
  const crews = await onTheRoad()
  gone(crews.slice(0, 5))
  await world.advance(31 * S)
  await world.restart()
  await back(crews)
  await world.advance(40 * S)
  assert.deepEqual(await raised('RegionAlarmCleared'), [])
  await world.advance(20 * S)
  assert.deepEqual(await raised('RegionAlarmCleared'), ['mass-app-lost'])
})

test('positions that grow old at once are one alarm, too, and its end is that they are known again', async () => {
  const crews = await onTheRoad({ disconnectGraceMs: 3_600_000 })
  await world.advance(30 * S)
  // Four go on reporting.
  for (let i = 0; i < 10; i += 1) {
    for (const { session } of crews.slice(5)) world.fixAt(session, 100 * i)
    await world.advance(30 * S)
  }
  assert.deepEqual(await raised('TripAlarmRaised'), [])
  assert.deepEqual(await raised('RegionAlarmRaised'), ['mass-position-lost'])
  for (const { session } of crews.slice(1, 5)) world.fixAt(session, 50)
  await world.advance(6 * S)
  assert.deepEqual(await raised('RegionAlarmCleared'), ['mass-position-lost'])
  assert.deepEqual(await raised('TripAlarmRaised'), [`position-lost ${crews[0]!.tripId}`])
})

test('units without a trip are a mass, too; crews by voice, and who is off duty, are none', async () => {
  const crews = await onTheRoad()
  gone(crews.slice(3, 6))
  await world.accepted(world.drive(crews[6]!.session, { type: 'sign-off', happenedAtMs: world.nowMs }))
  gone(crews.slice(6, 7))
  await world.advance(100 * S)
  assert.deepEqual(await raised('RegionAlarmRaised'), [])
  await back(crews.slice(3, 6))
  gone([...crews.slice(3, 6), ...crews.slice(7, 8)])
  await world.advance(40 * S)
  assert.deepEqual(await raised('RegionAlarmRaised'), ['mass-app-lost'])
})

test('a step of region time leaves a mass what it is', async () => {
  const crews = await onTheRoad()
  gone(crews.slice(0, 5))
  await world.advance(31 * S)
  for (const byMs of [-3_600 * S, 7_200 * S]) {
    world.machine.setWall(world.machine.wallMs() + byMs)
    await world.advance(60 * S)
  }
  assert.deepEqual(await raised('RegionAlarmCleared'), [])
  assert.deepEqual(
    (await raised('TripAlarmRaised')).filter(text => text.startsWith('app-lost')),
    [],
  )
  await back(crews.slice(0, 5))
  await world.advance(10 * S)
  assert.deepEqual((await raised('RegionAlarmCleared')).filter(alarm => alarm === 'mass-app-lost').length, 1)
})
