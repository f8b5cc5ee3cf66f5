/**
 * One run of a process, told from a later one that got its number: by the moment of its start, where the system tells it.
 *
 * A process that has ended keeps its number until its parent asks how it ended, and in a container the parent may be a
 * program that never asks. The signal 0 finds such a process alive; it has ended all the same.
 */
import { readFileSync } from 'node:fs'
import { hasProcess, readStat } from '../base/process-stat.ts'

export interface ProcessRun {
  readonly pid: number
  /** In ticks since this boot and with the boot's own name; null where the system does not tell. */
  readonly startedAt: string | null
}

/** Input: a process that runs. */
export const runOf = (pid: number): ProcessRun => ({ pid, startedAt: look(pid)?.startedAt ?? null })

/** Whether that very process runs; one that was stopped (SIGSTOP) does. Errors: none. */
export function isRunning({ pid, startedAt }: ProcessRun): boolean {
  const seen = look(pid)
  if (seen !== null) return !seen.hasEnded && seen.startedAt === startedAt
  if (startedAt !== null) return false
  return hasProcess(pid)
}

/** Null where the system does not tell, and where there is no such process. */
function look(pid: number): { readonly hasEnded: boolean; readonly startedAt: string } | null {
  try {
    const { isZombie, startedAt } = readStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return { hasEnded: isZombie, startedAt: `${boot}/${startedAt}` }
  } catch {
    return null
  }
}
