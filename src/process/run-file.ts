/**
 * Which engines use a data directory: each leaves a file there that names its process, and removes it at its end.
 *
 * A file of a process that was killed stays behind, so one is believed only while that very process lives: its number may
 * belong to another by now, hence the moment of its start beside it.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { isRunning, type ProcessRun, runOf } from './process-run.ts'

interface Listening {
  readonly port: number
  /** Where it is found, as a URL. */
  readonly address: string
}

export interface RunningEngine extends Listening {
  readonly pid: number
}

const DIRECTORY = 'engines'

/** Output: removes the file again. Errors: those of the file system. */
export function noteRunning(dataDir: string, { port, address }: Listening): () => void {
  const dir = path.join(dataDir, DIRECTORY)
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const file = path.join(dir, `${process.pid}.json`)
  writeFileSync(file, `${JSON.stringify({ ...runOf(process.pid), port, address })}\n`)
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
      if (noted === null || !isRunning(noted)) rmSync(file, { force: true })
      else if (noted.pid !== process.pid) engines.push({ pid: noted.pid, port: noted.port, address: noted.address })
    }
  } catch {
    // No engine has been here, or this user may not look.
  }
  return engines
}

type Note = RunningEngine & ProcessRun

function readNote(file: string): Note | null {
  try {
    const { pid, port, address, startedAt } = JSON.parse(readFileSync(file, 'utf8')) as Partial<Note>
    if (!Number.isSafeInteger(pid) || !Number.isSafeInteger(port)) return null
    // Engines of 0.1.0 noted no address.
    const where = address !== undefined && URL.canParse(address) ? address : `http://localhost:${port}/`
    return { pid: pid!, port: port!, address: where, startedAt: startedAt ?? null }
  } catch {
    return null
  }
}
