/** JSON Schema of what the server sends, and of the events in it, from the schemas beside the wire types. */
import { z } from 'zod'
import { EVENT_SCHEMAS } from '../../src/protocol/event-schemas.ts'
import { CLIENT_MESSAGES } from '../../src/protocol/messages.ts'
import { SERVER_SCHEMAS } from '../../src/protocol/server-schemas.ts'
import type { ServerTypeName } from '../../src/protocol/wire/message-types.ts'

type JsonSchema = Readonly<Record<string, unknown>>

const DIALECT = 'https://json-schema.org/draft/2020-12/schema'
const GROWS =
  'The protocol grows [VN-1]: a client takes no offence at elements, keys and words that are not here [VN-2].'

/** Each message under its name in `$defs`, and under `result of <command>` what stands in the reply to it. */
export function serverSchema(): JsonSchema {
  const own = Object.entries(SERVER_SCHEMAS)
  const results = Object.entries(CLIENT_MESSAGES).flatMap(([type, { result }]) => {
    return result === null ? [] : [[`result of ${type}`, result] as const]
  })
  return {
    $schema: DIALECT,
    title: 'Messages of the server in goldenhour.v1.json',
    $comment: GROWS,
    oneOf: own.map(([type]) => ({ $ref: `#/$defs/${type}` })),
    $defs: definitions([...own, ...results]),
  }
}

/** Each event under its name in `$defs`. */
export function eventSchema(): JsonSchema {
  const named = EVENT_SCHEMAS.map(schema => [schema.shape.type.value, schema] as const)
  return {
    $schema: DIALECT,
    title: 'Events of board-events, and of the records of the log',
    $comment: GROWS,
    oneOf: named.map(([type]) => ({ $ref: `#/$defs/${type}` })),
    $defs: definitions(named),
  }
}

/** The names of a message's fields, in their order. */
export function serverFields(type: ServerTypeName): readonly string[] {
  return SERVER_SCHEMAS[type].def.items.slice(1).map(item => item.meta()?.title ?? '')
}

/** The schemas by their names, and the views inside them by theirs. */
function definitions(named: readonly (readonly [string, z.ZodType])[]): JsonSchema {
  const whole = z.toJSONSchema(z.object(Object.fromEntries(named)), {
    io: 'input',
    override({ zodSchema, jsonSchema }) {
      // Elements may come behind the known ones.
      if (zodSchema._zod.def.type !== 'tuple') return
      delete jsonSchema.items
      delete jsonSchema.maxItems
    },
  })
  const { properties = {}, $defs = {} } = whole as { properties?: JsonSchema; $defs?: JsonSchema }
  // A schema with a name of its own stands in `$defs` already, and only points there.
  const messages = Object.entries(properties).filter(([name]) => !Object.hasOwn($defs, name))
  return { ...Object.fromEntries(messages), ...$defs }
}
