import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { ROUTES } from '../../../src/gateway/routes/index.ts'
import { ERRORS } from '../../../src/protocol/errors.ts'
import { RIGHTS } from '../../../src/protocol/rights.ts'
import { openDatabase } from '../../../src/store/postgres/database.ts'
import { callerOf, startSite } from './site.ts'

test('no two routes of the table are the same', () => {
  const names = ROUTES.map(({ method, pattern }) => `${method} ${pattern.replaceAll(/:\w+/g, ':')}`)
  assert.deepEqual(
    names.filter((name, index) => names.indexOf(name) !== index),
    [],
  )
})

test('[HT-1] every guarded route turns away whoever shows no token, and every role that has no right to it', async t => {
  const site = await startSite(t)
  for (const route of ROUTES) {
    if (route.action === null) continue
    const path = route.pattern.replaceAll(/:\w+/g, 'x')
    const method = route.method.toUpperCase()
    const sent = method === 'GET' || method === 'DELETE' ? {} : { body: '{}' }
    const missing = await site.ask(path, { method, headers: { authorization: '' }, ...sent })
    assert.deepEqual([missing.status, missing.body.code], [401, 'token-missing'], `${method} ${path}`)
    for (const role of ['driver', 'dispatcher', 'supervisor', 'admin', 'feed'] as const) {
      if (RIGHTS[route.action].roles.includes(role)) continue
      const refused = await site.ask(path, {
        caller: callerOf(role),
        method,
        ...sent,
      })
      assert.deepEqual([refused.status, refused.body.code], [403, 'wrong-role'], `${role}: ${method} ${path}`)
      const who = role === 'admin' ? 'An admin' : `A ${role}`
      const whose: string = RIGHTS[route.action].roles.join(', ')
      assert.equal(refused.body.detail, `${who} may not ask for ${method} ${route.pattern}; it is for ${whose}.`)
    }
  }
})

test('a sign-in that was ended is token-invalid at every guarded route', async t => {
  const site = await startSite(t)
  site.revoked.add('supervisor-1')
  const refused = await site.ask('/v1/units', { caller: callerOf('supervisor') })
  assert.deepEqual([refused.status, refused.body.code], [401, 'token-invalid'])
  assert.equal((await site.ask('/v1/units?region=akl', { caller: callerOf('admin') })).status, 200)
})

test('[HT-8] while the database cannot be reached a route that needs it answers unavailable', async t => {
  // Nothing listens on port 1.
  const nowhere = openDatabase('postgres://nobody@127.0.0.1:1/none')
  t.after(() => nowhere.destroy())
  const site = await startSite(t, undefined, nowhere)
  for (const [method, path] of [
    ['GET', '/v1/units?region=akl'],
    ['POST', '/v1/stations?region=akl'],
  ] as const) {
    const body = { stationId: 'S1', name: 'Botany', lonDeg: 1, latDeg: 1 }
    const headers = { 'idempotency-key': 'k' }
    const away = await site.ask(path, { method, headers, ...(method === 'POST' ? { body } : {}) })
    assert.deepEqual([away.status, away.body.code], [ERRORS.unavailable.status, 'unavailable'], method)
  }
  assert.equal((await site.ask('/healthz')).status, 200)
})

test('[HT-8] a database that was silent before a request, or falls silent under it, leaves none unanswered', async t => {
  const silent = createServer().listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const database = openDatabase(`postgres://nobody@127.0.0.1:${(silent.address() as AddressInfo).port}/none`)
  const connections = new Set<Socket>()
  silent.on('connection', socket => connections.add(socket))
  t.after(async () => {
    silent.close()
    // The pool waits for those that it is opening.
    for (const socket of connections) socket.destroy()
    await database.destroy()
  })
  let isAway = false
  const site = await startSite(t, undefined, database, () => ({
    ...(isAway ? { status: 'away', awayMs: 0 } : { status: 'up' }),
    isRestarting: false,
  }))
  const before = site.ask('/v1/units?region=akl')
  await once(silent, 'connection')
  isAway = true
  for (const answer of [before, site.ask('/v1/units?region=akl')]) {
    const { status, body, headers } = await answer
    assert.deepEqual([status, body.code, headers.get('retry-after')], [503, 'unavailable', '1'])
  }
})

test('[HT-6] a call and a unit as the region has them are read over HTTP', async t => {
  const site = await startSite(t, () => ({
    ok: true,
    position: 4,
    shown: { type: 'nearest', nearest: { basis: 'straight-line', units: [] } },
  }))
  const dispatcher = callerOf('dispatcher')
  const callId = `akl.${'c'.repeat(21)}`
  const answers = [
    await site.ask(`/v1/calls/${callId}`, { caller: dispatcher }),
    await site.ask('/v1/units/A-1/state', { caller: dispatcher }),
    await site.ask('/v1/units/A-1/state?region=akl', { caller: dispatcher }),
  ]
  for (const { status, body } of answers) assert.deepEqual([status, body.position], [200, 4])
  assert.deepEqual(site.queries, [
    { type: 'read-call', callId },
    { type: 'read-unit', unitId: 'A-1' },
    { type: 'read-unit', unitId: 'A-1' },
  ])
  for (const [path, code] of [
    ['/v1/calls/no-call', 'unknown-call'],
    [`/v1/calls/wlg.${'c'.repeat(21)}`, 'wrong-region'],
    ['/v1/units/no%20unit/state', 'unknown-unit'],
    ['/v1/units/A-1/state?region=wlg', 'wrong-region'],
  ] as const) {
    const refused = await site.ask(path, { caller: dispatcher })
    assert.deepEqual([refused.status, refused.body.code], [ERRORS[code].status, code], path)
  }
  assert.equal(site.queries.length, 3)
})

test('[HT-7] a refusal to let somebody in is noted in the audit, with the code and never the token', async t => {
  const site = await startSite(t)
  const supervisor = callerOf('supervisor')
  await site.ask('/v1/units?region=wlg', { caller: supervisor })
  await site.post('/v1/regions', { region: 'x', name: 'X' }, { caller: supervisor })
  await site.ask('/v1/units', { headers: { authorization: '' } })
  // A body that is no good is nobody's attempt to get in.
  await site.post('/v1/units', {}, { caller: supervisor })
  await site.audit.flush()
  const entries = await site.audited()
  assert.deepEqual(entries.map(({ actor, action, details }) => [actor, action, details.code, details.route]).sort(), [
    ['-', 'refusal', 'token-missing', 'GET /v1/units'],
    ['supervisor-1', 'refusal', 'wrong-region', 'GET /v1/units'],
    ['supervisor-1', 'refusal', 'wrong-role', 'POST /v1/regions'],
  ])
  assert.ok(!JSON.stringify(entries).includes(supervisor))
})

test('a name in a path that cannot be read is not found, whatever bytes it holds', async t => {
  const site = await startSite(t)
  for (const name of ['%00', 'a%00b', '%ff', '%', '%ED%A0%80', 'x'.repeat(3_000), "'; DROP TABLE x; --"]) {
    for (const [list, code] of [
      ['units', 'not-found'],
      ['stations', 'not-found'],
      ['regions', 'unknown-region'],
    ] as const) {
      const { status, body } = await site.ask(`/v1/${list}/${name}?region=akl`)
      assert.deepEqual([status, body.code], [404, code], `${list} ${name.slice(0, 20)}`)
    }
  }
  const odd = await site.ask('/v1/units?region=akl&after=%ff%00')
  assert.deepEqual([odd.status, odd.body.details.path], [400, 'after'])
  assert.equal((await site.ask('/v1/units?region=%00')).body.code, 'unknown-region')
})
