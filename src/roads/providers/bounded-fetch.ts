/** Asks a server over HTTP for JSON, within a time and so many bytes, and says in words of ours what went wrong. */
import { textWithin, whyUnreachable } from '../../base/http-answer.ts'
import type { Scheduler } from '../../base/time.ts'
import type { NoTimes } from './many-to-one.ts'

export interface BoundedAsk {
  readonly url: string
  /** Sent as JSON by POST; without it the request is a GET. */
  readonly body?: unknown
  /** Until the whole answer is there. */
  readonly timeoutMs: number
  readonly maxBytes: number
}

export type Fetched =
  | { readonly ok: true; readonly status: number; readonly json: unknown }
  | { readonly ok: false; readonly why: NoTimes; readonly message: string }

/** Never rejects. A redirection is not followed: it would lead where nobody said that it may. */
export async function boundedFetch(
  { url, body, timeoutMs, maxBytes }: BoundedAsk,
  scheduler: Scheduler,
): Promise<Fetched> {
  const ending = new AbortController()
  let isLate = false
  const cancel = scheduler.after(timeoutMs, () => {
    isLate = true
    ending.abort()
  })
  const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  try {
    const response = await fetch(url, { ...(body === undefined ? {} : post), redirect: 'error', signal: ending.signal })
    const text = await textWithin(response, maxBytes)
    if (text === null) {
      ending.abort()
      return { ok: false, why: 'too-long', message: `The answer has more than ${maxBytes} bytes.` }
    }
    if (response.status >= 500)
      return { ok: false, why: 'server-error', message: `The server answered ${response.status}.` }
    return { ok: true, status: response.status, json: JSON.parse(text) }
  } catch (error) {
    if (isLate) return { ok: false, why: 'too-slow', message: `There was no answer within ${timeoutMs} ms.` }
    if (error instanceof SyntaxError) return { ok: false, why: 'unreadable', message: 'The answer is no JSON.' }
    return { ok: false, why: 'unreachable', message: `The server cannot be asked: ${whyUnreachable(error)}.` }
  } finally {
    cancel()
  }
}
