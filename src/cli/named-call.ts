/** What commands about one call share: which call is meant, on whose connections, and the reason that is given. */
import { type Command, InvalidArgumentError } from 'commander'
import { systemClock } from '../base/time.ts'
import { ROUTED_ID, regionOf } from '../domain/ids.ts'
import type { AuditChange } from '../store/audit/audit.ts'
import { logEnd } from '../store/log/log-pages.ts'
import { type Database, openDatabase } from '../store/postgres/database.ts'
import { migrate } from '../store/postgres/migrate.ts'
import { Views } from '../store/views/views-follower.ts'
import { viewsProgress } from '../store/views/views-progress.ts'
import { type WholeCall, wholeCall } from '../store/views/whole-call.ts'
import { auditedByCommandLine } from './audited.ts'
import { withDatabaseServer } from './with-database.ts'

/** How long a command waits for the views to be up to the log. */
const WAIT_MS = 60_000
const LOOK_AGAIN_MS = 50
const REASON_CHARS_MAX = 200

export interface OwnWork {
  readonly database: Database
  readonly audited: AuditChange
}

/**
 * Work as the role that owns the tables: an engine's may not change what is on record. Errors: Error that names the role to take;
 * those of the work.
 */
export function asOwner<Result>(work: (own: OwnWork) => Promise<Result>): Promise<Result> {
  return withDatabaseServer(async ({ migrateAt }, unlessInterrupted) => {
    await migrate(migrateAt.url, { grantTo: migrateAt.grantTo })
    const database = openDatabase(migrateAt.url)
    try {
      return await unlessInterrupted(work({ database, audited: auditedByCommandLine(database) }))
    } catch (error) {
      if ((error as { code?: unknown }).code !== INSUFFICIENT_PRIVILEGE) throw error
      throw new Error(
        'This role may not change what is on record; name the database as the role that owns it, with DATABASE_URL.',
        { cause: error },
      )
    } finally {
      await database.destroy()
    }
  })
}

/** An SQLSTATE. */
const INSUFFICIENT_PRIVILEGE = '42501'

/** Input: the id of a call or one of its trips, or with a region its number on the radio. Errors: Error for what there is not; those of pg. */
export async function callNamed(database: Database, name: string, region: string | undefined): Promise<WholeCall> {
  const own = region ?? (ROUTED_ID.test(name) ? regionOf(name) : undefined)
  if (own === undefined) throw new Error(`${name} does not name its region; give it with --region.`)
  await viewsUpToDate(database, own)
  const call = await wholeCall(database, own, name)
  if (call !== null) return call
  throw new Error(
    `Region ${own} has no call ${name}; GET /v1/calls lists calls, "goldenhour views status" tells how far the views are.`,
  )
}

/** Errors: Error where they take too long. */
async function viewsUpToDate(database: Database, region: string): Promise<void> {
  const ignore = () => undefined
  const views = new Views({ database, scheduler: systemClock, onFailure: ignore, onPassedOver: ignore })
  const end = await logEnd(database, region)
  const untilMs = systemClock.monotonicMs() + WAIT_MS
  for (;;) {
    await views.catchUp()
    const position = (await viewsProgress(database)).find(each => each.region === region)?.position ?? 0
    if (position >= end) return
    if (systemClock.monotonicMs() > untilMs)
      throw new Error(`The views of region ${region} are at position ${position} of ${end}; try again later.`)
    // Another process has them in hand.
    await new Promise<void>(resolve => void systemClock.after(LOOK_AGAIN_MS, resolve))
  }
}

/** The arguments and options that name a call, and why. */
export const namesCall = (command: Command): Command =>
  command
    .argument('<call>', 'the id of the call or of one of its trips, or its number on the radio')
    .option('--region <region>', 'the region; an id names it by itself')

export const reasoned = (command: Command): Command =>
  command.requiredOption(
    '--reason <text>',
    'why, for the audit, where it stays for good: no name of a patient or caller',
    parseReason,
  )

function parseReason(value: string): string {
  const reason = value.trim()
  if (reason !== '' && reason.length <= REASON_CHARS_MAX && !/\p{Cc}/u.test(reason)) return reason
  throw new InvalidArgumentError(`Write one line of at most ${REASON_CHARS_MAX} characters.`)
}

export function parseHours(value: string): number {
  if (/^[1-9]\d{0,5}h?$/.test(value)) return Number.parseInt(value, 10)
  throw new InvalidArgumentError('Write a number of hours, such as 24 or 24h.')
}

export function parseDays(value: string): number {
  if (/^[1-9]\d{0,4}d?$/.test(value)) return Number.parseInt(value, 10)
  throw new InvalidArgumentError('Write a number of days, such as 90 or 90d.')
}
