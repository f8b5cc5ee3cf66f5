/** Fields that may be null, and say so when what they hold is neither that nor good. */
import { z } from 'zod'

/** What each field that may be null takes besides. */
const besidesNull = new WeakMap<z.core.$ZodType, z.ZodType>()

/** What a schema made by `orNull` takes besides null; undefined for any other. */
export const innerOf = (schema: z.core.$ZodType): z.ZodType | undefined => besidesNull.get(schema)

/** Null besides what the schema takes. A refusal of the value as a whole mentions null; one of a part of it stays as it is. */
export function orNull<T extends z.ZodType>(schema: T) {
  const made = z.unknown().transform((value, context): z.output<T> | null => {
    if (value === null) return null
    return readBy(schema, value, context, ({ path, code, message }) => {
      const isWhole = path.length === 0 && code !== 'unrecognized_keys'
      return isWhole ? `${message}, or null` : message
    })
  })
  besidesNull.set(made, schema)
  return made
}

/** What a schema inside a transform makes of a value; what it finds wrong becomes what the transform finds wrong. */
export function readBy<T extends z.ZodType>(
  schema: T,
  value: unknown,
  context: z.core.$RefinementCtx,
  wording: (issue: z.core.$ZodIssue) => string = ({ message }) => message,
): z.output<T> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  for (const issue of result.error.issues) {
    context.issues.push({ ...issue, message: wording(issue), input: value } as z.core.$ZodRawIssue)
  }
  return z.NEVER
}
