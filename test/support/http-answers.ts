/** Holds what an engine really answers over HTTP against `docs/protocol/openapi.json`: nothing may be missing, of another form, or untold. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Ajv2020, type AnySchema, type ValidateFunction } from 'ajv/dist/2020.js'

interface Content {
  readonly schema: AnySchema
}
interface Told {
  readonly $ref?: string
  readonly content?: Readonly<Record<string, Content>>
}
type Operation = { readonly responses: Readonly<Record<string, Told>> }
interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: {
    readonly schemas: Readonly<Record<string, AnySchema>>
    readonly responses: Readonly<Record<string, Told>>
  }
}

export const OPENAPI_FILE = new URL('../../docs/protocol/openapi.json', import.meta.url)
const { paths, components } = JSON.parse(readFileSync(OPENAPI_FILE, 'utf8')) as Description
const ajv = new Ajv2020({ allErrors: true, strict: false, inlineRefs: false, validateSchema: false, meta: false })
ajv.addSchema({ components: { schemas: closed(components.schemas) } } as unknown as AnySchema, 'api')
/** Paths without parameters first, as the engine has it. */
const PATHS = Object.keys(paths)
  .sort((a, b) => Number(a.includes('{')) - Number(b.includes('{')))
  .map(path => ({ path, form: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`) }))
const compiled = new Map<Content, ValidateFunction>()

export interface Answer {
  readonly status: number
  /** Null or empty where there is none. */
  readonly body: unknown
  readonly headers: Headers
}

/**
 * Output: the route and status, as `GET /v1/units/{id} 200`; null for a path or method that there is not.
 * Errors: AssertionError for an answer that the description does not tell of.
 */
export function assertAnswerTold(method: string, target: string, { status, body, headers }: Answer): string | null {
  const asked = target.split('?')[0]!
  const path = PATHS.find(({ form }) => form.test(asked))?.path
  const name = method === 'HEAD' ? 'get' : method.toLowerCase()
  const operation = path === undefined ? undefined : paths[path]![name]
  if (operation === undefined) return null
  const title = `${name.toUpperCase()} ${path} ${status}`
  const found = operation.responses[status]
  assert.ok(found !== undefined, `${title} is not told of: ${JSON.stringify(body)}`)
  const told = found.$ref === undefined ? found : components.responses[found.$ref.split('/').at(-1)!]!
  const media = headers.get('content-type')?.split(';')[0]
  if (method === 'HEAD' || media === undefined) return title
  const content = told.content?.[media] ?? told.content?.['*/*']
  assert.ok(content !== undefined, `${title} is told to be no ${media}`)
  // A file is told as the text that it is.
  const isFile = (content.schema as { readonly type?: unknown }).type === 'string'
  if (media.endsWith('json') && !isFile) assertOfForm(title, media, content, body)
  return title
}

function assertOfForm(title: string, media: string, content: Content, body: unknown): void {
  let validate = compiled.get(content)
  if (validate === undefined) {
    const schema = media === 'application/json' ? closed(content.schema) : content.schema
    validate = ajv.compile(placed(schema) as AnySchema)
    compiled.set(content, validate)
  }
  if (!validate(body)) assert.fail(`${title}: ${JSON.stringify(validate.errors)} in ${JSON.stringify(body)}`)
}

/** With pointers into the description. */
const placed = (schema: unknown): unknown =>
  JSON.parse(JSON.stringify(schema).replaceAll('"#/components/', '"api#/components/'))

/** The schema as it is for who knows all there is today: no keys besides. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed)
  if (typeof schema !== 'object' || schema === null) return schema
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]))
  const isOpen = !Object.hasOwn(inner, 'properties') || Object.hasOwn(inner, 'additionalProperties')
  // A field may be named `properties` too, but none is.
  return isOpen ? inner : { ...inner, additionalProperties: false }
}
