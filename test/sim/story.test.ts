/** A story reads as lines, and of a violation the part that led to it. */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'node:test'
import type { Happening } from './core/chronicle.ts'
import { lineOf, passageOf, timeOf, writeStory } from './story.ts'

const HOUR_MS = 3_600_000
const TRIP = 'sim.000000000000000000017'

const happening = (atMs: number, who: string, what: string): Happening => ({ atMs, who, what })

test('a line has the virtual time, who, and what', () => {
  assert.equal(timeOf(723_201.9), '00:12:03.201')
  assert.equal(timeOf(26 * HOUR_MS), '26:00:00.000')
  assert.equal(lineOf(happening(723_201, 'engine-1', 'drains')), '00:12:03.201  engine-1    drains')
})

test('a passage has the last minutes, and before them only those whom the violation names', () => {
  const story = [
    happening(1_000, 'crew-1', 'signs on'),
    happening(2_000, 'crew-11', 'signs on'),
    happening(3_000, 'desk-1', `enters a call: ${TRIP}`),
    happening(4_000, 'desk-1', `enters a call: ${TRIP}0`),
    happening(HOUR_MS - 60_000, 'network', 'connection 7 of phone-9 breaks'),
    happening(HOUR_MS, 'judge', 'double-booked'),
    happening(HOUR_MS + 1, 'crew-1', 'goes on'),
  ]
  const text = `unit U001 of crew-1 has two trips, one of them ${TRIP}`
  assert.deepEqual(passageOf(story, { rule: 'double-booked', atMs: HOUR_MS, text }), [
    '00:00:01.000  crew-1      signs on',
    '    … 1 lines of others, or further back',
    `00:00:03.000  desk-1      enters a call: ${TRIP}`,
    '    … 1 lines of others, or further back',
    '00:59:00.000  network     connection 7 of phone-9 breaks',
    '01:00:00.000  judge       double-booked',
  ])
})

test('a passage stays short, and says how much it leaves out', () => {
  const story = Array.from({ length: 5_000 }, (_, i) => happening(i, 'crew-1', `does ${i}`))
  const lines = passageOf(story, { rule: 'r', atMs: 4_999, text: 'crew-1' })
  assert.equal(lines.length, 181)
  assert.equal(lines[0], '    … 4820 lines of others, or further back')
  assert.equal(lines.at(-1), '00:00:04.999  crew-1      does 4999')
})

test('a whole story is written as text, or as JSON lines', async () => {
  const dir = await mkdtemp(path.join(process.env.GOLDENHOUR_TEST_DIR ?? tmpdir(), 'goldenhour-story-'))
  try {
    const story = Array.from({ length: 20_000 }, (_, i) => happening(i, 'crew-1', `does ${i}`))
    await writeStory(path.join(dir, 'story.txt'), story)
    await writeStory(path.join(dir, 'story.json'), story)
    const [text, json] = await Promise.all(
      ['story.txt', 'story.json'].map(file => readFile(path.join(dir, file), 'utf8')),
    )
    assert.equal(text!.split('\n').length, 20_001)
    assert.equal(text!.split('\n')[3], '00:00:00.003  crew-1      does 3')
    assert.deepEqual(
      json!
        .trimEnd()
        .split('\n')
        .map(line => JSON.parse(line)),
      story,
    )
    await assert.rejects(writeStory(path.join(dir, 'none', 'story.txt'), story), { code: 'ENOENT' })
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
})
