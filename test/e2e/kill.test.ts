/** kill -9 while nothing can become durable: what was not stored was not acknowledged, and nothing is lost or doubled. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CommandOutcome, DriverClient } from '../../src/client/index.ts'
import type { SegmentFix } from '../../src/store/location/segment-codec.ts'
import { freePort } from '../../tools/shared/free-port.ts'
import { SCENE, Site, until } from '../support/engine.ts'
import { times } from '../support/long.ts'

const UNITS = ['A1', 'A2', 'A3', 'A4']
const FIXES_EACH = 60
const CALL = { ...SCENE, priority: 2, needs: [{ levelOfCare: 'als', capabilities: [] }] } as const

test('kill -9 with both lanes stalled: nothing undurable was acknowledged, and clients bring it all by themselves', async t => {
  const site = await Site.make(t, { akl: { mode: 'offered', units: UNITS } })
  const port = await freePort()
  const engine = await site.spawn({ PORT: String(port) })
  const desk = site.dispatcher()
  const crews = UNITS.map(unitId => site.driver(unitId))
  const acknowledged = new Map<string, number>()
  const note = (command: Promise<CommandOutcome<unknown>>) =>
    command.then(({ id, position }) => void acknowledged.set(id, position))
  await Promise.all(crews.map(crew => note(crew.signOn())))
  for (const crew of crews) report(crew, 10)
  await Promise.all(crews.map(crew => crew.mark()))
  await note(desk.enterCall(CALL, { id: 'before' }))

  // From here on the fence holds every write of the region, and no answer may come.
  const holder = await site.session()
  await holder.query('BEGIN')
  await holder.query("SELECT 1 FROM log.region_owner WHERE region = 'akl' FOR UPDATE")
  const durable = { log: await site.records(), fixes: await site.storedFixes(), commands: acknowledged.size }
  const pending: Promise<unknown>[] = []
  for (let i = 0; i < 20; i += 1) pending.push(note(desk.enterCall(CALL, { id: `during-${i}` })))
  for (const crew of crews) {
    report(crew, FIXES_EACH - 10)
    pending.push(crew.mark(), note(crew.becomeUnavailable('break', { id: `break-${crew.driver!.unit.unitId}` })))
  }
  await until('records are decided and not durable', async () => {
    const head = await site.metric('goldenhour_log_head_position{region="akl"}')
    return head - (await site.metric('goldenhour_log_durable_position{region="akl"}')) >= 20
  })
  await until('fixes are taken and not durable', async () => {
    return (await site.metric('goldenhour_fixes_not_durable{region="akl"}')) === UNITS.length * (FIXES_EACH - 10)
  })
  await sleep(300)
  assert.equal(acknowledged.size, durable.commands, 'no command was answered')
  assert.deepEqual(
    crews.map(({ durableSeq }) => durableSeq),
    [10, 10, 10, 10],
  )
  assert.equal(
    crews.some(crew => crew.driver!.unit.status === 'unavailable'),
    false,
    'nor was its effect shown',
  )
  await engine.kill()
  assert.deepEqual(await site.records(), durable.log)
  assert.deepEqual(await site.storedFixes(), durable.fixes)
  assert.equal(acknowledged.size, durable.commands)

  await holder.query('ROLLBACK')
  await site.forgetLease()
  await site.spawn({ PORT: String(port) })
  await Promise.all(pending)
  assert.equal(acknowledged.size, UNITS.length + 1 + 20 + UNITS.length)

  const log = await site.records()
  assert.deepEqual(
    log.map(({ position }) => position),
    log.map((_, index) => index + 1),
    'the log has no gap',
  )
  for (const [id, position] of acknowledged) {
    const found = log.filter(({ commandId }) => commandId === id)
    assert.deepEqual(
      found.map(record => record.position),
      [position],
      `${id} is in the log exactly once`,
    )
  }
  const stored = await site.storedFixes()
  for (const crew of crews) {
    const seqs = ofStream(stored, crew).map(({ fix }) => fix.seq)
    assert.deepEqual(
      seqs,
      Array.from({ length: FIXES_EACH }, (_, index) => index + 1),
      'every fix once and in order',
    )
    assert.equal(crew.durableSeq, FIXES_EACH)
  }
  // And what was stored is what was reported.
  assert.deepEqual(
    ofStream(stored, crews[0]!).map(({ fix }) => fix.speedMps),
    Array.from({ length: FIXES_EACH }, (_, index) => (index + 1) / 4),
  )
})

test('kill -9 again and again under load: every acknowledged command stands once, every fix once and in order', async t => {
  const site = await Site.make(t, { akl: { mode: 'offered', units: UNITS } })
  const port = await freePort()
  let engine = await site.spawn({ PORT: String(port) })
  const desk = site.dispatcher()
  const crews = UNITS.map(unitId => site.driver(unitId))
  const acknowledged = new Map<string, number>()
  let isOver = false
  const working = [
    ...crews.map(async crew => {
      await crew.signOn()
      for (let turn = 0; !isOver; turn += 1) {
        report(crew, 5)
        const outcome = await (turn % 2 === 0 ? crew.becomeUnavailable('refuel') : crew.becomeAvailable())
        acknowledged.set(outcome.id, outcome.position)
        await sleep(5)
      }
    }),
    (async () => {
      while (!isOver) {
        const { id, position, result } = await desk.enterCall(CALL)
        acknowledged.set(id, position)
        const cancelled = await desk.cancelTrip(result.tripIds[0]!, 'other')
        acknowledged.set(cancelled.id, cancelled.position)
      }
    })(),
  ]
  const rounds = times(2, 25)
  for (let round = 1; round <= rounds; round += 1) {
    // Each comes back in its own time, and so might miss a round.
    await until('all of them are back', () => crews.every(crew => crew.reconnects >= round - 1))
    const before = acknowledged.size
    await until('work is done', () => acknowledged.size > before + 40)
    await engine.kill()
    await site.forgetLease()
    engine = await site.spawn({ PORT: String(port) })
  }
  await until('all of them are back', () => crews.every(crew => crew.reconnects >= rounds))
  const before = acknowledged.size
  await until('work is done', () => acknowledged.size > before + 20)
  isOver = true
  await Promise.all(working)
  await Promise.all(crews.map(crew => crew.mark()))

  const log = await site.records()
  assert.deepEqual(
    log.map(({ position }) => position),
    log.map((_, index) => index + 1),
  )
  const recordedAtMs = log.map(record => record.recordedAtMs)
  assert.deepEqual(
    recordedAtMs,
    recordedAtMs.toSorted((a, b) => a - b),
    '[TM-4] recordedAt does not run backwards',
  )
  const byCommand = new Map<string, number[]>()
  for (const { commandId, position, principal } of log) {
    if (commandId === null || principal === 'system') continue
    byCommand.set(commandId, [...(byCommand.get(commandId) ?? []), position])
  }
  for (const [id, position] of acknowledged) assert.deepEqual(byCommand.get(id), [position])
  const stored = await site.storedFixes()
  for (const crew of crews) {
    const seqs = ofStream(stored, crew).map(({ fix }) => fix.seq)
    assert.deepEqual(
      seqs,
      Array.from({ length: crew.lastSeq }, (_, index) => index + 1),
    )
  }
})

function report(crew: DriverClient, count: number): void {
  for (let i = 0; i < count; i += 1) {
    crew.report({ lonDeg: SCENE.lonDeg, latDeg: SCENE.latDeg, speedMps: (crew.lastSeq + 1) / 4 })
  }
}

const ofStream = (stored: readonly SegmentFix[], crew: DriverClient): SegmentFix[] =>
  stored.filter(({ streamId }) => streamId === crew.streamId)
