/** What the engine says of itself, by hand: what is right passes, and each kind of wrong is found. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { judgePlaces, judgeTrips } from '../../../tools/torture/checker/engine-view.ts'
import { judgeTruth } from '../../../tools/torture/checker/truth.ts'

type Told = Readonly<Record<string, unknown>>

const LIMIT_MS = 60
const placed = (more: Told = {}): Told => ({
  connected: true,
  status: 'available',
  fix: { fixedAtMs: Date.now(), freshness: 'fresh' },
  ...more,
})

async function found(judge: (find: (kind: string, about: string, text: string) => void) => Promise<void> | void) {
  const findings: string[][] = []
  await judge((kind, about, text) => findings.push([kind, about, text]))
  return findings
}
const unplaced = (unit: () => Told) =>
  found(find => judgePlaces(() => Promise.resolve(unit()), 'torture', ['C01'], find, LIMIT_MS))

test('a connected unit with a fresh position of now is placed', async () => {
  assert.deepEqual(await unplaced(placed), [])
})

test('a unit that is placed a moment later is placed', async () => {
  let asked = 0
  assert.deepEqual(await unplaced(() => placed(asked++ === 0 ? { fix: null } : {})), [])
})

test('a unit without a position, with an old one, one of another time, or not connected is unplaced', async () => {
  for (const [wrong, said] of [
    [{ fix: null }, /no position/],
    [{ fix: { fixedAtMs: Date.now(), freshness: 'stale' } }, /stale/],
    [{ fix: { fixedAtMs: Date.now() + 3_600_000, freshness: 'fresh' } }, /dated 3[56]\d{5} ms beside now/],
    [{ connected: false }, /does not think so/],
  ] as const) {
    const [finding] = await unplaced(() => placed(wrong))
    assert.deepEqual(finding?.slice(0, 2), ['unit-unplaced', 'unit C01'])
    assert.match(finding![2]!, said)
  }
})

test('an engine that does not answer for a unit leaves it unplaced', async () => {
  const findings = await found(find =>
    judgePlaces(() => Promise.reject(new Error('answered 503')), 'torture', ['C01'], find, LIMIT_MS),
  )
  assert.deepEqual(findings, [['unit-unplaced', 'unit C01', 'answered 503']])
})

const inLog = (phase: string, unitId: string | null = null, offeredTo: string | null = null) =>
  new Map([['t1', { phase, unitId, offer: offeredTo === null ? null : { offerId: 'o1', unitId: offeredTo } }]])
const nowhere = (log: ReturnType<typeof inLog>, engine: Told) =>
  found(find =>
    judgeTrips(
      () => Promise.resolve(engine),
      () => Promise.resolve(log),
      find,
      LIMIT_MS,
    ),
  )

test('a trip that is for the engine where the log has it is somewhere', async () => {
  assert.deepEqual(await nowhere(inLog('pending'), { phase: 'pending', unitId: null, offer: null }), [])
  const offered = { phase: 'offered', unitId: null, offer: { unitId: 'C01' } }
  assert.deepEqual(await nowhere(inLog('offered', null, 'C01'), offered), [])
  assert.deepEqual(await nowhere(inLog('en-route', 'C01'), { phase: 'en-route', unitId: 'C01', offer: null }), [])
})

test('a trip that the engine does not have, has elsewhere, or on another unit is found', async () => {
  const findings = [
    ...(await nowhere(inLog('offered', null, 'C01'), { phase: 'pending', unitId: null, offer: null })),
    ...(await nowhere(inLog('en-route', 'C01'), { phase: 'en-route', unitId: 'C02', offer: null })),
    ...(await found(find =>
      judgeTrips(
        () => Promise.reject(new Error('answered 404: unknown-trip')),
        () => Promise.resolve(inLog('pending')),
        find,
        LIMIT_MS,
      ),
    )),
  ]
  assert.deepEqual(
    findings.map(([kind, about]) => [kind, about]),
    Array.from({ length: 3 }, () => ['trip-nowhere', 'trip t1']),
  )
})

test('readiness is untrue when it is told long after Postgres went, and before it is back; not at its edges', async () => {
  const sample = (atMs: number, ready = true) => ({ askedAtMs: atMs, atMs: atMs + 1, ready })
  const down = { fromMs: 1_000, toMs: 31_000 }
  const edges = [sample(500), sample(4_000), sample(20_000, false), sample(31_500)]
  assert.deepEqual(await found(find => judgeTruth(edges, down, 'it', find)), [])
  const untrue = await found(find => judgeTruth([...edges, sample(20_000)], down, 'it', find))
  assert.deepEqual(
    untrue.map(([kind]) => kind),
    ['readiness-untrue'],
  )
  assert.deepEqual(await found(find => judgeTruth([sample(20_000)], null, 'it', find)), [])
})
