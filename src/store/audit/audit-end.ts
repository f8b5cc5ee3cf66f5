/**
 * Tells where the audit ends, at the start and once an hour: whoever keeps what is told elsewhere, as a collector of logs
 * does, can prove later that nothing up to there was cut off or written anew, even by the owner of the database.
 */

import type { Scheduler } from '../../base/time.ts'
import type { Database } from '../postgres/database.ts'
import { readChainHead } from './audit-chain.ts'

interface AuditEndSettings {
  readonly database: Database
  readonly scheduler: Scheduler
  /** Input: `SEQ:HASH`, as `audit verify` prints and expects it. */
  tell(end: string): void
}

const FIRST_AFTER_MS = 1_000
const TELL_EVERY_MS = 3_600_000
/** That the database is away is told by others. */
const RETRY_AFTER_MS = 60_000

export class AuditEnd {
  readonly #settings: AuditEndSettings
  #cancelTimer: (() => void) | null = null
  #last: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(settings: AuditEndSettings) {
    this.#settings = settings
  }

  start(): void {
    this.#tellIn(FIRST_AFTER_MS)
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancelTimer?.()
    await this.#last
  }

  #tellIn(delayMs: number): void {
    if (this.#stopped) return
    this.#cancelTimer = this.#settings.scheduler.after(delayMs, () => {
      this.#last = this.#tell().then(
        () => this.#tellIn(TELL_EVERY_MS),
        () => this.#tellIn(RETRY_AFTER_MS),
      )
    })
  }

  async #tell(): Promise<void> {
    const { seq, hash } = await readChainHead(this.#settings.database)
    this.#settings.tell(`${seq}:${hash.toString('hex')}`)
  }
}
