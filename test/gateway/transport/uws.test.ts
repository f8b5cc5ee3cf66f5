import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { chooseTransport } from '../../../src/gateway/transport/choose.ts'
import { checkBinary, loadUws, UwsUnavailable } from '../../../src/gateway/transport/uws.ts'

const NAME = 'uws_linux_x64_115'

test('a binary that is not the recorded one is not loaded, and the message names both hashes', t => {
  const directory = mkdtempSync(join(tmpdir(), 'goldenhour-uws-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const path = join(directory, `${NAME}.node`)
  writeFileSync(path, 'not a binary')
  assert.throws(
    () => checkBinary(path, NAME),
    (error: unknown) =>
      error instanceof UwsUnavailable &&
      error.message.includes(createHash('sha256').update('not a binary').digest('hex')) &&
      error.message.includes('f4fa5d7b697529b45ac8aa3d57385d9af51bc1d2b26aa9f5b68ca4361542e665') &&
      error.message.includes('npm ci'),
  )
})

test('a platform without a recorded binary is told where there is one', () => {
  assert.throws(() => checkBinary('unused', 'uws_plan9_mips_115'), {
    name: 'UwsUnavailable',
    message: /uws_plan9_mips_115.*Node 20.*glibc 2\.27/s,
  })
})

test('a binary that is not there is a fault of the installation', () => {
  assert.throws(() => checkBinary(join(tmpdir(), 'no-such-file.node'), NAME), {
    name: 'UwsUnavailable',
    message: /npm ci/,
  })
})

const absent = chooseTransport('auto').insteadOfNative
test('the installed binary is the recorded one and loads once', { skip: absent ?? false }, () => {
  assert.equal(loadUws(), loadUws())
  assert.equal(typeof loadUws().App, 'function')
})
