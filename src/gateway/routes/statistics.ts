/** What a region's service came to in a window of time. */
import type { TokenClaims } from '../../access/claims.ts'
import { invalidField, type Refusal } from '../../base/refusal.ts'
import { WINDOW_MAX_MS } from '../../protocol/list-schemas.ts'
import { STATISTICS, STATISTICS_QUERY } from '../../protocol/statistics-schemas.ts'
import type { ResponseContract } from '../../protocol/statistics-view.ts'
import { listItems } from '../../store/reference/items.ts'
import { STATIONS } from '../../store/reference/kinds.ts'
import { getRegion } from '../../store/reference/regions.ts'
import { StatisticsBusy, StatisticsTooLong, type ViewStatistics } from '../../store/views/view-statistics.ts'
import type { ChangePorts } from '../changes.ts'
import { REGION_QUERY } from '../guard.ts'
import { type HttpReply, json, problem } from '../http.ts'
import type { Limiter } from '../limits/limiter.ts'
import { type Asked, guarded, type Nothing, type Route } from '../route.ts'
import { knownRegion } from './reference-work.ts'

/** It reads every call of the window: as many queries. */
const QUERIES = 25
const WINDOW_USUAL_MS = 86_400_000
const RETRY_AFTER_MS = 2_000
/** Those behind have no area of their own. */
const STATIONS_MAX = 1_000

export interface StatisticsPorts extends Pick<ChangePorts, 'database' | 'wallClock'> {
  readonly statistics: Pick<ViewStatistics, 'of'>
  readonly limiter: Pick<Limiter, 'takeMore'>
}

const QUERY = STATISTICS_QUERY.extend(REGION_QUERY.shape)

export const STATISTICS_ROUTES: readonly Route<StatisticsPorts>[] = [
  guarded({
    method: 'get',
    pattern: '/v1/statistics',
    action: 'read-statistics',
    summary: 'Tells response times, turnaround, how busy units were, and alarms',
    query: QUERY,
    reply: { 200: STATISTICS },
    refusals: ['wrong-region', 'unknown-region', 'overloaded'],
    handle: tell,
  }),
]

async function tell(
  ports: StatisticsPorts,
  asked: Asked<Nothing, typeof QUERY>,
  caller: TokenClaims,
): Promise<HttpReply> {
  const query = asked.readQuery()
  if (!query.ok) return problem(query.refusal)
  const region = await knownRegion(ports, asked, caller)
  if (!region.ok) return problem(region.refusal)
  const {
    toMs = ports.wallClock(),
    fromMs = Math.max(0, toMs - WINDOW_USUAL_MS),
    percent,
    staging,
    ...rules
  } = query.value
  if (toMs <= fromMs || toMs - fromMs > WINDOW_MAX_MS)
    return problem(invalidField('toMs', 'must be later than `fromMs`, by 400 days at most'))
  const tooFast = ports.limiter.takeMore(caller.sub, 'query', QUERIES - 1)
  if (tooFast !== null) return problem(tooFast)
  const { limitMs, start, rounding, counts, cancelled, priority: priorities = null, zone = null } = rules
  const contract: ResponseContract = {
    ...{ limitMs, share: percent / 100, start, rounding, counts, staged: staging === 'arrives', cancelled },
    ...{ priorities, zone },
  }
  const { timeZone } = (await getRegion(ports.database, region.value))!
  const stations = await listItems(ports.database, STATIONS, region.value, { limit: STATIONS_MAX, after: null })
  try {
    const found = await ports.statistics.of(region.value, { fromMs, toMs, timeZone, stations }, contract)
    return json(200, { region: region.value, fromMs, toMs, contract, ...found })
  } catch (error) {
    const refusal = refusalOf(error)
    if (refusal === null) throw error
    return problem(refusal)
  }
}

function refusalOf(error: unknown): Refusal | null {
  if (error instanceof StatisticsBusy) {
    const message = 'Other statistics are being made; ask again shortly.'
    return { code: 'overloaded', message, details: { retryAfterMs: RETRY_AFTER_MS } }
  }
  if (error instanceof StatisticsTooLong) {
    const message = 'These statistics take too long here; ask for a shorter window, or in SQL (docs/sql.md).'
    return { code: 'overloaded', message, details: { retryAfterMs: RETRY_AFTER_MS } }
  }
  return null
}
