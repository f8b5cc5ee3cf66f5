/**
 * The messages that some records of a log become for one webhook: JSON with the events that it asks for, in their order, at most so
 * many and so many bytes.
 *
 * Without `personalData` an event is told as an erased call would have it: the place to a tenth of a degree, and no problem. Besides,
 * no decision, since how far units were from the place is where it is; and nobody's name.
 */
import { withoutPersonal } from '../../domain/erasure.ts'
import type { DomainEvent } from '../../domain/events.ts'
import type { LogRecord } from '../../store/log/journal.ts'
import type { WebhookCursor } from '../../store/webhooks/webhook-cursors.ts'
import type { Webhook } from './webhook.ts'

export const EVENTS_PER_MESSAGE = 500
/** Of the events of a message; one event alone may be larger. */
const BYTES_PER_MESSAGE = 256 * 1024
/** What names people, and what tells where a patient is by other means. */
const LEFT_OUT: ReadonlySet<string> = new Set(['by', 'principal', 'notesRead', 'decision'])

export interface WebhookMessage {
  /** The same for the same events; null where there is nothing to tell. */
  readonly id: string | null
  readonly body: string
  /** With it the receiver has every record up to here. */
  readonly end: number
}

/** Records that are not there, or not what was written. */
interface Gap {
  readonly fromPosition: number
  readonly toPosition: number
  readonly why: 'missing' | 'changed'
}

/** Made one by one, as they are asked for. Input: records that follow the cursor. */
export function* messagesOf(hook: Webhook, at: WebhookCursor, records: readonly LogRecord[]): Iterable<WebhookMessage> {
  let end = at.position
  let some = new Gathered(hook, at, end)
  for (const record of records) {
    const { damage, position } = record
    if (damage !== undefined) {
      some.gap({
        fromPosition: position,
        toPosition: position + damage.rows - 1,
        why: damage.kind === 'missing' ? 'missing' : 'changed',
      })
    }
    for (const [index, event] of record.events.entries()) {
      if (hook.events !== null && !hook.events.has(event.type)) continue
      const item = itemOf(hook, at, record, event, index)
      if (!some.hasRoomFor(item)) {
        // The receiver has the whole of the record only with its last event.
        yield some.message(end)
        some = new Gathered(hook, at, end)
      }
      some.event(`${position}:${index}`, record.recordedAtMs, item)
    }
    end = damage === undefined ? position : position + damage.rows - 1
  }
  yield some.message(end)
}

class Gathered {
  readonly #hook: Webhook
  readonly #at: WebhookCursor
  readonly #after: number
  readonly #items: string[] = []
  readonly #gaps: Gap[] = []
  #bytes = 0
  #first = ''
  #last = ''
  #lastAtMs = 0

  /** Input: `after`, up to where the receiver has every record. */
  constructor(hook: Webhook, at: WebhookCursor, after: number) {
    this.#hook = hook
    this.#at = at
    this.#after = after
  }

  hasRoomFor(item: string): boolean {
    if (this.#items.length === 0) return true
    return this.#items.length < EVENTS_PER_MESSAGE && this.#bytes + Buffer.byteLength(item) <= BYTES_PER_MESSAGE
  }

  event(key: string, atMs: number, item: string): void {
    this.#items.push(item)
    this.#bytes += Buffer.byteLength(item)
    this.#lastAtMs = atMs
    this.#named(key)
  }

  gap(gap: Gap): void {
    this.#gaps.push(gap)
    this.#named(`${gap.fromPosition}`)
  }

  message(end: number): WebhookMessage {
    if (this.#last === '') return { id: null, body: '', end }
    const { region, logId } = this.#at
    const of = { webhook: this.#hook.name, region, logId, afterPosition: this.#after, gaps: this.#gaps }
    const data = JSON.stringify(of).slice(0, -1)
    const timestamp = new Date(this.#lastAtMs).toISOString()
    const body = `{"type":"goldenhour.events","timestamp":"${timestamp}","data":${data},"events":[${this.#items.join()}]}}`
    return { id: `${logId}:${this.#first}-${this.#last}`, body, end }
  }

  #named(key: string): void {
    if (this.#first === '') this.#first = key
    this.#last = key
  }
}

function itemOf(
  { personalData }: Webhook,
  { region }: WebhookCursor,
  { position, recordedAtMs, commandId, principal }: LogRecord,
  event: DomainEvent,
  index: number,
): string {
  const id = `${region}:${position}:${index}`
  const at = { id, position, index, recordedAtMs, commandId }
  return JSON.stringify(personalData ? { ...at, principal, event } : { ...at, event: impersonal(event) })
}

const impersonal = (event: DomainEvent): object =>
  Object.fromEntries(Object.entries(withoutPersonal(event)).filter(([name]) => !LEFT_OUT.has(name)))
