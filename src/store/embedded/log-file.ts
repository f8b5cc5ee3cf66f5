/**
 * Keeps the server's log bounded: `postgres.log` of about 8 MiB and one file before it, `postgres.log.1`.
 *
 * The server holds the file open from its start, appending, so the file is copied and cut short, never renamed. Postgres'
 * own rotation names files by time, and does not bound what is written within an hour of a crash loop. What is
 * written between copy and cut, some milliseconds, is lost.
 */
import { chmod, copyFile, stat, truncate, unlink } from 'node:fs/promises'

const LOG_LIMIT_BYTES = 8 * 1_024 * 1_024

/** Looks whether the file has passed its limit. Errors: those of the file system, but for a file that is not there. */
export async function boundLogFile(file: string, limitBytes = LOG_LIMIT_BYTES): Promise<void> {
  const info = await stat(file).catch(() => null)
  if (info === null || info.size <= limitBytes) return
  const before = `${file}.1`
  // First, so that a full disk has room for the copy. If it has none all the same, the bound counts more.
  await unlink(before).catch(() => undefined)
  await copyFile(file, before)
    .then(() => chmod(before, 0o600))
    .catch(() => unlink(before).catch(() => undefined))
  await truncate(file, 0)
}
