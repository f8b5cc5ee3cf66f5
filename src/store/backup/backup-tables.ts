/** Every table that a backup has, in the order in which a restore fills them, and what is done with its rows. */

/**
 * `grows`: rows are added and do not change, so a later set has only those behind the set before, and those that came anew: records
 * that an erasure wrote, segments that were put back from a file. `stands`: each set has all of
 * its rows. `derived`: as `stands`, but made anew from the log, and left out, where a region is brought back to an earlier moment.
 */
type TableKind = 'grows' | 'stands' | 'derived'

export interface BackupTable {
  /** With its schema. */
  readonly name: string
  readonly kind: TableKind
}

const stands = (...names: readonly string[]): readonly BackupTable[] => names.map(name => ({ name, kind: 'stands' }))
const derived = (...names: readonly string[]): readonly BackupTable[] => names.map(name => ({ name, kind: 'derived' }))

/** What another refers to comes before it. */
export const BACKUP_TABLES: readonly BackupTable[] = [
  ...stands('reference.regions', 'reference.units', 'reference.retired_units', 'reference.stations'),
  ...stands('reference.hospitals', 'reference.policies', 'reference.version'),
  ...stands('auth.users', 'auth.sign_ins', 'auth.refresh_tokens', 'auth.signing_keys', 'auth.ticket_secrets'),
  ...stands('auth.devices', 'auth.revocations', 'auth.version', 'gateway.http_outcomes'),
  ...stands('roads.versions', 'roads.parts', 'roads.speeds', 'roads.speed_uses'),
  ...stands('log.clock', 'log.region_owner'),
  { name: 'log.records', kind: 'grows' },
  ...stands('log.commands', 'log.call_details', 'log.former_call_details', 'log.call_notes', 'log.incident_numbers'),
  ...stands('log.erasures', 'log.holds'),
  ...derived('log.open_trip', 'log.snapshots', 'log.refused_snapshots', 'log.closed_calls', 'log.closed_trips'),
  ...stands('location.archives', 'location.packs'),
  { name: 'location.segments', kind: 'grows' },
  { name: 'location.tracks', kind: 'grows' },
  ...derived('location.stream_marks'),
  { name: 'audit.entries', kind: 'grows' },
  ...stands('audit.head', 'audit.cursors', 'webhooks.cursors'),
  ...derived('views.cursors', 'views.rebuilds', 'views.passed_over_rows', 'views.region_rows', 'views.call_rows'),
  ...derived('views.trip_rows', 'views.trip_time_rows', 'views.unit_rows', 'views.offer_rows', 'views.decision_rows'),
  ...derived('views.shift_rows', 'views.alarm_rows'),
]

/** The leases are of processes that run; the record of migrations is in the manifest, and a restore makes it anew. */
export const LEFT_OUT: readonly string[] = [
  ...['log.region_lease', 'goldenhour.migrations', 'goldenhour.migration_lock', 'goldenhour.functions'],
]

/** Schemas and tables are ours, and need no quotes. */
export const columnList = (columns: readonly string[]): string => columns.map(column => `"${column}"`).join(', ')
