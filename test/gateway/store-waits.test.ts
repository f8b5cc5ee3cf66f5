import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StoreWaits } from '../../src/gateway/store-waits.ts'
import type { StoreState } from '../../src/store/postgres/store-health.ts'
import { ManualScheduler, settled } from '../support/manual-scheduler.ts'

const AWAY: StoreState = { status: 'away', awayMs: 0 }
const NEVER = new Promise<string>(() => undefined)

function waits() {
  const scheduler = new ManualScheduler()
  let state: StoreState = { status: 'up' }
  const answered: string[] = []
  const wait = new StoreWaits(() => state, scheduler)
  return {
    scheduler,
    answered,
    stop: () => wait.stop(),
    goTo: (next: StoreState) => {
      state = next
    },
    async ask(reply: Promise<string>): Promise<void> {
      void wait.orAway(reply, 'away').then(
        answer => answered.push(answer),
        (error: Error) => answered.push(`threw ${error.message}`),
      )
      await settled()
    },
    pass: (ms: number) => scheduler.advance(ms),
  }
}

test('while the database answers, a request waits as long as it takes', async () => {
  const { ask, pass, answered, scheduler } = waits()
  let reply: (answer: string) => void = () => undefined
  await ask(new Promise(resolve => (reply = resolve)))
  await pass(60_000)
  assert.deepEqual(answered, [])
  reply('late')
  await settled()
  assert.deepEqual([answered, scheduler.timers], [['late'], 0])
})

test('those that wait when the database falls silent are answered then', async () => {
  const { ask, goTo, pass, answered, scheduler } = waits()
  await ask(NEVER)
  await ask(NEVER)
  goTo(AWAY)
  await pass(200)
  assert.deepEqual([answered, scheduler.timers], [['away', 'away'], 0])
})

test('one that comes while it is away gets a second, in which it may be done', async () => {
  const { ask, goTo, pass, answered } = waits()
  goTo(AWAY)
  await ask(Promise.resolve('needs no database'))
  await ask(NEVER)
  await pass(800)
  assert.deepEqual(answered, ['needs no database'])
  await pass(400)
  assert.deepEqual(answered, ['needs no database', 'away'])
})

test('what fails before fails as itself, and afterwards nobody hears of it', async () => {
  const { ask, goTo, pass, answered } = waits()
  await ask(Promise.reject(new Error('broken')))
  let fail: (error: Error) => void = () => undefined
  await ask(new Promise((_, reject) => (fail = reject)))
  goTo(AWAY)
  await pass(200)
  fail(new Error('too late'))
  await settled()
  assert.deepEqual(answered, ['threw broken', 'away'])
})

test('stopped, it leaves no timer to what never comes', async () => {
  const { ask, stop, scheduler } = waits()
  await ask(NEVER)
  stop()
  assert.equal(scheduler.timers, 0)
})
