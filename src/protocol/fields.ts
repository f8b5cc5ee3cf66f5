/** The fields that messages and HTTP bodies are made of: each schema says its range in the words of the refusal. */
import { z } from 'zod'
import { COMMAND_ID } from '../domain/ids.ts'
import { LEVELS_OF_CARE } from '../domain/vocabulary.ts'
import { fromE7, noMinusZero, toE7 } from './fix-frame.ts'
import { RANGES } from './limits.ts'
import { orNull, readBy } from './nullable.ts'
import { isWithin } from './text.ts'

export const integer = ([min, max]: readonly [min: number, max: number]) => {
  const error = `must be an integer from ${min} to ${max}`
  return z.int({ error }).min(min, { error }).max(max, { error }).transform(noMinusZero)
}
export const degrees = (max: number) => {
  const error = `must be a number of degrees from -${max} to ${max}`
  // Rounded to the wire's grid, so that the same call has the same body hash over HTTP and WebSocket.
  return z.number({ error }).min(-max, { error }).max(max, { error }).transform(onGrid)
}
const onGrid = (deg: number): number => fromE7(toE7(deg))
export const oneOf = <const T extends string>(words: readonly T[]) =>
  z.enum(words, { error: `must be one of ${words.join(', ')}` })
export const matching = (grammar: RegExp) => {
  const error = `must be a string that matches ${grammar.source}`
  return z.string({ error }).regex(grammar, { error })
}
export const text = (min: number, max: number) => {
  const error = `must be a string of ${min} to ${max} characters`
  return z.string({ error }).refine(given => given.length >= min && isWithin(given, max), { error })
}
/** A text that is bounded by what it takes to keep, in UTF-8, and is not blank. */
export const utf8 = (max: number) => {
  const error = `must be a string that is not blank, of at most ${max} bytes of UTF-8`
  return z.string({ error }).refine(given => given.trim() !== '' && Buffer.byteLength(given) <= max, { error })
}
export const list = <T extends z.ZodType>(item: T, min: number, max: number) => {
  const error = `must be a list of ${min} to ${max} elements`
  return z.array(item, { error }).min(min, { error }).max(max, { error })
}
/** Texts of one form, each kept once; `error` tells the form and the range. */
export const setOf = (grammar: RegExp, min: number, max: number, error: string) =>
  z
    .array(z.string({ error }).regex(grammar, { error }), { error })
    .min(min, { error })
    .max(max, { error })
    .transform(items => [...new Set(items)])
/**
 * A list of many elements that are good as a rule: one look at each takes them, and only a list with something wrong in it
 * is read by its schema, which says what. By the schema a thousand elements cost ten milliseconds of everybody's time.
 * `quick` answers the element as the schema would, or null for what the schema has to look at.
 */
export const longList = <T>(item: z.ZodType<T>, min: number, max: number, quick: (given: unknown) => T | null) => {
  const slow = list(item, min, max)
  const quickly = z.unknown().transform((given, context): readonly T[] => {
    return quickList(given, min, max, quick) ?? readBy(slow, given, context)
  })
  READ_QUICKLY.set(quickly, slow)
  return quickly
}
/** The schema behind a list that is read without it, for who wants to know the form of it. */
const READ_QUICKLY = new WeakMap<z.core.$ZodType, z.core.$ZodType>()
export const listBehind = (schema: z.core.$ZodType): z.core.$ZodType | undefined => READ_QUICKLY.get(schema)

function quickList<T>(given: unknown, min: number, max: number, quick: (given: unknown) => T | null): T[] | null {
  if (!Array.isArray(given) || given.length < min || given.length > max) return null
  const read: T[] = []
  for (const element of given) {
    const value = quick(element)
    if (value === null) return null
    read.push(value)
  }
  return read
}
export const isMatch = (value: unknown, grammar: RegExp): value is string =>
  typeof value === 'string' && grammar.test(value)

/** Null and an absent key mean the same. */
export const optional = <T extends z.ZodType>(schema: T) => orNull(schema).default(null)

export const id = matching(COMMAND_ID)
export const atMs = integer(RANGES.atMs)
export const levelOfCare = oneOf(LEVELS_OF_CARE)
export const lonE7 = integer(RANGES.lonE7)
export const latE7 = integer(RANGES.latE7)
