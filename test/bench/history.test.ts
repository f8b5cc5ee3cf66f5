/** The past that benches write is one that an engine could have had: `verify` finds nothing wrong with it. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type History, unitReference, writeHistory } from '../../bench/history.ts'
import { REGION } from '../../bench/region.ts'
import { type Verified, verifyRegion } from '../../src/actors/verify-region.ts'
import { MomentReader } from '../../src/store/log/moment-reader.ts'
import { openDatabase } from '../../src/store/postgres/database.ts'
import { ReferenceStore } from '../../src/store/reference/reference-store.ts'
import { withReference } from '../../tools/shared/reference.ts'
import { testDatabase } from '../support/postgres.ts'

const YEAR_MS = 365 * 24 * 3_600_000
const UNITS = 30

describe('a past that is made up', () => {
  let database: Awaited<ReturnType<typeof testDatabase>>
  before(async () => {
    database = await testDatabase()
    await withReference(database.url, reference =>
      reference.addRegion({ region: REGION, name: 'Bench', timeZone: 'UTC', dispatchMode: 'ordered' }),
    )
    const own = openDatabase(database.url)
    const units = Array.from({ length: UNITS }, (_, index) => unitReference(index))
    await new ReferenceStore(own).importUnits(REGION, units).finally(() => own.destroy())
  })
  after(() => database.drop())

  async function verified(history: History): Promise<Verified> {
    await writeHistory(database.url, history)
    const reader = await MomentReader.open(database.url)
    try {
      return await verifyRegion(reader, REGION)
    } finally {
      await reader.end()
    }
  }

  test('years of calls and of units that come and go, open trips, a set of snapshots: all of it is whole', async () => {
    const long = { records: 1_000, spanMs: 2 * YEAR_MS }
    const history = { units: UNITS, openTrips: UNITS + 20, endedTrips: 5, long, withSnapshots: true }
    const { findings, records, segments, trips } = await verified(history)
    assert.deepEqual(findings, [])
    assert.ok(records >= 1_000, `${records} records`)
    assert.ok(segments > 0)
    assert.ok(trips > UNITS + 25, `${trips} trips, with those that have left memory`)
  })
})
