/** Every setting as the schema has it: key, variable, default, notes; and the way between keys and nested values. */
import { z } from 'zod'
import { schema } from './schema.ts'
import { NOTES, type SettingNotes } from './values.ts'

export interface Setting extends SettingNotes {
  /** `limits.helloTimeoutMs`: its place in the file and in `Config`. */
  readonly key: string
  readonly variable: string
  readonly schema: z.ZodType
  readonly standard: unknown
}

/** In the order of the schema. */
export const SETTINGS: readonly Setting[] = settingsIn(schema, [])
/** Keys that hold settings: `limits`, `limits.rates`, … */
export const GROUPS: ReadonlySet<string> = new Set(
  SETTINGS.flatMap(({ key }) => [...key.matchAll(/\./g)].map(({ index }) => key.slice(0, index))),
)

function settingsIn(group: z.ZodObject, path: readonly string[]): Setting[] {
  return Object.entries(group.shape as Record<string, z.ZodType>).flatMap(([name, part]) => {
    const keys = [...path, name]
    if (part instanceof z.ZodObject) return settingsIn(part, keys)
    const notes = NOTES.get(part)!
    return [
      { variable: variableOf(keys), ...notes, key: keys.join('.'), schema: part, standard: part.parse(undefined) },
    ]
  })
}

/** `GOLDENHOUR_LIMITS_HELLO_TIMEOUT_MS`. */
function variableOf(keys: readonly string[]): string {
  return `GOLDENHOUR_${keys.map(key => key.replaceAll(/[A-Z]/g, '_$&').toUpperCase()).join('_')}`
}

/** Nested values from values by key. */
export function nested(values: ReadonlyMap<string, unknown>): Record<string, unknown> {
  const root: Record<string, unknown> = {}
  for (const [key, value] of values) {
    const names = key.split('.')
    const last = names.pop()!
    let group = root
    for (const name of names) {
      group[name] ??= {}
      group = group[name] as Record<string, unknown>
    }
    group[last] = value
  }
  return root
}
