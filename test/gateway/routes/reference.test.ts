import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { callerOf, type Site, startSite } from './site.ts'

let site: Site
const hooks: (() => Promise<void> | void)[] = []
before(async () => {
  site = await startSite({ after: hook => void hooks.push(hook as () => Promise<void>) })
})
after(async () => {
  for (const hook of hooks) await hook()
})

const supervisor = callerOf('supervisor')
const UNIT = {
  ...{ callSign: 'Medic 7', levelOfCare: 'als', transports: true },
  ...{ capabilities: ['bariatric'], homeStation: null },
}
const STATION = { name: 'Botany', lonDeg: 174.894948, latDeg: -36.945762, capacity: 5, address: null, note: null }
const HOSPITAL = {
  name: 'City Hospital',
  lonDeg: 174.769128,
  latDeg: -36.860454,
  address: '2 Park Road',
  emergencyDepartment: true,
  capabilities: ['stroke'],
}
const OPEN = { status: 'open', statusNote: null, statusSinceMs: null }
const KINDS = [
  { plural: 'units', idField: 'unitId', body: UNIT, change: { callSign: 'Rescue 7' }, bad: { levelOfCare: 'doctor' } },
  { plural: 'stations', idField: 'stationId', body: STATION, change: { note: 'closed' }, bad: { latDeg: 91 } },
  { plural: 'hospitals', idField: 'hospitalId', body: HOSPITAL, change: { address: null }, bad: { lonDeg: '174' } },
] as const

for (const { plural, idField, body, change, bad } of KINDS) {
  const singular = plural.slice(0, -1)
  const list = `/v1/${plural}`
  const one = (id: string) => `${list}/${id}`
  const create = (id: string, caller = supervisor) => site.post(list, { [idField]: id, ...body }, { caller })

  test(`[AD-1] ${plural}: what is posted is there to be read, with its version as ETag`, async () => {
    const made = await create('R1')
    assert.equal(made.status, 201)
    const said = plural === 'hospitals' ? OPEN : {}
    assert.deepEqual(made.body, { region: 'akl', [idField]: 'R1', ...body, ...said, version: made.body.version })
    assert.equal(made.headers.get('etag'), `"${made.body.version}"`)
    assert.equal(made.headers.get('location'), `${one('R1')}?region=akl`)
    const read = await site.ask(made.headers.get('location')!, { caller: supervisor })
    assert.deepEqual([read.status, read.body, read.headers.get('etag')], [200, made.body, made.headers.get('etag')])
  })

  test(`[AD-5] ${plural}: a reader that has the version gets 304 and no body`, async () => {
    const { headers } = await create('R2')
    const tag = headers.get('etag')!
    for (const [ifNoneMatch, status] of [
      [tag, 304],
      [`"0", W/${tag}`, 304],
      ['*', 304],
      ['"0"', 200],
    ] as const) {
      const read = await site.ask(one('R2'), { caller: supervisor, headers: { 'if-none-match': ifNoneMatch } })
      assert.deepEqual([read.status, read.body === null], [status, status === 304], ifNoneMatch)
      assert.equal(read.headers.get('etag'), tag)
    }
  })

  test(`${plural}: an id that exists is already-exists, and nothing changes`, async () => {
    const made = await create('R3')
    const again = await site.post(list, { [idField]: 'R3', ...body, ...change }, { caller: supervisor })
    assert.deepEqual([again.status, again.body.code], [409, 'already-exists'])
    assert.deepEqual((await site.ask(one('R3'), { caller: supervisor })).body, made.body)
  })

  test(`[AD-4] [AD-7] ${plural}: a patch changes what it names, at the version that was read`, async () => {
    const made = await create('R4')
    const patch = (ifMatch: string | null, patched: object = change) =>
      site.ask(one('R4'), {
        caller: supervisor,
        method: 'PATCH',
        body: patched,
        headers: ifMatch === null ? {} : { 'if-match': ifMatch },
      })
    const missing = await patch(null)
    assert.deepEqual([missing.status, missing.body.code], [428, 'version-missing'])
    const changed = await patch(made.headers.get('etag'))
    assert.equal(changed.status, 200)
    assert.deepEqual(changed.body, { ...made.body, ...change, version: changed.body.version })
    assert.ok(changed.body.version > made.body.version)
    assert.equal(changed.headers.get('etag'), `"${changed.body.version}"`)
    const stale = await patch(made.headers.get('etag'))
    assert.deepEqual([stale.status, stale.body.code], [412, 'version-differs'])
    assert.equal((await patch(changed.headers.get('etag'), {})).body.details.path, 'body')
    assert.equal((await patch(changed.headers.get('etag'), { [idField]: 'R9' })).body.details.path, idField)
  })

  test(`[AD-7] ${plural}: a put replaces the whole, and takes back what a GET showed`, async () => {
    const made = await create('R5')
    const put = (tag: string, given: object) =>
      site.ask(one('R5'), { caller: supervisor, method: 'PUT', body: given, headers: { 'if-match': tag } })
    const changed = await put(made.headers.get('etag')!, { ...made.body, ...change })
    assert.deepEqual([changed.status, changed.body], [200, { ...made.body, ...change, version: changed.body.version }])
    const tag = changed.headers.get('etag')!
    for (const foreign of [{ [idField]: 'R9' }, { region: 'wlg' }, { version: 1 }]) {
      const refused = await put(tag, { ...body, ...foreign })
      assert.deepEqual([refused.status, refused.body.details.path], [400, Object.keys(foreign)[0]])
    }
    const { version } = (await put(tag, changed.body)).body
    assert.equal(version, changed.body.version, 'what is put as it stands keeps its version')
  })

  test(`[AD-4] ${plural}: what is deleted is gone, and only at the version that was read`, async () => {
    const made = await create('R6')
    const remove = (headers: Record<string, string>) =>
      site.ask(one('R6'), { caller: supervisor, method: 'DELETE', headers })
    assert.equal((await remove({})).body.code, 'version-missing')
    assert.equal((await remove({ 'if-match': '"1"' })).body.code, 'version-differs')
    const gone = await remove({ 'if-match': made.headers.get('etag')! })
    assert.deepEqual([gone.status, gone.body], [204, null])
    for (const method of ['GET', 'DELETE', 'PATCH', 'PUT']) {
      const sent = method === 'PATCH' ? { body: change } : method === 'PUT' ? { body } : {}
      const answer = await site.ask(one('R6'), { caller: supervisor, method, headers: { 'if-match': '*' }, ...sent })
      assert.deepEqual([answer.status, answer.body.code], [404, 'not-found'], method)
    }
  })

  test(`[AD-7] ${plural}: a bad field, an unknown key and a body that is no JSON are refused by name`, async () => {
    for (const [given, path] of [
      [{ ...bad }, Object.keys(bad)[0]],
      [{ colour: 'red' }, 'colour'],
      [{ [idField]: 'no spaces' }, idField],
      [{ [idField]: 'nearest' }, idField],
    ] as const) {
      const refused = await site.post(list, { [idField]: 'R7', ...body, ...given }, { caller: supervisor })
      assert.deepEqual([refused.status, refused.body.code, refused.body.details.path], [400, 'invalid-field', path])
    }
    assert.equal((await site.post(list, '{"a":', { caller: supervisor })).body.code, 'malformed-frame')
    assert.equal((await site.ask(one('R7'), { caller: supervisor })).status, 404)
  })

  test(`[AD-12] ${plural}: each change is in the audit, with who made it`, async () => {
    const made = await create('R8')
    // Without a region of its own an admin says which one.
    const patched = await site.ask(`${one('R8')}?region=akl`, {
      method: 'PATCH',
      body: change,
      headers: { 'if-match': made.headers.get('etag')! },
    })
    assert.equal(patched.status, 200)
    await site.ask(one('R8'), {
      caller: supervisor,
      method: 'DELETE',
      headers: { 'if-match': patched.headers.get('etag')! },
    })
    const entries = (await site.audited()).filter(entry => entry.subject === 'R8' && entry.action.startsWith(singular))
    assert.deepEqual(
      entries.map(({ actor, action, region }) => [actor, action, region]),
      [
        ['supervisor-1', `${singular}-created`, 'akl'],
        ['admin-1', `${singular}-changed`, 'akl'],
        ['supervisor-1', `${singular}-deleted`, 'akl'],
      ],
    )
  })

  test(`[AD-6] ${plural}: pages follow the Link until there is none`, async () => {
    for (let i = 0; i < 7; i += 1) {
      await site.post(`${list}?region=wlg`, { [idField]: `P${i}`, ...body })
    }
    const seen: string[] = []
    let path: string | null = `${list}?region=wlg&limit=3`
    const sizes: number[] = []
    while (path !== null) {
      const {
        body: page,
        headers,
      }: { body: { items: Record<string, string>[]; next: string | null }; headers: Headers } = await site.ask(path)
      seen.push(...page.items.map(item => item[idField]!))
      sizes.push(page.items.length)
      const link: RegExpExecArray | null = /^<(.+)>; rel="next"$/.exec(headers.get('link') ?? '')
      assert.equal(link === null, page.next === null)
      path = link?.[1] ?? null
    }
    assert.deepEqual(seen, ['P0', 'P1', 'P2', 'P3', 'P4', 'P5', 'P6'])
    assert.deepEqual(sizes, [3, 3, 1])
    const whole = await site.ask(`${list}?region=wlg`)
    assert.deepEqual([whole.body.items.length, whole.body.next], [7, null])
    const same = await site.ask(`${list}?region=wlg`, { headers: { 'if-none-match': whole.headers.get('etag')! } })
    assert.equal(same.status, 304)
    for (const [query, field] of [
      ['limit=0', 'limit'],
      ['limit=501', 'limit'],
      ['limit=x', 'limit'],
      ['after=', 'after'],
    ]) {
      const refused = await site.ask(`${list}?region=wlg&${query}`)
      assert.deepEqual([refused.body.code, refused.body.details.path], ['invalid-field', field])
    }
  })

  test(`[AD-1] ${plural}: nobody reaches into a region that the token does not name, but an admin reaches all`, async () => {
    for (const [method, path] of [
      ['GET', list],
      ['POST', list],
      ['GET', one('R1')],
      ['PUT', one('R1')],
      ['PATCH', one('R1')],
      ['DELETE', one('R1')],
    ] as const) {
      const headers = { 'if-match': '*', 'idempotency-key': site.key() }
      const sent =
        method === 'GET' || method === 'DELETE'
          ? {}
          : { body: method === 'PATCH' ? change : { [idField]: 'R1', ...body } }
      const refused = await site.ask(`${path}?region=wlg`, { caller: supervisor, method, headers, ...sent })
      assert.deepEqual([refused.status, refused.body.code], [403, 'wrong-region'], `${method} ${path}`)
      const lost = await site.ask(`${path}?region=nowhere`, { method, headers, ...sent })
      assert.deepEqual([lost.status, lost.body.code], [404, 'unknown-region'], `${method} ${path}`)
    }
    assert.equal((await site.ask(list)).body.details.path, 'region')
    assert.equal((await site.ask(`${list}?region=akl`)).status, 200)
  })

  test(`[AD-2] ${plural}: dispatchers read, supervisors and admins write, crews and feeds do neither`, async () => {
    for (const role of ['driver', 'dispatcher', 'supervisor', 'admin', 'feed'] as const) {
      const caller = callerOf(role, { regions: ['akl'] })
      const read = await site.ask(list, { caller })
      const written = await site.post(list, {}, { caller })
      assert.equal(read.status, role === 'driver' || role === 'feed' ? 403 : 200, role)
      // An empty body is refused only after the role was found good.
      assert.equal(written.status, role === 'supervisor' || role === 'admin' ? 400 : 403, role)
    }
  })
}

test('[AD-8] a unit names a station of its region, and a station that a unit names cannot be deleted', async () => {
  const admin = { caller: callerOf('admin', { sub: 'admin-2' }) }
  await site.post('/v1/regions', { region: 'homes', name: 'Homes' }, admin)
  const inHomes = (path: string) => `${path}?region=homes`
  const unit = { unitId: 'H1', ...UNIT, homeStation: 'S1' }
  assert.equal((await site.post(inHomes('/v1/units'), { ...unit, unitId: 'H0' }, admin)).status, 201, 'no stations yet')
  const { headers } = await site.post(inHomes('/v1/stations'), { stationId: 'S1', ...STATION }, admin)
  const stray = await site.post(inHomes('/v1/units'), { ...unit, homeStation: 'S2' }, admin)
  assert.deepEqual([stray.body.code, stray.body.details.path], ['invalid-field', 'homeStation'])
  const made = await site.post(inHomes('/v1/units'), unit, admin)
  assert.equal(made.status, 201)
  const remove = () =>
    site.ask(inHomes('/v1/stations/S1'), { ...admin, method: 'DELETE', headers: { 'if-match': headers.get('etag')! } })
  const used = await remove()
  assert.deepEqual([used.status, used.body.code, used.body.details], [409, 'still-used', { units: 2 }])
  for (const id of ['H0', 'H1']) {
    const free = await site.ask(inHomes(`/v1/units/${id}`), {
      ...admin,
      method: 'PATCH',
      body: { homeStation: null },
      headers: { 'if-match': '*' },
    })
    assert.equal(free.status, 200)
  }
  assert.equal((await remove()).status, 204)
})

test('[AD-2] [AD-11] regions are made and changed by admins, read by those who name them, and never deleted', async () => {
  const made = await site.post('/v1/regions', { region: 'chc', name: 'Christchurch', timeZone: 'Pacific/Auckland' })
  assert.equal(made.status, 201)
  assert.deepEqual(made.body, {
    region: 'chc',
    name: 'Christchurch',
    timeZone: 'Pacific/Auckland',
    dispatchMode: 'ordered',
    version: made.body.version,
  })
  assert.equal((await site.post('/v1/regions', { region: 'chc', name: 'Other' })).body.code, 'already-exists')
  const patched = await site.ask('/v1/regions/chc', {
    method: 'PATCH',
    body: { name: 'Ōtautahi' },
    headers: { 'if-match': made.headers.get('etag')! },
  })
  assert.deepEqual([patched.status, patched.body.name], [200, 'Ōtautahi'])
  assert.deepEqual((await site.ask('/v1/regions/chc')).body, patched.body)
  const same = { method: 'PATCH', body: { name: 'Ōtautahi' }, headers: { 'if-match': '*' } }
  assert.deepEqual((await site.ask('/v1/regions/chc', same)).body, patched.body)
  const bad = await site.ask('/v1/regions/chc', {
    method: 'PATCH',
    body: { timeZone: '+02:00' },
    headers: { 'if-match': '*' },
  })
  assert.deepEqual([bad.body.code, bad.body.details.path], ['invalid-field', 'timeZone'])

  const regions = (answer: { body: { items: { region: string }[] } }) => answer.body.items.map(({ region }) => region)
  assert.deepEqual(regions(await site.ask('/v1/regions', { caller: supervisor })), ['akl'])
  assert.ok(regions(await site.ask('/v1/regions')).includes('chc'))
  assert.deepEqual(regions(await site.ask('/v1/regions?limit=1&after=akl')), ['chc'])
  assert.equal((await site.ask('/v1/regions/akl', { caller: supervisor })).status, 200)
  assert.equal((await site.ask('/v1/regions/chc', { caller: supervisor })).body.code, 'wrong-region')
  assert.equal(
    (await site.post('/v1/regions', { region: 'x', name: 'X' }, { caller: supervisor })).body.code,
    'wrong-role',
  )
  assert.equal((await site.ask('/v1/regions/chc', { method: 'DELETE', headers: { 'if-match': '*' } })).status, 405)
})

test('[AD-9] a change that the engine has not taken up in time is answered with Retry-After, and only then', async t => {
  t.after(() => {
    site.engine.isFast = true
  })
  for (const isFast of [true, false]) {
    site.engine.isFast = isFast
    const id = isFast ? 'fast' : 'slow'
    const one = { caller: supervisor, headers: { 'if-match': '*' } }
    const made = await site.post('/v1/units', { unitId: id, ...UNIT }, { caller: supervisor })
    const answers = [
      made,
      await site.ask(`/v1/units/${id}`, { ...one, method: 'PATCH', body: { callSign: 'Other' } }),
      await site.ask(`/v1/units/${id}`, { ...one, method: 'PUT', body: UNIT }),
      await site.ask(`/v1/units/${id}`, { ...one, method: 'DELETE' }),
      await site.post('/v1/regions', { region: id, name: 'New', timeZone: 'UTC', dispatchMode: 'ordered' }),
    ]
    assert.deepEqual(
      answers.map(({ status, headers }) => [status, headers.get('retry-after')]),
      [201, 200, 200, 204, 201].map(status => [status, isFast ? null : '1']),
    )
  }
})

test('[AD-9] what the engine does not go by, and what is refused, waits for nothing', async () => {
  site.engine.isFast = false
  const { asked } = site.engine
  const refused = await site.post('/v1/units', { unitId: 'x', ...UNIT, levelOfCare: 'doctor' }, { caller: supervisor })
  const gone = { caller: supervisor, method: 'DELETE', headers: { 'if-match': '*' } }
  const missing = await site.ask('/v1/units/no-such', gone)
  const station = await site.post('/v1/stations', { stationId: 'S9', ...STATION }, { caller: supervisor })
  site.engine.isFast = true
  assert.deepEqual(
    [refused, missing, station].map(({ status, headers }) => [status, headers.get('retry-after')]),
    [
      [400, null],
      [404, null],
      [201, null],
    ],
  )
  assert.equal(site.engine.asked, asked)
})
