/** What a run comes to: every kind of finding counts where it belongs, and times are told only where there are some. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { FINDING_KINDS, type FindingKind } from '../../../tools/torture/checker/findings.ts'
import { figuresOf, type RoundMeasures, wrongs } from '../../../tools/torture/figures.ts'

const round = (more: Partial<RoundMeasures> = {}): RoundMeasures => ({
  fault: 'kill-engine',
  variant: 'once',
  readyMs: null,
  servesMs: null,
  backMs: null,
  takeoverMs: null,
  silent: 0,
  findings: 0,
  tookMs: 1,
  ...more,
})
const COUNTS = { acknowledged: 10, durableFixes: 20, misdatedFixes: 0, skipped: [] }

test('each kind of finding makes a figure that must be zero greater than zero', () => {
  for (const kind of Object.keys(FINDING_KINDS) as FindingKind[]) {
    const counted = wrongs([{ kind, about: 'it', text: '' }])
    assert.equal(
      Object.values(counted).reduce((sum, count) => sum + count, 0),
      1,
      kind,
    )
  }
})

test('what is found again about the same subject counts once', () => {
  const lost = { kind: 'command-lost', about: 'command x', text: '' } as const
  assert.equal(wrongs([lost, { ...lost, text: 'again' }, { ...lost, about: 'command y' }]).acknowledgedLost, 2)
})

test('percentiles are those of the rounds that have the value', () => {
  const rounds = [100, 200, 300, 400].map(readyMs => round({ readyMs }))
  const figures = figuresOf([...rounds, round()], COUNTS, [])
  assert.deepEqual([figures.rounds, figures.readyP50Ms, figures.readyP99Ms], [5, 200, 400])
  assert.ok(!('takeoverP50Ms' in figures))
})

test('takeovers are told together, and by how the engine before ended', () => {
  const figures = figuresOf(
    [
      round({ fault: 'standby-takeover', variant: 'SIGKILL', takeoverMs: 4_000 }),
      round({ fault: 'standby-takeover', variant: 'SIGTERM', takeoverMs: 500, findings: 2 }),
    ],
    COUNTS,
    [],
  )
  assert.deepEqual(
    [figures.takeoverP99Ms, figures.takeoverAfterKillP99Ms, figures.takeoverAfterStopP99Ms],
    [4_000, 4_000, 500],
  )
  assert.deepEqual([figures.standbyTakeoverRounds, figures.standbyTakeoverFindings], [2, 2])
})
