import assert from 'node:assert/strict'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { after, before } from 'node:test'
import { configurationDocument, InvalidConfig, inspectConfig, readConfig } from '../../src/config/index.ts'
import { nearest } from '../../src/config/nearest.ts'
import { DEFAULT_LIMITS } from '../../src/protocol/limits.ts'

let dir: string
before(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'goldenhour-config-'))
})
after(() => rm(dir, { recursive: true, force: true }))

async function file(content: unknown, mode = 0o600): Promise<string> {
  const name = path.join(dir, 'goldenhour.json')
  await writeFile(name, typeof content === 'string' ? content : JSON.stringify(content))
  await chmod(name, mode)
  return name
}

/** What is wrong with an environment, and a file if there is one. */
async function wrong(env: NodeJS.ProcessEnv, content?: unknown): Promise<string[]> {
  const name = content === undefined ? undefined : await file(content)
  const { config, problems } = inspectConfig(env, name)
  assert.equal(config === null, problems.length > 0)
  return problems.map(problem => (name === undefined ? problem : problem.replaceAll(name, 'FILE')))
}

test('nothing set gives the defaults, those of the protocol included', () => {
  const { dataDir, ...rest } = readConfig({})
  assert.match(dataDir, /^\/.*goldenhour$/)
  assert.deepEqual(rest, {
    port: 9001,
    host: '0.0.0.0',
    databaseUrl: null,
    clockRate: 1,
    transport: 'auto',
    logFormat: 'auto',
    logLevel: 'info',
    drainLimitMs: 10_000,
    tls: null,
    routing: null,
    map: null,
    allowedOrigins: [],
    trustedProxies: [],
    metricsFrom: [],
    ownNames: [],
    filesKept: 100,
    retention: { segmentsDays: 0, packHours: 0, archiveDir: null, personalDays: 0 },
    webhooks: [],
    auth: {
      accessTokenS: 600,
      refreshTokenS: 86_400,
      sessionMaxAgeS: 86_400,
      adminPassword: null,
      scryptLogN: 17,
      oidc: [],
    },
    limits: DEFAULT_LIMITS,
  })
})

test('each variable is read in its own form', () => {
  const config = readConfig({
    PORT: '8080',
    GOLDENHOUR_HOST: '127.0.0.1',
    DATABASE_URL: 'postgresql://u:p@db/name',
    GOLDENHOUR_DATA_DIR: '/srv/gh',
    GOLDENHOUR_CLOCK_RATE: '5e-1',
    GOLDENHOUR_TRANSPORT: 'portable',
    GOLDENHOUR_LOG_FORMAT: 'text',
    GOLDENHOUR_LOG_LEVEL: 'debug',
    GOLDENHOUR_DRAIN_LIMIT_MS: '0',
    GOLDENHOUR_TLS_CERT: '/srv/cert.pem',
    GOLDENHOUR_TLS_KEY: '/srv/key.pem',
    GOLDENHOUR_ROUTING_SERVER: 'http://router:8002/valhalla/',
    GOLDENHOUR_ROUTING_KIND: 'valhalla',
    GOLDENHOUR_ROUTING_TIMEOUT_MS: '250',
    GOLDENHOUR_ADMIN_PASSWORD: 'correct horse battery',
    GOLDENHOUR_ALLOWED_ORIGINS: 'https://console.example.org, http://localhost:5173',
    GOLDENHOUR_TRUSTED_PROXIES: '10.0.0.0/8,::1',
    GOLDENHOUR_METRICS_FROM: '192.0.2.7',
    GOLDENHOUR_OIDC: '[{"issuer": "https://id.example.org", "audience": "goldenhour", "prefix": "corp"}]',
    GOLDENHOUR_OWN_NAMES: 'dispatch.example.org,engine',
    GOLDENHOUR_FILES_KEPT: '200',
    GOLDENHOUR_RETENTION_SEGMENTS_DAYS: '400',
    GOLDENHOUR_RETENTION_ARCHIVE_DIR: '/srv/archive',
    GOLDENHOUR_RETENTION_PERSONAL_DAYS: '3650',
    GOLDENHOUR_LIMITS_HELLO_TIMEOUT_MS: '5000',
    GOLDENHOUR_LIMITS_RATES_COMMAND_CONNECTION_PER_S: '7',
  })
  const { limits, auth, tls, routing, map: _, allowedOrigins, trustedProxies, metricsFrom, ...rest } = config
  assert.deepEqual(rest, {
    port: 8080,
    host: '127.0.0.1',
    databaseUrl: 'postgresql://u:p@db/name',
    dataDir: '/srv/gh',
    clockRate: 0.5,
    transport: 'portable',
    logFormat: 'text',
    logLevel: 'debug',
    drainLimitMs: 0,
    ownNames: ['dispatch.example.org', 'engine'],
    filesKept: 200,
    webhooks: [],
    retention: { segmentsDays: 400, packHours: 0, archiveDir: '/srv/archive', personalDays: 3_650 },
  })
  assert.deepEqual(tls, { certFile: '/srv/cert.pem', keyFile: '/srv/key.pem' })
  assert.deepEqual(routing, {
    kind: 'valhalla',
    url: 'http://router:8002/valhalla',
    timeoutMs: 250,
    maxPlaces: 100,
  })
  assert.deepEqual(allowedOrigins, ['https://console.example.org', 'http://localhost:5173'])
  assert.deepEqual(trustedProxies, ['10.0.0.0/8', '::1'])
  assert.deepEqual(metricsFrom, ['192.0.2.7'])
  assert.equal(auth.adminPassword, 'correct horse battery')
  assert.deepEqual(auth.oidc, [
    {
      issuer: 'https://id.example.org',
      audience: 'goldenhour',
      jwksUri: null,
      prefix: 'corp',
      roleClaim: 'role',
      regionsClaim: 'regions',
      unitClaim: 'unit',
    },
  ])
  assert.equal(limits.helloTimeoutMs, 5_000)
  assert.equal(limits.rates.command.connectionPerS, 7)
})

test('a variable wins over the file, and the file over the default', async () => {
  const name = await file({ port: 1, host: 'one', limits: { depth: 9, rates: { fix: { burstS: 2.5 } } } })
  const { port, host, limits } = readConfig({ PORT: '2', GOLDENHOUR_CONFIG: name })
  assert.deepEqual([port, host, limits.depth, limits.nodes], [2, 'one', 9, DEFAULT_LIMITS.nodes])
  assert.deepEqual(limits.rates.fix, { ...DEFAULT_LIMITS.rates.fix, burstS: 2.5 })
  assert.equal(readConfig({ GOLDENHOUR_CONFIG: '/nowhere.json' }, name).port, 1)
  const { values } = inspectConfig({ PORT: '2' }, name)
  const source = (key: string) => values.find(({ setting }) => setting.key === key)?.source
  assert.deepEqual(['port', 'host', 'logLevel'].map(source), ['PORT', `host in ${name}`, 'default'])
})

test('an empty variable counts as not set', () => {
  assert.deepEqual(readConfig({ PORT: '', DATABASE_URL: '', GOLDENHOUR_WHATEVER: '' }), readConfig({}))
})

test('an allowed origin may have any scheme that a web view uses, and is written as a browser sends it', () => {
  for (const origin of [
    'https://console.example.org',
    'http://localhost:5173',
    'http://[::1]:9001',
    'capacitor://localhost',
    'ionic://localhost',
    'tauri://localhost:1420',
    'chrome-extension://abcdefghijklmnopabcdefghijklmnop',
    'file://',
    '*',
  ]) {
    assert.deepEqual(readConfig({ GOLDENHOUR_ALLOWED_ORIGINS: origin }).allowedOrigins, [origin])
  }
  for (const origin of [
    'null',
    'localhost',
    'https://',
    'https://a.org/',
    'https://a.org:443',
    'https://A.org',
    'https://a.org:99999',
    'https://me@a.org',
    'capacitor://localhost/',
    'capacitor:localhost',
    'Capacitor://localhost',
    '://localhost',
    'capacitor://*',
  ]) {
    assert.throws(() => readConfig({ GOLDENHOUR_ALLOWED_ORIGINS: origin }), /must be "\*" or an origin/, origin)
  }
})

test('nothing of the configuration can be changed, however deep', () => {
  const { GOLDENHOUR_OIDC } = {
    GOLDENHOUR_OIDC: '[{"issuer": "https://id.example.org", "audience": "a", "prefix": "corp"}]',
  }
  const thaw = (value: unknown): unknown[] =>
    typeof value !== 'object' || value === null
      ? []
      : [...(Object.isFrozen(value) ? [] : [value]), ...Object.values(value).flatMap(thaw)]
  assert.deepEqual(thaw(readConfig({ GOLDENHOUR_OIDC })), [])
})

test('a bad value is refused by the name of its variable', () => {
  for (const [name, values] of Object.entries({
    PORT: ['-1', '65536', 'http', '80.5', ' 80', '0x50', '99999999999999999999'],
    DATABASE_URL: ['localhost', 'mysql://db/name'],
    GOLDENHOUR_CLOCK_RATE: ['0', '-1', 'fast', 'Infinity', '1e9'],
    GOLDENHOUR_LOG_LEVEL: ['loud', 'INFO'],
    GOLDENHOUR_DRAIN_LIMIT_MS: ['10s'],
    GOLDENHOUR_ADMIN_PASSWORD: ['short'],
    GOLDENHOUR_LIMITS_DEPTH: ['33', '5'],
    GOLDENHOUR_LIMITS_IDLE_TIMEOUT_S: ['7', '961'],
    GOLDENHOUR_OIDC: ['{', '{}', '"x"'],
  })) {
    for (const value of values) {
      assert.throws(
        () => readConfig({ [name]: value }),
        (error: Error) => error instanceof InvalidConfig && error.message.startsWith(`${name} must be`),
        `${name}=${value}`,
      )
    }
  }
})

test('a bad part of a list is named by its place', async () => {
  assert.deepEqual(await wrong({ GOLDENHOUR_ALLOWED_ORIGINS: 'https://a.org,https://b.org/path,b.org' }), [
    'GOLDENHOUR_ALLOWED_ORIGINS[1] must be "*" or an origin such as https://console.example.org or capacitor://localhost.',
    'GOLDENHOUR_ALLOWED_ORIGINS[2] must be "*" or an origin such as https://console.example.org or capacitor://localhost.',
  ])
  const bad = ['10.0.0.0/33', '::/129', '10.0.0', 'fe80::1%eth0/64', '10.0.0.0/8/8', '10.0.0.0/']
  assert.equal((await wrong({}, { trustedProxies: ['10.0.0.0/32', '::/128', ...bad] })).length, bad.length)
  assert.deepEqual(await wrong({}, { trustedProxies: [7] }), [
    'trustedProxies[0] in FILE must be an address or a CIDR such as 10.0.0.0/8.',
  ])
})

test('an issuer whose keys could be read or changed on the way is refused, and so is one that could pass for a user', async () => {
  const issuer = { issuer: 'https://id.example.org', audience: 'a', prefix: 'corp' }
  const places = async (...oidc: unknown[]) =>
    (await wrong({}, { auth: { oidc } })).map(problem => problem.replace(/ in FILE must .*/, ''))
  assert.deepEqual(await places(issuer, { ...issuer, issuer: 'http://127.0.0.1:8080', prefix: 'b' }), [])
  assert.deepEqual(await places(issuer, { ...issuer, issuer: 'http://[::1]:1', prefix: 'b' }), [])
  for (const url of ['http://id.example.org', 'http://127.evil.org', 'ftp://127.0.0.1', 'id.example.org', 7]) {
    assert.deepEqual(await places({ ...issuer, issuer: url }), ['auth.oidc[0].issuer'], String(url))
    assert.deepEqual(await places({ ...issuer, jwksUri: url }), ['auth.oidc[0].jwksUri'], String(url))
  }
  for (const prefix of ['', 'device', 'cli', 'system', 'a:b', 'Corp', undefined]) {
    assert.deepEqual(await places({ ...issuer, prefix }), ['auth.oidc[0].prefix'], String(prefix))
  }
  assert.deepEqual(await wrong({}, { auth: { oidc: [{ ...issuer, jwks: 'x' }] } }), [
    'auth.oidc[0] in FILE must not have the key jwks.',
  ])
  assert.equal((await wrong({}, { auth: { oidc: [issuer, { ...issuer, audience: 'b' }] } })).length, 2)
})

test('a webhook has a name, an address and a secret, and patients are told of behind https alone', async () => {
  const secret = `whsec_${Buffer.alloc(24).toString('base64')}`
  const hook = { name: 'cad', url: 'http://10.0.0.7/goldenhour?from=1', secret }
  const problems = async (...webhooks: unknown[]) => wrong({}, { webhooks })
  const { webhooks } = readConfig({
    GOLDENHOUR_WEBHOOKS: JSON.stringify([{ ...hook, secret: null, secretFile: 'cad' }]),
  })
  assert.deepEqual(webhooks, [
    {
      ...hook,
      secret: null,
      secretFile: path.resolve('cad'),
      events: [],
      regions: [],
      personalData: false,
      timeoutMs: 15_000,
    },
  ])
  assert.deepEqual(await problems(hook, { ...hook, name: 'b', secret: `${secret} ${secret}` }), [])
  for (const [bad, place] of [
    [{ name: 'CAD' }, 'name'],
    [{ url: 'https://user@host/' }, 'url'],
    [{ url: 'ftp://host/' }, 'url'],
    [{ secret: 'whsec_short' }, 'secret'],
    [{ secret: `${secret} ${secret} ${secret}` }, 'secret'],
    [{ events: ['trip-closed'] }, 'events[0]'],
    [{ regions: ['AKL'] }, 'regions[0]'],
    [{ personalData: 'yes' }, 'personalData'],
    [{ timeoutMs: 99 }, 'timeoutMs'],
  ] as const) {
    const [problem, ...others] = await problems({ ...hook, ...bad })
    assert.ok(problem!.startsWith(`webhooks[0].${place} in FILE must be `), problem)
    assert.deepEqual(others, [])
    assert.ok(!problem!.includes('whsec_AA'))
  }
  assert.match((await problems(hook, hook))[0]!, /each with a name of its own/)
  const many = Array.from({ length: 17 }, (_, n) => ({ ...hook, name: `h${n}` }))
  assert.match((await problems(...many))[0]!, /^webhooks must be at most 16/)
  for (const secrets of [{ secret: null }, { secretFile: 'cad' }])
    assert.match((await problems({ ...hook, ...secrets }))[0]!, /either secret or secretFile/)
  assert.match((await problems({ ...hook, personalData: true }))[0]!, /must have an https URL/)
  for (const url of ['https://example.org/', 'http://127.0.0.1:8080/'])
    assert.deepEqual(await problems({ ...hook, personalData: true, url }), [])
})

test('a key or variable that is no setting is refused with the one that was probably meant', async () => {
  assert.deepEqual(
    await wrong({ GOLDENHOUR_LIMITS_DEPHT: '9' }, { prot: 1, limits: { helloTimeout: 1, rates: { fixes: {} } } }),
    [
      'GOLDENHOUR_LIMITS_DEPHT is not a setting; did you mean GOLDENHOUR_LIMITS_DEPTH?',
      'prot in FILE is not a setting; did you mean port?',
      'limits.helloTimeout in FILE is not a setting; did you mean limits.helloTimeoutMs?',
      'limits.rates.fixes in FILE is not a setting; did you mean limits.rates.fix.burstS?',
    ],
  )
  assert.deepEqual(await wrong({}, { limits: 7, tls: null }), ['limits in FILE must be an object.'])
})

test('a variable that has no prefix is named where it was given one', async () => {
  assert.deepEqual(await wrong({ GOLDENHOUR_PORT: '9002', GOLDENHOUR_DATABASE_URL: 'x' }), [
    'GOLDENHOUR_PORT is not a setting; did you mean PORT?',
    'GOLDENHOUR_DATABASE_URL is not a setting; did you mean DATABASE_URL?',
  ])
})

test('variables of tests and of other programs are left alone', async () => {
  assert.deepEqual(await wrong({ GOLDENHOUR_TEST_LONG: '1', GOLDEN: 'x', LIMITS_DEPTH: 'x' }), [])
})

test('everything that is wrong is told at once, with where it came from, and no secret is', async () => {
  const problems = await wrong(
    { PORT: 'x', DATABASE_URL: 'mysql://u:s3cret@db/name', GOLDENHOUR_HOSTS: 's3cret' },
    { auth: { adminPassword: 's3cret' }, drainLimitMs: '10', limits: { thinBytes: 8_388_608 } },
  )
  assert.deepEqual(problems, [
    'GOLDENHOUR_HOSTS is not a setting; did you mean GOLDENHOUR_HOST?',
    'PORT must be a whole number from 0 to 65535.',
    'DATABASE_URL must be a URL such as postgres://user:password@host:5432/name, with @ / : # ? % in user and password written as %40 %2F %3A %23 %3F %25.',
    'drainLimitMs in FILE must be a whole number from 0 to 3600000.',
    'auth.adminPassword in FILE must be 12 to 128 characters.',
    'limits.thinBytes must be less than limits.backpressureBytes: a console is thinned before it is cut off.',
  ])
  assert.throws(
    () => readConfig({ PORT: 'x', DATABASE_URL: 'mysql://u:s3cret@db/name' }),
    (error: Error) => /PORT .*DATABASE_URL /.test(error.message) && !error.message.includes('s3cret'),
  )
})

test('settings that do not go together are refused', async () => {
  const rules: [unknown, RegExp][] = [
    [{ tls: { certFile: 'a.pem' } }, /tls\.certFile and tls\.keyFile/],
    [{ tls: { keyFile: 'a.pem' } }, /tls\.certFile and tls\.keyFile/],
    [{ limits: { thinBytes: 4_194_304 } }, /thinBytes/],
    [{ limits: { stringBytes: 16_385 } }, /stringBytes .*frameBytes\.driver/],
    [{ limits: { frameBytes: { feed: 4_194_305 } } }, /frameBytes\.feed .*backpressureBytes/],
    [
      { limits: { fixesPerFrame: 10_000, rates: { fix: { connectionPerS: 1_999 } } } },
      /rates\.fix.* fixesPerFrame|fixesPerFrame/,
    ],
    [{ limits: { feedFixesPerFrame: 1_001, rates: { feedFix: { connectionPerS: 500 } } } }, /feedFixesPerFrame/],
    [{ auth: { accessTokenS: 3_600, sessionMaxAgeS: 3_599 } }, /accessTokenS/],
  ]
  for (const [content, message] of rules) {
    const problems = await wrong({}, content)
    assert.equal(problems.length, 1, JSON.stringify(content))
    assert.match(problems[0]!, message)
  }
})

test('a file that is not there, or is not one JSON object, is refused without repeating what it holds', async () => {
  assert.match(
    inspectConfig({ GOLDENHOUR_CONFIG: '/nowhere/x.json' }).problems[0]!,
    /^The file \/nowhere\/x\.json cannot be read \(ENOENT\)/,
  )
  assert.deepEqual(await wrong({}, '[]'), ['The file FILE must hold one JSON object.'])
  assert.deepEqual(await wrong({}, '{"port": 1,\n "databaseUrl": "s3cret"\n "host": "x"}'), [
    'The file FILE must be JSON; look at line 3.',
  ])
  assert.deepEqual(await wrong({}, ''), ['The file FILE must be JSON; look at line 1.'])
  assert.deepEqual(await wrong({}, '{"port": 1,\n}'), ['The file FILE must be JSON; look at line 2.'])
})

test('a file that holds a secret and that others can read is warned of', async () => {
  const secret = { databaseUrl: 'postgres://u:p@db/x' }
  const warnings = async (content: unknown, mode: number, env: NodeJS.ProcessEnv = {}) =>
    inspectConfig(env, await file(content, mode)).warnings.length
  assert.equal(await warnings(secret, 0o600), 0)
  assert.equal(await warnings(secret, 0o640), 1)
  assert.equal(await warnings(secret, 0o604), 1)
  assert.equal(await warnings({ port: 1 }, 0o644), 0)
  // It lies in the file all the same.
  assert.equal(await warnings(secret, 0o644, { DATABASE_URL: 'postgres://other/x' }), 1)
})

test('a key of a certificate that others can read, or its group can change, is warned of', async () => {
  for (const [mode, count] of [
    [0o600, 0],
    [0o640, 0],
    [0o644, 1],
    [0o660, 1],
    [0o602, 1],
  ] as const) {
    const GOLDENHOUR_TLS_KEY = await file({}, mode)
    const { warnings } = inspectConfig({ GOLDENHOUR_TLS_KEY, GOLDENHOUR_TLS_CERT: GOLDENHOUR_TLS_KEY })
    assert.equal(warnings.length, count, mode.toString(8))
  }
})

test('a relative path becomes absolute, because Postgres runs elsewhere', () => {
  const env = { GOLDENHOUR_DATA_DIR: 'state', GOLDENHOUR_TLS_CERT: 'a.pem', GOLDENHOUR_TLS_KEY: 'b.pem' }
  const { dataDir, tls } = readConfig(env)
  assert.equal(dataDir, `${process.cwd()}/state`)
  assert.deepEqual(tls, { certFile: `${process.cwd()}/a.pem`, keyFile: `${process.cwd()}/b.pem` })
})

test('every limit of the protocol is a setting with the same default', () => {
  const { values } = inspectConfig({})
  const leaves = (value: unknown, key: string): [string, unknown][] =>
    typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([name, part]) => leaves(part, `${key}.${name}`))
      : [[key, value]]
  const limits = values.filter(({ setting }) => setting.key.startsWith('limits.'))
  assert.deepEqual(
    new Map(limits.map(({ setting, value }) => [setting.key, value])),
    new Map(leaves(DEFAULT_LIMITS, 'limits')),
  )
})

test('docs/configuration.md is what the schema says', async () => {
  const written = await readFile(new URL('../../docs/configuration.md', import.meta.url), 'utf8')
  assert.equal(written, configurationDocument(), 'run: npx goldenhour config docs > docs/configuration.md')
})

test('the nearest word is the one with the fewest letters changed', () => {
  assert.equal(nearest('kitten', ['sitting', 'mitten', 'kit']), 'mitten')
  assert.equal(nearest('GOLDENHOUR_PORT', ['PORT', 'GOLDENHOUR_HOST']), 'GOLDENHOUR_HOST')
  assert.equal(nearest('', ['abc', 'ab']), 'ab')
})

test('a password whose signs are not encoded is refused, and not taken for a host', async () => {
  for (const password of ['p@ss/word', 'p/ss', 'p#ss', '1?2', '12/3', '50%', '5%zz', 'p@ss#word', '?']) {
    const problems = await wrong({ DATABASE_URL: `postgres://gh:${password}@db:5432/gh` })
    assert.match(problems[0] ?? 'taken', /^DATABASE_URL must be .* written as %40 %2F/, password)
    const encoded = `postgres://gh:${encodeURIComponent(password)}@db:5432/gh`
    assert.equal(readConfig({ DATABASE_URL: encoded }).databaseUrl, encoded)
  }
  for (const url of [
    'postgres://gh:a@b@db/gh',
    'postgres://gh@localhost/gh?application_name=a@b',
    'postgres://%2Fvar%2Frun%2Fpostgresql/gh',
    'postgres:///gh?host=/var/run/postgresql',
  ]) {
    assert.equal(readConfig({ DATABASE_URL: url }).databaseUrl, url)
  }
})

test('pictures of the land under the map have a place for each tile and an owner who is named', () => {
  const read = (tiles: string, attribution?: string) =>
    inspectConfig({
      GOLDENHOUR_MAP_TILES: tiles,
      ...(attribution === undefined ? {} : { GOLDENHOUR_MAP_ATTRIBUTION: attribution }),
    })
  const good = 'https://tiles.example.org/a/{z}/{x}/{y}.png?key=1'
  assert.deepEqual(readConfig({ GOLDENHOUR_MAP_TILES: good, GOLDENHOUR_MAP_ATTRIBUTION: '© somebody' }).map, {
    tiles: good,
    attribution: '© somebody',
  })
  assert.match(read(good).problems.join(), /map.tiles and map.attribution must be set together/)
  const others = [
    'https://a/{z}/{x}.png',
    'ftp://a/{z}/{x}/{y}',
    'https://u:p@a/{z}/{x}/{y}',
    "https://a;script-src 'x'/{z}/{x}/{y}",
    '/{z}/{x}/{y}',
    'https://{s}.a/{z}/{x}/{y}',
  ]
  for (const url of others)
    assert.match(read(url, 'x').problems.join(), /^GOLDENHOUR_MAP_TILES must be a URL with \{z\}/, url)
})

test('a routing server is named by a URL that holds no secret and no question', () => {
  const problems = (GOLDENHOUR_ROUTING_SERVER: string) => inspectConfig({ GOLDENHOUR_ROUTING_SERVER }).problems
  for (const url of ['http://10.0.0.5:5000', 'https://routes.example.org/osrm/']) assert.deepEqual(problems(url), [])
  for (const url of ['10.0.0.5:5000', 'ftp://a', 'http://user:word@a', 'http://a/?key=1', 'http://a/#b'])
    assert.match(problems(url).join(), /^GOLDENHOUR_ROUTING_SERVER must be an http or https URL/, url)
})
