/** The routes of phones' trackers by themselves: what of a region's answer a phone is told, and what apps really send. */
import assert from 'node:assert/strict'
import test from 'node:test'
import type { TokenClaims } from '../../../src/access/claims.ts'
import { OVERLOADED, UNAVAILABLE } from '../../../src/actors/refusals.ts'
import type { TrackerAnswer, TrackerRequest } from '../../../src/actors/region-handle.ts'
import type { HttpCall, HttpReply } from '../../../src/gateway/http.ts'
import { TRACKER_ROUTES } from '../../../src/gateway/routes/trackers.ts'
import { TrackerIntake } from '../../../src/gateway/tracker-intake.ts'

const [owntracks, , osmand] = TRACKER_ROUTES
const NOW_MS = 1_767_225_600_000
const CALLER = { sub: 'device:one', role: 'driver', regions: ['akl'], unit: 'A-7', units: null }

/** What the region was asked, and what the phone is answered. */
async function post(
  route: typeof owntracks,
  body: string,
  answer: TrackerAnswer = { ok: true, is: 'stored' },
  query = '',
  caller: object = CALLER,
) {
  const requests: TrackerRequest[] = []
  const region = {
    regionId: 'akl',
    trackerFix(request: TrackerRequest) {
      requests.push(request)
      request.answer(answer)
    },
  }
  const counted: string[] = []
  const ports = {
    directory: { region: () => region },
    trackers: new TrackerIntake({ wallClock: () => NOW_MS, isStored: () => assert.fail('nothing is doubtful') }),
    metrics: { fix: (kind: string) => counted.push(kind) },
    wallClock: () => NOW_MS,
  }
  const bytes = Buffer.from(body)
  const call = { query: new URLSearchParams(query), body: Promise.resolve({ ok: true, bytes }) }
  assert.ok(route !== undefined && route.action !== null)
  const reply: HttpReply = await route.handle(ports as never, call as unknown as HttpCall, caller as TokenClaims)
  return { reply, requests, counted }
}

const LOCATION = JSON.stringify({ _type: 'location', lat: 1, lon: 2, tst: NOW_MS / 1_000 - 1 })

test('[TK-8] a phone that is not heard now is told when to come again, and keeps its fix', async () => {
  for (const [refusal, retryAfter] of [
    [OVERLOADED, '1'],
    [UNAVAILABLE, '1'],
  ] as const) {
    const { reply } = await post(owntracks, LOCATION, { ok: false, refusal })
    assert.deepEqual([reply.status, reply.headers?.['Retry-After']], [503, retryAfter], refusal.code)
  }
})

test('[TK-7] a region that says that it can never take a fix is not asked again', async () => {
  const { reply, requests } = await post(owntracks, LOCATION, { ok: true, is: 'unusable' })
  assert.deepEqual([reply.status, requests.length], [200, 1])
})

test('[TK-4] each form of a time is the same moment, and what is none can never be taken', async () => {
  for (const timestamp of [
    '1767225600',
    '1767225600000',
    '2026-01-01T00:00:00Z',
    '2026-01-01T13:00:00+13:00',
    '2026-01-01T00:00:00.000',
    '2026-01-01 00:00:00',
  ]) {
    const form = new URLSearchParams({
      id: 'A-7',
      lat: '-36.8485',
      lon: '174.7633',
      timestamp,
      speed: '0',
      bearing: '0',
    })
    const { reply, requests } = await post(osmand, form.toString())
    assert.equal(reply.status, 200)
    const { measuredWallMs, measured } = requests[0]!
    assert.equal(measuredWallMs, NOW_MS, timestamp)
    assert.deepEqual(measured, { lonDeg: 174.7633, latDeg: -36.8485, accuracyM: null, speedMps: 0, headingDeg: 0 })
  }
  for (const timestamp of ['', 'now', '2026-13-01T00:00:00Z', '1e400', '01/02/2026']) {
    const { reply, requests, counted } = await post(osmand, '', undefined, `id=A-7&lat=1&lon=2&timestamp=${timestamp}`)
    assert.deepEqual([reply.status, requests.length, counted], [200, 0, ['invalid']], timestamp)
  }
})

test('[TK-2] a driver whose credential names no unit reports none', async () => {
  const query = 'id=A-7&lat=1&lon=2'
  const { reply, requests } = await post(osmand, '', undefined, query, { ...CALLER, unit: null })
  assert.deepEqual([reply.status, reply.refusal?.code, requests.length], [403, 'wrong-unit', 0])
})
