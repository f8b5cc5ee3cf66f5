/** The engines of this machine that a command may mean: those of the data directory, and whoever has the port. */
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Config } from '../config/index.ts'
import { portTrouble } from '../gateway/port-holder.ts'
import { otherEngines } from '../process/run-file.ts'

export interface EngineHere {
  /** Null where this user may not see it. */
  readonly pid: number | null
  readonly port: number
}

export interface Readyz {
  readonly isReady: boolean
  /** What `/readyz` says. */
  readonly report: Readonly<Record<string, unknown>>
}

const ANSWER_WITHIN_MS = 3_000
const ANSWER_CHARS_MAX = 100_000

/** Errors: none; what cannot be found out is left out. */
export async function enginesHere(config: Config): Promise<EngineHere[]> {
  const noted = config.databaseUrl === null ? otherEngines(config.dataDir) : []
  if (noted.some(({ port }) => port === config.port)) return noted
  const trouble = await portTrouble(config)
  if (trouble?.holder?.isGoldenhour !== true) return noted
  return [...noted, { pid: trouble.holder.pid, port: config.port }]
}

/** What an engine says of itself; null when it does not answer in time. Errors: none. */
export function askReadyz(address: string): Promise<Readyz | null> {
  return new Promise(resolve => {
    const url = new URL('readyz', address)
    const request = url.protocol === 'https:' ? httpsRequest : httpRequest
    // It is this machine that is asked, and the certificate is of another name.
    const asked = request(url, { rejectUnauthorized: false, agent: false }, response => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
        if (text.length > ANSWER_CHARS_MAX) asked.destroy()
      })
      response.on('end', () => resolve(readyzOf(response.statusCode ?? 0, text)))
    })
    const limit = setTimeout(() => asked.destroy(), ANSWER_WITHIN_MS)
    asked.on('error', () => undefined)
    asked.once('close', () => {
      clearTimeout(limit)
      resolve(null)
    })
    asked.end()
  })
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
