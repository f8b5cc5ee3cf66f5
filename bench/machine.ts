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
