/** The server's settings fit the machine, and an operator's own stay. */
import assert from 'node:assert/strict'
import { appendFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'node:test'
import { fittingSettings } from '../../../src/store/embedded/settings.ts'
import { baseDirWithPrograms } from '../../support/postgres.ts'
import { ask, baseDirFor, start } from './place.ts'

const GIB = 1_024 ** 3

test('memory is shared out by the size of the machine, within bounds', () => {
  const buffers = [0.25, 1, 2, 8, 24, 512].map(gib => fittingSettings(gib * GIB).shared_buffers)
  assert.deepEqual(buffers, ['64MB', '64MB', '128MB', '512MB', '1024MB', '1024MB'])
  const { effective_cache_size, maintenance_work_mem } = fittingSettings(4 * GIB)
  assert.deepEqual([effective_cache_size, maintenance_work_mem], ['2048MB', '64MB'])
  assert.ok(!Object.keys(fittingSettings(GIB)).some(name => ['fsync', 'synchronous_commit'].includes(name)))
})

test('the server takes them, is durable, and leaves what the operator has set', async t => {
  const baseDir = await baseDirFor(t, baseDirWithPrograms)
  const first = await start(baseDir)
  const before = await shown(first.url)
  assert.deepEqual([before.fsync, before.synchronous_commit, before.full_page_writes], ['on', 'on', 'on'])
  assert.deepEqual([before.jit, before.checkpoint_timeout, before.max_connections], ['off', '10min', '100'])
  await ask(first.url, "ALTER SYSTEM SET shared_buffers = '96MB'")
  await first.stop()
  await appendFile(path.join(baseDir, 'data', 'postgresql.conf'), "\nmax_connections = 77 # ours\njit = 'on'\n")

  const second = await start(baseDir, { settings: { checkpoint_timeout: '7min' } })
  const { shared_buffers, max_connections, jit, checkpoint_timeout } = await shown(second.url)
  assert.deepEqual([shared_buffers, max_connections, jit, checkpoint_timeout], ['96MB', '77', 'on', '7min'])
})

async function shown(url: string): Promise<Record<string, string>> {
  const rows = await ask<{ name: string; setting: string }>(url, 'SHOW ALL')
  return Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))
}
