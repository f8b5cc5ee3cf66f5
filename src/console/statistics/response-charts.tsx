/** Compliance and response times over the parts of a window; parts without a call are gaps. */
import { useMemo } from 'preact/hooks'
import type { StatisticsView } from '../../client/index.ts'
import { Chart, type ChartLine } from './chart.tsx'
import { s } from './statistics-strings.ts'

interface ResponseChartsProps {
  readonly statistics: StatisticsView
  readonly timeZone: string
}

const PERCENT: readonly [number, number] = [0, 100]
const MINUTE_MS = 60_000

export function ResponseCharts({ statistics, timeZone }: ResponseChartsProps) {
  const { slot, contract, response, fromMs, toMs } = statistics
  const { bySlot } = response
  const { atMs, shares, times } = useMemo(() => linesOf(bySlot, contract), [bySlot, contract])
  const window = useMemo(() => [Math.min(fromMs, ...atMs), toMs] as const, [fromMs, toMs, atMs])
  const shared = { atMs, timeZone, window }
  if (bySlot.length === 0) return null
  return (
    <div class="charts">
      <Chart {...shared} title={`${s.compliance}, ${s.slots[slot]}`} lines={shares} range={PERCENT} />
      <Chart {...shared} title={`${s.responseTimes}, ${s.slots[slot]}`} lines={times} />
    </div>
  )
}

function linesOf(
  slots: StatisticsView['response']['bySlot'],
  { share, limitMs }: StatisticsView['contract'],
): { readonly atMs: readonly number[]; readonly shares: ChartLine[]; readonly times: ChartLine[] } {
  const minutes = (ms: number | null) => (ms === null ? null : ms / MINUTE_MS)
  const same = (value: number) => slots.map(() => value)
  const target = (value: number): ChartLine => ({
    ...{ label: s.target, colour: '--quiet', values: same(value), isDashed: true },
  })
  return {
    atMs: slots.map(({ fromMs }) => fromMs),
    shares: [
      {
        label: s.columns.share,
        colour: '--free',
        values: slots.map(each => (each.share === null ? null : each.share * 100)),
      },
      target(share * 100),
    ],
    times: [
      { label: s.columns.p50, colour: '--free', values: slots.map(({ p50Ms }) => minutes(p50Ms)) },
      { label: s.columns.p90, colour: '--p2', values: slots.map(({ p90Ms }) => minutes(p90Ms)) },
      target(limitMs / MINUTE_MS),
    ],
  }
}
