import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import fc from 'fast-check'
import { Metrics } from '../../src/telemetry/metrics.ts'

async function samples(metrics: Metrics): Promise<Map<string, number>> {
  const lines = (await metrics.text()).split('\n').filter(line => line !== '' && !line.startsWith('#'))
  return new Map(lines.map(line => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]))
}

test('counts appear under their labels, and a second scrape does not add them again', async () => {
  const metrics = new Metrics()
  metrics.frame('in', 'fix', 36)
  metrics.frame('in', 'fix', 30)
  metrics.frame('out', 'marks', 5)
  metrics.fix('current', 10)
  metrics.fix('late')
  metrics.offer('accepted')
  metrics.refusal('wrong-role')
  metrics.turnFailed()
  metrics.sessionOpened('driver')
  metrics.sessionOpened('driver')
  metrics.sessionClosed('driver')
  await metrics.text()
  const found = await samples(metrics)
  const expected = {
    'goldenhour_frames_total{direction="in",type="fix"}': 2,
    'goldenhour_frame_bytes_total{direction="in",type="fix"}': 66,
    'goldenhour_frames_total{direction="out",type="marks"}': 1,
    'goldenhour_frame_bytes_total{direction="out",type="marks"}': 5,
    'goldenhour_fixes_total{class="current"}': 10,
    'goldenhour_fixes_total{class="late"}': 1,
    'goldenhour_fixes_total{class="gap"}': 0,
    'goldenhour_offers_total{outcome="accepted"}': 1,
    'goldenhour_refusals_total{code="wrong-role"}': 1,
    goldenhour_turn_failures_total: 1,
    'goldenhour_sessions{role="driver"}': 1,
  }
  for (const [name, value] of Object.entries(expected)) assert.equal(found.get(name), value, name)
})

test('a request is counted and timed under its route, method and class of status', async () => {
  const metrics = new Metrics()
  const labels = { route: '/v1/units/:id', method: 'GET' }
  for (const status of [200, 204, 404]) metrics.request(labels)(status)
  metrics.request(labels)
  const found = await samples(metrics)
  const named = (status: string) => `{route="/v1/units/:id",method="GET",status="${status}"}`
  assert.equal(found.get(`goldenhour_http_request_seconds_count${named('2xx')}`), 2)
  assert.equal(found.get(`goldenhour_http_request_seconds_count${named('4xx')}`), 1)
  const seconds = found.get(`goldenhour_http_request_seconds_sum${named('2xx')}`)!
  assert.ok(seconds > 0 && seconds < 60, String(seconds))
})

test('OPERATIONS.md lists every metric, and no other', async () => {
  const own = [...(await new Metrics().text()).matchAll(/^# TYPE (goldenhour_\w+) /gm)].map(([, name]) => name!)
  const page = await readFile(new URL('../../OPERATIONS.md', import.meta.url), 'utf8')
  const rows = page.slice(page.indexOf('## What to watch'), page.indexOf('## When something looks wrong'))
  const listed = [...rows.matchAll(/^\| ([^|]+) \|/gm)].flatMap(([, names]) =>
    [...names!.matchAll(/`(goldenhour_\w+)/g)].map(([, name]) => name!),
  )
  assert.deepEqual(listed.sort(), own.sort())
})

test('commits and searches are histograms in seconds', async () => {
  const metrics = new Metrics()
  metrics.commit('records', 0.0015, 3)
  metrics.nearest(0.00003)
  const found = await samples(metrics)
  assert.equal(found.get('goldenhour_commit_seconds_bucket{le="0.001",lane="records"}'), 0)
  assert.equal(found.get('goldenhour_commit_seconds_bucket{le="0.002",lane="records"}'), 1)
  assert.equal(found.get('goldenhour_commit_batch_size_sum{lane="records"}'), 3)
  assert.equal(found.get('goldenhour_nearest_seconds_count'), 1)
})

test('every durable lag is in the buckets at or above it and in no other, however it was observed', async () => {
  const lagMs = fc.oneof(
    fc.integer({ min: -5, max: 12_000 }),
    fc.double({ min: 0, max: 12_000, noNaN: true }),
    fc.constantFrom(1, 50, 350, 10_000, 10_000.5),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(lagMs, { maxLength: 50 }), fc.boolean(), async (lags, atOnce) => {
      const metrics = new Metrics()
      if (atOnce) {
        metrics.observeDurableLags(
          lags.map(lag => -lag),
          0,
        )
      } else {
        for (const lag of lags) metrics.durableLag(lag / 1_000)
      }
      const found = await samples(metrics)
      let buckets = 0
      for (const [name, value] of found) {
        const le = /^goldenhour_durable_lag_seconds_bucket\{le="(.+)"\}$/.exec(name)?.[1]
        if (le === undefined) continue
        buckets += 1
        const boundMs = le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le) * 1_000
        // Seconds and back can move a lag by a rounding step across a bound.
        const within = (slackMs: number) => lags.filter(lag => lag <= boundMs + slackMs).length
        assert.ok(value >= within(-1e-6) && value <= within(1e-6), `${name} is ${value}`)
      }
      assert.ok(buckets > 20)
      assert.equal(found.get('goldenhour_durable_lag_seconds_count'), lags.length)
      const sumS = lags.reduce((sum, lag) => sum + Math.max(0, lag), 0) / 1_000
      assert.ok(Math.abs((found.get('goldenhour_durable_lag_seconds_sum') as number) - sumS) < 1e-6)
    }),
    { numRuns: 50 },
  )
})

test('gauges are read from their source at each scrape, and a region that left is no longer shown', async () => {
  const metrics = new Metrics()
  assert.equal((await samples(metrics)).has('goldenhour_mailbox_depth{region="akl"}'), false)
  let regions = ['akl', 'wlg']
  metrics.observe({
    mailboxDepth: () => regions.map((region, i) => [region, i] as const),
    overloads: () => regions.map(region => [region, 2, 4_096] as const),
    pendingTrips: () => regions.map(region => [region, 1, 4] as const),
    positions: () => regions.map(region => [region, 'stale', 2] as const),
    deviceClocksOff: () => regions.map(region => [region, 1] as const),
    openAlarms: () => regions.map(region => [region, 1, 'unanswered', 3] as const),
    logPositions: () => regions.map(region => [region, 9, 8] as const),
    fixesNotDurable: () => regions.map(region => [region, 70] as const),
    storeUp: () => regions.length === 2,
    logLinesDropped: () => 3,
    logWaitingBytes: () => 512,
    troubles: () => [['leases', true] as const, ['audit', false] as const],
    clockOffsets: () => [['recorded', 1_500] as const],
    roadsVersions: () => [['akl', 3] as const],
    speedsVersions: () => [['akl', 2] as const],
    roadFallbacks: () => [['akl', 'off-road', 5] as const],
    viewsBehind: () => [['akl', 3] as const],
    writesStalled: () => regions.map(region => [region, 'records', region === 'akl'] as const),
  })
  const first = await samples(metrics)
  assert.equal(first.get('goldenhour_mailbox_depth{region="wlg"}'), 1)
  assert.equal(first.get('goldenhour_overload_step{region="wlg"}'), 2)
  assert.equal(first.get('goldenhour_fixes_waiting_bytes{region="wlg"}'), 4_096)
  assert.equal(first.get('goldenhour_pending_trips{region="akl",priority="1"}'), 4)
  assert.equal(first.get('goldenhour_open_alarms{region="akl",severity="1",standing="unanswered"}'), 3)
  assert.equal(first.get('goldenhour_log_head_position{region="akl"}'), 9)
  assert.equal(first.get('goldenhour_log_durable_position{region="akl"}'), 8)
  assert.equal(first.get('goldenhour_fixes_not_durable{region="akl"}'), 70)
  assert.equal(first.get('goldenhour_store_up'), 1)
  assert.equal(first.get('goldenhour_log_lines_dropped_total'), 3)
  assert.equal(first.get('goldenhour_log_waiting_bytes'), 512)
  assert.equal(first.get('goldenhour_trouble{trouble="leases"}'), 1)
  assert.equal(first.get('goldenhour_trouble{trouble="audit"}'), 0)
  assert.equal(first.get('goldenhour_clock_offset_seconds{of="recorded"}'), 1.5)
  assert.equal(first.get('goldenhour_writes_stalled{region="akl",lane="records"}'), 1)
  assert.equal(first.get('goldenhour_writes_stalled{region="wlg",lane="records"}'), 0)
  regions = ['akl']
  const second = await samples(metrics)
  assert.equal(second.has('goldenhour_mailbox_depth{region="wlg"}'), false)
  assert.equal(second.get('goldenhour_mailbox_depth{region="akl"}'), 0)
  assert.equal(second.get('goldenhour_store_up'), 0)
})

test('a blocked event loop shows as lag, once', async () => {
  const metrics = new Metrics()
  await delay(50)
  const untilMs = performance.now() + 120
  while (performance.now() < untilMs);
  await delay(30)
  const worst = 'goldenhour_event_loop_lag_seconds{quantile="1"}'
  const blocked = (await samples(metrics)).get(worst) as number
  assert.ok(blocked >= 0.1, `lag was ${blocked} s`)
  // A machine that has much else to do may hold the loop as well, but not each time.
  do await delay(50)
  while (((await samples(metrics)).get(worst) as number) >= blocked)
})

test('the process tells its own CPU time and memory, and every name of ours follows the naming rules', async () => {
  const metrics = new Metrics()
  const found = await samples(metrics)
  assert.ok((found.get('process_cpu_seconds_total') as number) > 0)
  assert.ok((found.get('process_resident_memory_bytes') as number) > 1e6)
  const types = (await metrics.text()).matchAll(/^# TYPE (goldenhour_\S+) (\S+)$/gm)
  for (const [, name, type] of types) {
    assert.match(name as string, /^goldenhour(_[a-z]+)+$/)
    assert.equal(name?.endsWith('_total'), type === 'counter', `${name} is a ${type}`)
  }
})
