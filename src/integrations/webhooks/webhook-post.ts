/**
 * Posts one message, signed as Standard Webhooks 1.0 has it (github.com/standard-webhooks/standard-webhooks): HMAC-SHA256 over
 * `id.timestamp.body`, with the time of the attempt.
 *
 * A redirection is not followed: it would lead where no operator said that it may. Of the answer its status counts, and when to come
 * again; no more of its body is read than its connection needs to serve the next message.
 */
import { createHmac } from 'node:crypto'
import { textWithin, whyUnreachable } from '../../base/http-answer.ts'
import type { MachineClock } from '../../base/time.ts'
import type { Webhook } from './webhook.ts'
import type { WebhookMessage } from './webhook-message.ts'

export type WebhookAnswer =
  | { readonly ok: true }
  | {
      readonly ok: false
      /** The receiver wants no more, ever. */
      readonly isGone: boolean
      /** Without the address: it may have a secret in it. */
      readonly message: string
      /** As the receiver asks for; 0 where it does not. */
      readonly againAfterMs: number
    }

const ANSWER_BYTES_MAX = 16 * 1024
const AGAIN_AFTER_MAX_MS = 3_600_000
const GONE = 410

/** Never rejects. Input: `ending` gives the message up. */
export async function postMessage(
  { url, secrets, timeoutMs }: Webhook,
  { id, body }: Pick<WebhookMessage, 'body'> & { readonly id: string },
  clock: MachineClock,
  ending: AbortSignal,
): Promise<WebhookAnswer> {
  const cut = new AbortController()
  const end = () => cut.abort()
  let isLate = false
  const cancel = clock.after(timeoutMs, () => {
    isLate = true
    end()
  })
  ending.addEventListener('abort', end, { once: true })
  const timestamp = String(Math.floor(clock.wallMs() / 1_000))
  const signed = secrets.map(secret => `v1,${signature(secret, `${id}.${timestamp}.${body}`)}`).join(' ')
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'goldenhour',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signed,
  }
  try {
    const response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal: cut.signal })
    // It has been answered, whatever becomes of the rest.
    await textWithin(response, ANSWER_BYTES_MAX).catch(() => null)
    return judged(response, clock.wallMs())
  } catch (error) {
    const message = isLate
      ? `The receiver did not answer within ${timeoutMs} ms.`
      : `The receiver cannot be reached: ${whyUnreachable(error)}.`
    return { ok: false, isGone: false, message, againAfterMs: 0 }
  } finally {
    cancel()
    ending.removeEventListener('abort', end)
  }
}

const signature = (secret: Buffer, text: string): string => createHmac('sha256', secret).update(text).digest('base64')

function judged({ ok, status, headers }: Response, wallMs: number): WebhookAnswer {
  if (ok) return { ok: true }
  const redirected = status >= 300 && status < 400 ? ', which is not followed: give the address that it leads to' : ''
  const message = `The receiver answered ${status}${redirected}.`
  return { ok: false, isGone: status === GONE, message, againAfterMs: againAfterMs(headers.get('retry-after'), wallMs) }
}

/** Seconds, or a date. */
function againAfterMs(text: string | null, wallMs: number): number {
  if (text === null) return 0
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - wallMs
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), AGAIN_AFTER_MAX_MS) : 0
}
