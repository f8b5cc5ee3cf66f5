/**
 * Who holds the data directory: reads `postmaster.pid` and asks the system what that process is.
 *
 * Postgres refuses to start while the number in the file is that of any living process of its own user. After a reboot,
 * or in a container with a volume, that may be a shell or the engine itself; where nobody reaps, the killed server's own
 * zombie. Such a file is moved away here; one that names a dead process Postgres replaces by itself.
 */
import { link, readFile, realpath, rename, stat, unlink } from 'node:fs/promises'
import path from 'node:path'
import { hasProcess } from '../../base/process-stat.ts'
import { temporarySuffix } from './postgres-binaries.ts'
import { readProcess, viewProcess } from './processes.ts'

export interface Holder {
  /**
   * `none`: nobody, Postgres can start. `server`: a Postgres of this directory. `unknown`: a process that may be one, as
   * the system does not tell. `stale`: the file must be moved away before a Postgres can start.
   */
  readonly kind: 'none' | 'server' | 'unknown' | 'stale'
  readonly pid: number
  /** Null while the server has not written it. */
  readonly port: number | null
  /** What stood in the file. */
  readonly notes: string
}

const NOBODY: Holder = { kind: 'none', pid: 0, port: null, notes: '' }
/** A server writes its file at once after making it; one that is empty for so long was cut off by a crash. */
const EMPTY_FOR_MS = 5_000

export const pidFileOf = (dataDir: string): string => path.join(dataDir, 'postmaster.pid')

export async function lookAtHolder(dataDir: string): Promise<Holder> {
  const notes = await readFile(pidFileOf(dataDir), 'utf8').catch(() => null)
  if (notes === null) return NOBODY
  const lines = notes.split('\n')
  // A stand-alone backend writes its id with a minus.
  const pid = Math.abs(Number(lines[0]))
  const port = Number(lines[3])
  const holder = { pid, port: Number.isInteger(port) && port > 0 ? port : null, notes }
  if (!Number.isInteger(pid) || pid === 0) {
    const info = await stat(pidFileOf(dataDir)).catch(() => null)
    const isOld = info !== null && Math.abs(Date.now() - info.mtimeMs) > EMPTY_FOR_MS
    return { ...holder, pid: 0, kind: isOld ? 'stale' : 'unknown' }
  }
  if (!hasProcess(pid)) return { ...holder, kind: 'none' }
  return { ...holder, kind: await kindOf(pid, dataDir) }
}

async function kindOf(pid: number, dataDir: string): Promise<Holder['kind']> {
  if (pid === process.pid) return 'stale'
  const view = await viewProcess(pid)
  if (view === null) return hasProcess(pid) ? 'unknown' : 'none'
  if (view.isZombie) return 'stale'
  const { exe, cwd, args } = await readProcess(pid)
  if (exe === null && args === null) return 'unknown'
  // Under an emulator the program is the emulator, and Postgres its first or second argument.
  const names = [exe?.replace(/ \(deleted\)$/, ''), ...(args ?? []).slice(0, 3)]
  if (!names.some(name => name !== undefined && /(^|\/)(postgres|postmaster)$/.test(name))) return 'stale'
  // The server changes into its directory before it writes the file.
  const where = cwd ?? directoryArgument(args ?? [])
  if (where === null) return 'unknown'
  return (await sameDirectory(where, dataDir)) ? 'server' : 'stale'
}

function directoryArgument(args: readonly string[]): string | null {
  const at = args.indexOf('-D')
  return at < 0 ? null : (args[at + 1] ?? null)
}

async function sameDirectory(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([one, other].map(dir => realpath(dir).catch(() => dir)))
  return a === b
}

/**
 * Moves away a file that names no server, unless it has changed since it was looked at.
 *
 * Two processes may do this at once, and one of them may start a server in between. So the file is first taken and then
 * read: another's is put back. For that moment the server is without its file, which it does not notice (it looks once a
 * minute), and a second one cannot start either: the shared memory of the first is still in use.
 */
export async function moveStaleAway(dataDir: string, seen: Holder): Promise<void> {
  const file = pidFileOf(dataDir)
  const aside = `${file}.${temporarySuffix()}`
  try {
    await rename(file, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  if ((await readFile(aside, 'utf8')) !== seen.notes) {
    await link(aside, file).catch(error => {
      if (error.code !== 'EEXIST') throw error
    })
  }
  await unlink(aside)
}
