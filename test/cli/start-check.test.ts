/** What `config check` finds out beside the settings, as a start would meet it. */
import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { after, before, type TestContext } from 'node:test'
import { openClient } from '../../src/store/postgres/database.ts'
import { makeCertificate } from '../support/certificate.ts'
import { runHere } from '../support/command-line.ts'
import { emptyDatabase, testDatabase } from '../support/postgres.ts'

let dir: string
let migrated: Awaited<ReturnType<typeof testDatabase>>
before(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'goldenhour-start-check-'))
  migrated = await testDatabase()
})
after(async () => {
  await migrated.drop()
  await rm(dir, { recursive: true, force: true })
})

/** Where nothing stands in the way, but for what a test adds. */
const check = (env: Readonly<Record<string, string>>) =>
  runHere(['config', 'check'], { env: { PORT: '0', GOLDENHOUR_DATA_DIR: path.join(dir, 'data'), ...env } })

async function problemsOf(env: Readonly<Record<string, string>>): Promise<string[]> {
  const { code, stdout, stderr } = await check(env)
  const lines = stderr.trimEnd().split('\n')
  const said = lines.pop()
  if (code === 0) return lines
  assert.deepEqual([code, stdout], [1, ''])
  const count = lines.filter(line => !line.startsWith('warning: ')).length
  assert.equal(said, `error: An engine could not start: ${count} ${count === 1 ? 'thing is' : 'things are'} wrong.`)
  return lines
}

const GOOD = { code: 0, stdout: 'The configuration is good.\n', stderr: '' }

test('a start that nothing stands in the way of is good, and the check leaves nothing behind', async () => {
  assert.deepEqual(await check({}), GOOD)
  assert.deepEqual(await readdir(dir), [])
  for (const DATABASE_URL of [migrated.url, migrated.engineUrl]) assert.deepEqual(await check({ DATABASE_URL }), GOOD)
  const empty = await emptyDatabase()
  assert.deepEqual(await check({ DATABASE_URL: empty.url }), GOOD)
  const session = await openClient(empty.url, { applicationName: 'test' })
  assert.equal((await session.query("SELECT 1 FROM pg_namespace WHERE nspname = 'goldenhour'")).rowCount, 0)
  await session.end()
  await empty.drop()
})

test('a webhook whose secret cannot be read, or that asks for what is no event, is no start', async () => {
  const set = (hook: object) => ({
    GOLDENHOUR_WEBHOOKS: JSON.stringify([{ name: 'cad', url: 'https://example.org/', ...hook }]),
  })
  const secretFile = path.join(dir, 'cad.secret')
  assert.deepEqual(await problemsOf(set({ secretFile })), [
    `The secret of the webhook cad cannot be read from ${secretFile} (ENOENT).`,
  ])
  await writeFile(secretFile, `whsec_${Buffer.alloc(32).toString('base64')}\n`)
  await chmod(secretFile, 0o644)
  assert.equal(
    (await check(set({ secretFile }))).stderr,
    `warning: secretFile of the webhook cad ${secretFile} can be read or changed by others; chmod 640 it, or 600.\n`,
  )
  await chmod(secretFile, 0o600)
  assert.deepEqual(await check(set({ secretFile })), GOOD)
  assert.deepEqual(await problemsOf(set({ secretFile, events: ['TripEnded'] })), [
    'The webhook cad asks for TripEnded, which is no event; docs/protocol/events.md lists them.',
  ])
  await rm(secretFile)
})

test('a certificate that cannot be read, is none, or has another key is no start', async () => {
  const files = path.join(dir, 'tls')
  await mkdir(files)
  const [one, other] = [makeCertificate('one'), makeCertificate('other')]
  const old = makeCertificate('old', { goodForS: -60 })
  const at = (name: string) => path.join(files, name)
  for (const [name, text] of [
    ['cert', one.cert],
    ['key', one.key],
    ['other', other.key],
    ['text', 'no certificate'],
    ['old', old.cert],
    ['oldkey', old.key],
  ] as const) {
    await writeFile(at(name), text, { mode: 0o600 })
  }
  const tls = (cert: string, key: string) => ({ GOLDENHOUR_TLS_CERT: at(cert), GOLDENHOUR_TLS_KEY: at(key) })
  assert.deepEqual(await check(tls('cert', 'key')), GOOD)
  assert.match((await problemsOf(tls('nofile', 'key'))).join(), /nofile cannot be read .*check the path/)
  assert.match((await problemsOf(tls('text', 'key'))).join(), /no certificate and its key/)
  assert.match((await problemsOf(tls('cert', 'other'))).join(), /no certificate and its key/)
  const expired = await check(tls('old', 'oldkey'))
  assert.deepEqual([expired.code, /^warning: the certificate .* has expired/.test(expired.stderr)], [0, true])
})

test('a database that does not answer, or is not for this version or clock, is no start', async t => {
  assert.match(
    (await problemsOf({ DATABASE_URL: 'postgres://127.0.0.1:1/gh' })).join(),
    /DATABASE_URL .*nothing listens/,
  )
  const silent = await listening(t, createServer())
  const began = performance.now()
  const said = await problemsOf({ DATABASE_URL: `postgres://127.0.0.1:${silent}/gh` })
  assert.match(said.join(), /DATABASE_URL .*does not answer/)
  assert.ok(performance.now() - began < 30_000)

  const newer = await testDatabase()
  t.after(() => newer.drop())
  const session = await openClient(newer.url, { applicationName: 'test' })
  await session.query('INSERT INTO log.clock VALUES (true, 0, 0, 1) ON CONFLICT DO NOTHING')
  await session
    .query(`INSERT INTO log.records (region, position, epoch, recorded_at_ms, principal, events)
    SELECT 'r', 1, 1, 1, 'x', '[]'`)
    .catch(error => assert.fail(String(error)))
  assert.match(
    (await problemsOf({ DATABASE_URL: newer.url, GOLDENHOUR_CLOCK_RATE: '60' })).join(),
    /recorded at GOLDENHOUR_CLOCK_RATE=1, and 60 was asked for/,
  )
  await session.query("INSERT INTO goldenhour.migrations VALUES ('9999-later', '2099-01-01T00:00:00.000Z')")
  await session.end()
  assert.match((await problemsOf({ DATABASE_URL: newer.url })).join(), /newer Goldenhour \(it has 9999-later\)/)
})

test('a role that may not bring the database up to date is no start', async t => {
  const empty = await emptyDatabase()
  t.after(() => empty.drop())
  const { username } = new URL(empty.engineUrl)
  assert.match(
    (await problemsOf({ DATABASE_URL: empty.engineUrl })).join(),
    new RegExp(`role ${username} may not bring`),
  )
})

test('a data directory that cannot be written, is a file, or is everybody’s is no start', async () => {
  const file = path.join(dir, 'file')
  await writeFile(file, '')
  for (const place of [file, path.join(file, 'below')]) {
    const [problem] = await problemsOf({ GOLDENHOUR_DATA_DIR: place })
    assert.match(
      problem!,
      /^The data directory .* cannot be used: there is a file in its place .*GOLDENHOUR_DATA_DIR\.$/,
    )
  }
  const open = path.join(dir, 'open')
  await mkdir(open)
  await chmod(open, 0o777)
  assert.match((await problemsOf({ GOLDENHOUR_DATA_DIR: open })).join(), /Everybody may write into the data directory/)
  const made = path.join(dir, 'made')
  await mkdir(path.join(made, 'data'), { recursive: true })
  await writeFile(path.join(made, 'data/PG_VERSION'), '9\n')
  assert.match((await problemsOf({ GOLDENHOUR_DATA_DIR: made })).join(), /made by Postgres 9, and this is \d+/)
})

test('a port that another program has is no start; one of another Goldenhour is waited for', async t => {
  const held = await listening(t, createServer())
  const on = (port: number) => ({ PORT: String(port), GOLDENHOUR_HOST: '127.0.0.1' })
  assert.match(
    (await problemsOf(on(held))).join(),
    /Port \d+ of 127\.0\.0\.1 cannot be listened on: another program has it/,
  )
  const ours = createHttpServer((_, response) => response.end('{"type":"urn:goldenhour:error:not-found"}'))
  const port = await listening(t, ours)
  const { code, stderr } = await check(on(port))
  assert.deepEqual([code, /^warning: another Goldenhour has the port \d+/.test(stderr)], [0, true], stderr)
})

test('everything that stands in the way is told at once', async t => {
  const held = await listening(t, createServer())
  const problems = await problemsOf({
    ...{ PORT: String(held), GOLDENHOUR_HOST: '127.0.0.1', DATABASE_URL: 'postgres://127.0.0.1:1/gh' },
    ...{ GOLDENHOUR_TLS_CERT: 'nofile.pem', GOLDENHOUR_TLS_KEY: 'nokey.pem' },
  })
  assert.equal(problems.length, 3)
})

async function listening(t: TestContext, server: Server): Promise<number> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}
