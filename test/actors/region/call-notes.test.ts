/** A call's notes through a region: who says them, who sees them, and that they outlive an engine. */
import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import type { AddNote, Command } from '../../../src/domain/commands.ts'
import type { CallView } from '../../../src/protocol/wire/situation-views.ts'
import { callOf, type RecordingSession, RegionWorld, settle } from '../../support/region-world.ts'

let world: RegionWorld
afterEach(() => world.close())

const told = (command: Command) => world.accepted(world.dispatch(command))
const say = (callId: string, text: string, corrects: number | null = null): AddNote => ({
  ...{ type: 'add-note', callId, text, corrects },
})
const enter = async () => {
  const { callId, tripIds } = await told(callOf({}))
  return { callId: callId as string, tripId: (tripIds as string[])[0]! }
}
const accept = (session: RecordingSession) => {
  const offerId = session.view.unit.offerId ?? assert.fail('the unit holds no offer')
  return world.accepted(world.drive(session, { type: 'accept-offer', offerId, happenedAtMs: world.nowMs }))
}
const watching = async () => {
  const desk = world.dispatcher()
  world.host.tell(desk, { type: 'watch-board', id: 'w', fromPosition: null })
  await settle()
  return desk
}
const textsOf = (view: { readonly notes?: readonly { readonly text: string | null }[] } | null | undefined) =>
  view?.notes?.map(({ text }) => text)

describe('a note', () => {
  test('reaches the crew of each trip of the call and the board at once, and no event has a word of it', async () => {
    world = await RegionWorld.open({ mode: 'ordered' })
    const desk = await watching()
    const crew = await world.onDuty('A1', 100)
    const { callId, tripId } = await enter()
    await accept(crew)
    const before = crew.all('unit-state').length
    const atMs = world.nowMs
    assert.deepEqual(await told(say(callId, 'two patients')), { callId, noteNo: 1, atMs })
    assert.equal(crew.all('unit-state').length, before + 1)
    const { notes, noteCount } = crew.view.trip!
    assert.equal(noteCount, 1)
    assert.deepEqual(notes, [{ noteNo: 1, by: 'desk-1', unitId: null, atMs, corrects: null, text: 'two patients' }])
    const [, , events, by, seen] = desk.last('board-events')
    assert.deepEqual([events.map(({ type }) => type), by], [['CallNoteAdded'], 'desk-1'])
    assert.deepEqual(seen, [{ callId, ...notes![0] }])
    assert.deepEqual(textsOf(await world.trip(tripId)), ['two patients'])
    assert.ok(!JSON.stringify(await world.log()).includes('patients'), 'no free text in the log')
  })

  test('of a crew is under its name and unit, and a correction stands beside the note', async () => {
    world = await RegionWorld.open({ mode: 'ordered' })
    const crew = await world.onDuty('A1', 100)
    const { callId } = await enter()
    await told(say(callId, 'two patients'))
    await world.accepted(world.drive(crew, say(callId, 'one patient', 1)))
    const call = await world.query<CallView>({ type: 'read-call', callId })
    assert.deepEqual(
      call.notes?.map(({ by, unitId, corrects, text }) => [by, unitId, corrects, text]),
      [
        ['desk-1', null, null, 'two patients'],
        [crew.principal, 'A1', 1, 'one patient'],
      ],
    )
  })

  test('is refused to a crew that is not on the call, and shown to none that may still decline', async () => {
    world = await RegionWorld.open({ mode: 'offered' })
    const crew = await world.onDuty('A1', 100)
    const { callId } = await enter()
    await told(say(callId, 'two patients'))
    assert.equal(crew.view.trip?.notes, undefined)
    assert.equal(await world.refused(world.drive(crew, say(callId, 'x'))), 'not-your-trip')
    assert.equal(await world.refused(world.drive(crew, { type: 'read-notes', callId, noteNo: 1 })), 'not-your-trip')
    await accept(crew)
    assert.deepEqual(textsOf(crew.view.trip), ['two patients'])
  })

  test('stands after a crash and after a restart from snapshots, with who has read it', async () => {
    world = await RegionWorld.open({ mode: 'ordered' })
    const crew = await world.onDuty('A1', 100)
    const { callId, tripId } = await enter()
    await accept(crew)
    await told(say(callId, 'two patients'))
    await world.accepted(world.drive(crew, { type: 'read-notes', callId, noteNo: 1 }))
    const before = await world.trip(tripId)
    assert.equal(before.notesRead?.noteNo, 1)
    await world.restart()
    assert.deepEqual(await world.trip(tripId), before)
    await world.restart('drain')
    assert.deepEqual(await world.trip(tripId), before)
    assert.equal((await told(say(callId, 'three'))).noteNo, 2)
  })

  test('of which the text was damaged keeps its number, and its place says so', async () => {
    world = await RegionWorld.open()
    const { callId } = await enter()
    await told(say(callId, 'two patients'))
    world.crash()
    world.journal.harm('akl', 'log.call_notes', callId, 'changed')
    await world.start()
    await settle()
    assert.equal((await told(say(callId, 'three'))).noteNo, 2)
    const call = await world.query<CallView>({ type: 'read-call', callId })
    assert.deepEqual(textsOf(call), [null, 'three'])
  })

  test('that was erased is not shown, and nobody gets its number', async () => {
    world = await RegionWorld.open()
    const { callId } = await enter()
    await told(say(callId, 'two patients'))
    world.crash()
    world.journal.harm('akl', 'log.call_notes', callId, 'lost')
    await world.start()
    await settle()
    const call = await world.query<CallView>({ type: 'read-call', callId })
    assert.equal(call.notes, undefined)
    assert.equal((await told(say(callId, 'three'))).noteNo, 2)
  })

  test('is one of the newest that a trip shows, as many as find room; the call shows all', async () => {
    world = await RegionWorld.open()
    const { callId, tripId } = await enter()
    for (let i = 1; i <= 9; i++) await told(say(callId, `${i}`.repeat(2_000)))
    const { notes, noteCount } = await world.trip(tripId)
    assert.deepEqual([notes?.map(({ noteNo }) => noteNo), noteCount], [[6, 7, 8, 9], 9])
    const call = await world.query<CallView>({ type: 'read-call', callId })
    assert.equal(call.notes?.length, 9)
  })
})

test('what a crew has read is told to the board by its event, and stands in the view of its trip', async () => {
  world = await RegionWorld.open({ mode: 'ordered' })
  const desk = await watching()
  const crew = await world.onDuty('A1', 100)
  const { callId, tripId } = await enter()
  await told(say(callId, 'two patients'))
  const read = { type: 'read-notes', callId, noteNo: 1 } as const
  assert.deepEqual(await world.accepted(world.drive(crew, read)), { callId, noteNo: 1 })
  const [, recordedAtMs, events, by, notes] = desk.last('board-events')
  assert.deepEqual([events.map(({ type }) => type), by, notes], [['CallNotesRead'], crew.principal, undefined])
  const expected = { unitId: 'A1', by: crew.principal, noteNo: 1, atMs: recordedAtMs }
  assert.deepEqual((await world.trip(tripId)).notesRead, expected)
})
