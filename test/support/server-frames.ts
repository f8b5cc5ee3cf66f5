/** Holds what an engine really sends against `docs/protocol`: nothing may be missing, of another form, or untold. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'

type JsonSchema = { readonly [key: string]: unknown }

const FILE = new URL('../../docs/protocol/server-messages.schema.json', import.meta.url)
const { $defs } = JSON.parse(readFileSync(FILE, 'utf8')) as { $defs: Readonly<Record<string, unknown>> }
const ajv = new Ajv2020({ allErrors: true, strict: false, inlineRefs: false, validateSchema: false, meta: false })
// Without its `oneOf`, as each message is held against the form of its own name.
ajv.addSchema({ $defs: closed($defs) } as JsonSchema, 'server')
// All made now: an engine that runs in this process would be held up by it.
const validators = new Map(
  Object.keys($defs).map(name => [name, ajv.getSchema(`server#/$defs/${encodeURIComponent(name)}`)]),
)

/** Errors: AssertionError for a message that is not of the form that the files tell, or has more than they tell. */
export function assertTold(message: readonly unknown[]): void {
  assertOfForm(String(message[0]), message)
}

/** As `assertTold`, for the `result` of the reply to a command or query. */
export function assertResultTold(type: string, result: unknown): void {
  assertOfForm(`result of ${type}`, result)
}

function assertOfForm(name: string, value: unknown): void {
  const validate = validators.get(name)
  assert.ok(validate !== undefined, `docs/protocol tells nothing of ${name}`)
  // As it is in JSON, where an absent key and one that is undefined are one.
  const written = JSON.parse(JSON.stringify(value))
  if (validate(written)) return
  assert.fail(`not what docs/protocol tells: ${JSON.stringify(validate.errors)} in ${JSON.stringify(written)}`)
}

/** The schema as it is for who knows all there is today: no elements and keys besides. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed)
  if (typeof schema !== 'object' || schema === null) return schema
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]))
  if (Object.hasOwn(inner, 'prefixItems')) return { ...inner, items: false }
  return Object.hasOwn(inner, 'properties') ? { ...inner, additionalProperties: false } : inner
}
