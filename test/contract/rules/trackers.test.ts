/** `docs/protocol/trackers.md`: phones that post their fixes with an app of others. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type HttpAnswer, SCENE } from '../../support/engine.ts'
import { fixAt, Stage } from './stage.ts'

const UNITS = { mode: 'offered', units: ['A-7', 'A-8'] } as const
const stage = new Stage({
  tk1: UNITS,
  tk2: UNITS,
  tk3: UNITS,
  tk4: UNITS,
  tk5: UNITS,
  tk6: UNITS,
  tk7: UNITS,
  tk9: UNITS,
  other: UNITS,
})

interface Given {
  readonly key: string
  readonly region: string
}

/** A device of its own, with its key. */
async function device(region: string, role: 'driver' | 'feed' = 'driver', units: unknown = undefined): Promise<Given> {
  const token = await stage.site.token({ sub: 'root', role: 'admin', regions: [] })
  const whose = role === 'driver' ? { unit: 'A-7' } : { units: units ?? 'all' }
  const body = { name: 'phone', role, region, ...whose }
  const made = await stage.ask('POST', '/v1/devices', { token, body })
  assert.equal(made.status, 201, JSON.stringify(made.body))
  return { key: made.body.key, region }
}

const basic = (key: string) => `Basic ${Buffer.from(`jane:${key}`).toString('base64')}`

async function send(path: string, init: RequestInit = {}) {
  const response = await fetch(`http://127.0.0.1:${stage.site.port}${path}`, init)
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json') ?? false
  return { status: response.status, body: isJson ? JSON.parse(text) : text, headers: response.headers }
}

/** As the app posts it: Basic, and a JSON object. */
const owntracks = ({ key }: Given, body: unknown, query = '') =>
  send(`/v1/trackers/owntracks${query}`, {
    method: 'POST',
    headers: { authorization: basic(key), 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })

const here = { lat: SCENE.latDeg, lon: SCENE.lonDeg }
/** Whole seconds, as the app has them. */
const nowS = () => Math.floor(Date.now() / 1_000)
/** The scene, so many minutes east of it. */
const at = (tst: number, eastDeg = 0) => ({ _type: 'location', tid: 'JA', tst, ...here, lon: here.lon + eastDeg })

async function track(region: string, unit = 'A-7'): Promise<readonly HttpAnswer['body'][]> {
  const token = await stage.site.token({ sub: 'person-1', role: 'supervisor', regions: [region] })
  const range = `fromMs=${Date.now() - 20 * 3_600_000}&toMs=${Date.now() + 3_600_000}`
  const { status, body } = await stage.site.http(`/v1/units/${unit}/track?region=${region}&limit=5000&${range}`, {
    token,
  })
  assert.equal(status, 200, JSON.stringify(body))
  return body.items
}
const times = async (region: string) => (await track(region)).map(({ seq }) => seq / 1_000)

async function place(region: string): Promise<HttpAnswer['body']> {
  const token = await stage.site.token({ sub: 'desk', regions: [region] })
  return (await stage.site.http(`/v1/units/A-7/state?region=${region}`, { token })).body.fix
}

const invalid = () => stage.site.metric('goldenhour_fixes_total{class="invalid"}')
const codeOf = ({ status, body }: { status: number; body: HttpAnswer['body'] }) =>
  `${status} ${body?.code ?? ''}`.trim()

test('[TK-1] the key is the password of HTTP Basic, a bearer token, or ?key= where an app has nothing but a URL', async () => {
  const phone = await device('tk1')
  const url = `id=A-7&lat=${here.lat}&lon=${here.lon}&timestamp=`
  const tst = nowS() - 100
  const bearer = { headers: { authorization: `Bearer ${phone.key}` } }
  assert.equal((await owntracks(phone, at(tst))).status, 200)
  assert.equal((await send(`/v1/trackers/osmand?${url}${tst + 1}`, bearer)).status, 200)
  assert.equal((await send(`/v1/trackers/osmand?key=${phone.key}&${url}${tst + 2}`)).status, 200)
  assert.equal(
    (await send(`/v1/trackers/osmand?${url}${tst + 3}`, { headers: { authorization: basic(phone.key) } })).status,
    200,
  )
  assert.deepEqual(await times('tk1'), [tst, tst + 1, tst + 2, tst + 3])

  const none = await send('/v1/trackers/owntracks', { method: 'POST', body: JSON.stringify(at(tst)) })
  assert.equal(codeOf(none), '401 token-missing')
  assert.match(none.headers.get('www-authenticate')!, /^Basic /)
  assert.equal(codeOf(await owntracks({ ...phone, key: `${phone.key.slice(0, -1)}!` }, at(tst))), '401 token-invalid')
  // In a URL a key is taken by that route alone, and a person's token nowhere but as a bearer token.
  const inUrl = await send(`/v1/trackers/owntracks?key=${phone.key}`, { method: 'POST', body: JSON.stringify(at(tst)) })
  assert.equal(codeOf(inUrl), '401 token-missing')
  const token = await stage.site.token({ sub: 'crew-A-7', role: 'driver', regions: ['tk1'], unit: 'A-7' })
  assert.equal(codeOf(await send(`/v1/trackers/osmand?key=${token}&${url}${tst}`)), '401 token-invalid')
  const desk = await stage.site.token({ sub: 'desk', regions: ['tk1'] })
  const asDesk = await send(`/v1/trackers/osmand?${url}${tst}`, { headers: { authorization: `Bearer ${desk}` } })
  assert.equal(codeOf(asDesk), '403 wrong-role')
})

test('[TK-2] a driver reports its own unit alone, a feed those that it names and may report', async () => {
  const region = 'tk2'
  const phone = await device(region)
  const url = (id: string, where = '') => `/v1/trackers/osmand?id=${id}&lat=${here.lat}&lon=${here.lon}${where}`
  const by = (given: Given) => ({ headers: { authorization: basic(given.key) } })
  assert.equal(codeOf(await send(url('A-8'), by(phone))), '403 wrong-unit')
  assert.equal(codeOf(await owntracks(phone, at(nowS()), '?d=A-8')), '403 wrong-unit')
  assert.equal(codeOf(await send(url('A-7', '&region=other'), by(phone))), '403 wrong-region')
  // What the phone calls itself is nobody's business.
  assert.equal((await owntracks(phone, { ...at(nowS()), topic: 'owntracks/jane/A-8' })).status, 200)

  const feed = await device(region, 'feed', ['A-8', 'gone'])
  assert.equal(codeOf(await send(url('A-7'), by(feed))), '403 wrong-unit')
  assert.equal(codeOf(await send(url('gone'), by(feed))), '404 unknown-unit')
  assert.equal(codeOf(await send('/v1/trackers/osmand?lat=1&lon=1', by(feed))), '400 invalid-field')
  assert.equal(codeOf(await owntracks(feed, at(nowS()))), '400 invalid-field')
  assert.equal((await owntracks(feed, { ...at(nowS() - 9), topic: 'owntracks/jane/A-8' })).status, 200)
  assert.equal((await owntracks(feed, at(nowS() - 8), '?d=A-8')).status, 200)
  assert.equal((await track(region, 'A-8')).length, 2)
  assert.equal((await track(region, 'A-7')).length, 1)
})

test('[TK-3] the object that OwnTracks posts is a fix, and whatever else it posts is answered and left aside', async () => {
  const region = 'tk3'
  const phone = await device(region)
  const tst = nowS() - 5
  const posted = {
    ...{
      _type: 'location',
      BSSID: 'c0:ff:ee:00:00:01',
      SSID: 'station',
      acc: 12,
      alt: 30,
      batt: 87,
      bs: 1,
      cog: 271,
      conn: 'w',
    },
    ...{ created_at: tst + 1, ...here, m: 1, t: 'u', tid: 'JA', topic: 'owntracks/jane/phone', tst, vac: 4, vel: 54 },
  }
  const answer = await owntracks(phone, posted)
  assert.deepEqual([answer.status, answer.body], [200, []])
  const [fix] = await track(region)
  const { fixedAtMs, lonDeg, latDeg, accuracyM, speedMps, headingDeg } = fix!
  assert.deepEqual(
    [fixedAtMs, lonDeg, latDeg, accuracyM, speedMps, headingDeg],
    [tst * 1_000, here.lon, here.lat, 12, 15, 271],
  )
  for (const other of [
    { _type: 'lwt', tst },
    { _type: 'transition', tst, ...here, event: 'enter' },
    { _type: 'waypoints', waypoints: [] },
    '',
  ]) {
    const { status, body } = await owntracks(phone, other)
    assert.deepEqual([status, body], [200, []], JSON.stringify(other))
  }
  assert.equal((await track(region)).length, 1)
})

test('[TK-4] parameters, a form and the JSON of newer clients say the same', async () => {
  const region = 'tk4'
  const phone = await device(region)
  const headers = { authorization: basic(phone.key) }
  const s = nowS() - 60
  const iso = (seconds: number) => new Date(seconds * 1_000).toISOString()
  const said = (timestamp: string | number, more = '') =>
    `id=A-7&timestamp=${timestamp}&lat=${here.lat}&lon=${here.lon}&speed=10&bearing=90&altitude=3&accuracy=8&batt=80${more}`
  const sent = [
    send(`/v1/trackers/osmand?${said(s)}`, { headers }),
    send(`/v1/trackers/osmand?${said(`${s + 1}000`)}`, { method: 'POST', headers }),
    send(`/v1/trackers/osmand?${said(iso(s + 2))}`, { headers }),
    send(
      `/v1/trackers/osmand?${said(
        iso(s + 3)
          .slice(0, 19)
          .replace('T', '+'),
      )}`,
      { headers },
    ),
    send('/v1/trackers/osmand', { method: 'POST', headers, body: new URLSearchParams(said(s + 4)) }),
    send(
      `/v1/trackers/osmand?deviceid=A-7&timestamp=${s + 5}&location=${here.lat},${here.lon}&speed=10&heading=90&accuracy=8`,
      { headers },
    ),
  ]
  for (const answer of await Promise.all(sent)) assert.deepEqual([answer.status, answer.body], [200, ''])
  const json = {
    location: {
      timestamp: iso(s + 6),
      coords: { latitude: here.lat, longitude: here.lon, accuracy: 8, speed: 5.14, heading: 90, altitude: 3 },
      ...{ is_moving: true, odometer: 123.4, event: 'motionchange', battery: { level: 0.8, is_charging: false } },
      ...{ activity: { type: 'in_vehicle' }, extras: {} },
    },
    device_id: 'A-7',
  }
  const posted = await send('/v1/trackers/osmand', { method: 'POST', headers, body: JSON.stringify(json) })
  assert.deepEqual([posted.status, posted.body], [200, ''])
  const found = await track(region)
  assert.deepEqual(
    found.map(({ fixedAtMs }) => fixedAtMs / 1_000 - s),
    [0, 1, 2, 3, 4, 5, 6],
  )
  for (const { lonDeg, latDeg, accuracyM, speedMps, headingDeg } of found) {
    assert.deepEqual([lonDeg, latDeg, accuracyM, speedMps, headingDeg], [here.lon, here.lat, 8, 5.14, 90])
  }
  // Without a time it is of now; iOS says -1 of what it does not know.
  const before = Date.now()
  assert.equal((await send(`/v1/trackers/osmand?id=A-7&lat=1&lon=2&speed=-1&accuracy=-1`, { headers })).status, 200)
  const last = (await track(region)).at(-1)!
  assert.ok(last.fixedAtMs >= before && last.fixedAtMs <= Date.now())
  assert.deepEqual([last.speedMps, last.accuracyM], [null, null])
})

test('[TK-5] [TK-6] hours of backlog in any order, much of it twice, are stored once each, with their own times', async () => {
  const region = 'tk5'
  const phone = await device(region)
  const now = nowS()
  // Five hours in a dead zone, a fix each half hour, after one that was sent in time.
  const backlog = Array.from({ length: 10 }, (_, i) => now - 5 * 3_600 + i * 1_800)
  assert.equal((await owntracks(phone, at(now, 0.01))).status, 200)
  const placed = await place(region)
  const shuffled = backlog.map((tst, i) => ({ tst, order: (i * 7) % 10 })).sort((a, b) => a.order - b.order)
  for (const { tst } of shuffled) assert.equal((await owntracks(phone, at(tst))).status, 200)
  assert.deepEqual(await times(region), [...backlog, now])
  assert.equal((await place(region)).fixedAtMs, placed.fixedAtMs, 'the unit is where it is')

  // The phone did not hear its answers.
  const again = [...backlog.slice(0, 3), now]
  for (const tst of again) assert.equal((await owntracks(phone, at(tst))).status, 200)
  const twice = await Promise.all([1, 2, 3].map(() => owntracks(phone, at(now + 1))))
  assert.deepEqual(
    twice.map(({ status }) => status),
    [200, 200, 200],
  )
  assert.deepEqual(await times(region), [...backlog, now, now + 1])
})

test('[TK-6] a fix that is timed ahead is stored, places nothing, and makes those of now no late ones', async () => {
  const region = 'tk6'
  const phone = await device(region)
  const now = nowS()
  for (const tst of [now + 900, now - 60, now + 900, now - 30])
    assert.equal((await owntracks(phone, at(tst))).status, 200)
  assert.deepEqual(await times(region), [now - 60, now - 30, now + 900])
  assert.deepEqual(
    (await track(region)).map(({ flags }) => flags),
    [[], [], ['future']],
  )
  assert.equal((await place(region)).fixedAtMs, (now - 30) * 1_000)
})

test('[TK-7] what can never be taken is answered 200 and counted, and no fix comes of it', async () => {
  const region = 'tk7'
  const phone = await device(region)
  const tst = nowS()
  const bad = [
    { ...at(tst), lat: 90.1 },
    { ...at(tst), lon: 'east' },
    { _type: 'location', tst, lat: 1 },
    { _type: 'location', ...here },
    at(0),
    at(tst - 31 * 86_400),
    at(tst + 31 * 86_400),
    at(1e300),
    { _type: 'encrypted', data: 'AAAA' },
  ]
  const before = await invalid()
  for (const body of bad) {
    const answer = await owntracks(phone, body)
    assert.deepEqual([answer.status, answer.body], [200, []], JSON.stringify(body))
  }
  const headers = { authorization: basic(phone.key) }
  const unfixed = await send(`/v1/trackers/osmand?id=A-7&lat=${here.lat}&lon=${here.lon}&valid=false`, { headers })
  assert.equal(unfixed.status, 200)
  assert.equal(await invalid(), before + bad.length + 1)
  assert.deepEqual(await track(region), [])
  // What is only unknown does not keep a fix out, and a wide circle stays the widest.
  assert.equal((await owntracks(phone, { ...at(tst), acc: 1e9, vel: -1, cog: 361 })).status, 200)
  const [fix] = await track(region)
  assert.deepEqual([fix!.accuracyM, fix!.speedMps, fix!.headingDeg], [6_553.5, null, null])

  assert.equal(codeOf(await owntracks(phone, '{"_type":')), '400 malformed-frame')
  assert.equal(codeOf(await owntracks(phone, [at(tst)])), '400 invalid-field')
  assert.equal(
    codeOf(await owntracks(phone, `{"_type":"location","a":${'['.repeat(20)}${']'.repeat(20)}}`)),
    '400 malformed-frame',
  )
  assert.equal(
    codeOf(await owntracks(phone, JSON.stringify({ ...at(tst), x: 'x'.repeat(70_000) }))),
    '413 frame-too-large',
  )
})

test('[TK-9] several devices report a unit beside its crew and a feed, and none takes it from another', async () => {
  const region = 'tk9'
  const [one, two] = [await device(region), await device(region)]
  const crew = await stage.crew('A-7', { region })
  const feed = await stage.feed({ region })
  await feed.ask('attach', [[1, 'A-7', 'modem', 'gnss', 1]])
  const tst = nowS() - 50
  for (const phone of [one, two]) assert.equal((await owntracks(phone, at(tst))).status, 200)
  for (const phone of [one, two]) assert.equal((await owntracks(phone, at(tst))).status, 200)
  feed.send('feed-fixes', 0, [1, ...fixAt(1)])
  feed.send('mark', 1)
  await feed.hear('feed-marks')
  crew.send('fix', 0, 0, fixAt(2))
  crew.send('mark', 0)
  await crew.hear('marks')
  const streams = (await track(region)).map(({ streamId }) => streamId)
  const phones = streams.filter(streamId => /^tracker~[A-Za-z0-9_-]{4}$/.test(streamId))
  assert.equal(new Set(phones).size, 2)
  assert.equal(phones.length, 2)
  assert.equal(streams.length, 5)
})

test('[TK-5] an engine that was started again knows what is stored of a device', async () => {
  const region = 'other'
  const phone = await device(region)
  const now = nowS()
  const sent = [now - 30, now - 10, now - 20]
  for (const tst of sent) assert.equal((await owntracks(phone, at(tst))).status, 200)
  await stage.engine.stop()
  stage.engine = await stage.site.start()
  for (const tst of [...sent, now - 15, now]) assert.equal((await owntracks(phone, at(tst))).status, 200)
  assert.deepEqual(await times(region), [now - 30, now - 20, now - 15, now - 10, now])
})
