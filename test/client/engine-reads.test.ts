/** What a console reads over HTTP: asked with a fresh token, told apart from refusals and from others who answer. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ClientFault, EngineReads, engineStatus, ReadRefused } from '../../src/client/index.ts'

interface Asked {
  readonly url: string
  readonly authorization: string | null
}

function reads(status: number, body: unknown) {
  const asked: Asked[] = []
  let tokens = 0
  const answer: typeof fetch = async (input, init) => {
    asked.push({ url: String(input), authorization: new Headers(init?.headers).get('authorization') })
    return new Response(typeof body === 'string' ? body : JSON.stringify(body), { status })
  }
  const token = async () => {
    tokens += 1
    return `token-${tokens}`
  }
  return { asked, of: new EngineReads({ url: 'ws://engine:9001/v1/ws', token, fetch: answer }) }
}

test('each read shows a fresh token in its header, and what is named stands in the path as it must', async () => {
  const { asked, of } = reads(200, { items: [] })
  await of.hospitals('akl')
  await of.decisions('akl.a/b')
  assert.deepEqual(await of.openCalls('akl', 7), [])
  assert.match(asked.pop()!.url, /\/v1\/calls\?status=open&limit=500&after=7&region=akl$/)
  assert.deepEqual(asked, [
    { url: 'http://engine:9001/v1/hospitals?limit=500&region=akl', authorization: 'Bearer token-1' },
    { url: 'http://engine:9001/v1/trips/akl.a%2Fb/decisions', authorization: 'Bearer token-2' },
  ])
  assert.equal(of.roadTiles('akl', 3), 'http://engine:9001/v1/regions/akl/roads/3/{z}/{x}/{y}')
  assert.deepEqual(await of.authorization(), { Authorization: 'Bearer token-4' })
})

test('a refusal of the engine is told with its code; what somebody else answers is a fault', async () => {
  const refusal = { code: 'unknown-trip', detail: 'There is no such trip.', details: null }
  const refused = (error: unknown) => error instanceof ReadRefused && error.refusal.code === 'unknown-trip'
  await assert.rejects(reads(404, refusal).of.trip('akl.x'), refused)
  for (const [status, body] of [
    [502, '<html>Bad Gateway</html>'],
    [200, '"text"'],
    [200, { items: 7 }],
    [200, ''],
  ] as const) {
    await assert.rejects(reads(status, body).of.regions(), ClientFault, `${status} ${JSON.stringify(body)}`)
  }
})

test('an engine that is not ready says how it is, and one that is away says nothing', async () => {
  const answering = (status: number, body: unknown) => async () => new Response(JSON.stringify(body), { status })
  const url = 'http://engine:9001'
  assert.equal(await engineStatus({ url, fetch: answering(200, { status: 'ready' }) }), 'ready')
  assert.equal(await engineStatus({ url, fetch: answering(503, { status: 'database-away' }) }), 'database-away')
  const away = () => Promise.reject(new TypeError('fetch failed'))
  assert.equal(await engineStatus({ url, fetch: away }), null)
})

test('the limits of waiting are those of the policy that stands', async () => {
  const { of } = reads(200, { policy: { waitAlarmMs: { 1: 180_000 } } })
  assert.deepEqual(await of.waitLimits('akl'), { 1: 180_000 })
  assert.deepEqual(await reads(200, {}).of.waitLimits('akl'), {})
})

test('a track says whether it is all of the span that was asked for', async () => {
  const fix = { fixedAtMs: 1_500, lonDeg: 174.76, latDeg: -36.85, speedMps: null, headingDeg: null }
  const { asked, of } = reads(200, { items: [fix], next: null })
  assert.deepEqual(await of.track('akl', 'A/1', { fromMs: 1_000, toMs: 2_000 }), { items: [fix], isWhole: true })
  assert.equal(asked[0]!.url, 'http://engine:9001/v1/units/A%2F1/track?region=akl&fromMs=1000&toMs=2000&limit=5000')
  const more = await reads(200, { items: [], next: 'x' }).of.track('akl', 'A1', { fromMs: 0, toMs: 1 })
  assert.equal(more.isWhole, false)
  assert.deepEqual(await reads(200, { items: [] }).of.stations('akl'), [])
})
