/** JSON Schema of what clients send, also of fields that are read by hand before their schema is. */
import { z } from 'zod'
import { listBehind } from '../../src/protocol/fields.ts'
import { innerOf } from '../../src/protocol/nullable.ts'

export type JsonSchema = Readonly<Record<string, unknown>>

/** As it is sent: what has a default may be absent, and what becomes of a value is left out. */
export function asJson(schema: z.core.$ZodType): JsonSchema {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => {
      const inner = innerOf(zodSchema)
      if (inner !== undefined) jsonSchema.anyOf = [asJson(inner), { type: 'null' }]
      const list = listBehind(zodSchema)
      if (list !== undefined) Object.assign(jsonSchema, asJson(list))
    },
  })
  return json
}
