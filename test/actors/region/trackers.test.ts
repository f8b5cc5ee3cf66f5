/** Fixes of phones that number none, as a region takes them: what is answered only once it is stored, and what comes twice. */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { setImmediate as tick } from 'node:timers/promises'
import type { TrackerAnswer } from '../../../src/actors/region-handle.ts'
import { type Fate, TrackerIntake } from '../../../src/gateway/tracker-intake.ts'
import { decodeSegment } from '../../../src/store/location/segment-codec.ts'
import type { FixSought } from '../../../src/store/location/stored-fix.ts'
import { REGION, RegionWorld, SCENE, settle, wireFix } from '../../support/region-world.ts'

const PERSISTED_MS = 300

let world: RegionWorld
beforeEach(async () => {
  world = await RegionWorld.open()
  await world.import(['A1'], ['A2'])
})
afterEach(() => world.close())

const MEASURED = { ...SCENE, accuracyM: null, speedMps: null, headingDeg: null }
/** The wall time at which everything here was measured, so long ago. */
const ago = (ms: number): number => world.machine.wallMs() - ms

interface Asked {
  readonly unitId?: string
  readonly principal?: string
  readonly isLate?: boolean
}

/** The answer, null while there is none. */
function ask(measuredWallMs: number, { unitId = 'A1', principal = 'device:one', isLate = false }: Asked = {}) {
  const asked: { answer: TrackerAnswer | null } = { answer: null }
  world.host.trackerFix({
    ...{ unitId, principal, measuredWallMs, measured: MEASURED, receivedWallMs: ago(0), isLate },
    answer: answer => {
      assert.equal(asked.answer, null, 'answered once')
      asked.answer = answer
    },
  })
  return asked
}
const wordOf = (answer: TrackerAnswer | null) => (answer === null ? null : answer.ok ? answer.is : answer.refusal.code)

async function taken(measuredWallMs: number, asked: Asked = {}) {
  const { answer } = await (async () => {
    const asking = ask(measuredWallMs, asked)
    await world.advance(PERSISTED_MS)
    return asking
  })()
  return wordOf(answer)
}

async function stored(): Promise<readonly FixSought[]> {
  const found: FixSought[] = []
  for await (const segments of world.journal.readSegments(REGION, 0)) {
    for (const { bytes } of segments) {
      for (const { unitId, streamId, fix } of decodeSegment(bytes)) {
        found.push({ region: REGION, unitId, streamIds: [streamId], seq: fix.seq, fixedAtMs: fix.fixedAtMs })
      }
    }
  }
  return found
}
const storedSeqs = async () =>
  (await stored()).filter(({ streamIds }) => streamIds[0]!.startsWith('tracker')).map(({ seq }) => seq)

/** As the gateway does it, over what this world has stored. */
const intake = () =>
  new TrackerIntake({
    wallClock: () => ago(0),
    isStored: async ({ unitId, seq, streamIds }) =>
      (await stored()).some(fix => fix.unitId === unitId && fix.seq === seq && streamIds.includes(fix.streamIds[0]!)),
  })

test('[TK-5] nothing is answered before it is stored, and a fix whose answer a crash took is not stored twice', async () => {
  const measuredWallMs = ago(5_000)
  world.journal.stall()
  const lost = ask(measuredWallMs)
  await world.advance(2_000)
  assert.equal(lost.answer, null)
  world.crash()
  world.journal.resume()
  await world.start()
  assert.equal(wordOf(lost.answer), 'unavailable')
  // The phone sends it again. The statement that was under way has come through, and nobody was told.
  const posted = { unitId: 'A1', principal: 'device:one', measuredWallMs, measured: MEASURED }
  const again = intake().take(world.host, posted)
  await world.advance(PERSISTED_MS)
  assert.deepEqual(await again, { ok: true, value: 'duplicate' })
  assert.deepEqual(await storedSeqs(), [measuredWallMs])
})

test('[TK-5] a fix that is not newer is doubtful, when what came before is stored, and after a crash too', async () => {
  const [early, late] = [ago(9_000), ago(4_000)]
  assert.equal(await taken(late), 'stored')
  for (let round = 1; round <= 2; round++) {
    assert.equal(await taken(late), 'doubtful')
    assert.equal(await taken(early), 'doubtful')
    await world.restart()
  }
  world.journal.stall()
  ask(ago(1_000))
  const again = ask(late)
  await world.advance(1_000)
  assert.equal(again.answer, null, 'what is under way may be the same fix')
  world.journal.resume()
  await world.advance(PERSISTED_MS)
  assert.equal(wordOf(again.answer), 'doubtful')
  assert.equal(await taken(early, { isLate: true }), 'stored')
  assert.equal(world.region.states.driver('A1')?.unitId, 'A1')
  assert.equal((await storedSeqs()).filter(seq => seq === late).length, 1)
})

test('[TK-5] a stream that the unit used long ago is known by its mark', async () => {
  const newest = ago(3_000)
  assert.equal(await taken(newest), 'stored')
  for (let i = 1; i <= 12; i++) {
    const crew = world.connect('A1', [[`start${i}`, 'device', 1]])
    await settle()
    world.fixes(crew, [wireFix(1, 1)])
    await world.advance(PERSISTED_MS)
    world.host.closed(crew)
  }
  assert.equal(await taken(newest), 'doubtful')
  assert.equal(await taken(newest + 1), 'stored')
})

test('[TK-8] while the store takes nothing each device has a few requests, and all of them come to an end', async () => {
  const trackers = intake()
  const fates: unknown[] = []
  const post = (ms: number) => {
    const posted = { unitId: 'A1', principal: 'device:one', measuredWallMs: ago(ms), measured: MEASURED }
    void trackers.take(world.host, posted).then(fate => fates.push(fate.ok ? fate.value : fate.refusal))
  }
  world.journal.stall()
  // The same fix, sent again and again by a phone that hears nothing, and one more.
  for (let i = 0; i < 9; i++) post(6_000)
  await settle()
  assert.deepEqual(
    fates.map(fate => (fate as { code: string; details: object }).details),
    [{ retryAfterMs: 1_000 }],
  )
  world.journal.resume()
  for (let i = 0; i < 20 && fates.length < 9; i++) {
    await world.advance(PERSISTED_MS)
    await settle()
  }
  assert.deepEqual(fates.slice(1), ['stored', ...Array.from({ length: 7 }, (): Fate => 'duplicate')])
  assert.equal((await storedSeqs()).length, 1)
})

test('[TK-8] a store that fails for one fix leaves the way free for the next', async () => {
  let isAway = true
  const trackers = new TrackerIntake({
    wallClock: () => ago(0),
    isStored: async () => {
      await tick()
      if (isAway) throw new Error('away')
      return false
    },
  })
  const region = {
    regionId: REGION,
    trackerFix: ({ isLate, answer }: { isLate: boolean; answer: (answer: TrackerAnswer) => void }) =>
      answer(
        isLate ? { ok: true, is: 'stored' } : { ok: true, is: 'doubtful', streamIds: ['s'], seq: 1, fixedAtMs: 1 },
      ),
  }
  const post = (principal = 'device:one') =>
    trackers.take(region, { unitId: 'A1', principal, measuredWallMs: 1, measured: MEASURED })
  await assert.rejects(post(), /away/)
  isAway = false
  assert.deepEqual(await post(), { ok: true, value: 'stored' })
  const codes = (await Promise.all(['a', 'b', 'c', 'd', 'e'].map(post))).map(fate =>
    fate.ok ? fate.value : fate.refusal.code,
  )
  assert.deepEqual(codes, ['stored', 'stored', 'stored', 'stored', 'overloaded'], 'four are looked up at a time')
})

test('[TK-2] a unit that the region does not have, or has no more, takes no fixes', async () => {
  assert.equal(await taken(ago(1), { unitId: 'gone' }), 'unknown-unit')
  world.region.ref.tell({ type: 'units', units: [], retired: ['A2'] })
  await settle()
  assert.equal(await taken(ago(1), { unitId: 'A2' }), 'unit-retired')
})
