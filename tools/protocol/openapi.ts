/** The table of routes as an OpenAPI 3.1 document. */

import { z } from 'zod'
import type { ErrorCode } from '../../src/base/refusal.ts'
import { type ConditionHeader, type Reply, type Route, routeName } from '../../src/gateway/route.ts'
import { ERRORS } from '../../src/protocol/errors.ts'
import { RIGHTS } from '../../src/protocol/rights.ts'
import { asJson, type JsonSchema } from './json-schema.ts'

type Row = Route<never>

interface Response {
  readonly description: string
  readonly content?: JsonSchema
}

/** Input: every route that is mounted. Output: the same for the same rows. */
export function openApi(routes: readonly Row[]): JsonSchema {
  const forms = new Forms(routes)
  const paths: Record<string, Record<string, JsonSchema>> = {}
  for (const route of routes) {
    const path = route.pattern.replaceAll(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method]: operation(route, forms) }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Goldenhour', version: '1', description: ABOUT, license: { name: 'Apache-2.0' } },
    paths,
    components: {
      schemas: { Problem: PROBLEM, ...forms.named },
      responses: Object.fromEntries(
        routes.flatMap(route => refusalsOf(route).map(({ name, response }) => [name, response])),
      ),
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'An access token or a device key.' },
        basic: { type: 'http', scheme: 'basic', description: 'A device key as the password.' },
      },
    },
  }
}

const ABOUT =
  'PROTOCOL.md tells what each route means, and all of the WebSocket at /v1/ws. Answers grow: a client takes no offence ' +
  'at keys and words that are not here.'

const PROBLEM = {
  type: 'object',
  description: 'A refusal (RFC 9457).',
  properties: {
    type: { type: 'string', description: '`urn:goldenhour:error:<code>`' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string', description: 'What to do.' },
    code: { type: 'string' },
    details: { type: 'object' },
  },
  required: ['type', 'title', 'status', 'detail', 'code'],
}

function operation(route: Row, forms: Forms): JsonSchema {
  const { summary, method, pattern, header } = route
  return {
    operationId: operationId(method, pattern),
    summary,
    tags: [tagOf(pattern)],
    ...securityOf(route),
    parameters: [
      ...fields(route.params, 'path'),
      ...fields(route.query, 'query'),
      ...(header === null ? [] : [HEADERS[header]]),
    ],
    ...(route.body === null
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: asJson(route.body) } } } }),
    responses: merged(answers(route, forms), refusalsOf(route)),
  }
}

/** A device key in the query is among the fields of the query. */
function securityOf({ action, credential }: Row & { readonly credential?: unknown }): JsonSchema {
  if (action === null) return { security: [] }
  const forms = credential === undefined ? [{ bearer: [] }] : [{ bearer: [] }, { basic: [] }]
  return { security: forms, 'x-roles': RIGHTS[action].roles }
}

/** `getUnitsIdState` for `GET /v1/units/:id/state`. */
function operationId(method: string, pattern: string): string {
  const words = pattern.replace(/^\/v1/, '').match(/[A-Za-z]+/g) ?? ['home']
  return method + words.map(word => word.charAt(0).toUpperCase() + word.slice(1)).join('')
}

const tagOf = (pattern: string): string => /^\/v1\/([\w-]+)/.exec(pattern)?.[1] ?? 'operations'

function fields(schema: z.ZodObject, place: 'path' | 'query'): JsonSchema[] {
  const { properties = {}, required = [] } = asJson(schema) as {
    properties?: Readonly<Record<string, JsonSchema>>
    required?: readonly string[]
  }
  return Object.entries(properties).map(([name, { description, ...form }]) => ({
    name,
    in: place,
    required: required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema: form,
  }))
}

const header = (name: ConditionHeader, required: boolean, description: string): JsonSchema => {
  return { name, in: 'header', required, description, schema: { type: 'string' } }
}
const HEADERS: Readonly<Record<ConditionHeader, JsonSchema>> = {
  'Idempotency-Key': header('Idempotency-Key', true, 'Of your own making; the same for the same request sent again.'),
  'If-Match': header('If-Match', true, 'The ETag of what you read.'),
  'If-None-Match': header('If-None-Match', false, 'The ETag of what you have.'),
}

function answers(route: Row, forms: Forms): Record<string, Response> {
  const own = Object.entries(route.reply).map(([status, reply]): [string, Response] => {
    const what = Number(status) < 300 ? 'Done.' : 'Not now.'
    return [status, { description: what, ...contentOf(reply, forms.of(route, status)) }]
  })
  const unchanged: Record<string, Response> = route.header === 'If-None-Match' ? { 304: UNCHANGED } : {}
  return { ...Object.fromEntries(own), ...unchanged }
}

const UNCHANGED = { description: 'It is what you have.' }

function contentOf(reply: Reply, form: JsonSchema): Pick<Response, 'content'> {
  if (reply === null) return {}
  if (typeof reply === 'string') return { content: { [reply]: { schema: { type: 'string' } } } }
  return { content: { 'application/json': { schema: form } } }
}

/** What a route answers with one status when it refuses; routes with the same codes have the same one, by its name. */
interface Refused {
  readonly status: number
  readonly name: string
  readonly response: Response
}

function refusalsOf(route: Row): readonly Refused[] {
  const byStatus = new Map<number, ErrorCode[]>()
  for (const code of codesOf(route)) {
    const { status } = ERRORS[code]
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  return [...byStatus].map(([status, codes]) => {
    const enumerated = { properties: { code: { enum: codes } } }
    const schema = { allOf: [{ $ref: '#/components/schemas/Problem' }, enumerated] }
    const content = { 'application/problem+json': { schema } }
    const description = codes.map(code => ERRORS[code].meaning).join(' ')
    return { status, name: codes.join('.'), response: { description, content } }
  })
}

/** A status that is an answer too has both contents. */
function merged(answers: Record<string, Response>, refused: readonly Refused[]): JsonSchema {
  const refusals = refused.map(({ status, name, response }) => {
    const answer = answers[status]
    if (answer === undefined) return [status, { $ref: `#/components/responses/${name}` }]
    const description = `${answer.description} ${response.description}`
    return [status, { description, content: { ...answer.content, ...response.content } }]
  })
  return { ...answers, ...Object.fromEntries(refusals) }
}

/** Every code that a route may answer: of its door, of its kind, and its own. */
export function codesOf(route: Row): ReadonlySet<ErrorCode> {
  return new Set<ErrorCode>([
    ...(['invalid-field', 'internal', 'unavailable', 'wrong-origin', 'too-many-connections'] as const),
    ...(route.rate === 'none' ? [] : (['rate-limited'] as const)),
    ...(route.action === null ? [] : (['token-missing', 'token-invalid', 'token-expired', 'wrong-role'] as const)),
    ...(route.method === 'get' ? [] : (['frame-too-large', 'request-too-slow'] as const)),
    ...(route.body === null ? [] : (['malformed-frame'] as const)),
    ...(route.header === 'Idempotency-Key' ? (['conflict'] as const) : []),
    ...(route.header === 'If-Match' ? (['version-missing', 'version-differs'] as const) : []),
    ...route.refusals,
  ])
}

const replyKey = (route: Row, status: string): string => `${routeName(route)} ${status}`

/** The forms of all answers, made at once, so that a view which several have is there once under its name. */
class Forms {
  readonly named: Readonly<Record<string, JsonSchema>>
  readonly #own: Readonly<Record<string, JsonSchema>>

  constructor(routes: readonly Row[]) {
    const replies = routes.flatMap(route =>
      Object.entries(route.reply).flatMap(([status, reply]): [string, z.ZodType][] =>
        reply === null || typeof reply === 'string' ? [] : [[replyKey(route, status), reply]],
      ),
    )
    const text = JSON.stringify(asJson(z.object(Object.fromEntries(replies))))
    const { properties, $defs } = JSON.parse(text.replaceAll('"#/$defs/', '"#/components/schemas/')) as {
      properties: Readonly<Record<string, JsonSchema>>
      $defs: Readonly<Record<string, JsonSchema>>
    }
    this.#own = properties
    this.named = $defs
  }

  of(route: Row, status: string): JsonSchema {
    return this.#own[replyKey(route, status)] ?? {}
  }
}
