/**
 * The server's settings, by the size of the machine. What an operator has set in the data directory, by ALTER SYSTEM or
 * in `postgresql.conf`, stays as it is.
 *
 * The engine shares the machine and holds all that it serves in its own memory; the database mostly appends, and is read
 * as a whole at starts. So its share is a sixteenth, not the quarter of a server that a database has for itself.
 */
import { readFile } from 'node:fs/promises'
import { totalmem } from 'node:os'
import path from 'node:path'

type Settings = Readonly<Record<string, string>>

const MIB = 1_024 * 1_024

/** What initdb itself writes into `postgresql.conf`: a value that nobody has chosen. */
const WRITTEN_BY_INITDB: Settings = {
  shared_buffers: '128MB',
  max_connections: '100',
  max_wal_size: '1GB',
  min_wal_size: '80MB',
}

/** Input: the memory that this process may use, in bytes. */
export function fittingSettings(memoryBytes: number): Settings {
  const share = (parts: number, leastMiB: number, mostMiB: number): string =>
    `${Math.min(mostMiB, Math.max(leastMiB, Math.floor(memoryBytes / parts / MIB)))}MB`
  return {
    shared_buffers: share(16, 64, 1_024),
    effective_cache_size: share(2, 256, 65_536),
    maintenance_work_mem: share(64, 32, 256),
    // An engine, the one that takes over from it, and commands beside them.
    max_connections: '100',
    // A checkpoint writes whole pages anew, so not each few seconds under load; a recovery reads a gigabyte at most.
    max_wal_size: '1GB',
    // What was once written for it is used again: a commit that has to make a file of WAL waits 30 to 100 ms for it.
    min_wal_size: '1GB',
    checkpoint_timeout: '10min',
    // Rows of open trips come and go by the thousand in a minute (migration 0023).
    autovacuum_naptime: '15s',
    // Statements are short and many; to compile one costs more than to run it.
    jit: 'off',
  }
}

/** Those of `fittingSettings` that the operator has not set. */
export async function settingsFor(dataDir: string, memoryBytes = usableMemoryBytes()): Promise<Settings> {
  const [main, auto] = await Promise.all(
    ['postgresql.conf', 'postgresql.auto.conf'].map(name => readFile(path.join(dataDir, name), 'utf8').catch(() => '')),
  )
  const written = parseConf(main!)
  const altered = parseConf(auto!)
  const isChosen = (name: string) => name in altered || (name in written && written[name] !== WRITTEN_BY_INITDB[name])
  return Object.fromEntries(Object.entries(fittingSettings(memoryBytes)).filter(([name]) => !isChosen(name)))
}

/** The settings of a file in Postgres' form, without what it includes. */
function parseConf(text: string): Record<string, string> {
  const found: Record<string, string> = {}
  for (const line of text.split('\n')) {
    const [, name, quoted, plain] = /^\s*([\w.]+)\s*=?\s*(?:'([^']*)'|([^\s#']+))/.exec(line) ?? []
    if (name !== undefined) found[name.toLowerCase()] = quoted ?? plain ?? ''
  }
  return found
}

/** Of the machine, or of the container if that is less. */
function usableMemoryBytes(): number {
  // Node 20 answers a huge number, or 0, where there is no limit.
  const limit = process.constrainedMemory() ?? 0
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem()
}
