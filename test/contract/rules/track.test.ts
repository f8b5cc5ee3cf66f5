/** `docs/protocol/http.md`: where a unit has been. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SCENE, until } from '../../support/engine.ts'
import { fixAt, Stage } from './stage.ts'

const UNITS = { mode: 'offered', units: ['A-7', 'A-8'] } as const
const stage = new Stage({
  hi1: UNITS,
  hi2: UNITS,
  hi3: UNITS,
  hi4: UNITS,
  hi5: UNITS,
  hi6: UNITS,
  hi7: UNITS,
  hi8: UNITS,
  other: UNITS,
})

const HOUR_MS = 3_600_000

async function ask(region: string, query: Readonly<Record<string, unknown>> = {}, changes: object = {}, unit = 'A-7') {
  const token = await stage.site.token({ sub: 'person-1', role: 'supervisor', regions: [region], ...changes })
  const range = { region, fromMs: Date.now() - HOUR_MS, toMs: Date.now() + HOUR_MS, ...query }
  const given = Object.entries(range).filter(([, value]) => value !== undefined)
  const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)]))
  return stage.site.http(`/v1/units/${unit}/track?${search}`, { token })
}

/** What a supervisor sees of a unit's last hour: seqs in their order. */
const seqs = async (region: string) => (await ask(region)).body.items.map(({ seq }: { seq: number }) => seq)

test('[HI-1] a track has the durable fixes of the unit in the range, and of no other unit', async () => {
  const region = 'hi1'
  const [driver, other] = [await stage.driver('A-7', { region }), await stage.driver('A-8', { region })]
  driver.send('fix', 0, 0, fixAt(1, 1, 2_000), fixAt(2, 1, 1_000), fixAt(3))
  other.send('fix', 0, 0, fixAt(1))
  for (const each of [driver, other]) {
    each.send('mark', 0)
    await each.hear('marks')
  }
  assert.deepEqual(await seqs(region), [1, 2, 3])
  const { items } = (await ask(region)).body
  const [first, , last] = items.map(({ fixedAtMs }: { fixedAtMs: number }) => fixedAtMs)
  const within = await ask(region, { fromMs: first, toMs: last })
  assert.deepEqual(
    within.body.items.map(({ seq }: { seq: number }) => seq),
    [1, 2],
  )
  const never = await ask(region, {}, {}, 'never')
  assert.deepEqual([never.status, never.body], [200, { items: [], next: null }])
})

test('[HI-1] a range that is none, or longer than a day, is refused by the name of what is wrong', async () => {
  const now = Date.now()
  for (const [query, path] of [
    [{ fromMs: undefined }, 'fromMs'],
    [{ fromMs: -1 }, 'fromMs'],
    [{ toMs: undefined }, 'toMs'],
    [{ fromMs: now, toMs: now }, 'toMs'],
    [{ fromMs: now, toMs: now + 24 * HOUR_MS + 1 }, 'toMs'],
    [{ fromMs: '0x10' }, 'fromMs'],
  ] as const) {
    const { status, body } = await ask('hi1', query)
    assert.deepEqual([status, body.code, body.details?.path], [400, 'invalid-field', path], JSON.stringify(query))
  }
  assert.equal((await ask('hi1', { fromMs: now, toMs: now + 24 * HOUR_MS })).status, 200)
  assert.equal((await ask('hi1', {}, {}, 'A%20B')).body.code, 'unknown-unit')
})

test('[HI-1] a supervisor reads tracks of their own regions, an admin all, a dispatcher none', async () => {
  assert.equal((await ask('other', {}, { regions: ['hi1'] })).body.code, 'wrong-region')
  assert.equal((await ask('nowhere', {}, { regions: ['nowhere'] })).body.code, 'unknown-region')
  assert.equal((await ask('other', {}, { role: 'dispatcher' })).body.code, 'wrong-role')
  assert.equal((await ask('other', {}, { role: 'admin', regions: [] })).status, 200)
})

test('[HI-2] items come by the time of the fix, however they arrived, with everything that was measured', async () => {
  const region = 'hi2'
  const streams = [
    ['s1', 'gnss', 1],
    ['s2', 'gnss', 1],
  ] as const
  const driver = await stage.driver('A-7', { region, streams })
  driver.send('fix', 0, 0, fixAt(1, 1, 1_000))
  // Late, from another buffer; and ahead of our clock by an hour, which places nothing.
  driver.send('fix', 1, 0, fixAt(1, 2, 60_000), fixAt(2, 1, -HOUR_MS / 2))
  for (const stream of [0, 1]) {
    driver.send('mark', stream)
    await driver.hear('marks', ([, index]) => index === stream)
  }
  const { items } = (await ask(region)).body
  assert.deepEqual(
    items.map(({ streamId, seq }: { streamId: string; seq: number }) => `${streamId} ${seq}`),
    ['s2 1', 's1 1', 's2 2'],
  )
  const { fixedAtMs, ...first } = items[0]
  assert.ok(Math.abs(fixedAtMs - (Date.now() - 60_000)) < 10_000)
  assert.deepEqual(first, {
    lonDeg: SCENE.lonDeg + 0.0224,
    latDeg: SCENE.latDeg,
    accuracyM: 5,
    speedMps: null,
    headingDeg: null,
    streamId: 's2',
    seq: 1,
    flags: [],
  })
  assert.deepEqual(items[2].flags, ['future'])
})

test('[HI-3] pages together are the whole, each fix once, and the Link leads through them', async () => {
  const region = 'hi3'
  const driver = await stage.driver('A-7', { region })
  driver.send('fix', 0, 0, ...Array.from({ length: 25 }, (_, n) => fixAt(n + 1, 1, (25 - n) * 1_000)))
  driver.send('mark', 0)
  await driver.hear('marks')

  const token = await stage.site.token({ sub: 'person-1', role: 'supervisor', regions: [region] })
  const first = await ask(region, { limit: 10 })
  const pages = [first]
  while (pages.at(-1)!.body.next !== null) {
    const link = /^<(.*)>; rel="next"$/.exec(pages.at(-1)!.headers.get('link')!)![1]!
    pages.push(await stage.site.http(link, { token }))
  }
  assert.equal(pages.at(-1)!.headers.get('link'), null)
  assert.deepEqual(
    pages.map(({ body }) => body.items.length),
    [10, 10, 5],
  )
  const whole = await ask(region)
  assert.deepEqual(
    pages.flatMap(({ body }) => body.items),
    whole.body.items,
  )
  for (const [query, path] of [
    [{ limit: 0 }, 'limit'],
    [{ limit: 5_001 }, 'limit'],
    [{ after: 'x' }, 'after'],
    [{ after: '1.1.bad stream' }, 'after'],
  ] as const) {
    assert.equal((await ask(region, query)).body.details.path, path)
  }
})

test('[HI-8] a track comes as a file for maps and spreadsheets, with what was measured', async () => {
  const region = 'hi8'
  const driver = await stage.driver('A-7', { region })
  driver.send('fix', 0, 0, fixAt(1, 1, 3_000), fixAt(2, 1, 2_000), fixAt(3, 1, 1_000))
  driver.send('mark', 0)
  await driver.hear('marks')
  const { items } = (await ask(region)).body
  const token = await stage.site.token({ sub: 'super-1', role: 'supervisor', regions: [region] })
  const nowMs = Date.now()
  const file = async (form: string, more = '') => {
    const path = `/v1/units/A-7/track.${form}?region=${region}&fromMs=${nowMs - HOUR_MS}&toMs=${nowMs + HOUR_MS}${more}`
    const answer = await fetch(`http://127.0.0.1:${stage.site.port}${path}`, {
      headers: { authorization: `Bearer ${token}` },
    })
    return { type: answer.headers.get('content-type')!, link: answer.headers.get('link'), text: await answer.text() }
  }
  const geo = await file('geojson')
  assert.match(geo.type, /^application\/geo\+json/)
  const { features, isCut } = JSON.parse(geo.text)
  const places = items.map((each: { lonDeg: number; latDeg: number }) => [each.lonDeg, each.latDeg])
  assert.deepEqual([isCut, features[0].geometry], [false, { type: 'LineString', coordinates: places }])
  const [, first] = features
  assert.deepEqual(first.geometry, { type: 'Point', coordinates: places[0] })
  assert.deepEqual(
    [first.properties.seq, first.properties.fixedAtMs, first.properties.flags],
    [1, items[0].fixedAtMs, []],
  )

  const gpx = await file('gpx')
  assert.match(gpx.type, /^application\/gpx\+xml/)
  const points = [...gpx.text.matchAll(/<trkpt lat="([^"]+)" lon="([^"]+)"><time>([^<]+)<\/time>/g)]
  assert.deepEqual(
    points.map(([, lat, lon, time]) => [Number(lon), Number(lat), Date.parse(time!)]),
    items.map((each: { lonDeg: number; latDeg: number; fixedAtMs: number }) => [
      each.lonDeg,
      each.latDeg,
      each.fixedAtMs,
    ]),
  )

  const csv = await file('csv', '&limit=2')
  assert.match(csv.type, /^text\/csv/)
  const rows = csv.text.split('\r\n')
  assert.equal(rows[0], 'time,fixedAtMs,lonDeg,latDeg,accuracyM,speedMps,headingDeg,streamId,seq,flags')
  assert.deepEqual(
    rows.slice(1, -1).map(row => [Number(row.split(',')[1]), row.split(',')[8]]),
    items.slice(0, 2).map((each: { fixedAtMs: number; seq: number }) => [each.fixedAtMs, String(each.seq)]),
  )
  assert.match(csv.link!, /track\.csv\?.*after=.*rel="next"/)
  const read = await stage.site.query(
    "SELECT count(*)::int AS n FROM audit.entries WHERE action = 'track-read' AND region = $1",
    [region],
  )
  assert.equal((read as { n: number }[])[0]!.n, 4)
})

test('[HI-4] a read is in the audit before its answer leaves', async () => {
  const region = 'hi4'
  const driver = await stage.driver('A-7', { region })
  driver.send('fix', 0, 0, fixAt(1))
  driver.send('mark', 0)
  await driver.hear('marks')

  const holder = await stage.site.session()
  await holder.query('BEGIN')
  await holder.query('SELECT 1 FROM audit.head FOR UPDATE')
  const [fromMs, toMs] = [Date.now() - HOUR_MS, Date.now() + HOUR_MS]
  let answered = false
  const answer = ask(region, { fromMs, toMs }).finally(() => {
    answered = true
  })
  await until('the engine waits for the audit', () => waiting('%audit.append%'))
  assert.equal(answered, false)
  await holder.query('ROLLBACK')
  assert.equal((await answer).body.items.length, 1)
  const entries = await stage.site.query<{ entry: unknown }>(
    `SELECT jsonb_build_object('actor', actor, 'outcome', outcome, 'subject', subject, 'address', address,
       'details', details) AS entry
     FROM audit.entries WHERE action = 'track-read' AND region = $1`,
    [region],
  )
  assert.deepEqual(
    entries.map(({ entry }) => entry),
    [
      {
        actor: 'person-1',
        outcome: 'done',
        subject: 'A-7',
        address: '127.0.0.1',
        details: { fromMs, toMs, after: null, count: 1 },
      },
    ],
  )
})

test('[HI-5] while two tracks are being read a third request is told to come back', async () => {
  const holder = await stage.site.session()
  await holder.query('BEGIN')
  await holder.query('LOCK TABLE location.segments IN ACCESS EXCLUSIVE MODE')
  const two = [ask('hi5'), ask('hi5')]
  await until('both wait for the segments', async () => (await waiting('%checksum FROM location.segments%')) === 2)
  const third = await ask('hi5')
  assert.deepEqual([third.status, third.body.code, third.body.details], [503, 'overloaded', { retryAfterMs: 1_000 }])
  await holder.query('ROLLBACK')
  assert.deepEqual(
    (await Promise.all(two)).map(({ status }) => status),
    [200, 200],
  )
  assert.equal((await ask('hi5')).status, 200)
})

/** How many sessions of this database wait with a statement like this one. */
async function waiting(statement: string): Promise<number> {
  const [row] = await stage.site.query<{ count: number }>(
    `SELECT count(*) AS count FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND wait_event_type = 'Lock' AND query LIKE $1`,
    [statement],
  )
  return row!.count
}

test('[HI-6] a track of which a segment is damaged has the other fixes, and says when some may be missing', async () => {
  const region = 'hi6'
  const driver = await stage.driver('A-7', { region })
  const durable = async (...fixes: ReturnType<typeof fixAt>[]) => {
    driver.send('fix', 0, 0, ...fixes)
    driver.send('mark', 0)
    await driver.hear('marks')
  }
  await durable(fixAt(1, 1, 2_000))
  await durable(fixAt(2, 1, 1_000))
  const session = await stage.site.session()
  await session.query(
    `UPDATE location.segments SET bytes = set_byte(bytes, 0, 9)
     WHERE region = $1 AND segment_no = (SELECT max(segment_no) FROM location.segments WHERE region = $1)`,
    [region],
  )
  const { status, body } = await ask(region)
  assert.deepEqual([status, body.items.map(({ seq }: { seq: number }) => seq)], [200, [1]])
  const [{ fromMs, toMs, segments }] = body.damaged
  assert.deepEqual([fromMs, segments], [toMs, 1])
  assert.ok(fromMs > body.items[0].fixedAtMs)
})

test('[HI-7] a track of a time of which the fixes were moved into files says so, and calls none of them damaged', async () => {
  const region = 'hi7'
  const driver = await stage.driver('A-7', { region })
  const durable = async (...fixes: ReturnType<typeof fixAt>[]) => {
    driver.send('fix', 0, 0, ...fixes)
    driver.send('mark', 0)
    await driver.hear('marks')
  }
  await durable(fixAt(1, 1, 2_000))
  await durable(fixAt(2, 1, 1_000))
  const session = await stage.site.session()
  await session.query(
    `WITH gone AS (DELETE FROM location.segments
       WHERE region = $1 AND segment_no < (SELECT max(segment_no) FROM location.segments WHERE region = $1) RETURNING *)
     INSERT INTO location.archives SELECT region, min(segment_no), max(segment_no), min(first_fixed_at_ms),
       max(last_fixed_at_ms), sum(fix_count), 'a file', 1, 'a hash' FROM gone GROUP BY region`,
    [region],
  )
  const { status, body } = await ask(region)
  assert.deepEqual([status, body.items.map(({ seq }: { seq: number }) => seq)], [200, [2]])
  const [{ fromMs, toMs }] = body.archived
  assert.ok(fromMs <= toMs && toMs < body.items[0].fixedAtMs)
  assert.equal('damaged' in body, false)
})
