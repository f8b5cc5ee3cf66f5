import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TokenClaims } from '../../src/access/claims.ts'
import { systemClock } from '../../src/base/time.ts'
import type { Conversation } from '../../src/gateway/conversation.ts'
import { SessionRegistry } from '../../src/gateway/session-registry.ts'
import { ManualScheduler } from '../support/manual-scheduler.ts'
import { until } from './harness.ts'

test('of very many sessions that end together a part is closed at a time, and no other one', async t => {
  const revoked = new Set<string>()
  let changed = () => {}
  const revocations = {
    isRevoked: ({ sub }: TokenClaims) => revoked.has(sub),
    refresh: async () => {},
    onChange: (listener: () => void) => {
      changed = listener
    },
  }
  const registry = new SessionRegistry(5_000, revocations, () => 0, systemClock)
  t.after(() => registry.stop())
  const closed: string[] = []
  const add = (sub: string | null) => {
    const claims = sub === null ? null : ({ sub } as TokenClaims)
    const close = (code: number) => closed.push(`${sub} ${code}`)
    registry.add({ claims, endsAtMs: Number.POSITIVE_INFINITY, close } as Partial<Conversation> as Conversation)
  }
  for (let n = 0; n < 1_700; n++) add('ended')
  add('person-1')
  add(null)
  changed()
  assert.equal(closed.length, 0)
  revoked.add('ended')
  changed()
  assert.ok(closed.length > 0 && closed.length < 1_700, `${closed.length} at once`)
  await until(() => closed.length >= 1_700)
  assert.equal(closed.length, 1_700)
  assert.deepEqual(new Set(closed), new Set(['ended 4401']))
})

test('[HS-11] a crowd is told to spread the longer the larger it is, in parts and not with each that comes or goes', async () => {
  const scheduler = new ManualScheduler()
  const revocations = { isRevoked: () => false, refresh: async () => {}, onChange: () => {} }
  const registry = new SessionRegistry(600_000, revocations, () => 0, scheduler)
  const told: number[] = []
  const conversations: Conversation[] = []
  const add = (count: number) => {
    for (let n = 0; n < count; n++) {
      const conversation = {
        isSignedIn: true,
        endsAtMs: Number.POSITIVE_INFINITY,
        claims: null,
        tellSpread: (spreadMs: number) => told.push(spreadMs),
      } as Partial<Conversation> as Conversation
      conversations.push(conversation)
      registry.add(conversation)
    }
  }
  const tellings = async () => {
    told.length = 0
    await scheduler.advance(1_100)
    return [told.length, told[0] ?? null]
  }
  add(50)
  assert.deepEqual([registry.comeBackSpreadMs, await tellings()], [1_000, [0, null]])
  add(1_450)
  assert.deepEqual([registry.comeBackSpreadMs, await tellings()], [1_000, [0, null]])
  add(600)
  assert.deepEqual([registry.comeBackSpreadMs, await tellings()], [1_400, [0, null]], 'near enough')
  add(900)
  assert.deepEqual(await tellings(), [3_000, 2_000])
  add(12_000)
  assert.deepEqual([registry.comeBackSpreadMs, await tellings()], [10_000, [15_000, 10_000]])
  assert.deepEqual(await tellings(), [0, null], 'once')
  for (const conversation of conversations.splice(0, 14_000)) registry.remove(conversation)
  assert.deepEqual(await tellings(), [1_000, 1_000])
  registry.stop()
})
