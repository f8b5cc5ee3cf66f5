/**
 * Keeps the views of all regions: follows their logs by a cursor, and says how far it has come.
 *
 * A page is folded in the transaction that moves the cursor, so a record counts once whichever process dies. While a page is
 * at work its cursor is held: a rebuild takes its place between two pages.
 */
import { sql } from 'kysely'
import type { RegionId } from '../../domain/ids.ts'
import { LogFollower, type LogFollowerSettings, type LogPage } from '../followers/log-follower.ts'
import type { Database } from '../postgres/database.ts'
import { breather, foldPage, readViewPage } from './fold-page.ts'
import type { PassedOverRow } from './view-rows.ts'

interface ViewsSettings extends Omit<LogFollowerSettings, 'cursors' | 'pageAfter'> {
  /** Some of a page could not be folded. */
  onPassedOver(region: RegionId, rows: readonly PassedOverRow[]): void
}

const LOOK_AGAIN_MS = 50

export class Views {
  readonly #settings: ViewsSettings
  readonly #follower: LogFollower
  /** As the database had them last. */
  #positions: ReadonlyMap<RegionId, number> = new Map()
  #underWay: Promise<void> | null = null

  constructor(settings: ViewsSettings) {
    this.#settings = settings
    const breathe = breather(settings.scheduler)
    const pageAfter = async (transaction: Database, region: RegionId, from: number): Promise<LogPage | null> => {
      const page = await readViewPage(transaction, region, from, breathe)
      if (page === null) return null
      return {
        end: page.end,
        take: async () => {
          const { rows } = await sql<{ run: number }>`SELECT run FROM views.cursors
            WHERE region = ${region}`.execute(transaction)
          const { recordedAtMs, passedOver } = await foldPage(transaction, { region, run: rows[0]!.run }, page, breathe)
          await sql`UPDATE views.cursors SET recorded_at_ms = ${recordedAtMs},
            passed_over = passed_over + ${passedOver.length} WHERE region = ${region}`.execute(transaction)
          if (passedOver.length > 0) settings.onPassedOver(region, passedOver)
        },
      }
    }
    const onSuccess = () => {
      void this.#look().then(() => settings.onSuccess?.(), settings.onFailure)
    }
    this.#follower = new LogFollower({ ...settings, cursors: 'views.cursors', pageAfter, onSuccess })
  }

  start(): void {
    this.#follower.start()
  }

  /** Resolves when nothing is under way any more. */
  stop(): Promise<void> {
    return this.#follower.stop()
  }

  /** Resolves when the views have everything that was in the logs at the call. Errors: those of pg. */
  catchUp(): Promise<void> {
    return this.#follower.catchUp()
  }

  /** How far the views of each region had come when they were looked at last, at most about a second ago. */
  positions(): ReadonlyMap<RegionId, number> {
    return this.#positions
  }

  /**
   * Resolves when the views of a region have come to the position, or the time is over. Whoever waits makes them go on at once,
   * and all who wait share one look at a time, however many they are. Errors: those of pg.
   */
  async waitFor(region: RegionId, position: number, limitMs: number): Promise<void> {
    const { scheduler } = this.#settings
    const untilMs = scheduler.monotonicMs() + limitMs
    const isThere = () => (this.#positions.get(region) ?? 0) >= position
    while (!isThere()) {
      const leftMs = untilMs - scheduler.monotonicMs()
      if (leftMs <= 0) return
      let cancel = () => {}
      const late = new Promise<void>(resolve => {
        cancel = scheduler.after(leftMs, resolve)
      })
      await Promise.race([this.#round(), late]).finally(cancel)
      if (!isThere()) await this.#pause(Math.min(LOOK_AGAIN_MS, Math.max(0, untilMs - scheduler.monotonicMs())))
    }
  }

  #round(): Promise<void> {
    this.#underWay ??= this.catchUp()
      .then(() => this.#look())
      .finally(() => {
        this.#underWay = null
      })
    return this.#underWay
  }

  #pause(ms: number): Promise<void> {
    return new Promise(resolve => void this.#settings.scheduler.after(ms, resolve))
  }

  async #look(): Promise<void> {
    const { rows } = await sql<{ region: RegionId; position: number }>`
      SELECT region, position FROM views.cursors`.execute(this.#settings.database)
    this.#positions = new Map(rows.map(({ region, position }) => [region, position]))
  }
}
