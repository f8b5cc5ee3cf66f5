import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { systemClock } from '../../src/actors/clock.ts'
import type { TokenClaims } from '../../src/gateway/auth/claims.ts'
import type { Conversation } from '../../src/gateway/conversation.ts'
import { SessionRegistry } from '../../src/gateway/session-registry.ts'

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
  for (let turns = 0; turns < 10; turns++) await delay(2)
  assert.equal(closed.length, 1_700)
  assert.deepEqual(new Set(closed), new Set(['ended 4401']))
})
