import assert from 'node:assert/strict'
import test from 'node:test'
import { type AuditEntry, NOBODY } from '../../../src/store/audit/audit.ts'
import { AuditNotes } from '../../../src/store/audit/audit-notes.ts'

const START_MS = 1_767_225_600_000

const refused = (changes: Partial<AuditEntry> = {}): AuditEntry => ({
  actor: '-',
  action: 'refusal',
  outcome: 'refused',
  region: null,
  subject: null,
  address: '192.0.2.7',
  details: { code: 'token-missing' },
  ...changes,
})

/** Everything that was noted by now, and with `everything` what is still being gathered; each as it was written. */
function written(notes: AuditNotes, nowMs: number, everything = false): AuditEntry[] {
  const all: AuditEntry[] = []
  for (;;) {
    const taken = notes.take(nowMs, 1_000, everything)
    notes.written()
    if (taken.length === 0) return all
    all.push(...taken.map(({ entry }) => entry))
  }
}

/** A minute later: what was gathered meanwhile. */
const gathered = (notes: AuditNotes): AuditEntry[] => written(notes, START_MS + 120_000)

test('refusals of 3,000 addresses of one IPv6 network are one entry, and one with their count', () => {
  const notes = new AuditNotes()
  for (let n = 0; n < 3_000; n++) {
    notes.add(refused({ address: `2001:db8:1:1::${n.toString(16)}` }), START_MS + n)
  }
  assert.deepEqual(written(notes, START_MS + 3_000), [refused({ address: '2001:db8:1:1::0' })])
  const [last, ...others] = gathered(notes)
  assert.deepEqual(others, [])
  assert.equal(last!.address, '2001:db8:1:1::/64')
  const { firstAtMs, lastAtMs, ...details } = last!.details
  assert.deepEqual(details, { code: 'token-missing', count: 2_999, addresses: 3_000 })
})

test('refusals of one address keep it, whichever way it is written', () => {
  for (const [address, other] of [
    ['192.0.2.7', '192.0.2.8'],
    ['2001:db8::1', '2001:db8:0:1::1'],
    ['2001:0db8:0000:0000:0000:0000:0000:0001', '2001:db8:1::1'],
  ] as const) {
    const notes = new AuditNotes()
    for (const each of [address, address, other, other]) notes.add(refused({ address: each }), START_MS)
    assert.equal(written(notes, START_MS).length, 2)
    assert.deepEqual(
      gathered(notes).map(each => [each.address, each.details.count, each.details.addresses]),
      [
        [address, 1, undefined],
        [other, 1, undefined],
      ],
    )
  }
})

test('beyond sixteen networks of one IPv6 site the others are gathered as the site', () => {
  const notes = new AuditNotes()
  for (let round = 0; round < 2; round++) {
    for (let n = 0; n < 500; n++) notes.add(refused({ address: `2001:db8:1:${n.toString(16)}::9` }), START_MS)
  }
  notes.add(refused({ address: '2001:db8:2:1::9' }), START_MS)
  assert.equal(written(notes, START_MS).length, 18)
  const site = gathered(notes).find(({ address }) => address === '2001:db8:1::/48')
  assert.equal(site!.details.count, 967)
  assert.equal(site!.details.addresses, 484)
})

test('a flood of four networks leaves every guess of a password in the audit', () => {
  const notes = new AuditNotes()
  let nowMs = START_MS
  for (let n = 0; n < 16_720; n++) {
    nowMs += 1
    notes.add(refused({ address: `2001:db8:1:${n % 4}::${n.toString(16)}` }), nowMs)
  }
  for (let n = 1; n <= 5; n++) {
    const address = `198.51.100.${n}`
    notes.add(refused({ actor: 'desk-9', action: 'sign-in', address, details: { code: 'credentials-wrong' } }), nowMs)
  }
  const guesses = written(notes, nowMs).filter(({ actor }) => actor === 'desk-9')
  assert.deepEqual(
    guesses.map(({ address }) => address),
    [1, 2, 3, 4, 5].map(n => `198.51.100.${n}`),
  )
})

test('strangers at any number of addresses are some hundred entries a minute, and nothing of them is lost', () => {
  const notes = new AuditNotes()
  for (let n = 0; n < 20_000; n++) notes.add(refused({ address: `2001:${n.toString(16)}::1` }), START_MS)
  for (let n = 0; n < 5; n++) {
    const guess = refused({ actor: 'desk-9', action: 'sign-in', address: `198.51.100.${n}` })
    notes.add(guess, START_MS)
    notes.add({ ...guess, action: 'password-changed' }, START_MS)
  }
  const atOnce = written(notes, START_MS)
  assert.equal(atOnce.filter(({ actor }) => actor === 'desk-9').length, 10)
  assert.ok(atOnce.length <= 261 + 10, `${atOnce.length} entries`)
  const late = gathered(notes)
  assert.ok(!late.some(({ action }) => action === 'notes-dropped'))
  const [others, ...more] = late.filter(({ address }) => address === null)
  assert.deepEqual(more, [])
  assert.equal(atOnce.length - 10 + Number(others!.details.count), 20_000)
})

test('while nothing can be written, refusals take no room from guesses, nor these from changes', () => {
  const notes = new AuditNotes()
  let nowMs = START_MS
  for (let minute = 0; minute < 60; minute++) {
    for (let n = 0; n < 250; n++) notes.add(refused({ address: `2001:${minute}:${n.toString(16)}::1` }), nowMs)
    nowMs += 61_000
    // The store is away: what was taken comes back.
    notes.putBack(notes.take(nowMs, 1_000))
  }
  notes.add(refused({ actor: 'desk-9', action: 'sign-in' }), nowMs)
  notes.add(refused({ actor: 'desk-9', action: 'unit-changed', outcome: 'done' }), nowMs)
  const all = written(notes, nowMs, true)
  assert.equal(all.filter(({ actor }) => actor === 'desk-9').length, 2)
  const dropped = all.find(({ action }) => action === 'notes-dropped')
  assert.deepEqual(Object.keys(dropped!.details.byAction as object), ['refusal'])
})

test('a known actor has one entry a minute for what it is refused, whatever regions and units it invents', () => {
  const notes = new AuditNotes()
  for (let n = 0; n < 300; n++) {
    const invented = { region: `r${n}`, subject: `u-${n}`, details: { code: 'wrong-region', route: 'hello' } }
    notes.add(refused({ actor: 'crew-7', ...invented }), START_MS)
  }
  const atOnce = written(notes, START_MS)
  assert.deepEqual(
    atOnce.map(({ region, subject }) => [region, subject]),
    [['r0', 'u-0']],
  )
  const [last, ...others] = gathered(notes)
  assert.deepEqual(others, [])
  assert.deepEqual([last!.region, last!.subject, last!.details.count], [null, null, 299])
})

test('what one actor is refused for different reasons, and what different actors are, stay apart', () => {
  const notes = new AuditNotes()
  for (const actor of ['crew-7', 'crew-8']) {
    for (const code of ['wrong-region', 'wrong-role']) notes.add(refused({ actor, details: { code } }), START_MS)
  }
  assert.equal(written(notes, START_MS).length, 4)
})

test('the gateway and the notes mean the same by somebody of whom nothing is known', () => {
  assert.equal(NOBODY, NOBODY)
})

const read = (subject: string | null, changes: Partial<AuditEntry> = {}): AuditEntry =>
  refused({
    actor: 'desk-1',
    action: 'call-read',
    outcome: 'done',
    subject,
    details: { way: 'http', shown: 'call' },
    ...changes,
  })

test('readings of a call are one entry a minute for each reader, way and call, with their count', () => {
  const notes = new AuditNotes()
  const other = read('akl.c1', { actor: 'desk-2' })
  const board = read(null, { region: 'akl', details: { way: 'board', trips: 7 } })
  const elsewhere = { ...board, region: 'wlg' }
  for (let n = 0; n < 50; n++)
    for (const each of [read('akl.c1'), read('akl.c2'), other, board, elsewhere]) notes.add(each, START_MS + n)
  assert.deepEqual(written(notes, START_MS + 60), [read('akl.c1'), read('akl.c2'), other, board, elsewhere])
  assert.deepEqual(
    gathered(notes).map(({ actor, subject, details }) => [actor, subject, details.way, details.count]),
    [
      ['desk-1', 'akl.c1', 'http', 49],
      ['desk-1', 'akl.c2', 'http', 49],
      ['desk-2', 'akl.c1', 'http', 49],
      ['desk-1', null, 'board', 49],
      ['desk-1', null, 'board', 49],
    ],
  )
})

test('readings of more calls than the audit tells apart are counted by reader and way, and take no room of others', () => {
  const notes = new AuditNotes()
  const calls = 12_000
  for (let n = 0; n < calls; n++) notes.add(read(`akl.c${n}`), START_MS)
  notes.add(refused({ actor: 'crew-1' }), START_MS)
  const first = written(notes, START_MS)
  assert.equal(first.filter(({ action }) => action === 'call-read').length, 5_001)
  assert.equal(first.at(-1)!.action, 'refusal')
  const [rest, ...none] = gathered(notes)
  assert.deepEqual(
    [none.length, rest!.subject, rest!.details.way, rest!.details.count],
    [0, null, 'http', calls - 5_001],
  )
})
