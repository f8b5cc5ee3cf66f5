/** A simulated shift, restored up to positions all over it: each time the state is that of a log that ends there. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { verifyRegion } from '../../../src/actors/verify-region.ts'
import type { LogRecord } from '../../../src/store/log/journal.ts'
import { MomentReader } from '../../../src/store/log/moment-reader.ts'
import { openClient } from '../../../src/store/postgres/database.ts'
import { runHere } from '../../support/command-line.ts'
import { times } from '../../support/long.ts'
import { testDatabase } from '../../support/postgres.ts'
import { simulatedLog } from '../../support/simulated-log.ts'
import { storeLog } from '../../support/stored-log.ts'

const REGION = 'metro'
let dir: string
let log: readonly LogRecord[]

before(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'goldenhour-backup-'))
  log = await simulatedLog(74, REGION, 0.6, 6)
  await withLog(log, async url => {
    const { code, stderr } = await runHere(['backup', path.join(dir, 'b')], { env: { DATABASE_URL: url } })
    assert.equal(code, 0, stderr)
  })
})
after(() => rm(dir, { recursive: true, force: true }))

async function withLog<T>(records: readonly LogRecord[], work: (url: string) => Promise<T>): Promise<T> {
  const { url, drop } = await testDatabase()
  try {
    const owner = await openClient(url, { applicationName: 'goldenhour test' })
    await storeLog(owner, REGION, records).finally(() => owner.end())
    return await work(url)
  } finally {
    await drop()
  }
}

async function stateIn(url: string) {
  const reader = await MomentReader.open(url)
  return verifyRegion(reader, REGION).finally(() => reader.end())
}

test('the state at a position is that of the log up to there, and who has which trip agrees with it', async () => {
  const count = times(8, log.length)
  const hashes = new Set<string>()
  for (let n = 1; n <= count; n++) {
    const position = Math.ceil((n * log.length) / count)
    const prefix = await withLog(log.slice(0, position), async url => (await stateIn(url)).stateHash)
    const other = await testDatabase()
    try {
      const env = { DATABASE_URL: other.url }
      const ran = await runHere(['restore', path.join(dir, 'b'), '--until', String(position)], { env })
      const { findings, records, stateHash } = await stateIn(other.url)
      // Numbers of calls and outcomes are not in a log that is stored alone.
      const about = findings.filter(({ rule }) => rule !== 'numbers-once' && rule !== 'commands-once')
      assert.deepEqual([about, records, stateHash], [[], position, prefix], ran.stderr)
    } finally {
      await other.drop()
    }
    hashes.add(prefix)
  }
  assert.equal(hashes.size, count)
})
