/** The audit's view of a change that the command line makes: in the change's own transaction, by `command-line`. */

import type { AuditChange } from '../store/audit/audit.ts'
import { PostgresAudit } from '../store/audit/postgres-audit.ts'
import type { Database } from '../store/postgres/database.ts'

export function auditedByCommandLine(database: Database): AuditChange {
  const audit = new PostgresAudit({
    database,
    // Only notes wait, and a command writes none.
    scheduler: { monotonicMs: () => 0, after: () => () => undefined },
    wallMs: Date.now,
    onFailure: () => undefined,
  })
  return (transaction, entry) =>
    audit.append(transaction, [{ actor: 'command-line', outcome: 'done', address: null, ...entry }])
}
