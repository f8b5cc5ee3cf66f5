/**
 * Keeps what credentials are checked against up to date: keys, ticket secrets, and what was ended before its time.
 *
 * One number in the database tells whether anything changed; it is looked at several times a second. While the database
 * is away the last known state stands: an ambulance is not cut off because the sign-in has no database.
 */

import type { Scheduler } from '../base/time.ts'
import type { Database } from '../store/postgres/database.ts'
import type { Revocations, TokenClaims } from './claims.ts'
import { readAccessVersion } from './tables/access-version.ts'
import { loadSigningKeys, loadTicketSecrets } from './tables/key-table.ts'
import { type Revocation, RevocationStore } from './tables/revocation-table.ts'
import type { TicketMint } from './tickets.ts'
import type { KeyRing } from './tokens.ts'

const LOOK_EVERY_MS = 300
/** Other machines' clocks may differ by this much, and a session must not outlive what ended it for that. */
const SLACK_MS = 60_000
const FORGET_EVERY_LOOKS = Math.round(3_600_000 / LOOK_EVERY_MS)

interface AccessWatchParts {
  readonly database: Database
  readonly keys: KeyRing
  readonly tickets: TicketMint
  readonly scheduler: Pick<Scheduler, 'after'>
  readonly wallClock: () => number
  /** Nothing is open that began longer ago. */
  readonly sessionMaxAgeMs: number
  readonly onFailure: (error: unknown) => void
  /** A look got through. */
  readonly onSuccess?: () => void
}

export class AccessWatch implements Revocations {
  readonly #parts: AccessWatchParts
  readonly #store: RevocationStore
  readonly #listeners: (() => void)[] = []
  /** When each was ended, by `kind/id`. */
  readonly #revokedAtMs = new Map<string, number>()
  #version = -1
  #looks = 0
  #cancel: () => void = () => undefined
  /** The last look of all, which begins when the one before it has ended. */
  #looking: Promise<void> = Promise.resolve()
  #closed = false

  constructor(parts: AccessWatchParts) {
    this.#parts = parts
    this.#store = new RevocationStore(parts.database, parts.wallClock)
  }

  /** Reads everything once, then goes on looking. Errors: those of the database. */
  async start(): Promise<void> {
    await this.#look()
    this.#lookLater()
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#cancel()
    await this.#looking
  }

  isRevoked({ sub, sid, authAtMs }: TokenClaims): boolean {
    if (this.#revokedAtMs.size === 0) return false
    if (authAtMs <= (this.#revokedAtMs.get(`user/${sub}`) ?? -1)) return true
    if (sid === null) return false
    // A sign-in that was ended stays ended; a device that was taken back into service begins anew.
    if (this.#revokedAtMs.has(`session/${sid}`)) return true
    return authAtMs <= (this.#revokedAtMs.get(sid.replace(/^device:/, 'device/')) ?? -1)
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener)
  }

  refresh(): Promise<void> {
    // After the look under way, which may have read before the change that the caller means.
    this.#looking = this.#looking
      .then(() => this.#look())
      .then(
        () => this.#parts.onSuccess?.(),
        error => this.#parts.onFailure(error),
      )
    return this.#looking
  }

  #lookLater(): void {
    this.#cancel = this.#parts.scheduler.after(LOOK_EVERY_MS, () => {
      this.refresh().then(() => {
        if (!this.#closed) this.#lookLater()
      })
    })
  }

  async #look(): Promise<void> {
    const { database, keys, tickets, wallClock, sessionMaxAgeMs } = this.#parts
    const version = await readAccessVersion(database)
    const oldestMs = wallClock() - sessionMaxAgeMs - SLACK_MS
    if (this.#looks++ % FORGET_EVERY_LOOKS === 0) await this.#forget(oldestMs)
    if (version === this.#version) return
    keys.replace(await loadSigningKeys(database))
    tickets.replace(await loadTicketSecrets(database))
    for (const each of await this.#store.after(this.#version, oldestMs)) {
      this.#revokedAtMs.set(nameOf(each), each.revokedAtMs)
    }
    this.#version = version
    for (const listener of this.#listeners) listener()
  }

  async #forget(beforeMs: number): Promise<void> {
    await this.#store.forget(beforeMs)
    for (const [name, revokedAtMs] of this.#revokedAtMs) {
      if (revokedAtMs < beforeMs && name.startsWith('session/')) this.#revokedAtMs.delete(name)
    }
  }
}

const nameOf = ({ kind, id }: Revocation): string => `${kind}/${id}`
