/** What `docs/protocol` tells, read from its files: all that the judge knows of the engine's tables. */
import { readFileSync } from 'node:fs'
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'

const DIRECTORY = new URL('../../../docs/protocol/', import.meta.url)

interface MessageType {
  readonly type: string
  readonly code: number
  readonly fields: readonly string[]
}
interface Rate {
  readonly connectionPerS: number
  readonly burstS: number
}
interface Catalogue {
  readonly client: readonly (MessageType & { readonly roles: readonly string[] })[]
  readonly server: readonly MessageType[]
  readonly errors: readonly { readonly code: string; readonly retryable: boolean }[]
  readonly closeCodes: Readonly<Record<string, number>>
  readonly words: Readonly<Record<string, readonly string[]>>
  readonly limits: Readonly<Record<string, number>>
  readonly defaultLimits: {
    readonly frameBytes: Readonly<Record<string, number>>
    readonly rates: Readonly<Record<string, Rate>>
  }
}

/** Where in a message something is wrong: which field, and what is wanted there. */
export interface Misfit {
  /** Index in the tuple; 0 is the type. */
  readonly element: number
  readonly field: string
  readonly wanted: string
}

export class Protocol {
  readonly catalogue: Catalogue
  readonly #ajv = new Ajv2020({ strict: false, inlineRefs: false, validateSchema: false, meta: false })
  readonly #validators = new Map<string, ValidateFunction | undefined>()
  readonly #clientTypes: ReadonlyMap<string, Catalogue['client'][number]>
  readonly #serverTypes: ReadonlyMap<string, MessageType>
  readonly #retryable: ReadonlySet<string>

  constructor() {
    this.catalogue = read('catalogue.json') as Catalogue
    for (const side of ['client', 'server']) {
      const { $defs } = read(`${side}-messages.schema.json`) as { readonly $defs: object }
      this.#ajv.addSchema({ $defs }, side)
    }
    this.#clientTypes = new Map(this.catalogue.client.map(each => [each.type, each]))
    this.#serverTypes = new Map(this.catalogue.server.map(each => [each.type, each]))
    this.#retryable = new Set(this.catalogue.errors.filter(({ retryable }) => retryable).map(({ code }) => code))
  }

  /** The name of a type as the subprotocol has it; null for none that is known. */
  nameOf(side: 'client' | 'server', type: unknown, isBinary: boolean): string | null {
    const types: readonly MessageType[] = this.catalogue[side]
    return types.find(each => (isBinary ? each.code : each.type) === type)?.type ?? null
  }

  fieldsOf(side: 'client' | 'server', type: string): readonly string[] {
    return (side === 'client' ? this.#clientTypes : this.#serverTypes).get(type)?.fields ?? []
  }

  rolesOf(type: string): readonly string[] {
    return this.#clientTypes.get(type)?.roles ?? []
  }

  isRetryable(code: string): boolean {
    return this.#retryable.has(code)
  }

  /** The first thing in which a message, by the name of its type, is not of its form; null where it is. */
  misfit(side: 'client' | 'server', message: readonly unknown[]): Misfit | null {
    const type = String(message[0])
    const errors = this.#errors(side, type, message)
    return errors === null ? null : misfitOf(errors, this.fieldsOf(side, type))
  }

  /** What is wrong with the `result` of a reply to this command; null where nothing is. */
  resultMisfit(type: string, result: unknown): string | null {
    const [error] = this.#errors('server', `result of ${type}`, result) ?? []
    return error === undefined ? null : `result${error.instancePath.replaceAll('/', '.')} ${error.message}`
  }

  #errors(side: string, name: string, value: unknown): readonly ErrorObject[] | null {
    const key = `${side}#/$defs/${encodeURIComponent(name)}`
    if (!this.#validators.has(key)) this.#validators.set(key, this.#ajv.getSchema(key))
    const validate = this.#validators.get(key)
    if (validate === undefined || validate(value)) return null
    return validate.errors ?? []
  }
}

function misfitOf(errors: readonly ErrorObject[], fields: readonly string[]): Misfit {
  // Of a field that may be null the last error says that; the one before it says what is wanted.
  const { instancePath, message = '', params } = errors[0]!
  const path = instancePath.split('/').slice(1)
  if (path.length === 0) {
    const missing =
      typeof params.limit === 'number' ? `there must be ${params.limit - 1} fields: ${fields.join(', ')}` : message
    return { element: 0, field: 'the message', wanted: missing }
  }
  const element = Number(path[0])
  const name = fields[Math.min(element, fields.length) - 1] ?? 'type'
  const allowed = Array.isArray(params.allowedValues) ? `: ${params.allowedValues.join(', ')}` : ''
  return { element, field: [name, ...path.slice(1)].join('.'), wanted: `${message}${allowed}` }
}

const read = (name: string): unknown => JSON.parse(readFileSync(new URL(name, DIRECTORY), 'utf8'))
