/** Some fuzzing in every run of the tests, and that the fuzzing finds what there is to find; `npm run fuzz` does more. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Authenticator } from '../../src/access/claims.ts'
import { Metrics } from '../../src/telemetry/metrics.ts'
import { searchFrom, times } from '../support/long.ts'
import { PEOPLE, runGeneration } from './border.ts'
import { showCredentials } from './campaign.ts'
import { type Credentials, makeCredentials } from './credentials.ts'
import { Tally } from './findings.ts'
import { runLive } from './live.ts'
import { CLASSES } from './mutations.ts'
import { START_MS } from './region.ts'

const FRESH = searchFrom(1_001)
const metrics = new Metrics()
/** For so long each batch of frames of a run is held up that another one lets through. */
const HELD_MS = 700

async function fuzzed(
  seed: number,
  frames: number,
  changes: Partial<Credentials> = {},
  generation = 0,
): Promise<Tally> {
  const tally = new Tally()
  const credentials = { ...(await makeCredentials(PEOPLE, () => START_MS)), ...changes }
  await runGeneration({ seed, generation, frames, credentials, metrics }, tally)
  return tally
}

for (const seed of [1, FRESH]) {
  test(`frames of every class neither stop the engine nor keep others from it, from seed ${seed}`, async () => {
    const frames = times(4_000, 60_000)
    const tallies = [await fuzzed(seed, frames, {}, 0), await fuzzed(seed, frames, {}, 1)]
    for (const tally of tallies) {
      assert.deepEqual(tally.findings, [])
      assert.equal(tally.frames, frames)
      const figures = tally.figures()
      for (const name of Object.keys(CLASSES)) assert.ok((figures[`class_${name}`] ?? 0) > 0, `no frame was ${name}`)
      // Else nothing of what was sent would have got further than the parser.
      for (const type of ['CallEntered', 'OfferMade', 'OfferAccepted', 'TripPhaseReached', 'TripClosed']) {
        assert.ok((figures[`event_${type}`] ?? 0) > 0, `nothing led to ${type}`)
      }
    }
  })
}

test(`damaged credentials make nobody somebody, from seed ${FRESH}`, async () => {
  const tally = new Tally()
  await showCredentials(
    { seed: FRESH, credentials: times(1_500, 100_000) },
    await makeCredentials(PEOPLE, () => START_MS),
    tally,
  )
  assert.deepEqual(tally.findings, [])
})

test(`an engine over sockets answers every request and serves a bystander, from seed ${FRESH}`, async () => {
  const tally = new Tally()
  const { signal } = new AbortController()
  const plan = {
    seed: FRESH,
    frames: times(800, 50_000),
    requests: times(300, 30_000),
    heads: times(300, 30_000),
    onProgress: () => {},
    signal,
  }
  const { bystanderAnswers } = await runLive(plan, tally)
  assert.deepEqual(tally.findings, [])
  assert.ok(tally.heads >= plan.heads)
  assert.ok(bystanderAnswers > 0)
})

test('the same seed sends the same frames and gets the same answers, however long they take', async () => {
  // Signatures differ from key to key, and so does what a damaged one reads as.
  const credentials = await makeCredentials(PEOPLE, () => START_MS)
  const held = async () => {
    await credentials.idle()
    await sleep(HELD_MS)
  }
  const [one, other] = [await fuzzed(5, 600, credentials), await fuzzed(5, 600, { ...credentials, idle: held })]
  assert.equal(one.digest(), other.digest())
  assert.deepEqual(one.figures(), other.figures())
})

/** The real checker of credentials, with a mistake planted in it. */
async function mistaken(verify: (real: Authenticator, credential: string) => ReturnType<Authenticator['verify']>) {
  const { authenticator } = await makeCredentials(PEOPLE, () => START_MS)
  return { authenticator: { verify: (credential: string) => verify(authenticator, credential), ticket: () => null } }
}

test('an engine that throws is found out', async () => {
  const throwing = await mistaken(() => {
    throw new Error('a planted mistake')
  })
  const tally = await fuzzed(3, 128, throwing)
  assert.ok(tally.count('crash') > 0)
  assert.match(tally.findings[0]!.what, /--seed 3 --generation 0.*planted mistake/s)
})

test('a forged credential that is taken is found out', async () => {
  const trusting = await mistaken(async (real, credential) => {
    const verified = await real.verify(credential)
    return verified.ok ? verified : { ok: true, value: { ...PEOPLE[0]!, sub: 'nobody' } }
  })
  const tally = await fuzzed(7, 2_000, trusting)
  assert.ok(tally.count('crash') > 0)
  assert.match(tally.findings[0]!.what, /forged/)
})

test('an engine that is held up is found out', async () => {
  let shown = 0
  const slow = await mistaken((real, credential) => {
    shown += 1
    // The first are those of the clients that are let in before any frame is sent.
    if (shown === 30)
      for (const from = process.cpuUsage(); process.cpuUsage(from).user < 300_000; ) JSON.stringify(PEOPLE)
    return real.verify(credential)
  })
  assert.ok((await fuzzed(8, 3_000, slow)).count('hang') > 0)
})

test('a client that does nothing wrong and gets no answer is found out', async () => {
  const silent = await mistaken(() => new Promise(() => {}))
  assert.ok((await fuzzed(7, 128, silent)).count('unserved') > 0)
})
