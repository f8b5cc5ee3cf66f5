/** `goldenhour history`: every event of a unit, a trip or a call, with its time, its cause and who brought it about. */
import { once } from 'node:events'
import type { Command } from 'commander'
import { systemClock } from '../base/time.ts'
import { ROUTED_ID, regionOf } from '../domain/ids.ts'
import { historyOf, type LogSpan } from '../store/log/entity-history.ts'
import { logEnd } from '../store/log/log-pages.ts'
import { firstSince } from '../store/log/log-since.ts'
import type { Database } from '../store/postgres/database.ts'
import { type HistorySubject, historySubject } from '../store/views/history-subject.ts'
import { Views } from '../store/views/views-follower.ts'
import { lineOfEvent } from './event-lines.ts'
import { daysBack, parseSince } from './since.ts'
import { withDatabase } from './with-database.ts'

const UNIT_DAYS = 7
/** How long the command waits for the views to be up to the log. */
const WAIT_MS = 10_000
/** Within this after the last step of a trip its crew has said all that it says of it, such as that it knows that it was taken from it. */
const AFTERWARDS_MS = 4 * 3_600_000
const HELP = `
Give the id of a trip or call, or with --region its number on the radio (2026-000123, 2026-000123-2) or the id of a unit. A call's
history has that of its trips. The columns are: time of the record (UTC), position, event, cause, who, and what the event says. What
was said of a caller or patient is in no event. Of a unit the last 7 days are told, unless --since says more; those are read record by
record.`

interface HistoryOptions {
  readonly region?: string
  readonly since?: Date
  readonly json?: true
}

export function defineHistory(history: Command): void {
  history
    .argument('<unit|trip|call>', 'an id, or a number on the radio')
    .option('--region <region>', 'the region; an id of a trip or call names it by itself')
    .option(
      '--since <time>',
      'events since then: 2026-01-31, 2026-01-31T08:00:00Z, or 12h, 7d back from now',
      parseSince,
    )
    .option('--json', 'one JSON object a line')
    .addHelpText('after', HELP)
    .action(async (name: string, { json, ...asked }: HistoryOptions) => {
      const region = asked.region ?? (ROUTED_ID.test(name) ? regionOf(name) : undefined)
      if (region === undefined) throw new Error(`${name} does not name its region; give it with --region.`)
      await withDatabase(async database => {
        const subject = await subjectOf(database, region, name)
        for await (const page of historyOf(
          database,
          region,
          subject.ids,
          await spanOf(database, region, subject, asked.since),
        )) {
          if (page.length === 0) continue
          const lines = page.map(json ? told => JSON.stringify(told) : lineOfEvent)
          if (!process.stdout.write(`${lines.join('\n')}\n`)) await once(process.stdout, 'drain')
        }
      })
    })
}

/** Errors: Error for what there is not; those of pg. */
async function subjectOf(database: Database, region: string, name: string): Promise<HistorySubject> {
  const ignore = () => undefined
  const views = new Views({ database, scheduler: systemClock, onFailure: ignore, onPassedOver: ignore })
  await views.waitFor(region, await logEnd(database, region), WAIT_MS)
  const subject = await historySubject(database, region, name)
  if (subject !== null) return subject
  const how = 'GET /v1/trips and /v1/calls list trips and calls, "goldenhour views status" tells how far the views are'
  throw new Error(`Region ${region} has no unit, trip or call ${name}; ${how}.`)
}

async function spanOf(
  database: Database,
  region: string,
  { kind, span, lastStepMs }: HistorySubject,
  since: Date | undefined,
): Promise<LogSpan> {
  const afterwards = lastStepMs === null ? 0 : (await firstSince(database, region, lastStepMs + AFTERWARDS_MS)) - 1
  const to = Math.max(span.to, afterwards)
  const from = since ?? (kind === 'unit' ? daysBack(UNIT_DAYS) : undefined)
  if (from === undefined) return { ...span, to }
  return { from: Math.max(span.from, (await firstSince(database, region, from.getTime())) - 1), to }
}
