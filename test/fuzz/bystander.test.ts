/** What the bystander takes for being served, told by a server that says only what it is told to. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { ScriptedServer } from '../client/scripted-server.ts'
import { until } from '../support/engine.ts'
import { Bystander, type BystanderOptions } from './bystander.ts'

/** Of [CM-8], but that it is to ask again at once. */
const STALLED = { retryAfterMs: 1, writes: 'stalled' }

/** A bystander of a server that answers so many questions with `unavailable` and the rest as they should be. */
async function bystanderOf(
  t: TestContext,
  refusals: number,
  details: Readonly<Record<string, unknown>>,
  changes: Partial<BystanderOptions> = {},
) {
  const server = await ScriptedServer.listen()
  t.after(() => server.close())
  const found = new Set<string>()
  const bystander = new Bystander({
    port: Number(new URL(server.url).port),
    region: 'akl',
    token: 'token',
    onUnserved: what => void found.add(what),
    ...changes,
  })
  const peer = await server.peer()
  await peer.welcome()
  const ids: string[] = []
  const serve = async () => {
    for (;;) {
      const [, id] = await peer.next('nearest')
      ids.push(id)
      if (ids.length <= refusals) peer.send(['error', id, 'unavailable', 'Later.', details])
      else peer.send(['reply', id, 0, {}])
    }
  }
  void serve()
  await bystander.start()
  await until('it asked more often than it was refused', () => ids.length > Math.min(refusals, 3))
  await bystander.leave()
  return { found: [...found], ids, answers: bystander.latenciesMs.length }
}

test('a bystander whom a slow store has ask again does so under the same id, and is served', async t => {
  const { found, ids, answers } = await bystanderOf(t, 2, STALLED)
  assert.deepEqual(found, [])
  assert.equal(ids.length, new Set(ids).size + 2)
  assert.equal(answers, new Set(ids).size)
})

test('a bystander that is told to ask again without end is found out', async t => {
  const { found } = await bystanderOf(t, Number.POSITIVE_INFINITY, STALLED, { patienceMs: 300 })
  assert.ok(found.includes("the bystander's q1 was never answered"), String(found))
})

test('a bystander that is refused for any other reason is found out', async t => {
  const { found } = await bystanderOf(t, 1, { retryAfterMs: 1 })
  assert.deepEqual(found, ['the bystander was answered unavailable'])
})
