/** The handlers of a request, in the order of uWebSockets.js. */
import type { RouteHandler, RouteMethod } from '../transport.ts'

export interface RouteMatch {
  readonly handler: RouteHandler
  /** Of the path, as sent. */
  readonly parameters: readonly string[]
}

interface Mounted {
  readonly parts: readonly string[]
  /** A digit for each part: fixed ones first, then `:name`, then `*`. */
  readonly rank: string
  readonly handler: RouteHandler
}

/** As HTTP has them. */
const METHODS: Readonly<Record<Exclude<RouteMethod, 'any'>, string>> = {
  get: 'GET',
  head: 'HEAD',
  post: 'POST',
  put: 'PUT',
  patch: 'PATCH',
  del: 'DELETE',
  options: 'OPTIONS',
}
const ANY = '*'

export class RouteTable {
  readonly #byMethod = new Map<string, Mounted[]>()

  /** Where two fit equally well, the one that was mounted first comes first. */
  mount(method: RouteMethod, pattern: string, handler: RouteHandler): void {
    const name = method === 'any' ? ANY : METHODS[method]
    const parts = partsOf(pattern)
    const mounted = this.#byMethod.get(name) ?? []
    mounted.push({ parts, rank: parts.map(rankOf).join(''), handler })
    mounted.sort((a, b) => (a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : 0))
    this.#byMethod.set(name, mounted)
  }

  /** Input: a method as sent, and a path that begins with a slash. */
  *matching(method: string, path: string): Generator<RouteMatch> {
    const asked = partsOf(path)
    for (const name of [method, ANY]) {
      for (const { parts, handler } of this.#byMethod.get(name) ?? []) {
        const parameters = matched(parts, asked)
        if (parameters !== null) yield { handler, parameters }
      }
    }
  }
}

const partsOf = (path: string): string[] => path.slice(1).split('/')

const rankOf = (part: string): string => (part === ANY ? '2' : part.startsWith(':') ? '1' : '0')

/** The parameters, null where the path does not fit. */
function matched(parts: readonly string[], asked: readonly string[]): string[] | null {
  const parameters: string[] = []
  for (const [index, part] of parts.entries()) {
    if (part === ANY) return parameters
    const given = asked[index]
    if (given === undefined) return null
    if (part.startsWith(':')) {
      if (given === '') return null
      parameters.push(given)
    } else if (part !== given) return null
  }
  return parts.length === asked.length ? parameters : null
}
