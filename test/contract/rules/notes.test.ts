/** What is said of a call, who sees it and who has read it (`docs/protocol/notes.md`), in both formats. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DETAILS_REPLACED_MAX, NOTES_PER_CALL } from '../../../src/domain/call-bounds.ts'
import { LIMITS } from '../../../src/protocol/limits.ts'
import type { NoteView } from '../../../src/protocol/wire/note-views.ts'
import type { CallView } from '../../../src/protocol/wire/situation-views.ts'
import { until } from '../../support/engine.ts'
import { CALL, FORMATS, nobody, type Speaker, Stage } from './stage.ts'

const ordered = { mode: 'ordered', units: ['A1', 'A2'] } as const
const RULES = [
  'add',
  'correct',
  'crews',
  'erase',
  'seen',
  'board',
  'read',
  'full',
  'former',
  'replaced',
  'numbers',
  'found',
  'readers',
  'often',
]
const stage = new Stage({
  ...Object.fromEntries(RULES.map(rule => [rule, ordered])),
  offers: { ...ordered, mode: 'offered' },
})

async function enter(desk: Speaker, changes: object = {}): Promise<{ callId: string; tripId: string }> {
  const { result } = await desk.ask('enter-call', { ...CALL, ...changes })
  return { callId: result.callId as string, tripId: (result.tripIds as string[])[0]! }
}
const asDesk = async (region: string, path: string) => {
  const token = await stage.site.token({ regions: [region] })
  return (await stage.site.http(path, { token })).body
}
const callOf = (region: string, callId: string): Promise<CallView> => asDesk(region, `/v1/calls/${callId}`)
const textsOf = (notes: readonly NoteView[] | undefined) => notes?.map(({ text }) => text)
const bound = (crew: Speaker, tripId: string) => crew.hear('unit-state', ([, , { trip }]) => trip?.tripId === tripId)
const withNotes = async (crew: Speaker, count: number) =>
  (await crew.hear('unit-state', ([, , { trip }]) => trip?.noteCount === count))[2].trip!

for (const format of FORMATS) {
  test(`[NT-1] a note has the next number of its call, its author, its moment and its text, also of a call that has ended (${format})`, async () => {
    const region = 'add'
    const desk = await stage.desk({ region, format })
    const { callId } = await enter(desk)
    const { result } = await desk.ask('add-note', callId, 'two patients', null)
    assert.deepEqual([result.callId, result.noteNo], [callId, 1])
    await desk.ask('cancel-call', callId, 'other')
    const long = 'é'.repeat(LIMITS.noteBytes / 2)
    assert.equal((await desk.ask('add-note', callId, long, null)).result.noteNo, 2)
    const { notes, noteCount } = await callOf(region, callId)
    assert.deepEqual(notes![0], {
      ...{ noteNo: 1, by: 'dispatch', unitId: null, atMs: result.atMs, corrects: null, text: 'two patients' },
    })
    assert.deepEqual([notes![1]!.text, noteCount], [long, 2])
    for (const text of ['', ' \n', `${long}e`, 7]) {
      assert.equal(await desk.refused('add-note', callId, text, null), 'invalid-field text')
    }
    assert.equal(await desk.refused('add-note', nobody(region), 'x', null), 'unknown-call')
  })

  test(`[NT-2] a correction stands beside the note that it corrects (${format})`, async () => {
    const region = 'correct'
    const desk = await stage.desk({ region, format })
    const { callId } = await enter(desk)
    await desk.ask('add-note', callId, 'two patients', null)
    await desk.ask('add-note', callId, 'one patient', 1)
    const { notes } = await callOf(region, callId)
    assert.deepEqual(
      notes!.map(({ corrects, text }) => [corrects, text]),
      [
        [null, 'two patients'],
        [1, 'one patient'],
      ],
    )
    assert.equal(await desk.refused('add-note', callId, 'x', 3), 'invalid-field corrects')
  })

  test(`[NT-3] a crew writes and reads the notes of the call that its unit is bound to, and of no other (${format})`, async () => {
    const desk = await stage.desk({ region: 'crews', format })
    const crew = await stage.crew('A1', { region: 'crews', format })
    const { callId, tripId } = await enter(desk)
    await bound(crew, tripId)
    const other = await enter(desk, { needs: [{ levelOfCare: 'cct', capabilities: [] }] })
    await crew.ask('add-note', callId, 'the gate is locked', null)
    const [note] = (await callOf('crews', callId)).notes!
    assert.deepEqual([note!.by, note!.unitId], ['crew-A1', 'A1'])
    assert.equal(await crew.refused('add-note', other.callId, 'x', null), 'not-your-trip')
    assert.equal(await crew.refused('read-notes', other.callId, 1), 'not-your-trip')
    for (const ended of [other.callId, callId]) await desk.ask('cancel-call', ended, 'other')
    await desk.ask('set-unit-status', 'A1', 'off-duty', null, Date.now())
    assert.equal(await crew.refused('add-note', callId, 'x', null), 'not-your-trip')

    const asked = await stage.desk({ region: 'offers', format })
    const mayDecline = await stage.crew('A1', { region: 'offers', format })
    const offer = await enter(asked)
    await asked.ask('add-note', offer.callId, 'two patients', null)
    const [, , { trip }] = await bound(mayDecline, offer.tripId)
    assert.equal(trip!.notes, undefined)
    assert.equal(await mayDecline.refused('read-notes', offer.callId, 1), 'not-your-trip')
    await asked.ask('cancel-call', offer.callId, 'other')
    await asked.ask('set-unit-status', 'A1', 'off-duty', null, Date.now())
  })

  test(`[NT-4] no event has the text, and it goes with the call's personal data (${format})`, async () => {
    const region = 'erase'
    const desk = await stage.desk({ region, format })
    const { callId } = await enter(desk)
    const { position } = await desk.ask('add-note', callId, 'known to nobody else', null)
    const record = (await stage.site.records(region)).find(each => each.position === position)!
    assert.deepEqual(
      record.events.map(event => event.type),
      ['CallNoteAdded'],
    )
    assert.ok(!JSON.stringify(record).includes('known to nobody'))
    const held = () => stage.site.query(`SELECT text FROM log.call_notes WHERE call_id = $1`, [callId])
    assert.deepEqual(await held(), [{ text: 'known to nobody else' }])
    await stage.site.query('DELETE FROM log.call_details WHERE call_id = $1', [callId])
    assert.deepEqual(await held(), [])
  })

  test(`[NT-5] a new note reaches the bound crew at once, and every view that has the details (${format})`, async () => {
    const region = 'seen'
    const desk = await stage.desk({ region, format })
    const crew = await stage.crew('A1', { region, format })
    const { callId, tripId } = await enter(desk)
    await bound(crew, tripId)
    await desk.ask('add-note', callId, 'two patients', null)
    assert.deepEqual(textsOf((await withNotes(crew, 1)).notes), ['two patients'])
    assert.deepEqual(textsOf((await asDesk(region, `/v1/trips/${tripId}`)).notes), ['two patients'])
    await desk.ask('watch-board', null)
    const [, , , , trips] = await desk.hear('board')
    assert.deepEqual(textsOf(trips.find(trip => trip.tripId === tripId)!.notes), ['two patients'])
    for (let i = 2; i <= 7; i++) await desk.ask('add-note', callId, `${i}`.repeat(LIMITS.noteBytes), null)
    const { notes } = await withNotes(crew, 7)
    assert.deepEqual(
      notes!.map(({ noteNo }) => noteNo),
      [4, 5, 6, 7],
    )
    assert.equal((await callOf(region, callId)).notes!.length, 7)
    await desk.ask('cancel-call', callId, 'other')
    await desk.ask('set-unit-status', 'A1', 'off-duty', null, Date.now())
    await desk.ask('unwatch-board')
  })

  test(`[NT-6] watchers of the board get the text beside the record (${format})`, async () => {
    const region = 'board'
    const desk = await stage.desk({ region, format })
    const { callId } = await enter(desk)
    await desk.ask('watch-board', null)
    const { position, result } = await desk.ask('add-note', callId, 'two patients', null)
    const [, , , events, by, notes] = await desk.hear('board-events', ([, at]) => at === position)
    assert.deepEqual([events.map(({ type }) => type), by], [['CallNoteAdded'], 'dispatch'])
    assert.deepEqual(notes, [
      { callId, noteNo: 1, by, unitId: null, atMs: result.atMs, corrects: null, text: 'two patients' },
    ])
    const { position: next } = await desk.ask('amend-call', callId, { priority: 4 })
    assert.equal((await desk.hear('board-events', ([, at]) => at === next)).length, 5)
  })

  test(`[NT-7] a crew says up to which note it has read, and the desk sees it (${format})`, async () => {
    const region = 'read'
    const desk = await stage.desk({ region, format })
    const crew = await stage.crew('A1', { region, format })
    const { callId, tripId } = await enter(desk)
    await bound(crew, tripId)
    for (const text of ['one', 'two']) await desk.ask('add-note', callId, text, null)
    await desk.ask('watch-board', null)
    const { position } = await crew.ask('read-notes', callId, 2)
    const [, , recordedAtMs, events] = await desk.hear('board-events', ([, at]) => at === position)
    assert.deepEqual(events, [
      { type: 'CallNotesRead', v: 1, entity: `call/${callId}`, callId, tripId, unitId: 'A1', by: 'crew-A1', noteNo: 2 },
    ])
    const readNow = async () => (await asDesk(region, `/v1/trips/${tripId}`)).notesRead
    const expected = { unitId: 'A1', by: 'crew-A1', noteNo: 2, atMs: recordedAtMs }
    assert.deepEqual(await readNow(), expected)
    await crew.ask('read-notes', callId, 1)
    assert.deepEqual(await readNow(), expected)
    assert.equal(await crew.refused('read-notes', callId, 3), 'invalid-field noteNo')
    await desk.ask('cancel-call', callId, 'other')
    await desk.ask('set-unit-status', 'A1', 'off-duty', null, Date.now())
    await desk.ask('unwatch-board')
  })
}

test('[NT-8] a call has so many notes and no more', async () => {
  const desk = await stage.desk({ region: 'full' })
  const { callId } = await enter(desk)
  for (let i = 0; i < NOTES_PER_CALL; i++) await desk.ask('add-note', callId, 'n', null)
  assert.equal(await desk.refused('add-note', callId, 'n', null), 'call-full')
  assert.equal((await callOf('full', callId)).noteCount, NOTES_PER_CALL)
})

test('[NT-9] every version of the details is kept, with who wrote it and when, until it is erased', async () => {
  const region = 'former'
  const desk = await stage.desk({ region })
  const other = await stage.desk({ region, sub: 'desk-2' })
  const details = (address: string) => ({ callerName: null, phone: null, address, notes: null })
  const { callId } = await enter(desk, { details: details('1 Queen St') })
  await other.ask('amend-call', callId, { details: details('2 Queen St') })
  await desk.ask('amend-call', callId, { details: null })
  const path = `/v1/calls/${callId}/details`
  const { items, next } = await asDesk(region, path)
  const records = await stage.site.records(region)
  const moments = items.map(({ position }: { position: number }) => records.find(each => each.position === position))
  assert.deepEqual(
    items.map((item: Record<string, unknown>) => [item.by, item.details]),
    [
      ['dispatch', details('1 Queen St')],
      ['desk-2', details('2 Queen St')],
      ['dispatch', { callerName: null, phone: null, address: null, notes: null }],
    ],
  )
  assert.deepEqual(
    items.map((item: Record<string, unknown>) => item.recordedAtMs),
    moments.map((record: { recordedAtMs: number }) => record.recordedAtMs),
  )
  assert.equal(next, null)
  const first = await asDesk(region, `${path}?limit=2`)
  assert.deepEqual([first.items.length, first.next], [2, `${items[1].position}`])
  assert.deepEqual((await asDesk(region, `${path}?limit=2&after=${first.next}`)).items, items.slice(2))
  assert.equal((await asDesk(region, `/v1/calls/${nobody(region)}/details`)).code, 'unknown-call')
  await stage.site.query(`UPDATE log.former_call_details SET address = 'x' WHERE position = $1`, [items[1].position])
  assert.equal((await asDesk(region, path)).items[1].details, null)
  await stage.site.query('DELETE FROM log.call_details WHERE call_id = $1', [callId])
  assert.deepEqual((await asDesk(region, path)).items, [])
})

test('[NT-10] the details of a call are replaced so often and no more', async () => {
  const desk = await stage.desk({ region: 'replaced' })
  const { callId } = await enter(desk)
  for (let i = 0; i < DETAILS_REPLACED_MAX; i++) await desk.ask('amend-call', callId, { details: { notes: `${i}` } })
  assert.equal(await desk.refused('amend-call', callId, { details: { notes: 'x' } }), 'call-full')
  await desk.ask('amend-call', callId, { priority: 4 })
})

for (const format of FORMATS) {
  test(`[NB-1] [NB-2] [NB-3] a call has the next number of its year, and each trip its place behind it, wherever they are shown (${format})`, async () => {
    const region = 'numbers'
    const desk = await stage.desk({ region, format })
    const crew = await stage.crew('A1', { region, format })
    const need = { levelOfCare: 'als', capabilities: [] }
    await desk.ask('watch-board', null)
    const { result, position } = await desk.ask('enter-call', { ...CALL, needs: [need, need] })
    const entered = result as { callId: string; tripIds: string[]; incidentNo: string; responseNos: string[] }
    const { incidentNo, responseNos, tripIds } = entered
    const [year, digits] = incidentNo.split('-') as [string, string]
    assert.match(incidentNo, new RegExp(`^${new Date().getUTCFullYear()}-\\d{6}$`))
    assert.deepEqual(responseNos, [`${incidentNo}-1`, `${incidentNo}-2`])
    const [, , , events] = await desk.hear('board-events', ([, at]) => at === position)
    assert.deepEqual(
      events.flatMap(event =>
        event.type === 'CallEntered' ? event.incidentNo : event.type === 'TripCreated' ? event.responseNo : [],
      ),
      [incidentNo, ...responseNos],
    )
    const [, , { trip }] = await crew.hear('unit-state', ([, , { unit }]) => tripIds.includes(unit.tripId ?? ''))
    assert.deepEqual([trip!.incidentNo, trip!.responseNo], [incidentNo, responseNos[tripIds.indexOf(trip!.tripId)]])
    const call = await callOf(region, entered.callId)
    assert.deepEqual([call.incidentNo, call.trips.map(({ responseNo }) => responseNo)], [incidentNo, responseNos])
    const added = await desk.ask('add-need', entered.callId, need)
    assert.equal(added.result.responseNo, `${incidentNo}-3`)
    const next = (await desk.ask('enter-call', { ...CALL, needs: [{ levelOfCare: 'cct', capabilities: [] }] })).result
    assert.equal(next.incidentNo, `${year}-${String(Number(digits) + 1).padStart(6, '0')}`)
    for (const callId of [entered.callId, next.callId]) await desk.ask('cancel-call', callId, 'other')
    await desk.ask('set-unit-status', 'A1', 'off-duty', null, Date.now())
    await desk.ask('unwatch-board')
  })
}

test('[NB-4] a call is found by its number, in its region', async () => {
  const desk = await stage.desk({ region: 'found' })
  const { result } = await desk.ask('enter-call', CALL)
  const path = `/v1/incidents/${result.incidentNo}`
  assert.equal((await asDesk('found', `${path}?region=found`)).callId, result.callId)
  assert.equal((await asDesk('found', path)).callId, result.callId)
  const last = `${String(result.incidentNo).slice(0, -1)}9`
  for (const wrong of [last, 'x', '2026-1']) {
    assert.equal((await asDesk('found', `/v1/incidents/${wrong}`)).code, 'unknown-call', wrong)
  }
  const token = await stage.site.token({ regions: ['found'] })
  const asked = await stage.site.http(`${path}?region=numbers`, { token })
  assert.equal(asked.body.code, 'wrong-region')
})

interface ReadEntry {
  readonly actor: string
  readonly subject: string | null
  readonly details: Readonly<Record<string, unknown>>
}
const readingsIn = (region: string, action = 'call-read'): Promise<ReadEntry[]> =>
  stage.site.query('SELECT actor, subject, details FROM audit.entries WHERE action = $1 AND region = $2 ORDER BY seq', [
    action,
    region,
  ])

test('[RD-1] whoever is shown personal data of a call is in the audit, by each way', async () => {
  const region = 'readers'
  const desk = await stage.desk({ region })
  const crew = await stage.crew('A1', { region })
  const { callId, tripId } = await enter(desk, { details: { address: '12 Quay Street' } })
  await enter(desk, { needs: [{ levelOfCare: 'cct', capabilities: [] }] })
  await bound(crew, tripId)
  await desk.ask('add-note', callId, 'two patients', null)
  await withNotes(crew, 1)
  await crew.ask('read-notes', callId, 1)
  await desk.ask('watch-unit', 'A1')
  await desk.hear('unit')
  await desk.ask('watch-board', null)
  await desk.hear('board')
  await callOf(region, callId)
  await asDesk(region, `/v1/trips/${tripId}`)
  const all = await until('all of it is in the audit', async () => {
    const found = await readingsIn(region)
    return found.length >= 4 && found
  })
  const told = all.map(({ actor, subject, details }) => [actor, subject, details.way, details.trips ?? null])
  const reader = told.find(([, , way]) => way === 'http')![0]
  // Over HTTP the call and its trip are one kind of reading, of which the second is counted.
  assert.deepEqual(
    told.sort(),
    [
      ['crew-A1', callId, 'unit-state', null],
      ['dispatch', null, 'board', 1],
      ['dispatch', callId, 'unit-watch', null],
      [reader, callId, 'http', null],
    ].sort(),
  )
  assert.ok(!JSON.stringify(all).includes('Quay'))
  const [read] = await until('the log tells of it', async () => {
    const found = await readingsIn(region, 'call-notes-read')
    return found.length > 0 && found
  })
  assert.deepEqual([read!.actor, read!.subject, read!.details.noteNo], ['crew-A1', callId, 1])
})

test('[RD-2] the same reading again and again is gathered', async () => {
  const region = 'often'
  const desk = await stage.desk({ region })
  const { callId } = await enter(desk, { details: { address: '12 Quay Street' } })
  for (let i = 0; i < 20; i++) await callOf(region, callId)
  await until('the first of them is in the audit', async () => (await readingsIn(region)).length > 0)
  assert.equal((await readingsIn(region)).length, 1)
})
