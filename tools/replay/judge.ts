/**
 * Was anything lost, or done twice? Decided from two accounts: the clients' own logs, and the database.
 *
 * The engine is not asked. A fix is lost when a client sent it and no segment holds it as it was sent; a command, when a
 * client was told that it was done and the log does not say so at the position that was told; a trip, when the call that
 * made it was acknowledged and the log does not have it, or has it otherwise than its crew was told.
 */
import type { DomainEvent } from '../../src/domain/events.ts'
import type { Answer, ClientLog, SentCommand, SentFix } from './client-log.ts'
import { type FoldedLog, foldLog } from './log-fold.ts'
import type { Stored, StoredRecord } from './stored.ts'

export type FindingKind =
  | 'fix-lost'
  | 'fix-doubled'
  | 'command-lost'
  | 'command-doubled'
  | 'trip-lost'
  | 'trip-doubled'
  | 'log-broken'
  | 'board-broken'

interface Finding {
  readonly kind: FindingKind
  /** What it is about; findings of one kind and subject count once. */
  readonly about: string
  readonly text: string
}

export interface Verdict {
  readonly findings: readonly Finding[]
  readonly folded: FoldedLog
  readonly commandsAcknowledged: number
  /** How many different things there are findings of this kind about. */
  count(kind: FindingKind): number
}

type ClientAccount = Pick<ClientLog, 'fixes' | 'commands' | 'board' | 'told'>

/** Input: the account of clients that were all answered, and all that the database holds of their region. */
export function judge(clients: ClientAccount, stored: Stored): Verdict {
  const findings: Finding[] = []
  const find = (kind: FindingKind, about: string, text: string) => findings.push({ kind, about, text })
  const folded = foldLog(stored.records)
  judgeFixes(clients.fixes, stored.fixes, find)
  judgeOrder(stored.records, find)
  judgeCommands(clients.commands, stored, folded, find)
  judgeTrips(clients, folded, find)
  judgeBoard(clients.board, stored.records, find)
  return {
    findings,
    folded,
    commandsAcknowledged: clients.commands.filter(({ answers }) => answers[0]?.ok === true).length,
    count: kind => new Set(findings.filter(finding => finding.kind === kind).map(({ about }) => about)).size,
  }
}

type Find = (kind: FindingKind, about: string, text: string) => void

function judgeFixes(sent: readonly SentFix[], stored: readonly SentFix[], find: Find): void {
  const keyOf = ({ unitId, streamId, seq }: SentFix) => `${unitId} ${streamId} ${seq}`
  const held = new Map<string, SentFix>()
  for (const fix of stored) {
    const key = keyOf(fix)
    if (held.has(key)) find('fix-doubled', key, 'it is stored more than once')
    else held.set(key, fix)
  }
  for (const fix of sent) {
    const key = keyOf(fix)
    const row = held.get(key)
    held.delete(key)
    if (row === undefined) find('fix-lost', key, 'it was sent and is not stored')
    else if (row.fixedAtMs !== fix.fixedAtMs || row.lonE7 !== fix.lonE7 || row.latE7 !== fix.latE7) {
      const [is, was] = [row, fix].map(({ fixedAtMs, lonE7, latE7 }) => `${fixedAtMs} ${lonE7} ${latE7}`)
      find('fix-lost', key, `it is stored as ${is} and was sent as ${was}`)
    }
  }
  for (const key of held.keys()) find('fix-doubled', key, 'it is stored, and nobody sent it')
}

function judgeOrder(records: readonly StoredRecord[], find: Find): void {
  let before: StoredRecord | null = null
  for (const record of records) {
    const { position, recordedAtMs, epoch } = record
    const about = `position ${position}`
    if (position !== (before?.position ?? 0) + 1) find('log-broken', about, `it follows ${before?.position ?? 0}`)
    if (before !== null && recordedAtMs < before.recordedAtMs) find('log-broken', about, 'its time runs backwards')
    if (before !== null && epoch < before.epoch) find('log-broken', about, 'it was written by an earlier owner')
    before = record
  }
}

function judgeCommands(commands: readonly SentCommand[], stored: Stored, folded: FoldedLog, find: Find): void {
  const records = new Map<string, StoredRecord[]>()
  for (const record of stored.records) {
    if (record.commandId === null || record.principal === 'system') continue
    const key = `${record.principal} ${record.commandId}`
    records.set(key, [...(records.get(key) ?? []), record])
  }
  const rows = new Map(stored.commands.map(row => [`${row.principal} ${row.commandId}`, row]))
  for (const command of commands) {
    const key = `${command.principal} ${command.id}`
    const about = `${command.subject.kind} ${command.id}`
    const [record, ...more] = records.get(key) ?? []
    records.delete(key)
    if (more.length > 0) {
      find('command-doubled', about, `it is in the log at ${[record!, ...more].map(({ position }) => position)}`)
      doubledTrip(record!, more, find)
    }
    judgeAnswers(command, about, record ?? null, rows.get(key)?.result ?? null, folded, find)
  }
  for (const [key, [record]] of records)
    find('command-doubled', key, `it is in the log at ${record!.position}, and nobody sent it`)
}

/** The same command did something to a trip twice. */
function doubledTrip(first: StoredRecord, more: readonly StoredRecord[], find: Find): void {
  for (const event of [first, ...more].flatMap(({ events }) => events)) {
    if ('tripId' in event && (event.type === 'TripCreated' || event.type === 'OfferAccepted')) {
      find('trip-doubled', event.tripId, `one command has several records, one of them with its ${event.type}`)
    }
  }
}

function judgeAnswers(
  command: SentCommand,
  about: string,
  record: StoredRecord | null,
  row: Readonly<Record<string, unknown>> | null,
  folded: FoldedLog,
  find: Find,
): void {
  const [first, ...others] = command.answers
  if (first === undefined) return find('command-lost', about, 'it was never answered')
  if (!first.ok) {
    if (record !== null) find('command-doubled', about, `it was refused (${first.code}), and is in the log`)
    return
  }
  for (const other of others) {
    if (!sameAnswer(first, other)) find('command-doubled', about, 'it was repeated, and answered otherwise')
  }
  if (record === null || record.position !== first.position) {
    const where = record === null ? 'is not in the log' : `is in the log at ${record.position}`
    find('command-lost', about, `it was acknowledged at ${first.position} and ${where}`)
    return lostTrips(command, first.result, folded, find)
  }
  if (row === null || !sameJson(row, first.result))
    find('command-lost', about, 'its stored outcome is not what was told')
  if (!record.events.some(event => followsFrom(command, first.result, event))) {
    find('command-lost', about, `its record at ${record.position} does not hold what it asked for`)
    lostTrips(command, first.result, folded, find)
  }
  if (command.subject.kind === 'enter-call') lostTrips(command, first.result, folded, find)
}

/** The trips of an acknowledged call, and the trip that an acknowledged button was pressed for, are in the log. */
function lostTrips(
  command: SentCommand,
  result: Readonly<Record<string, unknown>>,
  folded: FoldedLog,
  find: Find,
): void {
  const { subject } = command
  const told = subject.kind === 'enter-call' ? (result.tripIds as string[]) : []
  for (const tripId of told) {
    const trip = folded.trips.get(tripId)
    if (trip === undefined) find('trip-lost', tripId, `its call was acknowledged, and the log does not have it`)
    else if (trip.callId !== result.callId) find('trip-lost', tripId, 'the log has it under another call')
  }
  if ('tripId' in subject) find('trip-lost', subject.tripId, `an acknowledged ${subject.kind} of it is not in the log`)
}

/** True for the event that says that this command was done. */
function followsFrom(command: SentCommand, result: Readonly<Record<string, unknown>>, event: DomainEvent): boolean {
  const { subject, principal } = command
  switch (subject.kind) {
    case 'sign-on':
      return event.type === 'CrewSignedOn' && event.unitId === subject.unitId && event.principal === principal
    case 'unavailable':
      return event.type === 'UnitBecameUnavailable' && event.unitId === subject.unitId
    case 'clear':
      return event.type === 'UnitCleared' && event.unitId === subject.unitId
    case 'available':
      return event.type === 'UnitBecameAvailable' && event.unitId === subject.unitId
    case 'accept-offer':
      return event.type === 'OfferAccepted' && event.offerId === subject.offerId && event.unitId === subject.unitId
    case 'decline-offer':
      return event.type === 'OfferDeclined' && event.offerId === subject.offerId && event.unitId === subject.unitId
    case 'report-phase':
      return (
        event.type === 'TripPhaseReached' &&
        event.tripId === subject.tripId &&
        event.unitId === subject.unitId &&
        event.phase === subject.phase
      )
    case 'close-trip':
      return event.type === 'TripClosed' && event.tripId === subject.tripId && event.unitId === subject.unitId
    case 'enter-call':
      return event.type === 'CallEntered' && event.callId === result.callId
    case 'cancel-trip':
      return event.type === 'TripCancelled' && event.tripId === subject.tripId
  }
}

function judgeTrips({ told, commands }: ClientAccount, folded: FoldedLog, find: Find): void {
  for (const { tripId, text } of folded.doubled) find('trip-doubled', tripId, text)
  for (const { position, text } of folded.broken) find('log-broken', `position ${position}`, text)
  for (const { toUnitId, tripId, version, phase, unitId } of told) {
    const moment = folded.trips.get(tripId)?.moments.find(({ position }) => position === version)
    // The unit of an ended trip is history, and told as such.
    const ended = phase === 'closed' || phase === 'cancelled'
    if (moment?.phase === phase && (ended || moment.unitId === unitId)) continue
    const was = moment === undefined ? 'nothing' : `${moment.phase} of ${moment.unitId}`
    find('trip-lost', tripId, `${toUnitId} was told ${phase} of ${unitId} at ${version}, where the log has ${was}`)
  }
  const entered = new Set(
    commands.flatMap(({ answers: [answer] }) =>
      answer?.ok === true ? ((answer.result.tripIds as string[]) ?? []) : [],
    ),
  )
  for (const [tripId, { isHelp }] of folded.trips) {
    if (!isHelp && !entered.has(tripId))
      find('trip-doubled', tripId, 'it is in the log, and no acknowledged call asked for it')
  }
}

/** What the dispatcher heard is the log: from each snapshot on, every record once, in order, with its events. */
function judgeBoard(board: ClientAccount['board'], records: readonly StoredRecord[], find: Find): void {
  const byPosition = new Map(records.map(record => [record.position, record]))
  let last: number | null = null
  for (const heard of board) {
    const { position } = heard
    const about = `position ${position}`
    if (heard.kind === 'snapshot') {
      if (last !== null && position < last) find('board-broken', about, `a snapshot came after ${last}`)
    } else {
      if (last === null || position !== last + 1) find('board-broken', about, `it came after ${last}`)
      const types = byPosition.get(position)?.events.map(event => event.type)
      if (types?.join() !== heard.eventTypes.join()) {
        find('board-broken', about, `the board heard ${heard.eventTypes}, the log has ${types ?? 'nothing'}`)
      }
    }
    last = position
  }
}

const sameAnswer = (a: Answer, b: Answer): boolean =>
  a.ok && b.ok && a.position === b.position && sameJson(a.result, b.result)

/** Equal as JSON values, in whatever order their keys come. */
function sameJson(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const [left, right] = [Object.entries(a), new Map(Object.entries(b))]
  return left.length === right.size && left.every(([key, value]) => right.has(key) && sameJson(value, right.get(key)))
}
