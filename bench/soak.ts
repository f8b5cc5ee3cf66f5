/** An engine under the same load for a long time: whether its memory comes to a rest, and whether answers stay as fast. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ValuesOf } from '../tools/shared/option-table.ts'
import { sample } from '../tools/shared/prometheus.ts'
import { defineBench, type Outcome } from './bench.ts'
import { DISPATCHERS, startJournalDesks } from './journal-desks.ts'

/** What a start, its caches and its code take has come by then. */
const SETTLED_AFTER_MINUTES = 10

const options = {
  units: { kind: 'number', what: 'units of the region', initial: 2_000, quick: 200, min: 1, max: 100_000 },
  rate: { kind: 'number', what: 'commands a second', initial: 1_000, quick: 200, min: 1, max: 100_000 },
  minutes: { kind: 'number', what: 'how long', initial: 60, quick: 1, min: 1, max: 10_000 },
} as const

export const soakBench = defineBench({
  name: 'soak',
  summary: 'memory of an engine, minute by minute, at the same number of commands a second',
  options,
  run,
})

async function run({ units, rate, minutes }: ValuesOf<typeof options>): Promise<Outcome> {
  const { engine, load } = await startJournalDesks(units)
  load.send({ type: 'pace', perS: rate, seconds: minutes * 60 })

  const startedMs = performance.now()
  const rssMb: number[] = []
  for (let minute = 1; minute <= minutes; minute++) {
    await sleep(startedMs + minute * 60_000 - performance.now())
    const metrics = await engine.metrics()
    const [rss, heap] = ['process_resident_memory_bytes', 'nodejs_heap_size_used_bytes'].map(
      name => sample(metrics, name) / 1e6,
    ) as [number, number]
    rssMb.push(rss)
    const hold = sample(metrics, 'goldenhour_event_loop_lag_seconds{quantile="1"}') * 1_000
    console.error(
      `minute ${minute}: ${rss.toFixed(0)} MB resident, ${heap.toFixed(0)} MB heap, longest hold ${hold.toFixed(0)} ms`,
    )
  }
  const { report } = await load.heard('ran')
  const figures: Record<string, number> = {
    commandsPerS: report.commands / (minutes * 60),
    ackP50Ms: report.p50Ms,
    ackP99Ms: report.p99Ms,
    rssMbAtTheEnd: rssMb.at(-1)!,
    rssMbMax: Math.max(...rssMb),
    liveMb: (await engine.inspector.liveBytes()) / 1e6,
  }
  const settled = rssMb[SETTLED_AFTER_MINUTES - 1]
  if (settled !== undefined && minutes > SETTLED_AFTER_MINUTES) {
    figures[`rssMbMinute${SETTLED_AFTER_MINUTES}`] = settled
    figures.growthAfterTenMinutes = rssMb.at(-1)! / settled
  }
  await load.end()
  await engine.kill()
  const refused = Object.entries(report.refusals).map(([code, count]) => `${count} commands were refused: ${code}.`)
  return { valid: true, settings: { units, rate, minutes, dispatchers: DISPATCHERS }, figures, complaints: refused }
}
