/**
 * Carries the logs of the regions that this process has to one webhook, each in its order, at least once.
 *
 * The log is the outbox: what is to be told stands there before anybody hears of it, and a cursor for each region says how far the
 * receiver has it. A page is read, posted, and only then the cursor moves; no transaction and no lock is held meanwhile, so a
 * receiver that is slow, or gone for a week, costs the engine one page of one region and one connection. (A `LogFollower` would keep its
 * transaction open while it posts.) Who is killed between the answer and the cursor posts again. What failed is read anew
 * before it is posted again, so what was erased meanwhile is told erased.
 *
 * Of one region each message waits for the one before; regions wait for each other's answers, not for each other's failures. After
 * a failure a region pauses, for twice as long each time, up to a minute, or for as long as the receiver says. 410 stops it,
 * until somebody lets it go.
 */
import type { MachineClock } from '../../base/time.ts'
import type { RegionId } from '../../domain/ids.ts'
import { logPage } from '../../store/log/log-pages.ts'
import type { Database } from '../../store/postgres/database.ts'
import { breather } from '../../store/views/fold-page.ts'
import {
  beginWebhook,
  moveWebhook,
  stopWebhook,
  type WebhookCursor,
  webhookCursors,
} from '../../store/webhooks/webhook-cursors.ts'
import type { Webhook } from './webhook.ts'
import { EVENTS_PER_MESSAGE, messagesOf } from './webhook-message.ts'
import { postMessage } from './webhook-post.ts'

interface WebhookPorts {
  readonly database: Database
  readonly clock: MachineClock
  /** From 0 to 1. */
  random(): number
  /** The regions that this process has, and up to where their logs are stored. */
  served(): Iterable<readonly [region: RegionId, durable: number]>
  /** A message was answered well, */
  onDelivered(region: RegionId): void
  /** or was not, or the database does not answer; it is tried again. */
  onFailure(region: RegionId | null, error: Error): void
  /** What failed works again, or is nothing of ours any more. */
  onOver(region: RegionId | null): void
  /** Nothing more is posted until somebody lets it go. */
  onStopped(region: RegionId, why: string): void
}

interface Feed {
  cursor: WebhookCursor
  /** In a row. */
  failures: number
  /** Monotonic; before it nothing is tried. */
  againAtMs: number
}

const LOOK_EVERY_MS = 200
/** How soon what a command has changed is heeded. */
const READ_CURSORS_EVERY_MS = 1_000
const RECORDS_PER_PAGE = 500
const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 60_000
/** A stop waits for it. */
const PAUSE_MAX_MS = 250

export class WebhookSender {
  readonly #hook: Webhook
  readonly #ports: WebhookPorts
  readonly #feeds = new Map<RegionId, Feed>()
  readonly #ending = new AbortController()
  #readAtMs = Number.NEGATIVE_INFINITY
  /** Of the pages since the last pause. */
  #readingMs = 0
  #cancelTimer: (() => void) | null = null
  #last: Promise<void> = Promise.resolve()

  constructor(hook: Webhook, ports: WebhookPorts) {
    this.#hook = hook
    this.#ports = ports
  }

  get name(): string {
    return this.#hook.name
  }

  /** Where each region stands of those that are here. */
  cursors(): WebhookCursor[] {
    return [...this.#feeds.values()].map(({ cursor }) => cursor)
  }

  start(): void {
    this.#cancelTimer = this.#ports.clock.after(LOOK_EVERY_MS, () => {
      this.#last = this.#lookAgain().finally(() => {
        if (!this.#isEnding) this.start()
      })
    })
  }

  /** Gives up what is being posted: it is posted again by whoever has the region next. Resolves when nothing is under way. */
  async stop(): Promise<void> {
    this.#ending.abort()
    this.#cancelTimer?.()
    await this.#last
  }

  get #isEnding(): boolean {
    return this.#ending.signal.aborted
  }

  /** Never rejects. */
  async #lookAgain(): Promise<void> {
    const { onFailure, onOver } = this.#ports
    try {
      while (!this.#isEnding && (await this.#round())) await this.#pause()
      onOver(null)
    } catch (error) {
      onFailure(null, error as Error)
    }
  }

  /** Who makes up for a week works for half of the time at most, so that the loop and the database stay free for others. */
  #pause(): Promise<void> {
    const pauseMs = Math.min(PAUSE_MAX_MS, this.#readingMs)
    this.#readingMs = 0
    return new Promise(resolve => void this.#ports.clock.after(pauseMs, resolve))
  }

  /** One page of each region. Output: whether there was any. Errors: those of pg. */
  async #round(): Promise<boolean> {
    const { regions } = this.#hook
    const served = new Map([...this.#ports.served()].filter(([id]) => regions.length === 0 || regions.includes(id)))
    await this.#readCursors(served)
    let isMore = false
    for (const [region, durable] of served) {
      const feed = this.#feeds.get(region)
      if (feed !== undefined && this.#isDue(feed, durable)) isMore = (await this.#page(feed)) || isMore
    }
    return isMore
  }

  #isDue({ cursor, againAtMs }: Feed, durable: number): boolean {
    const isBehind = cursor.position < durable && cursor.stopped === null
    return isBehind && !this.#isEnding && this.#ports.clock.monotonicMs() >= againAtMs
  }

  async #readCursors(served: ReadonlyMap<RegionId, number>): Promise<void> {
    const { database, clock, onOver } = this.#ports
    for (const region of this.#feeds.keys()) {
      if (served.has(region)) continue
      this.#feeds.delete(region)
      onOver(region)
    }
    const isNew = [...served.keys()].some(region => !this.#feeds.has(region))
    if (served.size === 0 || (!isNew && clock.monotonicMs() < this.#readAtMs + READ_CURSORS_EVERY_MS)) return
    const stored = new Map((await webhookCursors(database, this.name)).map(cursor => [cursor.region, cursor]))
    this.#readAtMs = clock.monotonicMs()
    for (const region of served.keys()) {
      const cursor = stored.get(region)
      if (cursor !== undefined) this.#take(cursor)
      else await beginWebhook(database, region, this.name)
    }
  }

  #take(cursor: WebhookCursor): void {
    const { onStopped, onOver } = this.#ports
    const known = this.#feeds.get(cursor.region)?.cursor
    const { position, logId, stopped } = cursor
    if (known?.position === position && known.logId === logId && known.stopped === stopped) return
    this.#feeds.set(cursor.region, { cursor, failures: 0, againAtMs: 0 })
    onOver(cursor.region)
    if (stopped !== null) onStopped(cursor.region, stopped)
  }

  /** Output: whether all of it was posted. */
  async #page(feed: Feed): Promise<boolean> {
    const { database, clock } = this.#ports
    try {
      const { region, position: from } = feed.cursor
      const asked = { from, records: RECORDS_PER_PAGE, events: EVENTS_PER_MESSAGE }
      const startedMs = clock.monotonicMs()
      const records = await logPage(database, region, asked, breather(clock))
      this.#readingMs += clock.monotonicMs() - startedMs
      for (const { id, body, end } of messagesOf(this.#hook, feed.cursor, records)) {
        if (id !== null && !(await this.#post(feed, { id, body }))) return false
        if (!(await this.#move(feed, end))) return false
      }
      return records.length > 0
    } catch (error) {
      this.#failed(feed, error as Error, 0)
      return false
    }
  }

  async #post(feed: Feed, message: { readonly id: string; readonly body: string }): Promise<boolean> {
    const { clock, database, onDelivered, onOver } = this.#ports
    const posted = await postMessage(this.#hook, message, clock, this.#ending.signal)
    // What was given up is no failure of the receiver.
    if (!posted.ok && this.#isEnding) return false
    if (!posted.ok) {
      this.#failed(feed, new WebhookFailed(posted.message), posted.againAfterMs)
      if (posted.isGone) await stopWebhook(database, feed.cursor, posted.message)
      if (posted.isGone) this.#readAtMs = Number.NEGATIVE_INFINITY
      return false
    }
    feed.failures = 0
    onDelivered(feed.cursor.region)
    onOver(feed.cursor.region)
    return true
  }

  /** Output: false where somebody else has moved or stopped it. Errors: those of pg. */
  async #move(feed: Feed, end: number): Promise<boolean> {
    if (end === feed.cursor.position) return true
    if (await moveWebhook(this.#ports.database, feed.cursor, end)) {
      feed.cursor = { ...feed.cursor, position: end }
      return true
    }
    this.#readAtMs = Number.NEGATIVE_INFINITY
    return false
  }

  #failed(feed: Feed, error: Error, againAfterMs: number): void {
    const { clock, random, onFailure } = this.#ports
    feed.failures += 1
    feed.againAtMs = clock.monotonicMs() + Math.max(againAfterMs, pauseAfter(feed.failures, random()))
    onFailure(feed.cursor.region, error)
  }
}

/** By chance up to half less, so that many who failed together do not come again together. */
export function pauseAfter(failures: number, random: number): number {
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 30)) * (1 - random / 2)
}

/** A receiver did not take a message. */
class WebhookFailed extends Error {
  override readonly name = 'WebhookFailed'
}
