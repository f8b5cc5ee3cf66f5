/** `goldenhour restore`: a backup in a database that nothing was stored in, as it was or as of an earlier moment. */
import path from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { openTripsOf } from '../actors/open-trips.ts'
import { verifyAudit } from '../store/audit/audit-chain.ts'
import { type BackupSet, chainOf, proveSet } from '../store/backup/backup-set.ts'
import { type Restored, restoreBackup } from '../store/backup/restore-backup.ts'
import { setFor, type Until } from '../store/backup/restore-moment.ts'
import { type ErasureRow, erasuresIn } from '../store/backup/rows-of-sets.ts'
import type { DatabaseServer } from '../store/embedded/database-server.ts'
import { openDatabase } from '../store/postgres/database.ts'
import { RowProgressLines, sizeOf } from './row-progress.ts'
import { parseSince } from './since.ts'
import { tellVerified } from './tell-verified.ts'
import { withDatabaseServer } from './with-database.ts'

const HELP = `
Every file is compared with its sum first. Then schema, rows and rights go into the database in one transaction: stopped or killed on
the way, it leaves the database as it was; begin it again. At last all of it is proven, as "verify" and "audit verify" do; engines
may be started meanwhile. The database must be one in which nothing was stored: another data directory (GOLDENHOUR_DATA_DIR), or a
new database (DATABASE_URL, with the role that is to own the schema).

With --until the logs end at that moment, and what is derived from them is made anew: by the first start, which reads the whole log,
and by the views' follower. Units, users, policies and roads have no moments; they are as the first set after that has them.

  goldenhour restore /backups --until 2026-11-30T14:00Z
  goldenhour restore /backups --until akl:120345`

interface Options {
  readonly set?: string
  readonly until?: Until
  readonly check?: boolean
}

export function defineRestore(restore: Command): void {
  restore
    .argument('<directory>', 'where the sets are, as "backup" was told')
    .option('--until <moment>', 'a date, a moment with its zone, 15m or 12h back; or [REGION:]POSITION', parseUntil)
    .option('--set <number>', 'go out from this set, and not from the last, or the first that has the moment', parseSet)
    .option('--check', 'compare the files with their sums and restore nothing')
    .addHelpText('after', HELP)
    .action(async (directory: string, { set: name, until: asked, check }: Options) => {
      const dir = path.resolve(directory)
      const until = asked ?? null
      const chain = await chainOf(dir, await setFor(dir, name ?? null, until))
      await prove(chain)
      if (check === true) return console.log(`The sets are whole: ${namesOf(chain)}.`)
      const erasures = await newestErasures(dir)
      await withDatabaseServer(async (server, unlessInterrupted) => {
        const restored = await restoreInto(server, { chain, until, erasures }, unlessInterrupted)
        console.log(linesOf(restored, chain, until).join('\n'))
        for (const { callId } of restored.erasedSince)
          console.log(`Erased since, so erase it again: goldenhour erase ${callId} --reason …`)
        await tellVerified(server.url, undefined, unlessInterrupted)
        await unlessInterrupted(tellAudit(server.url))
      })
    })
}

/** What is restored may be of before some of them. */
async function newestErasures(dir: string): Promise<readonly ErasureRow[]> {
  try {
    return await erasuresIn(await setFor(dir, null, null))
  } catch (error) {
    process.stderr.write(`Which calls were erased since cannot be told: ${(error as Error).message}\n`)
    return []
  }
}

const namesOf = (chain: readonly BackupSet[]): string => chain.map(({ name }) => name).join(', ')

async function prove(chain: readonly BackupSet[]): Promise<void> {
  for (const set of chain) {
    let bytes = 0
    await proveSet(set, more => {
      bytes += more
    })
    process.stderr.write(`Set ${set.name} is whole: ${sizeOf(bytes)}.\n`)
  }
}

async function restoreInto(
  { migrateAt }: DatabaseServer,
  what: {
    readonly chain: readonly BackupSet[]
    readonly until: Until | null
    readonly erasures: readonly ErasureRow[]
  },
  unlessInterrupted: <Part>(part: Promise<Part>) => Promise<Part>,
): Promise<Restored> {
  const end = new AbortController()
  const { onRows } = new RowProgressLines()
  const restoring = restoreBackup({ ...migrateAt, ...what, openTripsOf, onRows, signal: end.signal })
  try {
    return await unlessInterrupted(restoring)
  } catch (error) {
    end.abort()
    await restoring.catch(() => undefined)
    throw error
  }
}

function linesOf({ regions, rows }: Restored, chain: readonly BackupSet[], until: Until | null): string[] {
  const { manifest } = chain.at(-1)!
  const moment = until === null ? ` of ${new Date(manifest.takenAtMs).toISOString()}` : ', up to the moment asked for'
  return [
    `Restored ${rows} rows of set ${namesOf(chain)}${moment}. Engines may be started.`,
    ...regions.map(({ region, position, recordedAtMs, segmentNo }) => {
      const at = recordedAtMs === null ? '' : `, recorded ${new Date(recordedAtMs).toISOString()}`
      return `Region ${region} up to position ${position}${at}; segments of fixes up to ${segmentNo}.`
    }),
  ]
}

/** Errors: those of pg. */
async function tellAudit(url: string): Promise<void> {
  const database = openDatabase(url)
  try {
    const verified = await verifyAudit(database)
    if (verified.ok) return console.error(`The audit is whole up to ${verified.head.seq}:${verified.head.hash}`)
    console.log(['audit', verified.fault, verified.message].join('\t'))
    process.exitCode = 1
  } finally {
    await database.destroy()
  }
}

/** Errors: InvalidArgumentError, with what to write. */
function parseUntil(value: string): Until {
  const [, region, position] = /^(?:([a-z0-9]{1,16}):)?(\d{1,15})$/.exec(value) ?? []
  if (position !== undefined) return { region: region ?? null, position: Number(position) }
  return { atMs: parseSince(value).getTime() }
}

function parseSet(value: string): string {
  if (!/^\d{4,}$/.test(value)) throw new InvalidArgumentError('A set is named by its number, such as 0002.')
  return value
}
