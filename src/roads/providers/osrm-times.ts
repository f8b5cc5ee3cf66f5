/**
 * Travel times of an OSRM server: one request of its table service for all places.
 *
 * `GET {base}/table/v1/driving/{lon},{lat};…?sources=0;1;…&destinations=n` answers `{"code":"Ok","durations":[[seconds],…]}`, a row for
 * each source, null where no way leads. An error is status 400 with a `code` (`TooBig` beyond `--max-table-size`, 100
 * places unless it was set). OSRM 5 and 6, docs/http.md.
 */
import { z } from 'zod'
import type { Scheduler } from '../../base/time.ts'
import { boundedFetch } from './bounded-fetch.ts'
import type { ManyToOne, ManyToOneAnswer, ManyToOneAsk } from './many-to-one.ts'
import { none, type RouterSettings, secondsSchema, timesIn, withoutAsking } from './router-settings.ts'

const BASIS = 'osrm'
const answerSchema = z.object({ code: z.literal('Ok'), durations: z.array(z.array(secondsSchema)) })
const errorSchema = z.object({ code: z.string().max(100) })

export class OsrmTimes implements ManyToOne {
  readonly #settings: RouterSettings
  readonly #scheduler: Scheduler

  constructor(settings: RouterSettings, scheduler: Scheduler) {
    this.#settings = settings
    this.#scheduler = scheduler
  }

  async timesToOne(ask: ManyToOneAsk): Promise<ManyToOneAnswer> {
    const known = withoutAsking(ask, this.#settings, BASIS)
    if (known !== null) return known
    const { from, to, priority } = ask
    const { baseUrl, timeoutMs, maxBytes } = this.#settings
    const places = [...from, to].map(({ lonDeg, latDeg }) => `${inShort(lonDeg)},${inShort(latDeg)}`).join(';')
    const sources = from.map((_, index) => index).join(';')
    const url = `${baseUrl}/table/v1/driving/${places}?sources=${sources}&destinations=${from.length}`
    const fetched = await boundedFetch({ url, timeoutMs, maxBytes }, this.#scheduler)
    if (!fetched.ok) return fetched
    const answer = answerSchema.safeParse(fetched.json)
    if (!answer.success) {
      const error = errorSchema.safeParse(fetched.json)
      if (!error.success || error.data.code === 'Ok') return none('unreadable', 'The answer is no table of OSRM.')
      return none(error.data.code === 'TooBig' ? 'too-many' : 'server-error', `OSRM answered ${error.data.code}.`)
    }
    const { durations } = answer.data
    if (durations.length !== from.length || durations.some(row => row.length !== 1))
      return none('wrong-size', `OSRM answered ${durations.length} rows for ${from.length} places.`)
    return timesIn(
      durations.map(([seconds]) => seconds!),
      this.#settings,
      priority,
      BASIS,
    )
  }
}

/** About a decimetre; more digits make requests long. */
const inShort = (degrees: number): string => degrees.toFixed(6)
