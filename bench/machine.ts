/** The machine that a result was measured on, without anything that names it. */
import { arch, availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os'

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryBytes: number
  readonly os: string
  readonly node: string
  /** Load average of the minute before the program asked first: what else was running. */
  readonly loadBefore: number
}

const loadBefore = Number(loadavg()[0]!.toFixed(2))

export function machine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    os: `${type()} ${release()} ${arch()}`,
    node: process.version,
    loadBefore,
  }
}

/** Milliseconds by a clock that all processes of the machine share and nobody sets; of no meaning but by comparison. */
export function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/** The time that all cores together have spent, in milliseconds, and how much of it they had something to do. */
export function coresMs(): { readonly all: number; readonly busy: number } {
  const times = cpus().map(core => core.times)
  const all = times.reduce((sum, { user, nice, sys, idle, irq }) => sum + user + nice + sys + idle + irq, 0)
  return { all, busy: all - times.reduce((sum, { idle }) => sum + idle, 0) }
}
