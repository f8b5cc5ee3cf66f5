/**
 * Travel times of a Valhalla server: one request of its matrix service for all places.
 *
 * `POST {base}/sources_to_targets` with `{"sources":[{"lat":…,"lon":…},…],"targets":[…],"costing":"auto","verbose":false}` answers
 * `{"sources_to_targets":{"durations":[[seconds],…],…}}`; servers that do not know `verbose` answer
 * `{"sources_to_targets":[[{"time":seconds,"from_index":0,…}],…]}`. Null where no way leads. An error is a status of 4xx with `error_code`
 * (150 beyond the greatest number of places). Valhalla 3, docs/api/matrix/api-reference.md.
 */
import { z } from 'zod'
import type { Scheduler } from '../../base/time.ts'
import { boundedFetch } from './bounded-fetch.ts'
import type { ManyToOne, ManyToOneAnswer, ManyToOneAsk } from './many-to-one.ts'
import { none, type RouterSettings, secondsSchema, timesIn, withoutAsking } from './router-settings.ts'

const BASIS = 'valhalla'
/** More places than the server takes. */
const TOO_MANY = 150
const answerSchema = z.object({
  sources_to_targets: z.union([
    z.object({ durations: z.array(z.array(secondsSchema)) }),
    z.array(z.array(z.object({ time: secondsSchema }))),
  ]),
})
const errorSchema = z.object({ error_code: z.number() })

export class ValhallaTimes implements ManyToOne {
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
    const [sources, targets] = [from, [to]].map(places =>
      places.map(({ lonDeg, latDeg }) => ({ lat: round(latDeg), lon: round(lonDeg) })),
    )
    const body = { sources, targets, costing: 'auto', verbose: false }
    const url = `${baseUrl}/sources_to_targets`
    const fetched = await boundedFetch({ url, body, timeoutMs, maxBytes }, this.#scheduler)
    if (!fetched.ok) return fetched
    const answer = answerSchema.safeParse(fetched.json)
    if (!answer.success) {
      const error = errorSchema.safeParse(fetched.json)
      if (!error.success) return none('unreadable', 'The answer is no matrix of Valhalla.')
      const { error_code: code } = error.data
      return none(code === TOO_MANY ? 'too-many' : 'server-error', `Valhalla answered error ${code}.`)
    }
    const matrix = answer.data.sources_to_targets
    const rows = 'durations' in matrix ? matrix.durations : matrix.map(row => row.map(({ time }) => time))
    if (rows.length !== from.length || rows.some(row => row.length !== 1))
      return none('wrong-size', `Valhalla answered ${rows.length} rows for ${from.length} places.`)
    return timesIn(
      rows.map(([seconds]) => seconds!),
      this.#settings,
      priority,
      BASIS,
    )
  }
}

/** About a decimetre. */
const round = (value: number): number => Math.round(value * 1e6) / 1e6
