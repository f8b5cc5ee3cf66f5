/**
 * Takes a backup: the tables of a database as of one moment, as a new set of a backup directory, while engines go on.
 *
 * It is an increment where the directory has a set that the database goes on from, and full otherwise. Who reads it can sign in
 * as anybody and knows every caller: directories and files are private to their user.
 */
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import {
  type BackupManifest,
  BackupRefused,
  type BackupSet,
  MANIFEST_FILE,
  readSet,
  SUMS_FILE,
  setNames,
  sumOf,
} from './backup-set.ts'
import { BACKUP_TABLES } from './backup-tables.ts'
import { toDisk, writeRowFile } from './row-file.ts'
import { type ArchiveRow, archivesIn, erasuresIn, lastTracksIn } from './rows-of-sets.ts'
import { StoredMoment } from './stored-moment.ts'

export interface RowProgress {
  readonly table: string
  readonly rows: number
}

interface BackupSettings {
  readonly url: string
  readonly dir: string
  /** A full set, also where an increment would do. */
  readonly isFull: boolean
  /** The program's own version. */
  readonly goldenhour: string
  readonly wallMs: () => number
  /** Some more rows of a table are written. */
  onRows(progress: RowProgress): void
  /** Ends it between two pages; what is half made is removed. */
  readonly signal?: AbortSignal
}

export interface TakenBackup extends BackupSet {
  /** Why it is a full set although the directory has others; null for an increment, and for the first. */
  readonly whyFull: string | null
}

/** Errors: BackupRefused `backup-in-the-way`; those of pg and of the file system; the signal's. */
export async function takeBackup(settings: BackupSettings): Promise<TakenBackup> {
  const { url, dir } = settings
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const name = await nextName(dir)
  const unfinished = path.join(dir, `${name}.unfinished-${randomBytes(4).toString('hex')}`)
  await mkdir(unfinished, { mode: 0o700 })
  try {
    const moment = await StoredMoment.open(url)
    try {
      const { former, whyFull } = await formerSet(moment, settings)
      const { manifest, sums, sumsHash } = await writeSet(moment, settings, { name, unfinished, former })
      const finished = path.join(dir, name)
      await putInPlace(unfinished, finished)
      await toDisk(dir)
      return { name, dir: finished, manifest, sums, sumsHash, whyFull }
    } finally {
      await moment.end()
    }
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true })
    throw error
  }
}

/** Unfinished ones of programs that were killed do not count. */
async function nextName(dir: string): Promise<string> {
  const last = (await setNames(dir)).at(-1)
  if (last === undefined) {
    const others = (await readdir(dir)).filter(name => !/^\d{4,}\.unfinished-/.test(name))
    if (others.length > 0) {
      throw new BackupRefused(
        'backup-in-the-way',
        `The directory ${dir} has other things in it (${others.slice(0, 3).join(', ')}); name one that is empty, or that has backups.`,
      )
    }
  }
  return String(Number(last ?? 0) + 1).padStart(4, '0')
}

/** The set that this one goes on from; null for a full one. */
async function formerSet(
  moment: StoredMoment,
  { dir, isFull }: BackupSettings,
): Promise<{ readonly former: BackupSet | null; readonly whyFull: string | null }> {
  const last = (await setNames(dir)).at(-1)
  if (last === undefined) return { former: null, whyFull: null }
  if (isFull) return { former: null, whyFull: 'it was asked for' }
  try {
    const former = await readSet(dir, last)
    const whyFull = await moment.breakSince(former.manifest)
    return { former: whyFull === null ? former : null, whyFull }
  } catch (error) {
    if (!(error instanceof BackupRefused)) throw error
    return { former: null, whyFull: `set ${last} is damaged` }
  }
}

async function writeSet(
  moment: StoredMoment,
  { goldenhour, wallMs, onRows, signal }: BackupSettings,
  { name, unfinished, former }: { name: string; unfinished: string; former: BackupSet | null },
): Promise<Pick<BackupSet, 'manifest' | 'sums' | 'sumsHash'>> {
  const ends = await moment.ends()
  const takenAtMs = wallMs()
  const regions = ends.regions.map(({ region }) => region)
  const sums = new Map<string, string>()
  const tables: BackupManifest['tables'] = []
  const tracksHad = former === null ? new Map<string, number>() : await lastTracksIn(former)
  for (const table of BACKUP_TABLES) {
    const columns = await moment.columnsOf(table.name)
    const file = `${table.name}.jsonl.gz`
    const after = (region: string | null) =>
      table.name === 'location.tracks' ? (tracksHad.get(region ?? '') ?? 0) : endOf(former, table.name, region)
    async function* pages() {
      if (former !== null && table.name === 'log.records') yield* recordsAnew(moment, columns, former)
      if (former !== null && table.name === 'location.segments') yield* segmentsAnew(moment, columns, former)
      yield* moment.rowsOf(table, columns, regions, after)
    }
    const watched = watchedPages(pages(), page => {
      signal?.throwIfAborted()
      onRows({ table: table.name, rows: page.length })
    })
    const { rows, bytes, sha256 } = await writeRowFile(path.join(unfinished, file), watched)
    sums.set(file, sha256)
    tables.push({ name: table.name, kind: table.kind, columns, file, rows, bytes })
  }
  const manifest: BackupManifest = {
    format: 1,
    set: name,
    kind: former === null ? 'full' : 'increment',
    after: former === null ? null : { set: former.name, sums: former.sumsHash },
    takenAtMs,
    regionTimeMs: await moment.regionTimeMs(takenAtMs),
    goldenhour,
    postgres: await moment.postgresVersion(),
    ...ends,
    tables,
  }
  const text = `${JSON.stringify(manifest, null, 2)}\n`
  sums.set(MANIFEST_FILE, sumOf(text))
  const sumsText = [...sums].map(([file, sum]) => `${sum}  ${file}\n`).join('')
  for (const [file, content] of [
    [MANIFEST_FILE, text],
    [SUMS_FILE, sumsText],
  ] as const) {
    await writeFile(path.join(unfinished, file), content, { mode: 0o600, flag: 'wx' })
    await toDisk(path.join(unfinished, file))
  }
  await toDisk(unfinished)
  return { manifest, sums, sumsHash: sumOf(sumsText) }
}

async function* watchedPages(pages: AsyncIterable<readonly string[]>, onPage: (page: readonly string[]) => void) {
  for await (const page of pages) {
    onPage(page)
    yield page
  }
}

/** Records that the former set has, and that were written anew since: by erasures that it does not have, or not as they are now. */
async function* recordsAnew(
  moment: StoredMoment,
  columns: readonly string[],
  former: BackupSet,
): AsyncIterable<readonly string[]> {
  const seals = new Set((await erasuresIn(former)).map(({ seal }) => seal))
  const anew = new Map<string, Set<number>>()
  for (const { region, positions, seal } of await moment.erasures()) {
    if (seals.has(seal)) continue
    const end = endOf(former, 'log.records', region)
    const known = anew.get(region) ?? new Set()
    for (const position of positions) if (Number(position) <= end) known.add(Number(position))
    anew.set(region, known)
  }
  for (const [region, positions] of anew) yield* moment.recordsAt(columns, region, [...positions])
}

/** Segments that were in a file when the former set was taken, and were put back since. */
async function* segmentsAnew(
  moment: StoredMoment,
  columns: readonly string[],
  former: BackupSet,
): AsyncIterable<readonly string[]> {
  const nameOf = ({ region, from_no, to_no }: ArchiveRow) => `${region} ${from_no} ${to_no}`
  const archived = new Set((await moment.archives()).map(nameOf))
  for (const archive of await archivesIn(former))
    if (!archived.has(nameOf(archive))) yield* moment.segmentsOf(columns, archive)
}

/** Where the former set's rows of a table that grows end; 0 where all are to be written. */
function endOf(former: BackupSet | null, table: string, region: string | null): number {
  if (former === null) return 0
  const { audit, regions } = former.manifest
  if (region === null) return audit.seq
  const end = regions.find(each => each.region === region)
  return (table === 'log.records' ? end?.position : end?.segmentNo) ?? 0
}

async function putInPlace(unfinished: string, finished: string): Promise<void> {
  try {
    await rename(unfinished, finished)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error
    throw new BackupRefused(
      'backup-in-the-way',
      `Another backup has just been finished as ${finished}; this one was removed. Take it again if you need one more.`,
    )
  }
}
