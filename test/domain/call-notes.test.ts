/** A call's narrative: what is said of it stands for good. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { amendCall, evolveCall } from '../../src/domain/call.ts'
import { DETAILS_REPLACED_MAX, NOTES_PER_CALL } from '../../src/domain/call-bounds.ts'
import { addNote, readNotes, whyNotOnCall } from '../../src/domain/call-notes.ts'
import { BrokenInvariant } from '../../src/domain/decision.ts'
import type { DomainEvent } from '../../src/domain/events.ts'
import { releaseCall } from '../../src/domain/release.ts'
import { LIMITS } from '../../src/protocol/limits.ts'
import { given, START_MS, type World } from '../support/given-when-then.ts'
import { accepted, called, cancelled, offered, onDuty } from '../support/scenario.ts'

const DESK = { by: 'desk-1', unitId: null }
const CREW = { by: 'crew of A1', unitId: 'A1' }
const noteAdded = (noteNo: number, more: object = {}) =>
  ({ type: 'CallNoteAdded', v: 1, entity: 'call/C-1', callId: 'C-1', noteNo, by: 'desk-1', ...more }) as DomainEvent
const say =
  (corrects: number | null = null, author: typeof DESK | typeof CREW = DESK) =>
  (world: World) => {
    const call = world.call('C-1')
    return addNote(
      call,
      { type: 'add-note', callId: 'C-1', text: 'two patients', corrects },
      author,
      call.noteCount ?? 0,
    )
  }
const read =
  (noteNo: number, author = CREW) =>
  (world: World) =>
    readNotes(world.call('C-1'), world.trip('T-1'), { type: 'read-notes', callId: 'C-1', noteNo }, author)
const working = [onDuty('A1'), called(['T-1']), offered('T-1', 'A1', 'O-1'), accepted('T-1', 'A1', 'O-1')] as const

test('a note gets the next number of its call, and the event has no word of it', () => {
  const after = given(called(['T-1']))
    .when(say())
    .thenEvents({ type: 'CallNoteAdded', callId: 'C-1', noteNo: 1, by: 'desk-1' })
  assert.equal(after.call('C-1').noteCount, 1)
  const decision = say()(after)
  assert.ok(decision.ok && !JSON.stringify(decision.events).includes('patients'))
  assert.deepEqual(decision.ok && Reflect.get(decision.events[0]!, 'noteNo'), 2)
})

test('a correction names the note that it corrects, and takes nothing away', () => {
  const after = given(called(['T-1']), noteAdded(1))
    .when(say(1, CREW))
    .thenEvents({ type: 'CallNoteAdded', noteNo: 2, corrects: 1, by: 'crew of A1', unitId: 'A1' })
  assert.equal(after.call('C-1').noteCount, 2)
  given(called(['T-1']), noteAdded(1))
    .when(say(2))
    .thenRefused('invalid-field')
  given(called(['T-1']))
    .when(say(1))
    .thenRefused('invalid-field')
})

test('a note may be added to a call that has ended', () => {
  const ended = { type: 'CallCancelled', v: 1, entity: 'call/C-1', callId: 'C-1' } as const
  given(called(['T-1']), [cancelled('T-1', null), ended])
    .when(say())
    .thenEvents({ type: 'CallNoteAdded', noteNo: 1 })
})

test('a call that has as many notes as it may takes no more, and says where to go on', () => {
  assert.equal(LIMITS.notesPerCall, NOTES_PER_CALL, 'the border and the rule are one')
  const full = given(called(['T-1']), noteAdded(NOTES_PER_CALL))
  full.when(say()).thenRefused('call-full')
})

test('a number that a damaged record may have given is not given again', () => {
  const world = given(called(['T-1'])).world
  const command = { type: 'add-note', callId: 'C-1', text: 'x', corrects: null } as const
  const decision = addNote(world.call('C-1'), command, DESK, 3)
  assert.ok(decision.ok)
  world.record(decision.events)
  assert.equal(world.call('C-1').noteCount, 4)
})

test('a number that was given is never folded twice', () => {
  const { world } = given(called(['T-1']), noteAdded(2))
  assert.throws(() => evolveCall(world.call('C-1'), noteAdded(2), { position: 9, recordedAtMs: 9 }), BrokenInvariant)
})

test('a crew says up to which note it has read, and never takes that back', () => {
  const after = given(...working, noteAdded(1), noteAdded(2))
    .when(read(2))
    .thenEvents({ type: 'CallNotesRead', callId: 'C-1', tripId: 'T-1', unitId: 'A1', by: 'crew of A1', noteNo: 2 })
  assert.deepEqual(after.call('C-1').notesRead, [
    { tripId: 'T-1', unitId: 'A1', by: 'crew of A1', noteNo: 2, atMs: after.nowMs },
  ])
  for (const noteNo of [1, 2]) assert.deepEqual(read(noteNo)(after), { ok: true, events: [] })
  assert.equal(read(3)(after).ok, false)
  // What another crew of the trip has read is its own.
  const relieved = read(1, { by: 'another', unitId: 'A1' })(after)
  assert.deepEqual(relieved.ok && relieved.events.map(({ type }) => type), ['CallNotesRead'])
})

test('only a crew that is bound to a trip of the call is on it', () => {
  const { world } = given(...working, called(['T-2']))
  assert.equal(whyNotOnCall(world.driver('A1'), world.trip('T-1'), 'C-1'), null)
  assert.equal(whyNotOnCall(world.driver('A1'), world.trip('T-1'), 'C-2')?.refusal.code, 'not-your-trip')
  const asked = given(onDuty('A1'), called(['T-1']), offered('T-1', 'A1', 'O-1')).world
  assert.equal(whyNotOnCall(asked.driver('A1'), asked.trip('T-1'), 'C-1')?.refusal.code, 'not-your-trip')
})

test('what a call has gathered outlives its release', () => {
  const { world } = given(...working, noteAdded(1), {
    ...{ type: 'CallNotesRead', v: 1, entity: 'call/C-1', callId: 'C-1', tripId: 'T-1' },
    ...{ unitId: 'A1', by: 'crew of A1', noteNo: 1 },
  } as DomainEvent)
  const call = world.call('C-1')
  const released = releaseCall(call, [world.trip('T-1')])
  assert.ok(released.ok)
  const fresh = evolveCall(null, released.events[0]!, { position: call.version, recordedAtMs: START_MS })
  assert.deepEqual(fresh, call)
})

test('the details of a call are replaced only as often as their former versions are kept', () => {
  const { world } = given(called(['T-1']))
  const details = { callerName: 'x', phone: null, address: null, notes: null }
  const amend = () => amendCall(world.call('C-1'), [world.trip('T-1')], { type: 'amend-call', callId: 'C-1', details })
  for (let i = 0; i < DETAILS_REPLACED_MAX; i++) {
    const decision = amend()
    assert.ok(decision.ok)
    world.record(decision.events)
  }
  const decision = amend()
  assert.ok(!decision.ok && decision.refusal.code === 'call-full' && /add-note/.test(decision.refusal.message))
})
