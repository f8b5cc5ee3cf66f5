/** Starting and joining the embedded Postgres, from one process or several at once. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmod, cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import path from 'node:path'
import test from 'node:test'
import { describePackage, findBinariesPackage, installBinaries } from '../../../src/store/embedded/postgres-binaries.ts'
import { baseDirWithPrograms } from '../../support/postgres.ts'
import { ask, baseDirFor, start, startInChild } from './place.ts'

test('what was stored is there after stop and start, at the same URL', async t => {
  const baseDir = await baseDirFor(t)
  const first = await start(baseDir)
  assert.equal(first.startedByUs, true)
  await ask(first.url, 'CREATE TABLE kept AS SELECT 7 AS n')
  await first.stop()
  await assert.rejects(ask(first.url, 'SELECT 1'), { code: 'ECONNREFUSED' })

  const second = await start(baseDir)
  assert.equal(second.url, first.url)
  assert.deepEqual(await ask(second.url, 'SELECT n FROM kept'), [{ n: 7 }])
  assert.equal((await stat(path.join(baseDir, 'password'))).mode & 0o777, 0o600)
})

test('a second start uses the running server, and its stop leaves it running', async t => {
  const baseDir = await baseDirFor(t, baseDirWithPrograms)
  const first = await start(baseDir)
  const second = await start(baseDir)
  assert.deepEqual([second.startedByUs, second.url], [false, first.url])
  await second.stop()
  assert.equal((await ask(first.url, 'SELECT 1')).length, 1)
  await first.stop()
  await assert.rejects(ask(first.url, 'SELECT 1'), { code: 'ECONNREFUSED' })
})

test('a server whose starting process was killed is used again with all that it holds', async t => {
  const baseDir = await baseDirFor(t, baseDirWithPrograms)
  const { child, url, startedByUs } = await startInChild(baseDir)
  assert.equal(startedByUs, true)
  await ask(url, 'CREATE TABLE kept AS SELECT 7 AS n')
  child.kill('SIGKILL')
  await once(child, 'exit')

  const again = await start(baseDir)
  assert.deepEqual([again.startedByUs, again.url], [false, url])
  assert.deepEqual(await ask(again.url, 'SELECT n FROM kept'), [{ n: 7 }])
  await again.stop()
  await assert.rejects(ask(url, 'SELECT 1'), { code: 'ECONNREFUSED' }, 'whoever stops last ends it')
})

test('of processes that start at once in a new directory one starts the server, and all get the same', async t => {
  const baseDir = await baseDirFor(t)
  const [ours, other, child] = await Promise.all([start(baseDir), start(baseDir), startInChild(baseDir)])
  child.child.kill()
  assert.deepEqual([ours, other, child].map(one => one.url).sort(), [ours.url, ours.url, ours.url])
  assert.equal([ours, other, child].filter(one => one.startedByUs).length, 1)
  const leftovers = (await readdir(baseDir, { recursive: true })).filter(name => name.includes('.tmp-'))
  assert.deepEqual(leftovers, [])
})

test('a port that was taken meanwhile is given up for another', async t => {
  const baseDir = await baseDirFor(t, baseDirWithPrograms)
  const first = await start(baseDir)
  await first.stop()
  const squatter = createServer().listen(Number(new URL(first.url).port), '127.0.0.1')
  await once(squatter, 'listening')
  t.after(() => squatter.close())

  const second = await start(baseDir)
  assert.notEqual(new URL(second.url).port, new URL(first.url).port)
  assert.equal((await ask(second.url, 'SELECT 1')).length, 1)
})

test('a package without its links, in a directory of mode 700, still gives a server that runs', async t => {
  const baseDir = await baseDirFor(t)
  const home = path.join(baseDir, 'home')
  await mkdir(home, { mode: 0o700 })
  const { dir, version } = await findBinariesPackage()
  await cp(dir, path.join(home, 'package'), { recursive: true, verbatimSymlinks: true })
  const links = JSON.parse(await readFile(path.join(dir, 'native/pg-symlinks.json'), 'utf8')) as { target: string }[]
  assert.ok(links.length > 0)
  for (const { target } of links) await rm(path.join(home, 'package', target), { force: true })
  await chmod(path.join(home, 'package', 'native', 'bin'), 0o700)

  const binaries = await describePackage(path.join(home, 'package'))
  assert.equal(binaries.version, version)
  const server = await start(baseDir, { binaries })
  assert.equal(server.startedByUs, true)
  for (const { target } of links) await stat(path.join(baseDir, 'pg', version, path.relative('native', target)))
})

test('a copy that is there is not made again', async t => {
  const baseDir = await baseDirFor(t)
  const found = await findBinariesPackage()
  const target = await installBinaries(found, baseDir)
  await writeFile(path.join(target, 'mark'), '')
  assert.equal(await installBinaries(found, baseDir), target)
  await stat(path.join(target, 'mark'))
})

test('settings reach the server, whatever characters they hold', async t => {
  const settings = { 'goldenhour.note': `it's "quoted" $HOME` }
  const baseDir = await baseDirFor(t, baseDirWithPrograms)
  const { url } = await start(baseDir, { settings })
  assert.deepEqual(await ask(url, `SELECT current_setting('goldenhour.note') AS note`), [
    { note: settings['goldenhour.note'] },
  ])
})

test('a platform without a package is refused with the way out', async () => {
  await assert.rejects(findBinariesPackage('plan9', 'mips'), { code: 'binaries-missing', message: /DATABASE_URL/ })
})

test('data of another Postgres version is refused and left as it is', async t => {
  const baseDir = await baseDirFor(t)
  await mkdir(path.join(baseDir, 'data'))
  await writeFile(path.join(baseDir, 'data', 'PG_VERSION'), '9\n')
  await assert.rejects(start(baseDir), { code: 'data-directory-of-other-version', message: /Postgres 9,/ })
  assert.deepEqual(await readdir(path.join(baseDir, 'data')), ['PG_VERSION'])
})

const onlyAsRoot = process.geteuid?.() === 0 ? false : 'Postgres runs as another user only when we are root'

test('as root, a directory that its user may not enter is named', { skip: onlyAsRoot }, async t => {
  const outer = await baseDirFor(t)
  await chmod(outer, 0o700)
  await assert.rejects(start(path.join(outer, 'state')), (error: Error & { code?: string }) => {
    return error.code === 'directory-not-traversable' && error.message.includes(`chmod o+x ${outer}"`)
  })
})
