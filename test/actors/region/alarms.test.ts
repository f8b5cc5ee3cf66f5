/** Alarms in a region: they go up in their time, also over a restart, and those that nobody answers are bounded. */
import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { countAlarms } from '../../../src/actors/region/alarm-count.ts'
import { GONE_ALARMS_MAX } from '../../../src/actors/region/gone-alarms.ts'
import type { AlarmView } from '../../../src/protocol/wire/situation-views.ts'
import { callOf, RegionWorld, settle } from '../../support/region-world.ts'

let world: RegionWorld
const open = async () => {
  world = await RegionWorld.open({ mode: 'ordered' })
}
afterEach(() => world.close())

const MINUTE = 60_000
const NEED = { levelOfCare: 'cct', capabilities: [] } as const
const told = (command: Parameters<RegionWorld['dispatch']>[0]) => world.accepted(world.dispatch(command))

/** A call that nobody can serve, of priority 2. */
async function unmet(needs = 1): Promise<{ callId: string; tripIds: string[]; alarmId: string }> {
  const { callId, tripIds } = await told(callOf({ needs: Array.from({ length: needs }, () => NEED) }))
  const { position } = (await world.log()).at(-1)!
  const ids = tripIds as string[]
  return { callId: callId as string, tripIds: ids, alarmId: `trip/${ids[0]}/no-eligible-unit/${position}` }
}
const cancel = (callId: string) => told({ type: 'cancel-call', callId, reason: 'other' })
const acknowledge = (alarmId: string) =>
  world.dispatch({ type: 'acknowledge-alarm', tripId: alarmId.split('/')[1]!, alarmId })

/** As a board that is asked for now has them. */
async function openAlarms(): Promise<AlarmView[]> {
  const console = world.dispatcher()
  await settle()
  world.host.tell(console, { type: 'watch-board', id: 'w', fromPosition: null })
  await settle()
  return console.all('board').flatMap(([, , , , , alarms]) => alarms)
}

test('an alarm goes up in its time, once, and over a restart when crews have had time to come back', async () => {
  await open()
  const { alarmId } = await unmet()
  await world.advance(MINUTE - 1_000)
  assert.deepEqual(await world.events('AlarmEscalated'), [])
  await world.restart()
  await world.advance(2_000)
  assert.deepEqual(await world.events('AlarmEscalated'), [])
  await world.advance(20_000)
  assert.deepEqual(
    (await world.events('AlarmEscalated')).map(event => event.alarmId),
    [alarmId],
  )
  await world.advance(10 * MINUTE)
  const ofKind = (await world.events('AlarmEscalated')).filter(event => event.alarmId === alarmId)
  assert.equal(ofKind.length, 1)
})

test('an alarm that stands of a trip that is over goes up in its time, over a restart as well', async () => {
  for (const how of ['crash', 'drain'] as const) {
    await open()
    await world.onDuty('A1', 100)
    const { tripIds } = await told(callOf())
    const [tripId] = tripIds as [string]
    const happenedAtMs = world.nowMs
    await told({ type: 'report-phase', tripId, phase: 'on-scene', happenedAtMs })
    await told({ type: 'close-trip', tripId, disposition: 'transferred-to-other-unit', happenedAtMs })
    const [raised] = await world.events('TripAlarmRaised')
    assert.deepEqual([raised?.tripId, raised?.alarm], [tripId, 'receiver-unknown'])
    await world.advance(MINUTE - 1_000)
    await world.restart(how)
    await world.advance(2_000)
    // Crews, and desks, have time to come back before it does.
    assert.equal((await world.events('AlarmEscalated')).length, 0, how)
    await world.advance(5 * MINUTE)
    assert.equal((await world.events('AlarmEscalated')).length, 1, how)
  }
})

test('a clock that is set neither hurries an alarm nor holds it back', async () => {
  for (const byMs of [-3_600_000, 3_600_000]) {
    await open()
    await unmet()
    world.machine.setWall(world.machine.wallMs() + byMs)
    // Somebody looks at it, so it is believed before the alarm is due.
    for (let i = 0; i < 4; i += 1) {
      assert.ok(world.nowMs > 0)
      await world.advance(10_000)
    }
    assert.deepEqual(await world.events('AlarmEscalated'), [], `${byMs}`)
    await world.advance(22_000)
    assert.equal((await world.events('AlarmEscalated')).length, 1, `${byMs}`)
    await world.close()
  }
  await open()
})

test('what an alarm is, who answers for it and what is left of it is the same after a restart, from the log or a snapshot', async () => {
  for (const how of ['crash', 'drain'] as const) {
    await open()
    const [owned, unseen, over] = [await unmet(), await unmet(), await unmet()]
    await world.accepted(acknowledge(owned.alarmId))
    const { tripIds } = unseen
    await told({ type: 'shelve-alarm', tripId: tripIds[0]!, alarmId: unseen.alarmId, forMs: 5 * MINUTE })
    await cancel(over.callId)
    const before = await openAlarms()
    assert.equal(before.length, 3)
    if (how === 'crash') await world.restart()
    else await world.restart('drain')
    const byId = (alarms: AlarmView[]) => alarms.sort((a, b) => (a.alarmId < b.alarmId ? -1 : 1))
    assert.deepEqual(byId(await openAlarms()), byId(before))
    await world.close()
  }
  await open()
})

test('the open alarms are counted by severity and by what has become of them, and each step is counted', async () => {
  await open()
  const counted = async (event: string) => {
    const line = new RegExp(`goldenhour_alarms_total\\{event="${event}",kind="no-eligible-unit"\\} (\\d+)`)
    return Number(line.exec(await world.metricsText())?.[1] ?? 0)
  }
  const before = [await counted('raised'), await counted('acknowledged')]
  const [owned, , over] = [await unmet(), await unmet(), await unmet()]
  await world.accepted(acknowledge(owned.alarmId))
  await cancel(over.callId)
  const counts = countAlarms(world.region.states.alarmed()).filter(([, , count]) => count > 0)
  assert.deepEqual(counts, [
    [1, 'unanswered', 1],
    [1, 'acknowledged', 1],
    [1, 'unseen', 1],
  ])
  assert.deepEqual([(await counted('raised')) - before[0]!, (await counted('acknowledged')) - before[1]!], [3, 1])
})

test('[AL-6] of alarms whose cause is gone a region holds a thousand; one more ends the oldest', async () => {
  await open()
  const first = await unmet()
  await cancel(first.callId)
  const second = await unmet()
  await world.accepted(acknowledge(second.alarmId))
  for (let i = 0; i < GONE_ALARMS_MAX / 8; i += 1) {
    const { callId } = await unmet(8)
    await cancel(callId)
  }
  assert.deepEqual(
    (await world.events('AlarmLapsed')).map(({ alarmId }) => alarmId),
    [first.alarmId],
  )
  assert.equal((await openAlarms()).filter(({ goneAtMs }) => goneAtMs !== null).length, GONE_ALARMS_MAX)
  assert.equal(await world.refused(acknowledge(first.alarmId)), 'unknown-alarm')
  // A start knows which of them are the oldest, too.
  await world.restart()
  const { callId, alarmId } = await unmet()
  await cancel(callId)
  assert.equal((await world.events('AlarmLapsed')).length, 2)
  assert.ok((await openAlarms()).some(alarm => alarm.alarmId === alarmId))
})
