import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { after, before } from 'node:test'
import { loadOrCreateSigningKey } from '../../src/access/tables/key-table.ts'
import { KeyRing, verifyToken } from '../../src/access/tokens.ts'
import { startEmbeddedPostgres } from '../../src/store/embedded/embedded-postgres.ts'
import { openDatabase } from '../../src/store/postgres/database.ts'
import { ReferenceStore } from '../../src/store/reference/reference-store.ts'
import { runHere, runProcess } from '../support/command-line.ts'
import { baseDirWithPrograms, emptyDatabase, stopServerIn } from '../support/postgres.ts'

let database: Awaited<ReturnType<typeof emptyDatabase>>
let dir: string

before(async () => {
  database = await emptyDatabase()
  dir = await mkdtemp(path.join(tmpdir(), 'goldenhour-cli-'))
})
after(async () => {
  await database.drop()
  await rm(dir, { recursive: true, force: true })
})

function goldenhour(args: readonly string[], env: Readonly<Record<string, string>> = {}, run = runHere) {
  return run(args, { env: { DATABASE_URL: database.url, ...env } })
}

async function csv(...lines: string[]): Promise<string> {
  const file = path.join(dir, 'units.csv')
  await writeFile(file, lines.join('\r\n'))
  return file
}

const HEADER = 'unit_id,call_sign,level_of_care,capabilities,home_station'

test('a process and a call in this one say the same, and end with the same code', async () => {
  const commands = [
    ['token', '--role', 'boss'],
    ['config', 'docs'],
  ]
  for (const command of commands) {
    assert.deepEqual(await goldenhour(command, {}, runProcess), await goldenhour(command), command.join(' '))
  }
})

test('every command explains itself with --help and ends with 0', async () => {
  const commands = [
    [],
    ['serve'],
    ['token'],
    ['demo'],
    ['migrate'],
    ['region', 'add'],
    ['region', 'list'],
    ['import', 'units'],
    ['import', 'stations'],
    ['import', 'hospitals'],
  ]
  for (const ran of await Promise.all(commands.map(command => goldenhour([...command, '--help'], { PORT: 'bad' })))) {
    assert.equal(ran.code, 0)
    assert.match(ran.stdout, /^Usage: goldenhour/)
  }
})

test('wrong usage ends with 2 and says on standard error what is wrong', async () => {
  const wrong: [string[], RegExp][] = [
    [[], /Usage/],
    [['fly'], /unknown command 'fly'/],
    [['region', 'add'], /missing required argument 'region'/],
    [['region', 'add', 'x', '--mode', 'asked'], /ordered, offered/],
    [['token', '--region', 'metro'], /--role/],
    [['token', '--role', 'boss', '--region', 'metro'], /dispatcher/],
    [['token', '--role', 'admin', '--region', 'Metro'], /a-z 0-9/],
    [['token', '--role', 'admin', '--region', 'metro', '--ttl', '3w'], /30s, 15m, 12h or 7d/],
    [['token', '--role', 'admin', '--region', 'metro', '--ttl', '999999d'], /At most 30d/],
    [['token', '--role', 'admin', '--region', 'metro', '--subject', 'a\nb'], /without control characters/],
    [['token', '--role', 'driver', '--region', 'metro'], /--unit is needed/],
    [['token', '--role', 'dispatcher', '--region', 'metro', '--unit', 'M1'], /--unit is needed/],
  ]
  const runs = wrong.map(async ([args, message]) => {
    const ran = await goldenhour(args)
    assert.equal(ran.code, 2, args.join(' '))
    assert.match(ran.stderr, message)
    assert.equal(ran.stdout, '')
  })
  await Promise.all(runs)
})

test('a failure ends with 1 and one line, and with its stack only when debugging', async () => {
  for (const [name, value] of [
    ['DATABASE_URL', 'postgres://localhost:1/none'],
    ['PORT', 'http'],
  ] as const) {
    const ran = await goldenhour(['migrate'], { [name]: value }, runProcess)
    assert.equal(ran.code, 1)
    assert.match(
      ran.stderr,
      /^error: .*(of DATABASE_URL \(postgres:\/\/localhost:1\/none\) .*ECONNREFUSED|PORT must).*\n$/,
    )
  }
  const debug = await goldenhour(['migrate'], {
    DATABASE_URL: 'postgres://127.0.0.1:1/none',
    GOLDENHOUR_LOG_LEVEL: 'debug',
  })
  assert.match(debug.stderr, /\n {4}at /)
})

test('regions and units go in and come out, on a database that nothing has migrated yet', async () => {
  assert.equal((await goldenhour(['region', 'add', 'metro', '--name', 'Metro', '--time-zone', 'Europe/Paris'])).code, 0)
  assert.equal((await goldenhour(['region', 'list'])).stdout, 'metro\tordered\tEurope/Paris\tMetro\n')
  assert.equal((await goldenhour(['migrate'])).stdout, 'The schema is up to date.\n')

  const file = await csv(
    `\uFEFF${HEADER}`,
    'M1,"Medic ""1"", North",als,neonatal; bariatric,ST-1',
    '',
    'M2,Basic,bls,,',
    '',
  )
  assert.equal(
    (await goldenhour(['import', 'units', file, '--region', 'metro'])).stdout,
    'Imported 2 units into metro.\n',
  )
  assert.deepEqual(await units(), [
    {
      unitId: 'M1',
      callSign: 'Medic "1", North',
      levelOfCare: 'als',
      transports: true,
      capabilities: ['neonatal', 'bariatric'],
      homeStation: 'ST-1',
    },
    { unitId: 'M2', callSign: 'Basic', levelOfCare: 'bls', transports: true, capabilities: [], homeStation: null },
  ])
})

test('a token names its bearer, is good for the time asked for, and verifies with the stored key', async () => {
  await goldenhour(['region', 'add', 'north'])
  const args = ['--role', 'driver', '--region', 'metro', '--region', 'north', '--unit', 'M1', '--ttl', '15m']
  const ran = await goldenhour(['token', ...args])
  const queries = openDatabase(database.url)
  const key = await loadOrCreateSigningKey(queries)
  await queries.destroy()
  const token = ran.stdout.trimEnd()
  const verified = await verifyToken(token, new KeyRing([key]))
  assert.ok(verified.ok)
  const { sub, role, regions, unit } = verified.value
  assert.deepEqual(
    { sub, role, regions, unit },
    { sub: 'cli:M1', role: 'driver', regions: ['metro', 'north'], unit: 'M1' },
  )
  const { iat, exp } = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString())
  assert.equal(exp - iat, 900)
})

const signed = async () => {
  const { stdout } = await goldenhour(['audit', 'list', '--action', 'token-signed', '--json'])
  return stdout
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
}

test('a token is in the audit, for whom, for what and for how long, and never the token itself', async () => {
  const before = (await signed()).length
  const { stdout } = await goldenhour(['token', '--role', 'admin', '--region', 'metro', '--ttl', '30d'])
  const all = await signed()
  assert.equal(all.length, before + 1)
  const { actor, outcome, region, subject, details } = all.at(-1)
  assert.deepEqual([actor, outcome, region, subject], ['command-line', 'done', 'metro', 'cli:admin'])
  assert.deepEqual(details, { role: 'admin', regions: ['metro'], unit: null, ttlS: 30 * 86_400 })
  assert.ok(!JSON.stringify(all).includes(stdout.trimEnd()))
})

test('a token for what does not exist is not signed, nor in the audit', async () => {
  const before = (await signed()).length
  const region = await goldenhour(['token', '--role', 'dispatcher', '--region', 'nowhere'])
  assert.deepEqual([region.code, region.stdout], [1, ''])
  assert.match(region.stderr, /region nowhere does not exist; .*region list/)
  const unit = await goldenhour(['token', '--role', 'driver', '--region', 'metro', '--unit', 'M99'])
  assert.deepEqual([unit.code, unit.stdout], [1, ''])
  assert.match(unit.stderr, /Unit M99 does not exist in metro/)
  assert.equal((await signed()).length, before)
})

test('a command starts the embedded database if none answers, and stops it unless somebody else uses it', async t => {
  const baseDir = await baseDirWithPrograms()
  t.after(async () => {
    await stopServerIn(baseDir)
    await rm(baseDir, { recursive: true, force: true })
  })
  const embedded = { DATABASE_URL: '', GOLDENHOUR_DATA_DIR: baseDir }
  assert.equal((await goldenhour(['region', 'add', 'metro'], embedded, runProcess)).code, 0)

  const server = await startEmbeddedPostgres({ baseDir, log: () => undefined })
  assert.equal(server.startedByUs, true, 'the command stopped its server')
  assert.match((await goldenhour(['region', 'list'], embedded)).stdout, /^metro\t/)
  const joined = await startEmbeddedPostgres({ baseDir, log: () => undefined })
  assert.equal(joined.startedByUs, false, 'the command left our server running')

  // Connected by its URL alone, as an engine with DATABASE_URL would be.
  const engine = openDatabase(server.url)
  await new ReferenceStore(engine).listRegions()
  await joined.stop()
  await server.stop()
  assert.equal((await new ReferenceStore(engine).listRegions()).length, 1)
  await engine.destroy()
  assert.equal((await goldenhour(['region', 'list'], embedded)).code, 0, 'the command is the last that leaves')
  await assert.rejects(new ReferenceStore(openDatabase(server.url)).listRegions(), { code: 'ECONNREFUSED' })
})

async function units() {
  const queries = openDatabase(database.url)
  try {
    return await new ReferenceStore(queries).listUnits('metro')
  } finally {
    await queries.destroy()
  }
}

test('what people try that there is not is answered with what does it', async () => {
  for (const [args, instead] of [
    [['serve', '--port', '9002'], /unknown option '--port'.*\nThe port is a setting: PORT=9002 goldenhour serve\.\n/],
    [['-v'], /unknown option '-v'\nThe version is told by -V\.\n/],
    [
      ['user', 'delete', 'desk-1'],
      /unknown command 'delete'\nNothing that is on record is deleted; .* disabled, and erase takes .* a call\.\n/,
    ],
    [['region', 'delete', 'sf'], /unknown command 'delete'\nNothing that is on record is deleted/],
  ] as const) {
    const { code, stderr } = await goldenhour(args)
    assert.equal(code, 2)
    assert.match(stderr, instead)
  }
})

test('an option that there is not is named before anything else that is wrong', async () => {
  const commands = [
    ['token', '--role', 'boss', '--regoin', 'metro'],
    ['user', 'add', 'x', '--role', 'dispatcher', '--regoin', 'metro'],
    ['device', 'add', '--regoin=metro'],
    ['import', 'units', '--regoin', 'metro'],
    ['region', 'add', 'METRO', '--regoin'],
    ['audit', 'list', '--since', 'never', '--regoin', 'metro'],
    ['demo', '--units', 'many', '--regoin', 'metro'],
    ['key', 'retire', '--regoin'],
    ['serve', '--regoin'],
  ]
  for (const ran of await Promise.all(commands.map(command => goldenhour(command)))) {
    assert.equal(ran.code, 2)
    assert.match(ran.stderr, /^error: unknown option '--regoin(=metro)?'\n/)
  }
  // What follows an option that takes a value, or the end of options, is none.
  const value = await goldenhour(['region', 'add', 'METRO', '--name', '--regoin'])
  assert.match(value.stderr, /argument 'region'/)
  const operand = await goldenhour(['region', 'add', '--', '--regoin'])
  assert.match(operand.stderr, /'--regoin' is invalid for argument 'region'/)
})

test('a region is refused in the words of its options', async () => {
  for (const [args, message] of [
    [['region', 'add', 'METRO'], /argument 'region'\. It must be 1 to 16 characters of a-z 0-9\./],
    [
      ['region', 'add', 'x', '--time-zone', 'Mars'],
      /'--time-zone <zone>' argument 'Mars' is invalid\. It must be an IANA/,
    ],
    [['region', 'add', 'x', '--name', ' '], /'--name <name>' argument ' ' is invalid\. It must be/],
  ] as const) {
    const { code, stderr } = await goldenhour(args)
    assert.equal(code, 2)
    assert.match(stderr, message)
  }
})
