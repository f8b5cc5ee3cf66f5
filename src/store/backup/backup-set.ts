/**
 * The sets of a backup directory: `0001`, `0002`, … Each is a directory with the rows of its tables, `manifest.json`, and
 * `SHA256SUMS`, which `sha256sum -c` reads.
 *
 * A set is full, or an increment: of what only grows it has the rows behind the set before it. It is made under another name and
 * renamed when all of it is on the disk, so a directory with a number is a whole set.
 */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { sha256Of } from './row-file.ts'

/** A backup cannot be made or restored like this; the message says what the operator can do. */
export class BackupRefused extends Error {
  override readonly name = 'BackupRefused'
  readonly code:
    | 'no-backup'
    | 'backup-damaged'
    | 'backup-newer-than-code'
    | 'backup-in-the-way'
    | 'moment-not-in-backup'
    | 'database-not-empty'
    | 'database-in-use'

  constructor(code: BackupRefused['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

export const MANIFEST_FILE = 'manifest.json'
export const SUMS_FILE = 'SHA256SUMS'

const count = z.number().int().min(0)
const hex = z.string().regex(/^[0-9a-f]{64}$/)
const FILE_NAME = /^[a-z_]+\.[a-z_]+\.jsonl\.gz$/

const manifestSchema = z.object({
  format: z.literal(1),
  set: z.string(),
  kind: z.enum(['full', 'increment']),
  /** Of an increment: the set before it, and the hash of its sums. */
  after: z.object({ set: z.string(), sums: hex }).nullable(),
  /** By the wall clock; and by the region time of its database. */
  takenAtMs: z.number(),
  regionTimeMs: z.number(),
  goldenhour: z.string(),
  postgres: z.string(),
  /** The steps that its database had. */
  migrations: z.array(z.string()).min(1),
  /**
   * Where each log begins and ends, and where the fixes end: what is before was let go. With the time and the epoch of the last record, by
   * which it is known again.
   */
  regions: z.array(
    z.object({
      ...{ region: z.string(), fromPosition: count, position: count, segmentNo: count },
      ...{ recordedAtMs: z.number().nullable(), epoch: count.nullable() },
    }),
  ),
  audit: z.object({ seq: count, hash: hex }),
  /** In the order in which they are restored. */
  tables: z.array(
    z.object({
      name: z.string().regex(/^[a-z]+\.[a-z_]+$/),
      kind: z.enum(['grows', 'stands', 'derived']),
      columns: z.array(z.string().regex(/^[a-z_0-9]+$/)).min(1),
      file: z.string().regex(FILE_NAME),
      rows: count,
      bytes: count,
    }),
  ),
})

export type BackupManifest = z.infer<typeof manifestSchema>
export type BackupEnd = Pick<BackupManifest, 'migrations' | 'regions' | 'audit'>

export interface BackupSet {
  readonly name: string
  readonly dir: string
  readonly manifest: BackupManifest
  /** By file. */
  readonly sums: ReadonlyMap<string, string>
  /** Of the sums themselves. */
  readonly sumsHash: string
}

/** The names of the whole sets, the oldest first; none where there is no directory. Errors: those of the file system. */
export async function setNames(dir: string): Promise<string[]> {
  const names = await readdir(dir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  return names.filter(name => /^\d{4,}$/.test(name)).sort((a, b) => Number(a) - Number(b))
}

/** What the manifest of a set says; its tables are not looked at. Errors: BackupRefused `backup-damaged`. */
export async function readSet(dir: string, name: string): Promise<BackupSet> {
  const own = path.join(dir, name)
  try {
    const sumsText = await readFile(path.join(own, SUMS_FILE), 'utf8')
    const sums = new Map<string, string>()
    for (const line of sumsText.trimEnd().split('\n')) {
      const [, sum, file] = /^([0-9a-f]{64}) {2}(\S+)$/.exec(line) ?? []
      if (file === undefined) throw new Error(`${SUMS_FILE} has a line that is none: ${line.slice(0, 100)}`)
      sums.set(file, sum!)
    }
    const bytes = await readFile(path.join(own, MANIFEST_FILE))
    if (sums.get(MANIFEST_FILE) !== sumOf(bytes)) throw new Error(`${MANIFEST_FILE} is not what was written`)
    const manifest = manifestSchema.parse(JSON.parse(bytes.toString('utf8')))
    if (manifest.set !== name) throw new Error(`it says that it is set ${manifest.set}`)
    return { name, dir: own, manifest, sums, sumsHash: sumOf(sumsText) }
  } catch (error) {
    throw damagedSet(name, error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message, error)
  }
}

export const sumOf = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex')

/** The sets that make up one: its full set, and the increments up to it. Errors: BackupRefused. */
export async function chainOf(dir: string, last: BackupSet): Promise<BackupSet[]> {
  const chain = [last]
  for (let set = last; set.manifest.after !== null; ) {
    const { after } = set.manifest
    const former = await readSet(dir, after.set)
    if (former.sumsHash !== after.sums)
      throw damagedSet(former.name, `it is not the set that ${set.name} was taken after`)
    chain.unshift(former)
    set = former
  }
  if (chain[0]!.manifest.kind !== 'full') throw damagedSet(chain[0]!.name, 'it is an increment of nothing')
  return chain
}

/** Reads every file of a set and compares it with its sum. Errors: BackupRefused `backup-damaged`. */
export async function proveSet(set: BackupSet, onBytes: (bytes: number) => void = () => undefined): Promise<void> {
  for (const { file } of set.manifest.tables) {
    const expected = set.sums.get(file)
    if (expected === undefined) throw damagedSet(set.name, `${SUMS_FILE} does not name ${file}`)
    const found = await sha256Of(path.join(set.dir, file), onBytes).catch((error: NodeJS.ErrnoException) => {
      throw damagedSet(set.name, `${file} cannot be read (${error.code})`, error)
    })
    if (found !== expected) throw damagedSet(set.name, `${file} is not what was written`)
  }
}

export const damagedSet = (name: string, what: string, cause?: unknown): BackupRefused =>
  new BackupRefused(
    'backup-damaged',
    `Set ${name} of the backup is damaged: ${what}. Nothing was written. Take a copy of it from elsewhere, or restore an earlier moment (--set, --until) whose sets are whole.`,
    { cause },
  )
