/** `GET /v1/openapi.json`: all routes, described for programs. */
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import type { HttpReply } from '../http.ts'
import { open, type Route } from '../route.ts'

/** Made of the table of routes, and compared with it by a test: to make it takes too long for a process that serves. */
const FILE = new URL('../../../docs/protocol/openapi.json', import.meta.url)
/** How long others may go without asking again. */
const KEPT_S = 3_600

const DESCRIPTION = z
  .looseObject({ openapi: z.string(), info: z.looseObject({}), paths: z.looseObject({}) })
  .describe('OpenAPI 3.1')

export const OPENAPI_ROUTES: readonly Route<object>[] = [
  open({
    method: 'get',
    pattern: '/v1/openapi.json',
    rate: 'address',
    summary: 'Describes all routes, for programs',
    reply: { 200: DESCRIPTION },
    handle: getDescription,
  }),
]

let text: string | null = null

function getDescription(): HttpReply {
  text ??= readFileSync(FILE, 'utf8')
  const headers = { 'Cache-Control': `public, max-age=${KEPT_S}` }
  return { status: 200, contentType: 'application/json', body: text, headers }
}
