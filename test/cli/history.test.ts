/** `goldenhour history`, as an operator runs it, over the log of a simulated shift. */
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import type { LogRecord } from '../../src/store/log/journal.ts'
import { openClient } from '../../src/store/postgres/database.ts'
import { runHere } from '../support/command-line.ts'
import { testDatabase } from '../support/postgres.ts'
import { simulatedLog } from '../support/simulated-log.ts'
import { storeLog } from '../support/stored-log.ts'

let owned: Awaited<ReturnType<typeof testDatabase>>
let log: readonly LogRecord[]
const history = (...args: string[]) => runHere(['history', ...args], { env: { DATABASE_URL: owned.engineUrl } })

before(async () => {
  owned = await testDatabase()
  log = await simulatedLog(74, 'metro', 0.6, 6)
  const owner = await openClient(owned.url, { applicationName: 'goldenhour test' })
  await storeLog(owner, 'metro', log)
  await owner.query("SET session_replication_role = 'replica'")
  await owner.query("UPDATE log.records SET checksum = 1 WHERE region = 'metro' AND position = $1", [torn()])
  await owner.end()
})
after(() => owned.drop())

const entered = () =>
  log.flatMap(({ events }) => events.flatMap(event => (event.type === 'CallEntered' ? [event] : [])))[0]!
/** The last record that names the first call: it is damaged. */
const torn = () => log.findLast(({ events }) => JSON.stringify(events).includes(entered().callId))!.position

/** Positions and types of what names one of the ids, but for what a decision saw. */
const naming = (...ids: string[]): string[] =>
  log.flatMap(({ position, events }) => {
    const named = events.filter(event => {
      const { decision: _, asked: __, needs: ___, ...facts } = event as unknown as Record<string, unknown>
      return ids.some(id => new RegExp(`["/]${id.replaceAll('.', '\\.')}["/]`).test(JSON.stringify(facts)))
    })
    if (position !== torn()) return named.map(({ type }) => `${position} ${type}`)
    return named.length > 0 ? [`${position} damaged`] : []
  })
const told = (stdout: string): string[] =>
  stdout
    .trim()
    .split('\n')
    .map(line => line.split('\t'))
    .map(([, position, type]) => `${position} ${type}`)

test('everything that happened to a call and its trips is told in order, with when, why and by whom', async () => {
  const { callId, incidentNo } = entered()
  const tripIds = log.flatMap(({ events }) =>
    events.flatMap(event =>
      (event.type === 'TripCreated' || event.type === 'HelpAdded') && event.callId === callId ? [event.tripId] : [],
    ),
  )
  const found = await history(callId)
  assert.equal(found.stderr, '')
  assert.deepEqual(told(found.stdout), naming(callId, ...tripIds))
  const made = found.stdout.split('\n').find(line => line.includes('\tOfferMade\t'))!
  assert.match(made, /^2026-03-02T\d\d:\d\d:\d\d\.\d{3}Z\t\d+\tOfferMade\t(system|command)\t\S+\t.*unitId=\S+.* away\./)
  assert.match(found.stdout, /\tTripPhaseReached\tdriver\t/)
  assert.match(found.stdout, new RegExp(`\\t${torn()}\\tdamaged\\t`))
  assert.deepEqual((await history(incidentNo!, '--region', 'metro')).stdout, found.stdout)
})

test('a trip is found by its id or its number, and is told as JSON for programs', async () => {
  const { tripIds, incidentNo } = entered()
  const [tripId] = tripIds
  const { stdout } = await history(tripId!, '--json')
  const all = stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  assert.deepEqual(
    all.map(({ position, event }) => `${position} ${event?.type ?? 'damaged'}`),
    naming(tripId!),
  )
  const { principal, recordedAtMs } = log[all[0].position - 1]!
  assert.deepEqual([all[0].principal, all[0].recordedAtMs, all[0].event.type], [principal, recordedAtMs, 'CallEntered'])
  assert.equal((await history(`${incidentNo}-1`, '--region', 'metro', '--json')).stdout, stdout)
})

test('a unit is told from a moment on', async () => {
  const unitId = log.flatMap(({ events }) =>
    events.flatMap(event => (event.type === 'OfferMade' ? [event.unitId] : [])),
  )[0]!
  const whole = await history(unitId, '--region', 'metro', '--since', '2026-03-01')
  assert.deepEqual(told(whole.stdout), naming(unitId))
  const half = log[Math.floor(log.length / 2)]!
  const since = new Date(half.recordedAtMs).toISOString()
  const later = await history(unitId, '--region', 'metro', '--since', since)
  const isLater = (line: string) => log[Number(line.split(' ')[0]) - 1]!.recordedAtMs >= half.recordedAtMs
  assert.deepEqual(told(later.stdout), naming(unitId).filter(isLater))
})

test('what there is not is refused with where to look', async () => {
  const nobody = await history('metro.nnnnnnnnnnnnnnnnnnnnn')
  assert.equal(nobody.code, 1)
  assert.match(nobody.stderr, /Region metro has no unit, trip or call metro\.n+; GET \/v1\/trips/)
  assert.match((await history('M1')).stderr, /M1 does not name its region; give it with --region/)
})
