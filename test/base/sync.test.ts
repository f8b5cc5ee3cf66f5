/** What the compiler must refuse: `npm run check` fails when one of the lines marked below compiles. */
import assert from 'node:assert/strict'
import test from 'node:test'
import type { Behaviour } from '../../src/actors/actor-system.ts'
import type { MoveFollower, PresenceFollower, TurnFollower, TurnStep } from '../../src/actors/region/followers.ts'
import type { TurnBody } from '../../src/actors/region/turn-runner.ts'
import type { Sync } from '../../src/base/sync.ts'

interface Ping {
  readonly type: 'ping'
}

const accepts = ['ping'] as const

class Waits implements Behaviour<Ping> {
  readonly accepts = accepts
  // @ts-expect-error an actor's receive ends in one go
  async receive(): Promise<void> {}
}

class EndsAtOnce implements Behaviour<Ping> {
  readonly accepts = accepts
  receive(): void {}
}

const refused = {
  answer: async () => {},
  // @ts-expect-error a promise is no answer of work that is over
  done: (async () => {}) satisfies () => Sync<void>,
  // @ts-expect-error not even one that is asked for
  promised: (() => Promise.resolve(1)) satisfies () => Sync<Promise<number>>,
  // @ts-expect-error an actor's receive, as a value
  behaviour: { accepts, receive: async () => {} } satisfies Behaviour<Ping>,
  // @ts-expect-error a turn's body decides with the states as they are
  body: (async () => undefined) satisfies TurnBody,
  // @ts-expect-error also one that answers a result
  result: (async () => ({ unitId: 'M1' })) satisfies TurnBody,
  // @ts-expect-error what the engine adds is part of the turn
  step: { extend: async () => {} } satisfies TurnStep,
  // @ts-expect-error
  over: { extend: () => {}, over: async () => {} } satisfies TurnStep,
  // @ts-expect-error followers of turns, at each of the moments
  decided: { decided: async () => {} } satisfies TurnFollower,
  // @ts-expect-error
  committed: { committed: async () => {} } satisfies TurnFollower,
  // @ts-expect-error
  stored: { stored: async () => {} } satisfies TurnFollower,
  // @ts-expect-error
  held: { held: async () => {} } satisfies TurnFollower,
  // @ts-expect-error
  released: { released: async () => {} } satisfies TurnFollower,
  // @ts-expect-error followers of moves and of crews that come and go
  moved: { moved: async () => {} } satisfies MoveFollower,
  // @ts-expect-error
  connected: { connected: async () => {} } satisfies PresenceFollower,
  // @ts-expect-error
  disconnected: { disconnected: async () => {} } satisfies PresenceFollower,
}

const taken = {
  nothing: (() => {}) satisfies () => Sync<void>,
  value: (() => 1) satisfies () => Sync<number>,
  behaviour: { accepts, receive: () => {} } satisfies Behaviour<Ping>,
  body: (() => undefined) satisfies TurnBody,
  result: (() => ({ unitId: 'M1' })) satisfies TurnBody,
  step: { extend: () => {} } satisfies TurnStep,
  follower: { decided: () => {}, committed: () => {}, stored: () => {} } satisfies TurnFollower,
}

test('what must end in one go takes no promise: turns, their followers, and what actors do with messages', () => {
  // The compiler has judged by now; here it is only seen that both kinds are what they say.
  assert.ok(refused.answer() instanceof Promise && new Waits().receive() instanceof Promise)
  assert.equal(new EndsAtOnce().receive(), undefined)
  assert.deepEqual(
    Object.values(taken).map(value => typeof value),
    ['function', 'function', 'object', 'function', 'function', 'object', 'object'],
  )
})
