/** What the audit is told: who did what to whom, from where, and whether it was allowed. */
import type { RegionId } from '../../domain/ids.ts'
import type { Database } from '../postgres/database.ts'

/** The actor while nobody has shown who it is; no user may have this name. */
export const NOBODY = '-'

export interface AuditEntry {
  /** The principal, or what was claimed to be one; `command-line` and `system` for what no principal did. */
  readonly actor: string
  /** `sign-in`, `sign-out`, `refusal`, `user-created`, `unit-changed`, `track-read`, …; a fact of the log: its event. */
  readonly action: string
  readonly outcome: 'done' | 'refused'
  readonly region: RegionId | null
  /** What it was done to: a user, a unit, a trip; null where nothing. */
  readonly subject: string | null
  /** The client's address; null for what the engine or the command line did. */
  readonly address: string | null
  /** Codes and names, never a secret, never a patient's data. `code` is that of a refusal. */
  readonly details: Readonly<Record<string, unknown>>
}

export interface Audit {
  /**
   * With the change itself, in its transaction: both or neither. The last thing that a transaction does: from here to
   * its end it holds the end of the chain, and with it every other transaction that appends.
   */
  append(transaction: Database, entries: readonly AuditEntry[]): Promise<void>
  /** Soon, in the background; many like refusals are gathered into one entry with a count. Never throws. */
  note(entry: AuditEntry): void
}

/** Runs in the transaction of a change, and tells the audit of it. */
export type AuditChange = (
  transaction: Database,
  entry: Pick<AuditEntry, 'action' | 'region' | 'subject' | 'details'>,
) => Promise<void>
