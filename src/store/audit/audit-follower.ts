/**
 * Takes what dispatchers did from the regions' logs into the audit: a desk action is a fact of the log before anybody hears
 * of it, so the log is what the audit follows.
 */
import { sql } from 'kysely'
import { idOf } from '../../domain/entity.ts'
import type { DomainEvent } from '../../domain/events.ts'
import type { Principal, RegionId } from '../../domain/ids.ts'
import { LogFollower, type LogFollowerSettings, type LogPage } from '../followers/log-follower.ts'
import type { Database } from '../postgres/database.ts'
import type { Audit, AuditEntry } from './audit.ts'

interface AuditFollowerSettings extends Omit<LogFollowerSettings, 'cursors' | 'pageAfter'> {
  readonly audit: Pick<Audit, 'append'>
}

/** A record that holds something for the audit. */
interface PickedRecord {
  readonly position: number
  readonly recordedAtMs: number
  readonly principal: Principal
  readonly commandId: string | null
  readonly events: readonly DomainEvent[]
}

const RECORDS_PER_PAGE = 1_000
/** Records whose entries are made before others get the loop. */
const RECORDS_AT_A_STRETCH = 100

/**
 * How each event says that it is for the audit: a dispatcher did it, or somebody has read what was said of a patient; `no`: others
 * do it, or it follows from what the audit is told anyway.
 */
const BY_A_DISPATCHER: {
  readonly [E in DomainEvent as E['type']]: 'cause' extends keyof E ? 'by-cause' : 'by-type' | 'no'
} = {
  AssignmentOverridden: 'by-type',
  UnitWithdrawn: 'by-type',
  TripPutOnHold: 'by-cause',
  TripTakenOffHold: 'by-cause',
  NeedAdded: 'by-type',
  CallAmended: 'by-type',
  UnitReleased: 'by-cause',
  TripReleased: 'by-cause',
  CallReleased: 'by-cause',
  CrewSignedOff: 'by-cause',
  UnitBecameAvailable: 'by-cause',
  UnitBecameUnavailable: 'by-cause',
  UnitCleared: 'by-cause',
  StandDownAcknowledged: 'by-cause',
  UnitContacted: 'by-cause',
  OfferAccepted: 'by-cause',
  TripPhaseReached: 'by-cause',
  TripTimeNoted: 'by-cause',
  TripCancelled: 'by-cause',
  TripClosed: 'by-cause',
  AlarmAcknowledged: 'by-type',
  AlarmShelved: 'by-type',
  TripTimeCorrected: 'by-type',
  ReceiverNamed: 'by-cause',
  DestinationNamed: 'by-cause',
  EmergencyCalled: 'by-cause',
  EmergencyEnded: 'by-type',
  RoadsRestricted: 'by-type',
  RoadsReopened: 'by-cause',
  // Changes of reference data tell the audit themselves.
  UnitRegistered: 'no',
  UnitRetired: 'no',
  // A call begins, and the log keeps who entered it; its end follows from its trips'.
  CallEntered: 'no',
  TripCreated: 'no',
  // Who said what the log and the notes keep.
  CallNoteAdded: 'no',
  CallNotesRead: 'by-type',
  CallCancelled: 'no',
  CallClosed: 'no',
  // Crews and their devices.
  CrewSignedOn: 'by-cause',
  OfferDeclined: 'no',
  FixHoleRecorded: 'no',
  // The engine.
  HelpAdded: 'no',
  OfferMade: 'no',
  UnitNotified: 'by-cause',
  OfferTimedOut: 'no',
  OfferRevoked: 'no',
  TripAlarmRaised: 'no',
  TripAlarmCleared: 'no',
  UnitAlarmRaised: 'no',
  RegionAlarmRaised: 'no',
  RegionAlarmCleared: 'no',
  AlarmEscalated: 'no',
  AlarmLapsed: 'no',
}
const DESK_EVENTS = Object.entries(BY_A_DISPATCHER).flatMap(([type, how]) => (how === 'by-type' ? [type] : []))
const BY_THE_DESK = `$[*] ? (@.cause == "dispatcher" ${DESK_EVENTS.map(type => `|| @.type == "${type}"`).join(' ')})`
/** Ids and words of closed lists: no place, and nothing that a patient could be known by. */
const TOLD =
  /(^|[a-z])Ids?$|^(as|why|reason|status|phase|time|inPhase|disposition|priority|detailsReplaced|forMs|noteNo|happenedAtMs|sentAtMs|formerAtMs|newAtMs|kind|slowPercent|fromAtMs|untilAtMs)$/

export function auditFollower({ audit, ...settings }: AuditFollowerSettings): LogFollower {
  const breathe = () => new Promise<void>(resolve => void settings.scheduler.after(0, resolve))
  const pageAfter = async (transaction: Database, region: RegionId, from: number): Promise<LogPage | null> => {
    const { end, picked } = await readPage(transaction, region, from)
    if (end === null) return null
    const entries: AuditEntry[] = []
    for (const [index, record] of picked.entries()) {
      if (index % RECORDS_AT_A_STRETCH === RECORDS_AT_A_STRETCH - 1) await breathe()
      entries.push(...entriesOf(region, record))
    }
    // The last thing: it holds the chain's end until the commit.
    return { end, take: async () => void (entries.length > 0 && (await audit.append(transaction, entries))) }
  }
  return new LogFollower({ ...settings, cursors: 'audit.cursors', pageAfter })
}

async function readPage(
  transaction: Database,
  region: RegionId,
  from: number,
): Promise<{ end: number | null; picked: readonly PickedRecord[] }> {
  const { rows } = await sql<{ end: number | null; picked: readonly PickedRecord[] }>`
    WITH page AS MATERIALIZED (
      SELECT position, recorded_at_ms, principal, command_id, events FROM log.records
      WHERE region = ${region} AND position > ${from} ORDER BY position LIMIT ${sql.lit(RECORDS_PER_PAGE)})
    SELECT max(position) AS "end", coalesce(jsonb_agg(jsonb_build_object('position', position,
        'recordedAtMs', recorded_at_ms, 'principal', principal, 'commandId', command_id, 'events', events)
        ORDER BY position) FILTER (WHERE events @? ${BY_THE_DESK}::jsonpath), '[]') AS picked
    FROM page`.execute(transaction)
  return rows[0]!
}

function entriesOf(region: RegionId, { events, ...record }: PickedRecord): AuditEntry[] {
  // Of a row that is damaged the audit takes what it can: it must not stand still before it for ever.
  if (!Array.isArray(events)) return []
  return (events as readonly DomainEvent[]).flatMap((event, index) => {
    if (typeof event?.entity !== 'string' || typeof event.type !== 'string') return []
    const fields: Readonly<Record<string, unknown>> = { ...event }
    if (fields.cause !== 'dispatcher' && !DESK_EVENTS.includes(event.type)) return []
    const told = Object.fromEntries(Object.entries(fields).filter(([name]) => TOLD.test(name)))
    const { position, recordedAtMs, commandId } = record
    return [
      {
        actor: record.principal,
        action: actionOf(event.type),
        outcome: 'done',
        region,
        // `trip/akl.4f90…` without what kind of thing it is: the action says that.
        subject: idOf(event.entity),
        address: null,
        details: { position, event: index, recordedAtMs, commandId, ...told },
      },
    ]
  })
}

/** `AssignmentOverridden` becomes `assignment-overridden`. */
const actionOf = (type: string): string => type.replaceAll(/(?<!^)[A-Z]/g, '-$&').toLowerCase()
