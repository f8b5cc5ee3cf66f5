/**
 * Whether the database answers, told within two seconds: for readiness, for the metric, and for the log.
 *
 * It is asked over a connection of its own, which ends at once when the server dies, and it hears of every renewal of
 * the leases, which needs a write to get through. After a silence it is up again once it has taken a renewal too: the
 * pool's connections may be dead although a new one is answered. Silence is counted in ticks that ran, not in time: a
 * loop that stood still for seconds must not be taken for a silent database.
 */
import type pg from 'pg'
import type { Scheduler } from '../../base/time.ts'
import { openClient } from './database.ts'

export type StoreState =
  | { readonly status: 'up' }
  /** `awayMs`: for how long by now. */
  | { readonly status: 'away'; readonly awayMs: number }

interface StoreHealthSettings {
  readonly url: string
  readonly scheduler: Scheduler
  /** Called at each change. */
  readonly onChange: (state: StoreState, reason: string) => void
}

const TICK_MS = 400
/** So many ticks without an answer to the question: 1.6 s at most. */
const SILENT_TICKS = 3
/** So many without a renewal of the leases, which come each second: 2 s. */
const UNRENEWED_TICKS = 5

export class StoreHealth {
  readonly #settings: StoreHealthSettings
  #client: pg.Client | null = null
  /** Counts questions: the answer to one that was given up is void. */
  #round = 0
  #isAsking = false
  #silentTicks = 0
  /** Null before the first lease. */
  #unrenewedTicks: number | null = null
  /** Why it does not answer the question, or take the renewals. */
  #silence: string | null = null
  #unrenewed: string | null = null
  #awaySinceMs: number | null = null
  #cancelTick: (() => void) | null = null
  #stopped = false

  constructor(settings: StoreHealthSettings) {
    this.#settings = settings
  }

  start(): void {
    this.#tick()
  }

  /** Ends the connection; the state stays as it is. Never rejects. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancelTick?.()
    const client = this.#client
    this.#client = null
    await client?.end().catch(() => undefined)
  }

  state(): StoreState {
    if (this.#awaySinceMs === null) return { status: 'up' }
    return { status: 'away', awayMs: Math.round(this.#settings.scheduler.monotonicMs() - this.#awaySinceMs) }
  }

  /** The leases were renewed, or could not be. */
  renewal(error: Error | null): void {
    this.#unrenewedTicks = 0
    this.#unrenewed = error === null ? null : `the leases could not be renewed: ${error.message}`
    this.#judge()
  }

  /** The leases are given back: no renewal comes any more. */
  leasesEnded(): void {
    this.#unrenewedTicks = null
    this.#unrenewed = null
    this.#judge()
  }

  #tick(): void {
    if (this.#stopped) return
    this.#cancelTick = this.#settings.scheduler.after(TICK_MS, () => this.#tick())
    if (this.#isAsking) this.#silentTicks += 1
    else void this.#ask()
    if (this.#unrenewedTicks !== null) this.#unrenewedTicks += 1
    if (this.#silentTicks >= SILENT_TICKS) {
      this.#fellSilent('it does not answer')
      this.#cut()
    }
    if ((this.#unrenewedTicks ?? 0) >= UNRENEWED_TICKS) this.#unrenewed ??= 'the leases are not renewed'
    this.#judge()
  }

  async #ask(): Promise<void> {
    this.#round += 1
    const round = this.#round
    this.#isAsking = true
    this.#silentTicks = 0
    try {
      const client = this.#client ?? (await this.#open(round))
      await client.query('SELECT 1')
      if (round !== this.#round) return
      this.#silence = null
    } catch (error) {
      if (round !== this.#round) return
      this.#cut()
      // A server that is full answers all those who are in.
      const isFull = (error as { code?: unknown }).code === '53300'
      if (isFull) this.#silence = null
      else this.#fellSilent((error as Error).message || String(error))
    }
    this.#isAsking = false
    this.#judge()
  }

  async #open(round: number): Promise<pg.Client> {
    const client = await openClient(this.#settings.url, { applicationName: 'goldenhour health' })
    if (this.#stopped || round !== this.#round) {
      void client.end().catch(() => undefined)
      throw new Error('The connection was given up while it was made.')
    }
    this.#client = client
    // The server's end is heard at once, also between two questions; whether it is back, the next one tells.
    client.once('end', () => {
      if (this.#client !== client) return
      this.#client = null
      if (!this.#isAsking) void this.#ask()
    })
    return client
  }

  #fellSilent(reason: string): void {
    this.#silence = reason
    if (this.#unrenewedTicks !== null) this.#unrenewed ??= 'the leases have not been renewed since'
  }

  /** Gives up the connection, and the question that is asked on it. */
  #cut(): void {
    void this.#client?.end().catch(() => undefined)
    this.#client = null
    this.#round += 1
    this.#isAsking = false
    this.#silentTicks = 0
  }

  #judge(): void {
    if (this.#stopped) return
    const reason = this.#silence ?? this.#unrenewed
    const isAway = this.#awaySinceMs !== null
    if (reason !== null && !isAway) {
      this.#awaySinceMs = this.#settings.scheduler.monotonicMs()
      this.#settings.onChange(this.state(), reason)
    } else if (reason === null && isAway) {
      const before = this.state()
      this.#awaySinceMs = null
      this.#settings.onChange({ status: 'up' }, before.status === 'away' ? `after ${before.awayMs} ms` : '')
    }
  }
}
