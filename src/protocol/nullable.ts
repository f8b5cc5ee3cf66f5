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
    const result = schema.safeParse(value)
    if (result.success) return result.data
    for (const issue of result.error.issues) {
      const isWhole = issue.path.length === 0 && issue.code !== 'unrecognized_keys'
      const message = isWhole ? `${issue.message}, or null` : issue.message
      context.issues.push({ ...issue, message, input: value } as z.core.$ZodRawIssue)
    }
    return z.NEVER
  })
  besidesNull.set(made, schema)
  return made
}
