/** `goldenhour disclose`, as an operator runs it beside an engine. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { after, before } from 'node:test'
import { ServedCalls } from '../support/call-that-is-over.ts'
import { runHere } from '../support/command-line.ts'
import { callOf } from '../support/region-world.ts'

let calls: ServedCalls
let callId: string
let tripId: string
let directory: string

const run = (...args: string[]) => runHere(args, { env: { DATABASE_URL: calls.database.engineUrl } })
const read = (name: string) => readFile(path.join(directory, 'pack', name), 'utf8')
const json = async (name: string) => JSON.parse(await read(name))

before(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'goldenhour-disclose-'))
  calls = await ServedCalls.open()
  const details = { callerName: 'Aroha', phone: '=1+2', address: null, notes: 'a line\nof its own' }
  ;({ callId, tripId } = await calls.enter({ problem: '=cmd', details }))
  await calls.desk({ type: 'add-note', callId, text: 'two patients', corrects: null })
  await calls.desk({ type: 'add-note', callId, text: 'one patient', corrects: 1 })
  await calls.end(tripId)
  const other = { callerName: 'Somebody else', phone: null, address: null, notes: null }
  await calls.desk(callOf({ details: other, problem: 'another' }))
})
after(async () => {
  await calls.close()
  await rm(directory, { recursive: true, force: true })
})

test('everything about a call is in files, and nothing about another', async () => {
  const made = await run('disclose', tripId, '--reason', 'the coroner, case 7', '--to', path.join(directory, 'pack'))
  assert.deepEqual([made.code, made.stderr], [0, ''])
  const names = (await readdir(path.join(directory, 'pack'))).sort()
  assert.deepEqual(names, [
    ...[
      'PROOF.txt',
      'README.txt',
      'SHA256SUMS',
      'audit.jsonl',
      'call.json',
      'call.txt',
      'decisions.txt',
      'details.json',
    ],
    ...['events.jsonl', 'events.txt', 'notes.json', 'policies.json', 'records.csv', 'times.csv', 'track-A1.csv'],
  ])
  assert.deepEqual(await readdir(directory), ['pack'])
  assert.equal((await stat(path.join(directory, 'pack'))).mode & 0o077, 0, 'only its owner may read it')
  for (const name of names) assert.doesNotMatch(await read(name), /Somebody else|another/, name)

  const text = await read('call.txt')
  assert.match(text, /^priority 1, problem =cmd, at -36\.85 174\.76$/m)
  assert.match(text, /^\S+ by desk-1: callerName: Aroha; phone: =1\+2; address: -; notes: a line of its own$/m)
  assert.match(text, /^1\. \S+Z desk-1: two patients$/m)
  assert.match(text, /^2\. \S+Z desk-1, corrects 1: one patient$/m)
  assert.match(text, /^TRIP \S+-1 \(\S+\): bls, unit A1, closed, treated-on-scene$/m)
  const types = (await read('events.jsonl'))
    .trim()
    .split('\n')
    .map(line => JSON.parse(line).event.type)
  assert.deepEqual(
    types.filter(type => /^(Call|Trip|Offer)/.test(type)),
    [
      ...['CallEntered', 'TripCreated', 'OfferMade', 'OfferAccepted', 'CallNoteAdded', 'CallNoteAdded', 'TripClosed'],
      'CallClosed',
    ],
  )
  assert.match(await read('decisions.txt'), /\tstraight-line\tThe desk chose A1/)
  assert.match(await read('events.txt'), /^\S+Z\t\d+\tCallEntered\tcommand\tdesk-1\t/m)
  assert.equal((await json('details.json'))[0].details.callerName, 'Aroha')
  const { call, trips, offers } = await json('call.json')
  assert.deepEqual([call.call_id, trips[0].trip_id, offers[0].unit_id], [callId, tripId, 'A1'])
  assert.match(await read('times.csv'), /^\S+,A1,notified,03,\S+Z,/m)
})

test('the track of a unit is that of its time on the call, as far as it is stored', async () => {
  const [head, ...fixes] = (await read('track-A1.csv')).trim().split('\n')
  assert.equal(head, 'at,latDeg,lonDeg,accuracyM,speedMps,headingDeg,stream,seq,flags')
  assert.ok(fixes.length >= 1)
  assert.match(fixes[0]!, /^2023-\S+Z,-36\.8\d*,174\.76,/)
})

test('every file has its hash, and the audit has the hash of these', async () => {
  const sums = await read('SHA256SUMS')
  const hashOf = (text: string) => createHash('sha256').update(text).digest('hex')
  const listed = sums
    .trim()
    .split('\n')
    .map(line => line.split('  '))
  for (const [hash, name] of listed) assert.equal(hashOf(await read(name!)), hash, name)
  assert.equal(listed.length, 13)
  const [, end] = /^Entry of the audit that has it: (\d+:[0-9a-f]{64})$/m.exec(await read('PROOF.txt'))!
  assert.equal((await run('audit', 'verify', '--expect', end!)).code, 0)
  const { rows } = await calls.owner.query(
    `SELECT actor, subject, details FROM audit.entries WHERE action = 'call-disclosed'`,
  )
  const { lastPosition, ...details } = rows[0].details
  assert.deepEqual(rows[0], { actor: 'command-line', subject: callId, details: rows[0].details })
  assert.deepEqual(details, { reason: 'the coroner, case 7', files: 14, sums: hashOf(sums) })
  assert.ok(lastPosition > 0)
})

test('the records that it is made of are told with what the database proves of them', async () => {
  const [, ...lines] = (await read('records.csv')).trim().split('\n')
  const { rows } = await calls.owner.query(`SELECT position, checksum::text AS checksum FROM log.records
    WHERE strpos(events::text, '${callId}') > 0 OR strpos(events::text, '${tripId}') > 0 ORDER BY position`)
  assert.deepEqual(
    lines.map(line => line.split(',')).map(([position, , checksum]) => `${position} ${checksum}`),
    rows.map(({ position, checksum }) => `${position} ${checksum}`),
  )
})

test('a directory that is there is left as it is, and nothing is noted', async () => {
  const again = await run('disclose', callId, '--reason', 'again', '--to', path.join(directory, 'pack'))
  assert.equal(again.code, 1)
  assert.match(again.stderr, /EEXIST/)
  const { rowCount } = await calls.owner.query(`SELECT FROM audit.entries WHERE action = 'call-disclosed'`)
  assert.equal(rowCount, 1)
  assert.match(await read('README.txt'), /for: the coroner, case 7$/m)
})
