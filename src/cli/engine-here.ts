/** The engines of this machine that a command may mean: those of the data directory, and whoever has the port. */
import { urlToHttpOptions } from 'node:url'
import { addressAt } from '../config/address.ts'
import type { Config } from '../config/index.ts'
import { askHere } from '../gateway/ask-here.ts'
import { portTrouble } from '../gateway/port-holder.ts'
import { otherEngines } from '../process/run-file.ts'

export interface EngineHere {
  /** Null where this user may not see it. */
  readonly pid: number | null
  readonly port: number
  /** By its own settings, which may be others than those of this command. */
  readonly address: string
}

export interface Readyz {
  readonly isReady: boolean
  /** What `/readyz` says. */
  readonly report: Readonly<Record<string, unknown>>
}

const BOUNDS = { withinMs: 3_000, charsMax: 100_000 }

/** Errors: none; what cannot be found out is left out. */
export async function enginesHere(config: Config): Promise<EngineHere[]> {
  const noted = config.databaseUrl === null ? otherEngines(config.dataDir) : []
  if (noted.some(({ port }) => port === config.port)) return noted
  const { host, port } = config
  const holder = (await portTrouble(config))?.holder ?? null
  if (holder === null || holder.goldenhourOver === null) return noted
  return [...noted, { pid: holder.pid, port, address: addressAt(holder.goldenhourOver, host, port) }]
}

/** What an engine says of itself; null when it does not answer in time. Errors: none. */
export async function askReadyz(address: string): Promise<Readyz | null> {
  const { status, text } = await askHere(urlToHttpOptions(new URL('readyz', address)), BOUNDS)
  return readyzOf(status, text)
}

function readyzOf(status: number, text: string): Readyz | null {
  try {
    const body = JSON.parse(text) as Record<string, unknown>
    const isProblem = typeof body.details === 'object' && body.details !== null
    return { isReady: status === 200, report: isProblem ? (body.details as Record<string, unknown>) : body }
  } catch {
    return null
  }
}
