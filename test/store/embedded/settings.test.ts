/** The server's settings fit the machine, and an operator's own stay. */
import assert from 'node:assert/strict'
import { appendFile, readdir, readFile, stat } from 'node:fs/promises'
import { connect } from 'node:net'
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

test('nobody but this machine comes to the server, over TCP and with a password, whatever its file says', async t => {
  const baseDir = await baseDirFor(t, baseDirWithPrograms)
  await (await start(baseDir)).stop()
  const conf = path.join(baseDir, 'data', 'postgresql.conf')
  await appendFile(conf, "\nlisten_addresses = '*'\nunix_socket_directories = '/tmp'\n")
  const { url } = await start(baseDir)
  const { listen_addresses, unix_socket_directories, password_encryption } = await shown(url)
  assert.deepEqual([listen_addresses, unix_socket_directories, password_encryption], ['127.0.0.1', '', 'scram-sha-256'])
  const port = Number(new URL(url).port)
  // Another address of this machine.
  const refused = new Promise<string>(resolve => {
    const socket = connect({ host: '127.0.0.2', port }, () => resolve('connected'))
    socket.on('error', error => resolve((error as NodeJS.ErrnoException).code!))
    socket.on('connect', () => socket.destroy())
  })
  assert.equal(await refused, 'ECONNREFUSED')
  const rules = await ask<{ type: string; auth_method: string; error: string | null }>(url, 'TABLE pg_hba_file_rules')
  assert.ok(rules.length > 0)
  for (const { type, auth_method: method, error } of rules) {
    assert.deepEqual([method, error], ['scram-sha-256', null], type)
  }
  const { password, ...rest } = new URL(url)
  assert.ok(password.length >= 20, rest.host)
  for (const wrong of ['', 'postgres', password.slice(1)]) {
    const other = new URL(url)
    other.password = wrong
    await assert.rejects(ask(other.href, 'SELECT 1'))
  }
})

test('what the server and its users keep is for nobody else to read', async t => {
  const baseDir = await baseDirFor(t, baseDirWithPrograms)
  const server = await start(baseDir)
  await server.stop()
  const modeOf = async (name: string) => ((await stat(path.join(baseDir, name))).mode & 0o777).toString(8)
  for (const [name, mode] of [
    ['data', '700'],
    ['users', '700'],
    ['password', '600'],
    ['engine-password', '600'],
    ['postgres.log', '600'],
  ] as const) {
    assert.equal(await modeOf(name), mode, name)
  }
  // What others may read tells nothing.
  const password = (await readFile(path.join(baseDir, 'password'), 'utf8')).trim()
  for (const entry of await readdir(baseDir, { withFileTypes: true })) {
    if (!entry.isFile() || ['600', '400'].includes(await modeOf(entry.name))) continue
    assert.ok(!(await readFile(path.join(baseDir, entry.name), 'utf8')).includes(password), entry.name)
  }
})

async function shown(url: string): Promise<Record<string, string>> {
  const rows = await ask<{ name: string; setting: string }>(url, 'SHOW ALL')
  return Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))
}
