/** What the service came to in a window of time: compliance, response times, how busy units were, alarms; as charts, tables and CSV. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { StatisticsView } from '../../client/index.ts'
import { duration } from '../format.ts'
import type { Office } from '../office/office.ts'
import { momentWords } from '../office/office-words.ts'
import { wallMs } from '../passing-time.ts'
import { type AskedStatistics, queryOf, USUAL } from './asked.ts'
import { AskedFields } from './asked-fields.tsx'
import { FigureTableOf } from './figure-table.tsx'
import { ResponseCharts } from './response-charts.tsx'
import { s } from './statistics-strings.ts'
import { percentOf, tablesOf } from './tables.ts'

interface StatisticsPageProps {
  readonly office: Office
  readonly region: string
}

export function StatisticsPage({ office, region }: StatisticsPageProps) {
  const [asked, setAsked] = useState(USUAL)
  const [found, setFound] = useState<StatisticsView | null>(null)
  const [trouble, setTrouble] = useState<string | null>(null)
  const [isBusy, setBusy] = useState(false)
  const latest = useRef(0)
  const show = async (of: AskedStatistics) => {
    const wanted = queryOf(of, wallMs())
    if ('bad' in wanted) return setTrouble(wanted.bad)
    latest.current += 1
    const own = latest.current
    setBusy(true)
    setTrouble(null)
    try {
      const statistics = await office.engine.statistics(region, wanted.query)
      if (own === latest.current) setFound(statistics)
    } catch (error) {
      if (own === latest.current) setTrouble((error as Error).message)
    } finally {
      if (own === latest.current) setBusy(false)
    }
  }
  // What is typed counts when it is asked for.
  useEffect(() => {
    void show(USUAL)
    return () => {
      latest.current += 1
    }
  }, [region])
  const timeZone = office.regions?.find(each => each.region === region)?.timeZone ?? 'UTC'
  return (
    <section class="office-list statistics" aria-label={s.title}>
      <h2>{s.title}</h2>
      <AskedFields
        asked={asked}
        set={change => setAsked(now => ({ ...now, ...change }))}
        isBusy={isBusy}
        show={() => void show(asked)}
      />
      {trouble !== null && (
        <p class="refusal" role="alert">
          {trouble}
        </p>
      )}
      {found === null && trouble === null && <p class="quiet">{s.making}</p>}
      {found !== null && <Found statistics={found} region={region} timeZone={timeZone} />}
    </section>
  )
}

interface FoundProps {
  readonly statistics: StatisticsView
  readonly region: string
  readonly timeZone: string
}

function Found({ statistics, region, timeZone }: FoundProps) {
  const tables = useMemo(() => tablesOf(statistics), [statistics])
  return (
    <>
      <Summary statistics={statistics} />
      <ResponseCharts statistics={statistics} timeZone={timeZone} />
      {tables
        .filter(({ rows }) => rows.length > 0)
        .map(table => (
          <FigureTableOf key={table.name} table={table} region={region} timeZone={timeZone}>
            {table.name === 'alarms' && <p class="quiet">{s.busiest(statistics.alarms.busiestTenMinutes)}</p>}
          </FigureTableOf>
        ))}
    </>
  )
}

function Summary({ statistics: { response, contract, asOfMs } }: Pick<FoundProps, 'statistics'>) {
  const { calls, samples, within, share, isMet, p50Ms, p90Ms, maxMs, open, cancelled, unknown } = response.all
  const target = percentOf(contract.share)
  return (
    <div class="summary" data-share={share ?? ''} data-samples={samples}>
      {calls === 0 ? (
        <p>{s.nothing}</p>
      ) : (
        <p class="large">
          <strong>{share === null ? s.noShare : s.share(percentOf(share), within, samples)}</strong>
          {isMet !== null && <span class={isMet ? 'good' : 'refusal'}>{isMet ? s.met(target) : s.missed(target)}</span>}
        </p>
      )}
      {samples > 0 && <p>{s.times(duration(p50Ms!), duration(p90Ms!), duration(maxMs!))}</p>}
      <p>
        {s.now(open, response.lateNow)}; {s.left(cancelled, unknown)}.
      </p>
      {asOfMs !== null && <p class="quiet">{s.asOf(momentWords(asOfMs))}</p>}
    </div>
  )
}
