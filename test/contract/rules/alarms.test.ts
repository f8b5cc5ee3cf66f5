/** `docs/protocol/dispatcher.md`: alarms and who answers for them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DomainEvent } from '../../../src/domain/events.ts'
import type { AlarmView } from '../../../src/protocol/wire/situation-views.ts'
import { CALL, nobody, type Speaker, Stage } from './stage.ts'

const ordered = { mode: 'ordered', units: ['A1'] } as const
const stage = new Stage({
  raised: ordered,
  called: { mode: 'ordered', units: ['A1', 'A2'] },
  ranks: ordered,
  owned: ordered,
  shelved: ordered,
  goesup: ordered,
  masses: { mode: 'ordered', units: ['A1', 'A2', 'A3'] },
})
/** Nobody is free for it, and of its priority nobody is sent to help. */
const UNMET = { ...CALL, priority: 3, needs: [{ levelOfCare: 'cct' }] }

async function unmet(desk: Speaker, change: object = {}): Promise<{ tripId: string; alarmId: string; callId: string }> {
  const { result, position } = await desk.ask('enter-call', { ...UNMET, ...change })
  const [tripId] = result.tripIds as string[]
  return { tripId: tripId!, callId: result.callId as string, alarmId: `trip/${tripId}/no-eligible-unit/${position}` }
}

/** From now on alarms of this region go up soon, and are put aside for a minute at most. */
async function hurry(region: string): Promise<void> {
  const token = await stage.site.token({ role: 'admin', sub: 'admin-1', regions: [] })
  const policy = { alarmEscalateMs: { 1: 5_000, 2: 5_000, 3: 5_000 }, alarmShelveMaxMs: 60_000 }
  const { status } = await stage.ask('PUT', `/v1/regions/${region}/policy`, { token, ifMatch: '*', body: { policy } })
  assert.equal(status, 200)
}

const answered = async (desk: Speaker, ...asked: Parameters<Speaker['ask']>): Promise<AlarmView | null> =>
  (await desk.ask(...asked)).result.alarm as AlarmView | null

/** The open alarms, as a board that is asked for now has them. */
async function openAlarms(desk: Speaker): Promise<readonly AlarmView[]> {
  await desk.ask('watch-board', null)
  const [, , , parts, , , alarms] = await desk.hear('board')
  assert.equal(parts, 1)
  return alarms
}

const heard = (desk: Speaker, type: DomainEvent['type'], alarmId: string) =>
  desk.hear('board-events', ([, , , events]) =>
    events.some(event => event.type === type && 'alarmId' in event && event.alarmId === alarmId),
  )

test('[AL-1] an alarm has the position of its record in its id, and a cause that comes back is the same one', async () => {
  const region = 'raised'
  const desk = await stage.desk({ region })
  const { tripId, alarmId } = await unmet(desk)
  const [alarm] = await openAlarms(desk)
  assert.deepEqual(
    [alarm?.alarmId, alarm?.kind, alarm?.tripId, alarm?.goneAtMs, alarm?.acknowledgedBy],
    [alarmId, 'no-eligible-unit', tripId, null, null],
  )
  await stage.crew('A1', { region })
  await desk.ask('assign-unit', tripId, 'A1', 'other')
  const gone = (await openAlarms(desk)).find(each => each.alarmId === alarmId)
  assert.notEqual(gone?.goneAtMs, null)
  // Nobody else could be sent, and the one who was asked is not asked again in this round.
  await desk.ask('withdraw-unit', tripId, 'other')
  const kinds = (await openAlarms(desk)).map(({ kind }) => kind)
  assert.equal(new Set(kinds).size, kinds.length)
})

test('[EM-1] a crew that calls for help for itself is heard at once, and its unit is sent nowhere until the desk says that it is safe', async () => {
  const region = 'called'
  const desk = await stage.desk({ region })
  const crew = await stage.crew('A1', { region })
  assert.equal(await crew.refused('call-emergency', 'A2', Date.now()), 'wrong-unit')
  assert.equal(await crew.refused('end-emergency', 'A1'), 'wrong-role')
  await desk.ask('watch-board', null)
  await desk.hear('board')
  const atMs = Date.now()
  const called = await crew.ask('call-emergency', 'A1', atMs)
  assert.deepEqual(called.result, { unitId: 'A1', emergencySinceMs: atMs })
  const alarmId = `driver/A1/emergency/${called.position}`
  const [, , , events] = await desk.hear('board-events', ([, , , told]) =>
    told.some(({ type }) => type === 'EmergencyCalled'),
  )
  assert.ok(events.some(event => event.type === 'UnitAlarmRaised' && event.alarm === 'emergency'))
  const [, , view] = await crew.hear('unit-state', ([, , seen]) => seen.unit.emergencySinceMs === atMs)
  assert.deepEqual([view.unit.status, view.unit.dispatchability], ['available', 'not-available'])
  // Said again, also by the desk, it is the same one.
  assert.equal((await desk.ask('call-emergency', 'A1', atMs + 1)).result.emergencySinceMs, atMs)
  const { tripId } = await unmet(desk, { needs: [{ levelOfCare: 'als' }] })
  const { result } = await desk.ask('explain-trip', tripId, 'A1')
  assert.match(JSON.stringify(result), /"emergency"/)
  assert.equal((await answered(desk, 'acknowledge-alarm', alarmId))?.alarmId, alarmId)
  assert.deepEqual((await desk.ask('end-emergency', 'A1')).result, { unitId: 'A1', emergencySinceMs: null })
  assert.ok((await openAlarms(desk)).every(each => each.alarmId !== alarmId))
  await crew.hear('unit-state', ([, , seen]) => seen.trip?.tripId === tripId)
  assert.equal(await desk.refused('end-emergency', nobody(region).slice(0, 20)), 'unknown-unit')
})

test("[AL-2] an alarm is as severe as its trip's class, and follows it", async () => {
  const desk = await stage.desk({ region: 'ranks' })
  for (const [priority, severity] of [
    [1, 1],
    [2, 1],
    [3, 2],
    [4, 3],
    [5, 3],
  ] as const) {
    const { alarmId, callId } = await unmet(desk, { priority })
    const severityOf = async () => (await openAlarms(desk)).find(each => each.alarmId === alarmId)?.severity
    assert.equal(await severityOf(), severity)
    await desk.ask('amend-call', callId, { priority: 1 })
    assert.equal(await severityOf(), 1)
  }
})

test('[AL-3] an alarm ends once its cause is gone and somebody has acknowledged it, whichever comes first', async () => {
  const region = 'owned'
  const desk = await stage.desk({ region, sub: 'first' })
  const other = await stage.desk({ region, sub: 'second' })
  const { tripId, alarmId } = await unmet(desk)
  const alarm = await answered(desk, 'acknowledge-alarm', alarmId)
  assert.deepEqual([alarm?.acknowledgedBy, alarm?.goneAtMs], ['first', null])
  assert.equal((await answered(other, 'acknowledge-alarm', alarmId))?.acknowledgedBy, 'first')
  assert.equal((await openAlarms(desk)).length, 1)
  await desk.ask('cancel-trip', tripId, 'other')
  assert.deepEqual(await openAlarms(desk), [])
  assert.equal(await desk.refused('acknowledge-alarm', alarmId), 'unknown-alarm')

  const later = await unmet(desk)
  await desk.ask('cancel-trip', later.tripId, 'other')
  const [unseen] = await openAlarms(desk)
  assert.equal(unseen?.alarmId, later.alarmId)
  assert.equal(await answered(desk, 'acknowledge-alarm', later.alarmId), null)
  assert.deepEqual(await openAlarms(desk), [])

  for (const type of ['acknowledge-alarm', 'shelve-alarm'] as const) {
    const more = type === 'shelve-alarm' ? [1_000] : []
    assert.equal(await desk.refused(type, `trip/${nobody(region)}/no-movement/1`, ...more), 'unknown-alarm')
    assert.equal(await desk.refused(type, `trip/${later.tripId}/no-movement`, ...more), 'invalid-field alarmId')
  }
})

test('[AL-4] an alarm is put aside for a while, as long as the policy allows, and does not go up meanwhile', async () => {
  await hurry('shelved')
  const desk = await stage.desk({ region: 'shelved', sub: 'first' })
  await openAlarms(desk)
  // On a machine that is slow enough it has gone up before it is put aside; then the next one is tried.
  let alarm: AlarmView | null = null
  do {
    const { alarmId } = await unmet(desk)
    assert.equal(await desk.refused('shelve-alarm', alarmId, 60_001), 'invalid-field forMs')
    alarm = await answered(desk, 'shelve-alarm', alarmId, 8_000)
  } while (alarm?.escalatedAtMs !== null)
  const { alarmId } = alarm
  assert.equal(alarm.shelvedBy, 'first')
  assert.ok(alarm.shelvedUntilMs! >= alarm.raisedAtMs + 8_000)
  const [, , recordedAtMs] = await heard(desk, 'AlarmEscalated', alarmId)
  assert.ok(recordedAtMs >= alarm.shelvedUntilMs!, 'it went up while it was put aside')
  assert.equal((await answered(desk, 'acknowledge-alarm', alarmId))?.shelvedBy, null)
})

test('[AL-5] an alarm that nobody acknowledges goes up, once; one that somebody does, or whose cause is gone, does not', async () => {
  await hurry('goesup')
  const desk = await stage.desk({ region: 'goesup' })
  await openAlarms(desk)
  const [owned, over, left] = [await unmet(desk), await unmet(desk), await unmet(desk)]
  await desk.ask('acknowledge-alarm', owned.alarmId)
  await desk.ask('cancel-trip', over.tripId, 'other')
  await heard(desk, 'AlarmEscalated', left.alarmId)
  const alarms = new Map((await openAlarms(desk)).map(alarm => [alarm.alarmId, alarm]))
  const up = alarms.get(left.alarmId)!
  assert.ok(up.escalatedAtMs! >= up.raisedAtMs + 5_000)
  // Not from then on; on a machine that is slow enough it was up before.
  const isUpAfter = ({ escalatedAtMs }: AlarmView, atMs: number) => escalatedAtMs !== null && escalatedAtMs > atMs
  const [mine, gone] = [alarms.get(owned.alarmId)!, alarms.get(over.alarmId)!]
  assert.equal(isUpAfter(mine, mine.acknowledgedAtMs!), false)
  assert.equal(isUpAfter(gone, gone.goneAtMs!), false)
})

test('[AL-7] a fleet that falls silent is one alarm of the region, which is answered like every other', async () => {
  const region = 'masses'
  const token = await stage.site.token({ role: 'admin', sub: 'admin-1', regions: [] })
  const policy = { massSilencePercent: 50, massSilenceUnits: 2, disconnectGraceMs: 2_000 }
  const { status } = await stage.ask('PUT', `/v1/regions/${region}/policy`, { token, ifMatch: '*', body: { policy } })
  assert.equal(status, 200)
  const desk = await stage.desk({ region, sub: 'first' })
  await openAlarms(desk)
  const crews = [
    await stage.crew('A1', { region }),
    await stage.crew('A2', { region }),
    await stage.crew('A3', { region }),
  ]
  for (const crew of crews.slice(1)) crew.socket.terminate()
  const [, position, , events] = await desk.hear('board-events', ([, , , told]) =>
    told.some(event => event.type === 'RegionAlarmRaised'),
  )
  const raised = events.find(event => event.type === 'RegionAlarmRaised')!
  assert.deepEqual([raised.alarm, raised.silentUnits, raised.ofUnits, raised.severity], ['mass-app-lost', 2, 3, 1])
  const alarmId = `region/${region}/mass-app-lost/${position}`
  const [alarm] = await openAlarms(desk)
  const { silentFromMs, silentToMs } = raised
  assert.deepEqual(
    [alarm!.alarmId, alarm!.tripId, alarm!.unitId, alarm!.mass],
    [alarmId, null, null, { silentFromMs, silentToMs, silentUnits: 2, ofUnits: 3 }],
  )
  assert.equal((await answered(desk, 'acknowledge-alarm', alarmId))?.acknowledgedBy, 'first')
  assert.equal(await desk.refused('acknowledge-alarm', `region/other/mass-app-lost/${position}`), 'unknown-alarm')
  for (const unit of ['A2', 'A3']) await stage.driver(unit, { region })
  await desk.hear('board-events', ([, , , told]) => told.some(event => event.type === 'RegionAlarmCleared'))
  assert.deepEqual(await openAlarms(desk), [])
})
