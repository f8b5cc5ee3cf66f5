/** The query of a URL, read by a schema as a body is: a number is written as in JSON. */
import type { z } from 'zod'
import { invalidField } from '../base/refusal.ts'
import type { Result } from '../base/result.ts'
import { numberOfText } from './number-text.ts'

/** Of a name that comes twice the first counts, and names that the schema lacks are left alone. Refusal: `invalid-field`. */
export function parseQuery<S extends z.ZodObject>(query: URLSearchParams, schema: S): Result<z.output<S>> {
  const given: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(schema.shape)) {
    const text = query.get(name)
    if (text !== null) given[name] = isNumber(field) ? (numberOfText(text) ?? text) : text
  }
  const result = schema.safeParse(given)
  if (result.success) return { ok: true, value: result.data }
  const { path, message } = result.error.issues[0]!
  return { ok: false, refusal: invalidField(path.join('.'), message) }
}

/** Whether a field takes a number, below its default and what becomes of it. */
function isNumber(schema: z.core.$ZodType): boolean {
  const { def } = schema._zod as z.core.$ZodTypes['_zod']
  if (def.type === 'pipe') return isNumber(def.in)
  return 'innerType' in def ? isNumber(def.innerType) : def.type === 'number'
}
