/** The fields of a thing that can be changed: how each is typed, and what comes of what was typed. */
import { o } from './office-strings.ts'

export interface RecordField {
  readonly name: string
  readonly label: string
  /** `optional`: an empty text is none. `units`: ids, or the word `all`; an empty text is none. */
  readonly kind: 'text' | 'optional' | 'number' | 'choice' | 'check' | 'words' | 'units'
  readonly choices?: readonly (readonly [value: string, label: string])[]
  readonly hint?: string
  /** Of a new thing alone; afterwards it stays. */
  readonly isFixed?: boolean
  readonly initial?: unknown
}

export type RecordValues = Readonly<Record<string, unknown>>

/** What stands in the field for a value. */
export function typedOf({ kind }: RecordField, value: unknown): string {
  if (value === null || value === undefined) return ''
  if ((kind === 'words' || kind === 'units') && Array.isArray(value)) return value.join(' ')
  return String(value)
}

/** The value of what was typed. What is no number stays the text that it is, so that the engine says what it must be. */
export function valueTyped({ kind }: RecordField, typed: string): unknown {
  const text = typed.trim()
  switch (kind) {
    case 'optional':
      return text === '' ? null : text
    case 'number':
      return text === '' || Number.isNaN(Number(text)) ? text : Number(text)
    case 'words':
      return wordsIn(text)
    case 'units':
      return text === '' ? null : text === 'all' ? 'all' : wordsIn(text)
    default:
      return text
  }
}

const wordsIn = (text: string): string[] => text.split(/[\s,]+/).filter(word => word !== '')

/** As it is read in a table or a sentence. */
export function spokenValue(field: RecordField, value: unknown): string {
  if (typeof value === 'boolean') return value ? o.form.yes : o.form.no
  const text = typedOf(field, value)
  if (text === '') return o.form.noValue
  return field.choices?.find(([each]) => each === text)?.[1] ?? text
}

/** The fields in which two states of a thing differ. */
export const fieldsChanged = (fields: readonly RecordField[], a: RecordValues, b: RecordValues): RecordField[] =>
  fields.filter(field => typedOf(field, a[field.name]) !== typedOf(field, b[field.name]))
