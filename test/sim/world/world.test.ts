import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawPlan, type Plan } from '../plan.ts'
import { runSimulation } from '../run.ts'

const quiet = drawPlan(8, { hours: 0.4, drivers: 4, callsPerHour: 24, faults: 'none' })
const clumsy: Plan = {
  ...quiet,
  seed: 10,
  hours: 0.7,
  feedUnits: 2,
  dispatchers: 2,
  consoles: 1,
  callsPerHour: 12,
  troubles: { ...quiet.troubles, clumsiness: 1 },
}

test('on a quiet day crews take their trips and finish them', async () => {
  for (const mode of ['ordered', 'offered'] as const) {
    const { figures, violations, story } = await runSimulation({ ...quiet, mode }, { keepStory: true })
    assert.deepEqual(violations, [])
    assert.ok(figures.tripsClosed >= 4, `${figures.tripsClosed} trips were closed`)
    const said = story!.map(({ what }) => what)
    for (const button of ['sign-on', 'accept', 'en-route', 'on-scene']) {
      assert.ok(said.includes(`presses ${button}`), `nobody pressed ${button} in mode ${mode}`)
    }
  }
})

test('whatever people do wrong, nothing is lost and all comes right in the end', async () => {
  const { violations, story } = await runSimulation(clumsy, { keepStory: true })
  assert.deepEqual(violations, [])
  const said = story!.map(({ who, what }) => `${who} ${what}`).join('\n')
  for (const trouble of [
    /crew-\d goes off for \d+ s/,
    /all that it held is lost/,
    /has its clock -?\d+ s ahead/,
    /crew-\d-second signs in/,
    /crew-\d-relief signs in/,
    /U\d+ takes \S+ by radio/,
    /the app has ended: superseded/,
    /console-1 hangs/,
    /feed-1 (goes off|lets go of)/,
    /desk-\d goes off/,
    /: (wrong-phase|not-your-trip|unknown-offer|unit-has-trip)/,
  ]) {
    assert.match(said, trouble)
  }
})
