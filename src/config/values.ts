/** The kinds of values that a setting may have, and what a setting tells of itself besides its value's form. */
import { z } from 'zod'
import { isLoopbackHost } from '../base/ip-address.ts'
import { canonicalOrigin } from '../protocol/origin.ts'

/** What is known of one setting; its schema carries it. */
export interface SettingNotes {
  /** The end of the sentence "it must be …". */
  readonly must: string
  /** What it is for, in one or two sentences. */
  readonly purpose: string
  /** How the text of its variable becomes the value that the file would have. */
  readonly form: 'text' | 'number' | 'list' | 'json'
  /** Its variable, where that is not made from its key. */
  readonly variable?: string
  /** Never shown. */
  readonly secret?: boolean
  /** What stands in the documents where the default is no fixed value. */
  readonly defaultInWords?: string
}

export const NOTES = z.registry<SettingNotes>()

type Purpose = string | Omit<SettingNotes, 'must' | 'form'>

function noted<T extends z.ZodType>(schema: T, must: string, form: SettingNotes['form'], purpose: Purpose): T {
  NOTES.add(schema as z.ZodType, { must, form, ...(typeof purpose === 'string' ? { purpose } : purpose) })
  return schema
}

export function whole(from: number, to: number, standard: number, purpose: Purpose) {
  const schema = z.int().min(from).max(to).default(standard)
  return noted(schema, `a whole number from ${from} to ${to}`, 'number', purpose)
}

export function above0(to: number, standard: number, purpose: Purpose) {
  const schema = z.number().gt(0).max(to).default(standard)
  return noted(schema, `a number greater than 0 and at most ${to}`, 'number', purpose)
}

export function choiceOf<const T extends readonly string[]>(words: T, standard: T[number], purpose: Purpose) {
  return noted(z.enum(words).default(standard as never), `one of ${words.join(', ')}`, 'text', purpose)
}

export function textThat(must: string, fits: (value: string) => boolean, standard: string, purpose: Purpose) {
  return noted(z.string().refine(fits).default(standard), must, 'text', purpose)
}

/** May be left out, or null. */
export function optionalText(must: string, fits: (value: string) => boolean, purpose: Purpose) {
  return noted(z.string().refine(fits).nullable().default(null), must, 'text', purpose)
}

export function listOf(must: string, fits: (value: string) => boolean, purpose: Purpose) {
  const schema = z.array(z.string(`must be ${must}`).refine(fits, `must be ${must}`)).default([])
  return noted(schema, `a list, each ${must}`, 'list', purpose)
}

export function objects<T extends z.ZodRawShape>(must: string, shape: T, purpose: Purpose) {
  return noted(z.array(z.strictObject(shape, 'must be an object')).default([]), must, 'json', purpose)
}

export const isText = (value: string): boolean => /^[^\p{Cc}\p{Cs}]+$/u.test(value)

/**
 * A sign that has a meaning in URLs ends the password where it stands in it as it is: what comes behind would be taken
 * for host and name. An `@` there, or a `#` anywhere, shows that.
 */
export function isPostgresUrl(value: string): boolean {
  if (!URL.canParse(value)) return false
  const { protocol, username, password, pathname, search, hash } = new URL(value)
  if (!['postgres:', 'postgresql:'].includes(protocol) || hash !== '') return false
  const isCutShort = pathname.includes('@') || /^\?[^=]*@/.test(search)
  return !isCutShort && !/%(?![0-9a-f]{2})/i.test(username + password)
}

/** As a browser sends it in `Origin`, or `*`. */
export function isOrigin(value: string): boolean {
  return value === '*' || canonicalOrigin(value) === value
}

/** Without a port. */
export const isHostName = (value: string): boolean =>
  /^[a-z0-9-]+(?:\.[a-z0-9-]+)*$/i.test(value) && value.length <= 253

/** Maybe inside a network, so without TLS as well. */
export function isWebhookUrl(value: string): boolean {
  if (!URL.canParse(value)) return false
  const { protocol, username, password, hash } = new URL(value)
  return ['http:', 'https:'].includes(protocol) && [username, password, hash].every(part => part === '')
}

/** As that of a webhook; what is asked for is put behind it. */
export const isRouterUrl = (value: string): boolean => isWebhookUrl(value) && new URL(value).search === ''

/** The places of zoom, column and row stand as they are told to browsers. */
export function isTileUrl(value: string): boolean {
  const filled = ['{z}', '{x}', '{y}'].reduce((url, place) => url.replace(place, '0'), value)
  if (!['{z}', '{x}', '{y}'].every(place => value.includes(place)) || /[{}\s'"<>;,]/.test(filled)) return false
  if (!URL.canParse(filled)) return false
  const { protocol, username, password, hash } = new URL(filled)
  return ['http:', 'https:'].includes(protocol) && [username, password, hash].every(part => part === '')
}

/** https, or http where nobody can listen in. */
export function isSafeUrl(value: string): boolean {
  if (!URL.canParse(value)) return false
  const { protocol, hostname, username, password } = new URL(value)
  if (username !== '' || password !== '') return false
  return protocol === 'https:' || (protocol === 'http:' && isLoopbackHost(hostname))
}
