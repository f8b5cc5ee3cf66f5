/** What a row of the table of messages says, and the ways in which the fields of a message become what it asks for. */
import { z } from 'zod'
import type { Command, ReleaseHeld } from '../../domain/commands.ts'
import type { Right } from '../../domain/roles.ts'
import { UNIT_STATUSES } from '../../domain/vocabulary.ts'
import type { RateClass } from '../limits.ts'
import { routedId, tripPhase, unitId } from '../schema-parts.ts'
import type { ClientTypeName } from '../wire/message-types.ts'

/** A message's fields, and what the message becomes once they are valid. */
export interface Shape<Request = unknown> {
  /** The fields behind the type, in their order on the wire: the keys of the schema. */
  readonly fields: readonly string[]
  /** What the fields have to be, as a client sends them. */
  readonly schema: z.ZodObject
  read(fields: Readonly<Record<string, unknown>>): z.ZodSafeParseResult<Request>
}

/** Who in a region takes a message: the unit that the session speaks for, the unit or trip that the message names, or the region. */
export type Owner = 'own-unit' | 'unit' | 'trip' | 'region'

export interface MessageRow {
  /** Null: a client that is not signed in yet. */
  readonly right: Right | null
  /** A crew's commands have a rate of their own, `crewCommand`. As how many it counts: `gateway/limits/message-cost.ts`. */
  readonly rate: RateClass
  /** The first of these that session or message names. */
  readonly owner: readonly Owner[]
  /** What stands in `result` of the reply [CM-3]; null where no reply comes. */
  readonly result: z.ZodObject | null
  /** Null of fixes, which `fix-frame.ts` reads by hand. */
  readonly shape: Shape | null
}

/** The rows of some messages, by their names. */
export type MessageRows = Readonly<Partial<Record<ClientTypeName, MessageRow>>>

/** What only HTTP asks is no message. */
type AskedCommand = Exclude<Command, ReleaseHeld>
export interface CommandAsked {
  readonly type: 'command'
  readonly id: string
  readonly command: AskedCommand
}
export const asCommand = (id: string, command: AskedCommand): CommandAsked => ({ type: 'command', id, command })

export function shape<S extends z.ZodObject, Request>(
  schema: S,
  build: (fields: z.output<S>) => Request,
): Shape<Request> {
  const whole = schema.transform(build)
  // zod's own type of an output that is still generic cannot be told to be `Request`.
  return {
    fields: Object.keys(schema.shape),
    schema,
    read: fields => whole.safeParse(fields) as z.ZodSafeParseResult<Request>,
  }
}
/** A message that becomes its own name and fields. */
export function named<const T extends string, S extends z.ZodObject>(type: T, schema: S) {
  return shape(schema, fields => ({ type, ...fields }))
}

/** What several replies hold. */
export const unitStatus = z.object({ unitId, status: z.enum(UNIT_STATUSES) })
export const tripAt = z.object({ tripId: routedId, phase: tripPhase })
export const NOTHING = z.object({})
