/** Days of the kit with real clients: those that are right pass, and each mistake is found under its rule. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { connect, type DriverClient } from '../../../src/client/index.ts'
import { Protocol } from '../../../tools/conformance/judge/protocol.ts'
import { type Outcome, runDay, tableOf } from '../../../tools/conformance/serve/serve.ts'
import { PLACE, type World } from '../../../tools/conformance/serve/world.ts'
import { whyNoPython } from '../../contract/foreign/python.ts'
import { ADMIN_PASSWORD, Site, until } from '../../support/engine.ts'
import { LONG } from '../../support/long.ts'
import { Bot, MISTAKES, type Mistake } from './bot.ts'

const PYTHON = fileURLToPath(new URL('../../contract/foreign/conformance_day.py', import.meta.url))
const PATIENCE_MS = 180_000
/** What every client meets in a day of the kit. */
const EXERCISED = [
  'AU-21',
  'CM-1',
  'CM-3',
  'CM-4',
  'CM-7',
  'FX-1',
  'FX-2',
  'FX-3',
  'FX-6',
  'HS-1',
  'HS-8',
  'HS-9',
  'OF-4',
  'OF-9',
  'VN-2',
]

test('the kit passes the clients that are right, and finds each mistake', { concurrency: 12 }, async t => {
  const site = await Site.make(t, {})
  const { port: enginePort } = await site.start()
  const protocol = new Protocol()
  let regions = 0
  const day = (command: string | null, start?: (world: World, port: number) => void, storedWithinMs?: number) =>
    runDay(
      {
        ...{ enginePort, protocol, adminPassword: ADMIN_PASSWORD, region: `kit${++regions}`, port: 0, command },
        ...{ patienceMs: PATIENCE_MS, storedWithinMs, tell: () => undefined },
      },
      start,
    )
  const noPython = whyNoPython() ?? false
  // Whether a mistake shows depends on what a lost connection takes along; judge.test.ts has each of them as a log.
  const onlyLong = LONG ? false : 'in test:long'
  const python = (format: string) => `FORMAT=${format} exec python3 -B '${PYTHON}'`

  const tests = [
    ...(['binary', 'json'] as const).map(format =>
      t.test(`the client library passes over ${format}`, async () => {
        const clients: DriverClient[] = []
        const outcome = await day(null, (world, port) => void work(clients, world, port, format))
        for (const client of clients) client.close()
        expectPassed(outcome)
      }),
    ),
    ...['binary', 'json'].map(format =>
      t.test(`the client of another language passes over ${format}`, { skip: noPython }, async () => {
        expectPassed(await day(python(format)))
      }),
    ),
    ...(Object.keys(MISTAKES) as Mistake[]).map(mistake =>
      t.test(`a client that ${mistake} breaks ${MISTAKES[mistake]}`, { skip: onlyLong }, async () => {
        const bots: Bot[] = []
        const outcome = await day(
          null,
          (world, port) => {
            const bot = new Bot(world, port, mistake)
            bots.push(bot)
            void bot.work()
            // What was forgotten is not waited for.
          },
          mistake === 'forgets what was sent' ? 2_000 : undefined,
        )
        for (const bot of bots) bot.stop()
        assert.deepEqual(outcome.missed, null)
        const { violations } = outcome.verdicts
        assert.deepEqual(
          [...new Set(violations.map(({ rule }) => rule))],
          [MISTAKES[mistake]],
          JSON.stringify(violations),
        )
        assert.match(tableOf(outcome.verdicts), new RegExp(`\\[${MISTAKES[mistake]}\\] +failed`))
      }),
    ),
  ]
  await Promise.all(tests)
})

function expectPassed({ verdicts, missed }: Outcome): void {
  assert.deepEqual([missed, verdicts.violations], [null, []])
  assert.deepEqual(
    EXERCISED.filter(rule => !verdicts.exercised.includes(rule)),
    [],
    'these did not come up',
  )
}

/** The library's client, as an app uses it: it knows nothing of the losses. */
async function work(clients: DriverClient[], world: World, port: number, format: 'binary' | 'json'): Promise<void> {
  const { region, unitId, deviceKey: token } = world
  const driver = connect({ url: `ws://127.0.0.1:${port}`, role: 'driver', token, region, unitId, format })
  clients.push(driver)
  const moving = setInterval(() => driver.report({ lonDeg: PLACE.lonE7 / 1e7, latDeg: PLACE.latE7 / 1e7 }), 500)
  const offers: { offerId: string; tripId: string }[] = []
  driver.onOffer(offer => offers.push(offer))
  try {
    await driver.signOn()
    const { offerId, tripId } = await until('an offer', () => offers[0])
    await driver.acceptOffer(offerId)
    for (const phase of ['en-route', 'on-scene', 'transporting', 'at-destination'] as const) {
      await driver.reportPhase(tripId, phase)
      const sent = driver.lastSeq
      await until('more fixes', () => driver.lastSeq >= sent + 5)
    }
    await driver.closeTrip(tripId, 'transported')
    await driver.signOff()
  } finally {
    clearInterval(moving)
  }
}
