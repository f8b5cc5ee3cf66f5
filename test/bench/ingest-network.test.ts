/** The networks of the ingest bench: what is drawn from them is what their numbers say. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { growthOf } from '../../bench/engine-watch.ts'
import { tableOf } from '../../bench/ingest-growth.ts'
import { awayMs, delayMs, NETWORKS, networkNamed, nextHappening } from '../../bench/ingest-network.ts'
import { UsageError } from '../../tools/shared/command-line.ts'
import { seeded } from '../../tools/shared/random.ts'

const DRAWS = 20_000
const near = (value: number, wanted: number, share = 0.1) =>
  assert.ok(Math.abs(value - wanted) <= wanted * share, `${value} beside ${wanted}`)

test('half of all frames take the median or less, and the share that stalls takes as long as a stall', () => {
  for (const network of Object.values(NETWORKS)) {
    const random = seeded(1)
    const delays = Array.from({ length: DRAWS }, () => delayMs({ ...network, stallShare: 0 }, random))
    near(delays.filter(ms => ms <= network.delayMedianMs).length, DRAWS / 2)
    const stalled = delayMs({ ...network, stallShare: 1, delayMedianMs: 0 }, random)
    assert.ok(stalled >= network.stallMs[0] && stalled <= network.stallMs[1])
    const stalls = Array.from({ length: DRAWS }, () => delayMs({ ...network, delayMedianMs: 0 }, random))
    near(stalls.filter(ms => ms > 0).length, DRAWS * network.stallShare, 0.5)
  }
})

test('what happens next comes as often as the network and the churn say, and has its time', () => {
  const random = seeded(2)
  const { terrible } = NETWORKS
  // Four a minute: as many a second as 1/60 and 1/120 and 4/60.
  const drawn = Array.from({ length: DRAWS }, () => nextHappening(terrible, 4, random)!)
  near(drawn.reduce((sum, { afterMs }) => sum + afterMs, 0) / DRAWS, 1_000 / (1 / 60 + 1 / 120 + 4 / 60))
  const share = (what: string) => drawn.filter(next => next.what === what).length / DRAWS
  near(share('cut') / share('dark'), 2, 0.15)
  const churned = share('closed') + share('signed-off') + share('new-phone')
  near(churned / share('cut'), 4, 0.15)
  near(share('closed') / share('new-phone'), 1, 0.15)
  const dark = awayMs(terrible, 'dark', random)
  assert.ok(dark >= terrible.darkMs[0] && dark <= terrible.darkMs[1])
})

test('without a network and without churn nothing happens, and the same seed is the same trouble', () => {
  const none = networkNamed(null)
  assert.equal(nextHappening(none, 0, seeded(3)), null)
  assert.equal(delayMs(none, seeded(3)), 0)
  const some = (seed: number) => {
    const random = seeded(seed)
    return Array.from({ length: 20 }, () => nextHappening(NETWORKS.mobile, 1, random))
  }
  assert.deepEqual(some(4), some(4))
  assert.notDeepEqual(some(4), some(5))
})

test('a network that there is not is refused with those that there are', () => {
  assert.throws(
    () => networkNamed('bad'),
    (error: Error) => error instanceof UsageError && /good, mobile, terrible/.test(error.message),
  )
})

test('growth is told beside the memory of the tenth minute, and only where there is a later one', () => {
  const ten = Array.from({ length: 10 }, (_, minute) => 100 + minute)
  assert.deepEqual(growthOf([]), {})
  assert.deepEqual(growthOf(ten), { rssMbMax: 109 })
  assert.deepEqual(growthOf([...ten, 218]), { rssMbMax: 218, rssMbMinute10: 109, growthAfterTenMinutes: 2 })
})

test('the table of growth has a row a size, and leaves open what a run did not measure', () => {
  const [heading, rule, row] = tableOf([{ size: 10_000, figures: { fixesPerS: 1_000, cpuUsPerFix: 12.345 } }]).split(
    '\n',
  )
  assert.match(heading!, /^\| drivers \| fixes\/s \| CPU µs\/fix \|/)
  assert.equal(rule!.split('|').length, heading!.split('|').length)
  assert.match(row!, /^\| 10,000 \| 1,000 \| 12\.3 \| {2}\|/)
})
