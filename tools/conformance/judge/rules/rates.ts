/** Messages by class stay within the default rates of a connection [LM-2]; what one counts as is [LM-12], at the least. */
import type { Connection, Message, Rules } from '../connection.ts'
import type { Protocol } from '../protocol.ts'
import type { Verdicts } from '../verdicts.ts'
import { isCommand } from './commands.ts'

interface Bucket {
  level: number
  atMs: number
  isTold: boolean
}

export class Rates implements Rules {
  readonly #verdicts: Verdicts
  readonly #rates: Readonly<Record<string, { readonly connectionPerS: number; readonly burstS: number }>>
  readonly #buckets = new Map<Connection, Map<string, Bucket>>()

  constructor(protocol: Protocol, verdicts: Verdicts) {
    this.#verdicts = verdicts
    this.#rates = protocol.catalogue.defaultLimits.rates
  }

  onClient({ connection, type, fields, line, atMs }: Message): void {
    if (connection.role === null || type === 'hello') return
    const name = classOf(type, connection.role)
    const { connectionPerS, burstS } = this.#rates[name]!
    const full = connectionPerS * burstS
    const buckets = this.#buckets.get(connection) ?? new Map<string, Bucket>()
    this.#buckets.set(connection, buckets)
    const bucket = buckets.get(name) ?? { level: full, atMs, isTold: false }
    buckets.set(name, bucket)
    bucket.level = Math.min(full, bucket.level + ((atMs - bucket.atMs) * connectionPerS) / 1_000)
    bucket.atMs = atMs
    const cost = costOf(type, fields)
    // A frame that costs more than a whole burst is taken when nothing is owed.
    if (bucket.level >= Math.min(cost, full)) {
      bucket.level -= cost
      bucket.isTold = false
      return this.#verdicts.kept('LM-2')
    }
    if (bucket.isTold) return
    bucket.isTold = true
    this.#verdicts.client('LM-2', line, `${type} over the rate of ${name}: ${connectionPerS} a second, ${full} at once`)
  }
}

const BY_QUERY = new Set([
  ...['nearest', 'explain-trip', 'find-place', 'best-destinations', 'reach', 'coverage', 'trip-route'],
])

function classOf(type: string, role: string): string {
  if (type === 'fix' || type === 'hint') return 'fix'
  if (type === 'feed-fixes') return 'feedFix'
  if (BY_QUERY.has(type)) return 'query'
  if (isCommand(type)) return role === 'driver' ? 'crewCommand' : 'command'
  return 'control'
}

function costOf(type: string, fields: readonly unknown[]): number {
  const count = (list: unknown, each: number) => Math.max(1, Math.ceil((list as readonly unknown[]).length / each))
  switch (type) {
    case 'explain-trip':
    case 'best-destinations':
    case 'trip-route':
      return 4
    case 'coverage':
      return 25
    case 'reach':
      return 50
    case 'fix':
      return fields.filter(Array.isArray).length
    case 'feed-fixes':
      return fields.filter(Array.isArray).length
    case 'watch-tiles':
      return count(fields[1], 16)
    case 'attach':
      return count(fields[1], 50)
    case 'detach':
      return count(fields[1], 100)
    case 'enter-call':
      return (fields[1] as { readonly needs: readonly unknown[] }).needs.length
    default:
      return 1
  }
}
