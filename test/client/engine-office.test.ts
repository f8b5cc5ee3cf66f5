/** What supervisors and administrators do over HTTP: at a version, under a key, and told apart when it is refused. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ChangeRefused, ClientFault, EngineOffice, enterAsGuest, ReadRefused } from '../../src/client/index.ts'

interface Asked {
  readonly line: string
  readonly ifMatch: string | null
  readonly key: string | null
  readonly body: unknown
}

function office(...answers: readonly (readonly [status: number, body: unknown])[]) {
  const asked: Asked[] = []
  let turn = 0
  const answer: typeof fetch = async (input, init) => {
    const headers = new Headers(init?.headers)
    asked.push({
      line: `${init?.method} ${new URL(String(input)).pathname}${new URL(String(input)).search}`,
      ifMatch: headers.get('if-match'),
      key: headers.get('idempotency-key'),
      body: init?.body === undefined ? null : JSON.parse(String(init.body)),
    })
    const [status, body] = answers[Math.min(turn, answers.length - 1)]!
    turn += 1
    return new Response(status === 204 ? null : JSON.stringify(body), { status })
  }
  return { asked, of: new EngineOffice({ url: 'ws://engine:9001', token: 'token', fetch: answer }) }
}

test('a list is read to its end, page after page', async () => {
  const { asked, of } = office(
    [200, { items: [{ unitId: 'A1' }], next: 'A1' }],
    [200, { items: [{ unitId: 'A2' }], next: null }],
  )
  assert.deepEqual(await of.list('units', 'akl'), [{ unitId: 'A1' }, { unitId: 'A2' }])
  assert.deepEqual(
    asked.map(({ line }) => line),
    ['GET /v1/units?region=akl&limit=500', 'GET /v1/units?region=akl&limit=500&after=A1'],
  )
})

test('a change names the version that was read; something new, the key under which it is made', async () => {
  const { asked, of } = office([200, { version: 8 }])
  await of.change('hospitals', 'akl', 'H/1', 7, { name: 'West' })
  await of.add('units', 'akl', { unitId: 'A9' }, 'key-1')
  await of.setPolicy('akl', 3, { roundsMax: 4 }, 'nights')
  await of.changeUser('desk 1', 2, { disabled: true })
  await of.changeDevice('d1', 5, { disabled: true })
  await of.remove('units', 'akl', 'A9', 9)
  await of.setHospitalStatus('akl', 'H/1', 8, { status: 'divert', note: null })
  assert.deepEqual(asked, [
    { line: 'PATCH /v1/hospitals/H%2F1?region=akl', ifMatch: '"7"', key: null, body: { name: 'West' } },
    { line: 'POST /v1/units?region=akl', ifMatch: null, key: 'key-1', body: { unitId: 'A9' } },
    {
      line: 'PUT /v1/regions/akl/policy',
      ifMatch: '"3"',
      key: null,
      body: { policy: { roundsMax: 4 }, note: 'nights' },
    },
    { line: 'PATCH /v1/users/desk%201', ifMatch: '"2"', key: null, body: { disabled: true } },
    { line: 'PATCH /v1/devices/d1', ifMatch: '"5"', key: null, body: { disabled: true } },
    { line: 'DELETE /v1/units/A9?region=akl', ifMatch: '"9"', key: null, body: null },
    {
      line: 'PUT /v1/hospitals/H%2F1/status?region=akl',
      ifMatch: '"8"',
      key: null,
      body: { status: 'divert', note: null },
    },
  ])
  assert.match(of.newKey(), /^[A-Za-z0-9_-]{21}$/)
})

test('statistics are asked for a region, with what the contract says', async () => {
  const { asked, of } = office([200, { asOfPosition: 7 }])
  assert.equal((await of.statistics('akl', { limitMs: 480_000, zone: '1,2 3,4' })).asOfPosition, 7)
  assert.equal(asked[0]!.line, 'GET /v1/statistics?region=akl&limitMs=480000&zone=1%2C2%203%2C4')
})

test('a refused change tells its code and field; a refused read is one of its own', async () => {
  const refusal = { code: 'invalid-field', detail: '`name` must be there.', details: { path: 'name' } }
  const refused = office([400, refusal]).of
  await assert.rejects(refused.addUser({}, 'key-1'), (error: unknown) => {
    assert.ok(error instanceof ChangeRefused)
    assert.deepEqual(
      [error.refusal.code, error.refusal.details, error.message],
      ['invalid-field', { path: 'name' }, refusal.detail],
    )
    return true
  })
  await assert.rejects(refused.audit(), ReadRefused)
  await assert.rejects(office([200, { next: null }]).of.users(), ClientFault)
  await assert.rejects(office([200, 7]).of.policy('akl'), ClientFault)
  await assert.rejects(office([502, 'somebody else']).of.addRegion({}, 'key-1'), ClientFault)
})

test('searches, proofs and versions ask as the protocol says', async () => {
  const { asked, of } = office([200, { items: [], next: null }])
  await of.audit({ actor: 'desk 1', fromMs: 5 })
  await of.proveAudit(null)
  await of.proveAudit('5:ab')
  await of.policyVersions('akl', '3')
  await of.signOutUser('desk-1', 'key-2')
  assert.deepEqual(
    asked.map(({ line }) => line),
    [
      'GET /v1/audit?limit=100&actor=desk+1&fromMs=5',
      'GET /v1/audit/proof',
      'GET /v1/audit/proof?after=5%3Aab',
      'GET /v1/regions/akl/policy/versions?limit=50&after=3',
      'POST /v1/users/desk-1/sign-out',
    ],
  )
})

test('a guest comes in by a ticket, which goes in the body and in no address', async () => {
  const urls: string[] = []
  const user = { name: 'guest-demo', role: 'dispatcher', regions: ['demo'], unit: null }
  const granted = { accessToken: 'a', accessExpiresInS: 600, refreshToken: 'r', refreshExpiresInS: 3_600, user }
  const answer: typeof fetch = async (input, init) => {
    urls.push(`${input} ${init?.body}`)
    return new Response(JSON.stringify(granted))
  }
  const kept: unknown[] = []
  const signedIn = await enterAsGuest({
    ...{ url: 'http://engine:9001', ticket: 'ghg_hx', fetch: answer },
    onTokens: tokens => void kept.push(tokens?.refreshToken),
  })
  assert.deepEqual([signedIn.user, kept], [user, ['r']])
  assert.deepEqual(urls, ['http://engine:9001/v1/auth/guest {"ticket":"ghg_hx"}'])
})
