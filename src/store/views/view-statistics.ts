/** Statistics for who asks over HTTP: one at a time and bounded, since each reads all calls of a window. */
import type { RegionId } from '../../domain/ids.ts'
import type { ResponseContract } from '../../protocol/statistics-view.ts'
import type { Database } from '../postgres/database.ts'
import { type StatisticsOfWindow, type StatisticsWindow, statisticsOf } from './service-figures.ts'

/** Others are being made. */
export class StatisticsBusy extends Error {
  override readonly name = 'StatisticsBusy'
}

/** The database was not done with it in its time. */
export class StatisticsTooLong extends Error {
  override readonly name = 'StatisticsTooLong'
}

/** Of one statement. A year of a large service takes seconds. */
const STATEMENT_MS = 20_000
/** Postgres: query_canceled. */
const CANCELED = '57014'

export class ViewStatistics {
  readonly #database: Database
  #isBusy = false

  constructor(database: Database) {
    this.#database = database
  }

  /** Errors: StatisticsBusy, StatisticsTooLong, those of pg. */
  async of(region: RegionId, window: StatisticsWindow, contract: ResponseContract): Promise<StatisticsOfWindow> {
    if (this.#isBusy) throw new StatisticsBusy('other statistics are being made')
    this.#isBusy = true
    try {
      return await statisticsOf(this.#database, region, window, contract, STATEMENT_MS)
    } catch (error) {
      if ((error as { readonly code?: unknown }).code !== CANCELED) throw error
      throw new StatisticsTooLong(`a statement took more than ${STATEMENT_MS} ms`, { cause: error })
    } finally {
      this.#isBusy = false
    }
  }
}
