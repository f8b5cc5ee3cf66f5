/**
 * Every form that a command or an event can take as far as its outcome may differ: each word of a closed list, by the schema,
 * and for all other fields the values that `values.ts` gives.
 */
import type { JsonSchema } from '../json-schema.ts'

/** A value of a field, and how the tables call it. */
interface Named {
  readonly word: string
  readonly value: unknown
}
/** By field: the one value that it has, or several that have to be tried. */
export type Values = Readonly<Record<string, { readonly one: unknown } | { readonly each: readonly Named[] }>>

export interface Variant {
  /** By field, of those that have several. */
  readonly words: ReadonlyMap<string, string>
  readonly values: Readonly<Record<string, unknown>>
}

/** Error: the schema has a field that no list of words closes, and `values` does not say what it holds. */
export function variantsOf(name: string, schema: JsonSchema, values: Values): readonly Variant[] {
  const { properties = {}, required = [] } = schema as {
    readonly properties?: Readonly<Record<string, JsonSchema>>
    readonly required?: readonly string[]
  }
  let variants: readonly Variant[] = [{ words: new Map(), values: {} }]
  for (const [field, form] of Object.entries(properties)) {
    const choices = choicesOf(field, form, required.includes(field), values[field])
    if (choices === null) {
      throw new Error(
        `Say in tools/protocol/states/values.ts what \`${field}\` of ${name} holds in the tables of states.`,
      )
    }
    variants = variants.flatMap(variant => choices.map(choice => extended(variant, field, choice, choices.length > 1)))
  }
  return variants
}

function extended({ words, values }: Variant, field: string, { word, value }: Named, isOneOfSeveral: boolean): Variant {
  return {
    words: isOneOfSeveral ? new Map([...words, [field, word]]) : words,
    values: value === undefined ? values : { ...values, [field]: value },
  }
}

const absent = (field: string): Named => ({ word: `without \`${field}\``, value: undefined })

function choicesOf(
  field: string,
  form: JsonSchema,
  isRequired: boolean,
  given: Values[string] | undefined,
): readonly Named[] | null {
  if (given !== undefined) return 'one' in given ? [{ word: '', value: given.one }] : given.each
  const words = wordsOf(form)
  if (!isRequired) {
    const isFlag = words?.[0]?.value === true
    return isFlag ? [absent(field), { word: `\`${field}\``, value: true }] : [absent(field)]
  }
  return words
}

/** The values of a closed list, null among them where it is taken; null for any other form. */
function wordsOf(form: JsonSchema): readonly Named[] | null {
  if (Array.isArray(form.enum)) return form.enum.map(named)
  if (form.const !== undefined) return [named(form.const)]
  if (form.type === 'null') return [named(null)]
  if (!Array.isArray(form.anyOf)) return null
  const parts = form.anyOf.map(part => wordsOf(part as JsonSchema))
  return parts.includes(null) ? null : parts.flatMap(part => part!)
}

const named = (value: unknown): Named => ({ word: value === null ? 'none' : String(value), value })
