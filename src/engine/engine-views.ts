/** The views of an engine: kept while it runs, and ended with it. */
import { systemClock } from '../base/time.ts'
import type { Endings } from '../process/endings.ts'
import type { Database } from '../store/postgres/database.ts'
import { Views } from '../store/views/views-follower.ts'
import type { Logger } from '../telemetry/log.ts'
import type { OutageLog } from '../telemetry/outage-log.ts'

/** What runs beside the regions as long as the engine does. */
export interface KeepPorts {
  readonly database: Database
  readonly log: Logger
  readonly outages: OutageLog
  readonly endings: Endings
}

export function keepViews({ database, log, outages, endings }: KeepPorts): Views {
  const views = new Views({
    database,
    scheduler: systemClock,
    onFailure: error => outages.failed('views', error),
    onSuccess: () => outages.worked('views'),
    onPassedOver: (region, rows) => {
      const { position, event, entity, type, why } = rows[0]!
      const first = { position, event, entity, type, why }
      log.warn({ region, rows: rows.length, first }, 'some of the log could not be taken into the views')
    },
  })
  views.start()
  endings.add('the views', () => views.stop())
  return views
}
