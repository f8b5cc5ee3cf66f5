/** What `npm ci` leaves of a package that brings the binaries of every system. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const SCRIPT = fileURLToPath(new URL('../../bin/own-binaries.js', import.meta.url))
const OWN = [115, 127].map(abi => `uws_${process.platform}_${process.arch}_${abi}.node`)
const FOREIGN = ['uws_plan9_mips_115.node', `uws_${process.platform}_mips_115.node`]

/** A checkout with its modules; or with a link to those of another. */
function checkout(t: TestContext, names: readonly string[], how: 'own' | 'linked' = 'own') {
  const dir = mkdtempSync(path.join(tmpdir(), 'goldenhour-own-'))
  t.after(() => rmSync(dir, { recursive: true }))
  mkdirSync(path.join(dir, 'bin'))
  cpSync(SCRIPT, path.join(dir, 'bin/own-binaries.js'))
  writeFileSync(path.join(dir, 'package.json'), '{"type":"module"}')
  const modules = path.join(dir, how === 'own' ? 'node_modules' : 'elsewhere')
  const uws = path.join(modules, 'uWebSockets.js')
  mkdirSync(uws, { recursive: true })
  if (how === 'linked') symlinkSync(modules, path.join(dir, 'node_modules'))
  for (const name of names) writeFileSync(path.join(uws, name), '')
  const run = async () => {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [path.join(dir, 'bin/own-binaries.js')])
    assert.equal(stdout + stderr, '')
    return readdirSync(uws).sort()
  }
  return { dir, uws, run }
}

test('only the binaries of this system stay, for every Node there is, and all that is no binary', async t => {
  const { run } = checkout(t, [...OWN, ...FOREIGN, 'uws.js', 'LICENSE'])
  const left = [...OWN, 'uws.js', 'LICENSE'].sort()
  assert.deepEqual(await run(), left)
  assert.deepEqual(await run(), left, 'and a second time changes nothing')
})

test('nothing is removed through a link, or where there is none for this system', async t => {
  const linked = checkout(t, [...OWN, ...FOREIGN], 'linked')
  assert.deepEqual(await linked.run(), [...OWN, ...FOREIGN].sort())
  const foreign = checkout(t, FOREIGN)
  assert.deepEqual(await foreign.run(), [...FOREIGN].sort())
})

test('a checkout without the package is left alone', async t => {
  const { uws, dir } = checkout(t, [])
  rmSync(path.dirname(uws), { recursive: true })
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [path.join(dir, 'bin/own-binaries.js')])
  assert.equal(stdout + stderr, '')
})
