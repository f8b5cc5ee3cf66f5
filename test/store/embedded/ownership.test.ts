/** What lies in a data directory and is not ours alone. */
import assert from 'node:assert/strict'
import { chmod, chown, rm, stat, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test, { type TestContext } from 'node:test'
import { startEmbeddedPostgres } from '../../../src/store/embedded/embedded-postgres.ts'
import { requireOwnDirectory, requireOwnSecret } from '../../../src/store/embedded/ownership.ts'
import { temporaryBaseDir } from '../../support/postgres.ts'

const STRANGER = 65_533
const UNSAFE = { code: 'data-directory-unsafe' }
const isRoot = process.geteuid?.() === 0

async function directory(t: TestContext): Promise<string> {
  const dir = await temporaryBaseDir()
  t.after(() => rm(dir, { recursive: true, force: true }))
  return dir
}

async function warningsOf(check: (warn: (message: string) => void) => Promise<void>): Promise<string[]> {
  const warnings: string[] = []
  await check(message => warnings.push(message))
  return warnings
}

test('a data directory that everybody may write to is refused, and one that its group may is warned of', async t => {
  const dir = await directory(t)
  const check = () => warningsOf(warn => requireOwnDirectory(dir, warn))
  assert.deepEqual(await check(), [])
  await chmod(dir, 0o775)
  assert.equal((await check()).length, 1)
  for (const mode of [0o757, 0o777, 0o1777]) {
    await chmod(dir, mode)
    await assert.rejects(check(), { ...UNSAFE, message: /chmod o-w/ })
  }
})

test('a directory of another user, with a password of theirs, is not taken', { skip: !isRoot }, async t => {
  const dir = await directory(t)
  await chown(dir, STRANGER, STRANGER)
  await writeFile(path.join(dir, 'password'), 'a password that a stranger knows', { mode: 0o600 })
  await assert.rejects(startEmbeddedPostgres({ baseDir: dir, log: () => undefined }), {
    ...UNSAFE,
    message: new RegExp(`user with the id ${STRANGER}`),
  })
  await chown(dir, 0, 0)
  await chown(path.join(dir, 'password'), STRANGER, STRANGER)
  await assert.rejects(
    warningsOf(warn => requireOwnSecret(path.join(dir, 'password'), warn)),
    UNSAFE,
  )
})

test('a password file that others could read is closed and warned of; one that they could write is refused', async t => {
  const file = path.join(await directory(t), 'password')
  await writeFile(file, 'secret', { mode: 0o600 })
  const check = () => warningsOf(warn => requireOwnSecret(file, warn))
  assert.deepEqual(await check(), [])
  await chmod(file, 0o644)
  assert.equal((await check()).length, 1)
  assert.equal((await stat(file)).mode & 0o777, 0o600)
  assert.deepEqual(await check(), [])
  for (const mode of [0o606, 0o660]) {
    await chmod(file, mode)
    await assert.rejects(check(), UNSAFE)
  }
})

test('a password file that leads elsewhere is refused', async t => {
  const dir = await directory(t)
  const [file, other] = [path.join(dir, 'password'), path.join(dir, 'other')]
  await writeFile(other, 'secret', { mode: 0o600 })
  await symlink(other, file)
  await assert.rejects(
    warningsOf(warn => requireOwnSecret(file, warn)),
    UNSAFE,
  )
})
