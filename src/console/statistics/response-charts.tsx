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
  const window = useMemo(
    () => [Math.min(fromMs, ...bySlot.map(each => each.fromMs)), toMs] as const,
    [fromMs, toMs, bySlot],
  )
  const { atMs, shares, times } = useMemo(() => linesOf(bySlot, contract, window), [bySlot, contract, window])
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
  [fromMs, toMs]: readonly [number, number],
): { readonly atMs: readonly number[]; readonly shares: ChartLine[]; readonly times: ChartLine[] } {
  const minutes = (ms: number | null) => (ms === null ? null : ms / MINUTE_MS)
  // The target goes from one end to the other, also where calls are few.
  const ends = <Value,>(values: readonly Value[], end: Value) => [end, ...values, end]
  const same = (value: number) =>
    ends(
      slots.map(() => value),
      value,
    )
  const target = (value: number): ChartLine => ({
    ...{ label: s.target, colour: '--quiet', values: same(value), isDashed: true },
  })
  return {
    atMs: [fromMs, ...slots.map(each => Math.max(each.fromMs, fromMs + 1)), Math.max(toMs, fromMs + 2)],
    shares: [
      {
        label: s.columns.share,
        colour: '--free',
        values: ends(
          slots.map(each => (each.share === null ? null : each.share * 100)),
          null,
        ),
      },
      target(share * 100),
    ],
    times: [
      {
        label: s.columns.p50,
        colour: '--free',
        values: ends(
          slots.map(({ p50Ms }) => minutes(p50Ms)),
          null,
        ),
      },
      {
        label: s.columns.p90,
        colour: '--p2',
        values: ends(
          slots.map(({ p90Ms }) => minutes(p90Ms)),
          null,
        ),
      },
      target(limitMs / MINUTE_MS),
    ],
  }
}
