/**
 * Which process a process id means: whether it lives, when it started, what program it runs.
 *
 * An id is given out anew, at once in a container and after every reboot, so an id alone names nobody. With the boot and
 * the moment of the start it does. Where there is no /proc (macOS, Windows) an id that lives must do.
 */
import { readFile, readlink } from 'node:fs/promises'
import { hasProcess, readStat } from '../../base/process-stat.ts'

/** One run of one process; empty texts where the system does not tell. */
export interface ProcessIdentity {
  readonly pid: number
  /** In ticks since the boot. */
  readonly startedAt: string
  readonly boot: string
}

export interface ProcessView {
  /** What ended, and whose parent has not looked yet, still has its id. */
  readonly isZombie: boolean
  readonly startedAt: string
}

/** Input: the id of a process that lives. */
export async function identify(pid: number): Promise<ProcessIdentity> {
  const [view, boot] = await Promise.all([viewProcess(pid), bootId()])
  return { pid, startedAt: view?.startedAt ?? '', boot }
}

/** Whether that very process lives; a process that was stopped (SIGSTOP) does. */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  if (!hasProcess(identity.pid)) return false
  if (identity.boot !== (await bootId())) return false
  const view = await viewProcess(identity.pid)
  // No /proc: the id lives, and there is no more to be known.
  if (view === null) return identity.startedAt === ''
  return !view.isZombie && (identity.startedAt === '' || view.startedAt === identity.startedAt)
}

/** Null where the system does not tell, or when the process has gone. */
export async function viewProcess(pid: number): Promise<ProcessView | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null)
  return text === null ? null : readStat(text)
}

/** What is known of a process from /proc; null for what may not be read. */
export async function readProcess(
  pid: number,
): Promise<{ readonly exe: string | null; readonly cwd: string | null; readonly args: readonly string[] | null }> {
  const [exe, cwd, commandLine] = await Promise.all([
    // As root without CAP_SYS_PTRACE (any container) the links of another user's process may not be read.
    readlink(`/proc/${pid}/exe`).catch(() => null),
    readlink(`/proc/${pid}/cwd`).catch(() => null),
    readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => null),
  ])
  return { exe, cwd, args: commandLine === null ? null : commandLine.split('\0') }
}

async function bootId(): Promise<string> {
  const text = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')
  return text.trim().replaceAll('-', '')
}
