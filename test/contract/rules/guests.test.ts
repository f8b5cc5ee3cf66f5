/** The guest of a demo over HTTP and a socket: what a ticket opens, and what it never does. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { guestsOf } from '../../../src/cli/demo-guest.ts'
import { withDatabaseAt } from '../../../tools/shared/reference.ts'
import { until } from '../../support/engine.ts'
import { Stage } from './stage.ts'

const plan = { mode: 'offered', units: ['D1'] } as const
const stage = new Stage({ demo: plan, other: plan })

const withGuests = <T>(work: (guests: ReturnType<typeof guestsOf>) => Promise<T>): Promise<T> =>
  withDatabaseAt(stage.site.databaseUrl, database => work(guestsOf(database)))
const enter = (ticket: unknown) => stage.ask('POST', '/v1/auth/guest', { body: { ticket } })

test('[AU-30] a ticket becomes a sign-in of the guest, once, for the one region and nothing that a dispatcher may not', async () => {
  const ticket = await withGuests(async guests => {
    assert.ok((await guests.open('demo')).ok)
    return guests.ticket('demo', 'here')
  })
  const { status, body } = await enter(ticket)
  assert.deepEqual(
    [status, body.user],
    [200, { name: 'guest-demo', role: 'dispatcher', regions: ['demo'], unit: null }],
  )
  assert.deepEqual([(await enter(ticket)).status, (await enter(ticket)).body.code], [401, 'credentials-wrong'])
  assert.equal((await enter('ghr_x')).body.code, 'credentials-wrong')
  assert.equal((await enter(7)).body.code, 'invalid-field')

  const token = body.accessToken
  const asked = (path: string) => stage.ask('GET', path, { token })
  assert.equal((await asked('/v1/units?region=demo')).status, 200)
  assert.equal((await asked('/v1/units?region=other')).body.code, 'wrong-region')
  for (const path of ['/v1/users', '/v1/devices', '/v1/audit?region=demo', '/v1/keys'])
    assert.equal((await asked(path)).body.code, 'wrong-role', path)
  const unit = { unitId: 'X1', callSign: 'X', levelOfCare: 'als' }
  assert.equal((await stage.ask('POST', '/v1/units?region=demo', { token, body: unit })).body.code, 'wrong-role')
  const ticketAsToken = await stage.ask('GET', '/v1/auth/me', { token: `ghg_h${'A'.repeat(43)}` })
  assert.equal(ticketAsToken.body.code, 'token-invalid')
})

test('[AU-31] when the demo ends, its guest is signed out everywhere', async () => {
  const ticket = await withGuests(async guests => {
    assert.ok((await guests.open('demo')).ok)
    return guests.ticket('demo', 'here')
  })
  const { accessToken: token } = (await enter(ticket)).body
  assert.equal((await stage.ask('GET', '/v1/auth/me', { token })).status, 200)
  const left = await withGuests(guests => guests.ticket('demo', 'here'))
  await withGuests(guests => guests.close('demo'))
  await until(
    'its token is good no more',
    async () => (await stage.ask('GET', '/v1/auth/me', { token })).status === 401,
  )
  assert.equal((await enter(left)).body.code, 'credentials-wrong')
})
