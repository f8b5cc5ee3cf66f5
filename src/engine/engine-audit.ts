/** The audit of an engine: followed while it runs, its end told to the log, and ended with it. */
import { systemClock } from '../base/time.ts'
import { AuditEnd } from '../store/audit/audit-end.ts'
import { PostgresAudit } from '../store/audit/postgres-audit.ts'
import type { KeepPorts } from './engine-views.ts'

export function keepAudit({ database, log, outages, endings }: KeepPorts): PostgresAudit {
  const audit = new PostgresAudit({
    database,
    scheduler: systemClock,
    wallMs: () => systemClock.wallMs(),
    onFailure: (error, what) => outages.failed('audit', error, what),
    onSuccess: what => outages.worked('audit', what),
  })
  audit.start()
  endings.add('the audit', () => audit.stop())
  const end = new AuditEnd({
    database,
    scheduler: systemClock,
    tell: auditEnd => log.info({ auditEnd }, 'the audit ends here; keep this line where nobody can change it'),
  })
  end.start()
  endings.add('telling the end of the audit', () => end.stop())
  return audit
}
