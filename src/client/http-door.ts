/** The engine's routes for a client: one request, its answer as data, and its problem documents as errors. */
import { ClientFault, type ServerRefusal } from './errors.ts'
import { type FullTimers, fullTimers, type Timers } from './timing.ts'

export interface HttpDoorSettings {
  /** The engine, as for `connect`: `http`, `https`, `ws` or `wss`; the path is left out. */
  readonly url: string
  /** Default: the platform's own. */
  readonly fetch?: typeof fetch
  readonly timers?: Timers
  /** Wall milliseconds to wait for an answer. Default 20,000. */
  readonly timeoutMs?: number
}

interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** With its query. */
  readonly path: string
  /** For whoever reads of a fault. */
  readonly what: string
  readonly token?: string
  readonly body?: object
  readonly headers?: Readonly<Record<string, string>>
}

export class HttpDoor {
  /** Scheme, host and port. */
  readonly origin: string
  readonly timers: FullTimers
  readonly #fetch: typeof fetch
  readonly #timeoutMs: number

  /** Errors: throws TypeError for what is no URL. */
  constructor({ url, fetch: given, timers, timeoutMs }: HttpDoorSettings) {
    const base = new URL(url)
    base.protocol = base.protocol.replace(/^ws/, 'http')
    this.origin = base.origin
    this.#fetch = given ?? ((input, init) => globalThis.fetch(input, init))
    this.timers = fullTimers(timers)
    this.#timeoutMs = timeoutMs ?? 20_000
  }

  /**
   * Output: the body of the answer, null when it has none; or the refusal. Errors: rejects with ClientFault when the engine
   * cannot be reached, or somebody else has answered.
   */
  async ask(
    request: HttpRequest,
  ): Promise<
    { readonly ok: true; readonly answer: unknown } | { readonly ok: false; readonly refusal: ServerRefusal }
  > {
    const { status, answer } = await this.send(request)
    if (status >= 200 && status < 300) return { ok: true, answer }
    const refusal = refusalIn(answer)
    if (refusal !== null) return { ok: false, refusal }
    // Somebody in between answered, or nobody that we know.
    throw new ClientFault('connection', `${request.what} was answered with HTTP ${status}.`)
  }

  /** The answer as it came; undefined for what is no JSON. Errors: rejects with ClientFault when the engine cannot be reached. */
  async send({
    method,
    path,
    what,
    token,
    body,
    headers,
  }: HttpRequest): Promise<{ readonly status: number; readonly answer: unknown }> {
    const given = new AbortController()
    const timer = this.timers.setTimeout(() => given.abort(), this.#timeoutMs)
    try {
      const response = await this.#fetch(`${this.origin}${path}`, {
        method,
        headers: {
          ...(method === 'GET' ? {} : { 'Content-Type': 'application/json' }),
          ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: given.signal,
      })
      return { status: response.status, answer: readJson(await response.text()) }
    } catch (cause) {
      throw new ClientFault('connection', `The engine could not be reached for ${what}.`, { cause })
    } finally {
      this.timers.clearTimeout(timer)
    }
  }
}

function readJson(text: string): unknown {
  try {
    return text === '' ? null : JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A problem document (RFC 9457) with a code of ours. */
function refusalIn(document: unknown): ServerRefusal | null {
  if (!isObject(document) || typeof document.code !== 'string' || typeof document.detail !== 'string') return null
  return {
    code: document.code,
    message: document.detail,
    details: isObject(document.details) ? document.details : null,
  }
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null
