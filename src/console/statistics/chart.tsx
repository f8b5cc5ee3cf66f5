/** Lines over time. What they show stands in a table below, for who cannot see them. */
import { useEffect, useRef } from 'preact/hooks'
import UPlot from 'uplot'
import { themeChanges } from '../frame/theme.ts'
import { coloursOf } from '../map/map-images.ts'

export interface ChartLine {
  readonly label: string
  /** Name of a colour of the theme. */
  readonly colour: string
  readonly values: readonly (number | null)[]
  readonly isDashed?: boolean
}

interface ChartProps {
  readonly title: string
  readonly atMs: readonly number[]
  readonly lines: readonly ChartLine[]
  readonly timeZone: string
  /** What the axis of time shows; epoch milliseconds. */
  readonly window: readonly [fromMs: number, toMs: number]
  /** Of the upright axis; without it whatever holds all values. */
  readonly range?: readonly [number, number]
}

const HEIGHT_PX = 220

export function Chart(props: ChartProps) {
  const { title, atMs, lines, timeZone, window, range } = props
  const box = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const place = box.current!
    let plot: UPlot | null = null
    const draw = () => {
      plot?.destroy()
      plot = new UPlot(optionsOf(place.clientWidth, props), dataOf(atMs, lines), place)
    }
    draw()
    const stop = themeChanges.on(draw)
    const seen = new ResizeObserver(() => plot?.setSize({ width: place.clientWidth, height: HEIGHT_PX }))
    seen.observe(place)
    return () => {
      seen.disconnect()
      stop()
      plot?.destroy()
    }
  }, [atMs, lines, timeZone, window, range])
  return (
    <figure class="chart">
      <figcaption>{title}</figcaption>
      <div ref={box} />
    </figure>
  )
}

const dataOf = (atMs: readonly number[], lines: readonly ChartLine[]): UPlot.AlignedData => [
  atMs.map(ms => ms / 1_000),
  ...lines.map(({ values }) => [...values]),
]

function optionsOf(width: number, { lines, timeZone, window, range }: ChartProps): UPlot.Options {
  const colours = coloursOf(document.documentElement)
  const moment = new Intl.DateTimeFormat('en-GB', { timeZone, dateStyle: 'medium', timeStyle: 'short' })
  const [time, day] = [
    new Intl.DateTimeFormat('en-GB', { timeZone, timeStyle: 'short' }),
    new Intl.DateTimeFormat('en-GB', { timeZone, day: 'numeric', month: 'short' }),
  ]
  const tick = (seconds: number) => {
    const told = time.format(seconds * 1_000)
    return told === '00:00' ? day.format(seconds * 1_000) : told
  }
  const axis: UPlot.Axis = {
    stroke: colours('--text'),
    grid: { stroke: colours('--line'), width: 1 },
    ticks: { stroke: colours('--line'), width: 1 },
  }
  return {
    ...{ width, height: HEIGHT_PX },
    axes: [
      { ...axis, values: (_, seconds) => seconds.map(tick) },
      { ...axis, size: 56 },
    ],
    tzDate: seconds => UPlot.tzDate(new Date(seconds * 1_000), timeZone),
    scales: {
      x: { range: [window[0] / 1_000, window[1] / 1_000] },
      ...(range === undefined ? {} : { y: { range: [...range] } }),
    },
    cursor: { drag: { x: false, y: false } },
    series: [
      { value: (_, seconds) => (seconds === null ? '–' : moment.format(seconds * 1_000)) },
      ...lines.map(
        ({ label, colour: name, isDashed }): UPlot.Series => ({
          ...{ label, stroke: colours(name), width: 2, spanGaps: false },
          ...(isDashed === true ? { dash: [6, 6], points: { show: false } } : { points: { show: true, size: 6 } }),
        }),
      ),
    ],
  }
}
