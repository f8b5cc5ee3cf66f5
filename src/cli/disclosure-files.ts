/** What is disclosed of a call, as files: some to be read, some for programs; nothing is read here. */
import { createHash } from 'node:crypto'
import { decisionInWords } from '../domain/dispatch/words.ts'
import type { DecisionRecord } from '../domain/events/decision-record.ts'
import type { Disclosure, UnitTrack } from '../store/age/disclosure.ts'
import type { ViewRow } from '../store/views/call-rows.ts'
import { lineOfEvent } from './event-lines.ts'

export interface DisclosedFile {
  readonly name: string
  readonly text: string
}

/** The files, the list of their hashes as `sha256sum -c` takes it last. Input: who asked why, and when. */
export function disclosureFiles(disclosure: Disclosure, reason: string, madeAt: Date): readonly DisclosedFile[] {
  const { rows, events, proofs, details, notes, tracks, policies, audit } = disclosure
  const files: DisclosedFile[] = [
    { name: 'README.txt', text: readMe(disclosure, reason, madeAt) },
    { name: 'call.txt', text: callInWords(disclosure) },
    { name: 'events.txt', text: linesOf(events.map(lineOfEvent)) },
    { name: 'decisions.txt', text: linesOf(rows.decisions.map(decisionLine)) },
    { name: 'events.jsonl', text: linesOf(events.map(event => JSON.stringify(event))) },
    { name: 'call.json', text: jsonOf(rows) },
    { name: 'details.json', text: jsonOf(details) },
    { name: 'notes.json', text: jsonOf(notes) },
    { name: 'policies.json', text: jsonOf(policies) },
    { name: 'audit.jsonl', text: linesOf(audit.map(entry => JSON.stringify(entry))) },
    { name: 'times.csv', text: timesCsv(rows.tripTimes) },
    {
      name: 'records.csv',
      text: csvOf(
        ['position', 'recordedAt', 'checksum'],
        proofs.map(({ position, recordedAtMs, checksum }) => [position, timeOf(recordedAtMs), checksum ?? '']),
      ),
    },
    ...tracks.map(track => ({ name: `track-${track.unitId}.csv`, text: trackCsv(track) })),
  ]
  return [...files, { name: 'SHA256SUMS', text: linesOf(files.map(({ name, text }) => `${sha256(text)}  ${name}`)) }]
}

export const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex')

function readMe(
  { call, events, proofs, tracks, erasedAt, heldSince }: Disclosure,
  reason: string,
  madeAt: Date,
): string {
  const cut = tracks.filter(({ isCut }) => isCut).map(({ unitId }) => unitId)
  const damaged = tracks.filter(({ damagedSegments }) => damagedSegments > 0).map(({ unitId }) => unitId)
  const unread = events.filter(({ event }) => event === null).length
  return linesOf([
    `Everything that the database of Goldenhour has about call ${call.callId}, number ${call.incidentNo ?? 'none'}, of region ${call.region}.`,
    `Made at ${madeAt.toISOString()}, for: ${reason}`,
    `The call is ${call.isOpen ? 'OPEN: more may happen to it' : 'over'}. Its trips: ${call.tripIds.join(', ') || 'none'}.`,
    ...(erasedAt === null ? [] : [`Its personal data was erased at ${erasedAt.toISOString()}.`]),
    ...(heldSince === null ? [] : [`It is under legal hold since ${heldSince.toISOString()}.`]),
    ...(unread === 0
      ? []
      : [`${unread} of its records are damaged: they are named in events.txt, without what they said.`]),
    ...(cut.length === 0 ? [] : [`The tracks of ${cut.join(', ')} are longer than what is told of them.`]),
    ...(damaged.length === 0 ? [] : [`Stored positions of ${damaged.join(', ')} cannot be read in part.`]),
    '',
    'call.txt       the call, its caller, what was said, its trips and their times, to be read',
    'events.txt     each event in order: time (UTC), position in the log, event, cause, who, what it says',
    'decisions.txt  each decision on a unit: time, position, trip, policy, in words',
    'events.jsonl   the events as the log has them, for programs',
    'call.json      call, trips, times, offers, decisions with whom they saw, and alarms, by the columns of docs/sql.md',
    'details.json   each version of caller, telephone, address and notes',
    'notes.json     what was said, by whom and when',
    'policies.json  the rules in force that the decisions name, by version',
    'audit.jsonl    who read or changed the call, or did something to it',
    'times.csv      the moments of each unit’s work, with their NEMSIS numbers',
    'track-*.csv    where each unit was that was asked, from five minutes before until its work was over',
    `records.csv    the ${proofs.length} records of the log that the events are of, each with the checksum that the database has of it`,
    '',
    'To check that no file was changed: sha256sum -c SHA256SUMS. PROOF.txt has the hash of that list, and the entry of the audit that has it',
    'too: "goldenhour audit verify --expect SEQ:HASH" with what PROOF.txt says fails where that entry is not in the audit as it was.',
  ])
}

function callInWords({ call, rows, details, notes }: Disclosure): string {
  const { call: row } = rows
  return linesOf([
    `Call ${call.incidentNo ?? call.callId} (${call.callId}), region ${call.region}`,
    `priority ${row.priority}, problem ${row.problem ?? 'not said'}, at ${row.lat_deg} ${row.lon_deg}`,
    `received ${timeOf(row.received_at_ms)}, entered ${timeOf(row.entered_at_ms)} by ${row.entered_by ?? 'nobody knows whom'}`,
    `state ${row.state}, ended ${timeOf(row.ended_at_ms)}`,
    '',
    'DETAILS, each version',
    ...details.map(({ recordedAtMs, by, details: said }) => {
      const fields = said === null ? ['damaged'] : Object.entries(said).map(([name, text]) => `${name}: ${text ?? '-'}`)
      return `${timeOf(recordedAtMs)} by ${by ?? 'nobody knows whom'}: ${fields.join('; ')}`
    }),
    '',
    'SAID',
    ...notes.map(({ note: { noteNo, atMs, by, unitId, corrects, text } }) => {
      const who = unitId === null ? by : `${by} (${unitId})`
      return `${noteNo}. ${timeOf(atMs)} ${who}${corrects === null ? '' : `, corrects ${corrects}`}: ${text ?? 'damaged'}`
    }),
    ...rows.trips.flatMap(trip => ['', ...tripInWords(trip, rows.tripTimes)]),
  ])
}

function tripInWords(trip: ViewRow, times: readonly ViewRow[]): string[] {
  const end = trip.disposition ?? trip.cancel_reason ?? '-'
  return [
    `TRIP ${trip.response_no ?? trip.trip_id} (${trip.trip_id}): ${trip.level_of_care}, unit ${trip.unit_id ?? 'none'}, ${trip.phase}, ${end}`,
    ...times
      .filter(time => time.trip_id === trip.trip_id)
      .map(time => `  ${timeOf(time.at_ms)} ${time.time} of ${time.unit_id} (${time.e_time}), by ${time.cause}`),
  ]
}

function decisionLine(row: ViewRow): string {
  const decision = {
    candidates: row.candidates,
    excluded: row.excluded,
    ...(row.eligible !== null && { eligible: row.eligible }),
    ...(row.passed_over !== null && { passedOver: row.passed_over }),
    ...(row.despite !== null && { despite: row.despite }),
    ...(row.loss !== null && { loss: row.loss }),
  } as Omit<DecisionRecord, 'basis'>
  const chosen = { unitId: row.unit_id as string | null, chosenBy: row.chosen_by as string | null }
  const policy = row.policy_version === null ? 'no policy named' : `policy ${row.policy_version}`
  const cells = [timeOf(row.decided_at_ms), row.position, row.trip_id, policy, row.basis]
  return [...cells, decisionInWords(chosen, decision)].join('\t')
}

const timesCsv = (rows: readonly ViewRow[]): string =>
  csvOf(
    ['trip', 'unit', 'time', 'nemsis', 'at', 'cause', 'whyUnknown', 'corrected'],
    rows.map(row => [
      ...[row.trip_id, row.unit_id, row.time, row.e_time, timeOf(row.at_ms), row.cause],
      ...[row.why_unknown ?? '', row.corrected ?? ''],
    ]),
  )

const trackCsv = ({ fixes }: UnitTrack): string =>
  csvOf(
    ['at', 'latDeg', 'lonDeg', 'accuracyM', 'speedMps', 'headingDeg', 'stream', 'seq', 'flags'],
    fixes.map(fix => [
      ...[timeOf(fix.fixedAtMs), fix.latDeg, fix.lonDeg, fix.accuracyM ?? '', fix.speedMps ?? ''],
      ...[fix.headingDeg ?? '', fix.streamId, fix.seq, fix.flags],
    ]),
  )

/** A text that a table would take for a formula is not one. */
function csvOf(head: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const cell = (value: unknown) => {
    const isFormula = typeof value === 'string' && /^[=+\-@\t\r]/.test(value) && !/^-\d+$/.test(value)
    const text = isFormula ? `'${value}` : String(value)
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
  }
  return linesOf([head, ...rows].map(row => row.map(cell).join(',')))
}

const jsonOf = (value: unknown): string => `${JSON.stringify(value, null, 1)}\n`

/** What was said must not speak to a terminal, nor look like another line. */
const linesOf = (lines: readonly string[]): string =>
  lines.map(line => `${line.replaceAll(/(?!\t)\p{Cc}/gu, ' ')}\n`).join('')

const timeOf = (ms: unknown): string => (typeof ms === 'number' ? new Date(ms).toISOString() : '-')
