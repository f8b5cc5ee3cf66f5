/** What a routing server costs beside the own roads, asked for the same candidates, and what it costs when it does not answer. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { systemClock } from '../src/base/time.ts'
import { GuardedTimes } from '../src/roads/providers/guarded-times.ts'
import type { ManyToOne } from '../src/roads/providers/many-to-one.ts'
import { OsrmTimes } from '../src/roads/providers/osrm-times.ts'
import { OwnTimes } from '../src/roads/providers/own-times.ts'
import { ValhallaTimes } from '../src/roads/providers/valhalla-times.ts'
import { TreeSearch } from '../src/roads/reach/tree-search.ts'
import { RoadSnapper } from '../src/roads/snap.ts'
import type { TimesInForce } from '../src/roads/times/times-in-force.ts'
import { freePort } from '../tools/shared/free-port.ts'
import { percentile } from './come-back-figures.ts'
import { type BenchCity, placeOf, somewhereOn } from './nearest-roads.ts'

/** Answers both kinds of questions in the forms of the two servers, and computes nothing: the least that either takes. */
async function standIn(places: number) {
  const seconds = Array.from({ length: places }, (_, index) => [60 + index])
  const table = JSON.stringify({ code: 'Ok', durations: seconds, sources_to_targets: { durations: seconds } })
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end(table))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const close = () => {
    server.close()
    server.closeAllConnections()
  }
  return { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close }
}

export async function providerFigures(
  { graph }: BenchCity,
  times: TimesInForce,
  atMs: number,
  candidates: number,
  random: () => number,
): Promise<Record<string, number>> {
  const place = () => placeOf(graph, somewhereOn(graph, random))
  const router = await standIn(candidates)
  const settings = { timeoutMs: 1_000, maxBytes: 100_000, maxPlaces: candidates + 1 }
  const own = new OwnTimes({ search: new TreeSearch(graph), snapper: new RoadSnapper(graph), times })
  const guarded = new GuardedTimes(
    { failuresToOpen: 3, pauseMs: 60_000 },
    {
      server: new OsrmTimes({ ...settings, baseUrl: `http://127.0.0.1:${await freePort()}` }, systemClock),
      fallBack: own,
      scheduler: systemClock,
      fellBack: () => undefined,
    },
  )
  const asked: [figure: string, provider: ManyToOne][] = [
    ['own', own],
    ['osrm', new OsrmTimes({ ...settings, baseUrl: router.baseUrl }, systemClock)],
    ['valhalla', new ValhallaTimes({ ...settings, baseUrl: router.baseUrl }, systemClock)],
    ['serverAway', guarded],
  ]
  const figures: Record<string, number> = {}
  for (const [figure, provider] of asked) {
    const tookMs: number[] = []
    for (let round = -20; round < 100; round++) {
      const from = Array.from({ length: candidates }, place)
      const startedMs = performance.now()
      const answer = await provider.timesToOne({ from, to: place(), priority: 1, atMs })
      if (!answer.ok) throw new Error(answer.message)
      if (round >= 0) tookMs.push(performance.now() - startedMs)
    }
    tookMs.sort((a, b) => a - b)
    figures[`${figure}TimesP50Ms`] = percentile(tookMs, 0.5)
    figures[`${figure}TimesP99Ms`] = percentile(tookMs, 0.99)
  }
  router.close()
  return figures
}
