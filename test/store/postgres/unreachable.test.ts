import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import test, { after, before } from 'node:test'
import { provideDatabase } from '../../../src/store/embedded/database-server.ts'
import { migrate } from '../../../src/store/postgres/migrate.ts'
import { explainedUnreachable } from '../../../src/store/postgres/unreachable.ts'
import { emptyDatabase } from '../../support/postgres.ts'

let database: Awaited<ReturnType<typeof emptyDatabase>>
before(async () => {
  database = await emptyDatabase()
})
after(() => database.drop())

/** What an operator is told of a first contact with the database at this URL. */
async function told(url: string): Promise<string> {
  const server = await provideDatabase({ databaseUrl: url, dataDir: '/nowhere' }, () => undefined)
  try {
    await migrate(url)
  } catch (error) {
    return (server.explained(error) as Error).message
  }
  return 'nothing'
}

function changed(change: (url: URL) => void): string {
  const url = new URL(database.url)
  change(url)
  return url.href
}

test('a database that cannot be reached is named as the one of DATABASE_URL, without its password, with what to do', async () => {
  const { host, username, password } = new URL(database.url)
  const noDatabase = changed(url => {
    url.pathname = '/nodb'
  })
  const cases: [string, RegExp][] = [
    [
      'postgres://gh:s3cret@127.0.0.1:1/gh',
      /127\.0\.0\.1:1\/gh\).*nothing listens there \(ECONNREFUSED\)\. Start it, or/,
    ],
    ['postgres://gh:s3cret@localhost:1/gh?password=s3cret', /localhost:1\/gh\).*\(ECONNREFUSED\)/],
    ['postgres://gh:s3cret@nohost.invalid/gh', /no host has this name.*Correct the host/],
    [noDatabase, /database \\?"nodb\\?" does not exist".*Create it \(CREATE DATABASE\), or correct the name/],
    [
      changed(url => Object.assign(url, { password: 's3cret' })),
      /password authentication failed.*Correct user and password/,
    ],
    [changed(url => Object.assign(url, { password: '' })), /it asks for a password\. Write one into DATABASE_URL/],
    [`${database.url}?sslmode=verify-full`, /does not speak TLS\. Take sslmode out/],
  ]
  for (const [url, message] of cases) {
    const said = await told(url)
    assert.match(said, message, said)
    assert.match(said, /^The database of DATABASE_URL \(postgres/)
    assert.ok(!said.includes('s3cret') && !said.includes(password), said)
    assert.match(said, /without DATABASE_URL the embedded Postgres is used\.$/)
  }
  assert.ok((await told(noDatabase)).includes(`${username}@${host}/nodb`))
})

test('a connection that was refused is closed, so that it keeps no process', async t => {
  const listener = createServer(socket => {
    const no = 'SFATAL\0C28P01\0Mno\0\0'
    socket.once('data', () => socket.write(Buffer.from(`E\0\0\0${String.fromCharCode(4 + no.length)}${no}`, 'latin1')))
    socket.on('close', () => listener.close())
    socket.on('error', () => undefined)
  })
  await new Promise<void>(resolve => listener.listen(0, '127.0.0.1', resolve))
  t.after(() => listener.close())
  const { port } = listener.address() as { port: number }
  assert.match(await told(`postgres://gh@127.0.0.1:${port}/gh`), /it says "no"/)
  await new Promise(resolve => listener.once('close', resolve))
})

test('an error that says nothing against the connection stays what it is', async () => {
  const denied = { code: '42501', severity: 'ERROR' }
  const errors = [
    new Error('There is no region nowhere.'),
    Object.assign(new Error('permission denied for table records'), denied, { routine: 'aclcheck_error' }),
    Object.assign(new Error('no such file'), { code: 'ENOENT', syscall: 'open' }),
    'text',
  ]
  for (const error of errors) assert.equal(explainedUnreachable(error, database.url), null)
  const connect = Object.assign(new Error('permission denied for database'), denied, { routine: 'CheckMyDatabase' })
  assert.notEqual(explainedUnreachable(connect, database.url), null)
})
