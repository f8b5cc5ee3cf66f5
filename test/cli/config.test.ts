import assert from 'node:assert/strict'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { after, before } from 'node:test'
import { runHere, runProcess } from '../support/command-line.ts'

let dir: string
before(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'goldenhour-cli-config-'))
})
after(() => rm(dir, { recursive: true, force: true }))

const goldenhour = (args: readonly string[], env: Readonly<Record<string, string>> = {}) => runHere(args, { env })

async function file(name: string, content: unknown, mode = 0o600): Promise<string> {
  const whole = path.join(dir, name)
  await writeFile(whole, JSON.stringify(content))
  await chmod(whole, mode)
  return whole
}

test('a good configuration is said to be good, and ends with 0', async () => {
  const name = await file('good.json', { port: 0, dataDir: path.join(dir, 'not/there/yet'), limits: { depth: 9 } })
  for (const ran of await Promise.all([
    goldenhour(['config', 'check', '--config', name]),
    goldenhour(['config', 'check'], { GOLDENHOUR_CONFIG: name }),
  ])) {
    assert.deepEqual(ran, { code: 0, stdout: 'The configuration is good.\n', stderr: '' })
  }
})

test('a bad one ends with 1 and every problem on a line of its own', async () => {
  const name = await file('bad.json', { port: 'http', limits: { depht: 9 }, tls: { certFile: 'a.pem' } })
  const { code, stdout, stderr } = await goldenhour(['config', 'check', '--config', name], { GOLDENHOUR_HOSTS: 'x' })
  assert.deepEqual([code, stdout], [1, ''])
  assert.deepEqual(stderr.split('\n'), [
    'GOLDENHOUR_HOSTS is not a setting; did you mean GOLDENHOUR_HOST?',
    `limits.depht in ${name} is not a setting; did you mean limits.depth?`,
    `port in ${name} must be a whole number from 0 to 65535.`,
    'tls.certFile and tls.keyFile must be set together, or neither.',
    'error: The configuration cannot be used: 4 things are wrong.',
    '',
  ])
})

test('what is printed tells where each value came from, and no secret', async () => {
  const secrets = { DATABASE_URL: 'postgres://user:s3cret-1@db/x' }
  const name = await file('secret.json', { host: '127.0.0.1', auth: { adminPassword: 's3cret-2-s3cret' } }, 0o644)
  const [plain, json] = await Promise.all([
    goldenhour(['config', 'print', '--config', name], { ...secrets, PORT: '1' }),
    goldenhour(['config', 'print', '--config', name, '--json'], { ...secrets, PORT: '1' }),
  ])
  assert.deepEqual([plain.code, json.code], [0, 0])
  for (const { stdout, stderr } of [plain, json]) {
    assert.doesNotMatch(stdout + stderr, /s3cret/)
    assert.match(
      stderr,
      /^warning: .*secret\.json holds auth\.adminPassword and can be read by others; chmod 600 it\.\n$/,
    )
  }
  const lines = plain.stdout.split('\n')
  assert.ok(lines.includes('port = 1  (PORT)'))
  assert.ok(lines.includes(`host = "127.0.0.1"  (host in ${name})`))
  assert.ok(lines.includes('databaseUrl = "***"  (DATABASE_URL)'))
  assert.ok(lines.includes('clockRate = 1  (default)'))
  const values = JSON.parse(json.stdout)
  assert.deepEqual(values['auth.adminPassword'], { value: '***', source: `auth.adminPassword in ${name}` })
  assert.deepEqual(values['limits.depth'], { value: 8, source: 'default' })
  assert.equal(Object.keys(values).length, lines.length - 1)
})

test('the reference of all settings that it prints is docs/configuration.md', async () => {
  const written = await readFile(new URL('../../docs/configuration.md', import.meta.url), 'utf8')
  assert.equal((await goldenhour(['config', 'docs'])).stdout, written)
})

test('serve takes its settings from the file that it is given, and says what is wrong with it', async () => {
  const name = await file('serve.json', { databaseUrl: 'postgres://127.0.0.1:1/none', logLevel: 'silent' })
  const started = await runProcess(['serve', '--config', name])
  assert.equal(started.code, 1)
  assert.match(started.stderr, /ECONNREFUSED/)
  const tls = { certFile: path.join(dir, 'nofile.pem'), keyFile: path.join(dir, 'nokey.pem') }
  const noTls = await file('serve-tls.json', { databaseUrl: 'postgres://127.0.0.1:1/none', logLevel: 'silent', tls })
  const untouched = await runProcess(['serve', '--config', noTls])
  assert.match(untouched.stderr, /^error: .*nofile\.pem cannot be read/, 'before the database is')
  const bad = await runProcess(['serve', '--config', await file('serve-bad.json', { port: 'http' })])
  assert.equal(bad.code, 1)
  assert.match(bad.stderr, /^error: port in .*serve-bad\.json must be a whole number/)
})
