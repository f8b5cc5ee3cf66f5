/**
 * Which engines use a data directory: each leaves a file there that names its process, and removes it at its end.
 *
 * A file of a process that was killed stays behind, so one is believed only while that very process lives: its number may
 * belong to another by now, hence the moment of its start beside it.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'

export interface RunningEngine {
  readonly pid: number
  readonly port: number
}

const DIRECTORY = 'engines'

/** Output: removes the file again. Errors: those of the file system. */
export function noteRunning(dataDir: string, port: number): () => void {
  const dir = path.join(dataDir, DIRECTORY)
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const file = path.join(dir, `${process.pid}.json`)
  writeFileSync(file, `${JSON.stringify({ pid: process.pid, port, startedAt: startOf(process.pid) })}\n`)
  return () => rmSync(file, { force: true })
}

/** The other engines that use the directory now; files of those that are gone are removed. Errors: none. */
export function otherEngines(dataDir: string): RunningEngine[] {
  const dir = path.join(dataDir, DIRECTORY)
  const engines: RunningEngine[] = []
  try {
    for (const name of readdirSync(dir)) {
      const file = path.join(dir, name)
      const noted = readNote(file)
      if (noted === null || !isAlive(noted)) rmSync(file, { force: true })
      else if (noted.pid !== process.pid) engines.push({ pid: noted.pid, port: noted.port })
    }
  } catch {
    // No engine has been here, or this user may not look.
  }
  return engines
}

interface Note extends RunningEngine {
  /** Null where the system does not tell. */
  readonly startedAt: string | null
}

function readNote(file: string): Note | null {
  try {
    const { pid, port, startedAt } = JSON.parse(readFileSync(file, 'utf8')) as Partial<Note>
    if (!Number.isSafeInteger(pid) || !Number.isSafeInteger(port)) return null
    return { pid: pid!, port: port!, startedAt: startedAt ?? null }
  } catch {
    return null
  }
}

function isAlive({ pid, startedAt }: Note): boolean {
  const start = startOf(pid)
  if (start !== null || startedAt !== null) return start === startedAt
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** When the process began, in ticks since this boot and with the boot's own name; null where there is no such process. */
function startOf(pid: number): string | null {
  try {
    // The name of the program stands in brackets and may hold anything; the start is the twentieth field behind it.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return ticks === undefined ? null : `${boot}/${ticks}`
  } catch {
    return null
  }
}
